// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/libbpf_host.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "server/kernel/host_files.h"
#include "server/kernel/libbpf_kernel.h"

namespace schedd {
namespace {

constexpr char kCgroupMount[] = "/sys/fs/cgroup";

class LibbpfHost : public KernelHost {
 public:
  absl::StatusOr<std::unique_ptr<Kernel>> Load(const LoadOptions& options) override {
    if (ReadState().attachment == KernelState::Attachment::kUnsupported)
      return absl::UnimplementedError(
          "this kernel has no sched_ext (/sys/kernel/sched_ext is missing): boot one built with "
          "CONFIG_SCHED_CLASS_EXT=y, version 6.12 or newer");
    if (geteuid() != 0)
      return absl::PermissionDeniedError("loading the dispatcher needs root: run schedd as root");
    return LibbpfKernel::Load(options);
  }

  absl::StatusOr<std::unique_ptr<Kernel>> Adopt(const LoadOptions& options) override {
    if (geteuid() != 0) return absl::NotFoundError("only root can adopt a dispatcher");
    return LibbpfKernel::Adopt(options);
  }

  KernelState ReadState() const override { return ReadSchedExtState("", kOwnOpsPrefix); }

  absl::StatusOr<std::string> CgroupPath(uint64_t cgroup_id) const override {
    return ReadCgroupPath(kCgroupMount, cgroup_id);
  }

  absl::StatusOr<int32_t> CgroupWeight(const std::string& path) const override {
    return ReadCgroupWeight(kCgroupMount, path);
  }

  absl::Status PrepareSchedulingThread() override {
    // Faults in all that is mapped now: the code of the loop, the engine's tables. What the daemon
    // maps later is locked as it is touched, and none of it is the scheduling thread's; the first
    // call takes that back.
    if (mlockall(MCL_CURRENT) != 0 || mlockall(MCL_FUTURE | MCL_ONFAULT) != 0)
      return absl::ErrnoToStatus(errno,
                                 "cannot lock memory: run schedd as root, or raise RLIMIT_MEMLOCK "
                                 "(systemd: LimitMEMLOCK=infinity)");
    // Timers of normal threads may be late by 50 us; its heartbeat and starvation deadlines should
    // not be.
    if (prctl(PR_SET_TIMERSLACK, 1UL) != 0)
      return absl::ErrnoToStatus(errno, "cannot set the scheduling thread's timer slack");
    return absl::OkStatus();
  }

  absl::StatusOr<int64_t> PageFaultCount(int32_t tid) const override {
    return ReadPageFaults("", tid);
  }
};

}  // namespace

std::unique_ptr<KernelHost> MakeLibbpfHost() { return std::make_unique<LibbpfHost>(); }

}  // namespace schedd
