// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/libbpf_host.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "server/kernel/host_files.h"
#include "server/kernel/libbpf_kernel.h"

namespace schedd {
namespace {

constexpr char kOwnOpsPrefix[] = "schedd";
constexpr char kCgroupMount[] = "/sys/fs/cgroup";

// Faults in this much of the thread's stack: the loop's deepest call needs a few KiB.
void PrefaultStack() {
  volatile char stack[64 * 1024];
  for (size_t at = 0; at < sizeof(stack); at += 1024) stack[at] = 0;
}

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

  KernelState ReadState() const override { return ReadSchedExtState("", kOwnOpsPrefix); }

  absl::StatusOr<std::string> CgroupPath(uint64_t cgroup_id) const override {
    return ReadCgroupPath(kCgroupMount, cgroup_id);
  }

  absl::Status PrepareSchedulingThread() override {
    PrefaultStack();
    pthread_setname_np(pthread_self(), "schedd-sched");
    // Timers of normal threads may be late by 50 us; its heartbeat and starvation deadlines should not be.
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
