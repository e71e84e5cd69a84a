// SPDX-License-Identifier: Apache-2.0
//
// The port between the scheduler and a kernel: what server/kernel (libbpf, production) and
// server/sim (simulated machine) implement.
//
// KernelHost belongs to the daemon and is used by the control thread. It loads dispatchers; one at
// a time is attached. A Kernel is one loaded dispatcher with its shared memory (bpf/abi.h); it must
// outlive the Engine that uses it.
#ifndef SCHEDD_ENGINE_KERNEL_H_
#define SCHEDD_ENGINE_KERNEL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bpf/abi.h"

namespace schedd {

// Views into the mapped maps; valid as long as the Kernel.
struct SharedMemory {
  schedd_header* header = nullptr;
  std::span<schedd_slot> slots;
  std::span<schedd_cpu> cpus;
  std::span<schedd_event_ring> events;  // one a CPU
  schedd_decision_ring* decisions = nullptr;
};

// Why an attachment ended, from the kernel.
struct KernelExit {
  int64_t kind = 0;  // enum scx_exit_kind, e.g. 64 unregistered from user space, 1026 stall
  int64_t code = 0;
  std::string reason;
  std::string message;
  std::string dump;  // the kernel's debug dump, empty for an orderly end
};

class Kernel {
 public:
  virtual ~Kernel() = default;

  virtual const SharedMemory& memory() const = 0;

  // CLOCK_MONOTONIC (or the simulated clock). Any thread.
  virtual int64_t NowNanos() const = 0;

  // Makes the decisions in the ring take effect: one system call for all of them. Scheduling
  // thread.
  virtual void Commit() = 0;

  // Sleeps until an event's doorbell, Wake(), or until_ns (INT64_MAX: no limit). The caller has set
  // header->parked and looked at the rings once more before. May return early. Scheduling thread;
  // the only place where it blocks.
  virtual void Wait(int64_t until_ns) = 0;

  // Ends a Wait() that is under way or comes next. Any thread.
  virtual void Wake() = 0;

  // Makes the dispatcher the kernel's scheduler and returns when the kernel says it is enabled. On
  // error nothing is attached. FAILED_PRECONDITION: another scheduler is attached (message names
  // it).
  virtual absl::Status Attach() = 0;

  // Gives all tasks back to the kernel's own class; returns when the kernel says it is disabled.
  // No-op when not attached.
  virtual absl::Status Detach() = 0;

  // Lets go of the dispatcher without detaching: it goes on alone until the next daemon adopts it
  // or its orphan timeout is over. The last call; no-op when not attached. A kernel whose
  // dispatcher cannot outlive the daemon detaches.
  virtual void Release() { Detach().IgnoreError(); }

  // True when the dispatcher was attached by an earlier daemon: its tasks have run already.
  virtual bool adopted() const { return false; }

  // Set once the kernel ended the attachment, for whatever reason (Detach() included).
  virtual std::optional<KernelExit> Exit() const = 0;
};

// What the kernel says of sched_ext at this moment; never remembered.
struct KernelState {
  enum class Attachment {
    kUnsupported,  // no sched_ext in this kernel
    kDetached,     // no scheduler, or one on its way in or out
    kOurs,
    kForeign,
  };
  Attachment attachment = Attachment::kDetached;
  std::string ops_name;   // of the scheduler attached, ours or not; empty for none
  std::string raw_state;  // "enabled", "disabled", "enabling", "disabling"; empty when unsupported
};

struct LoadOptions {
  uint32_t max_tasks = 16'384;  // slots
  uint32_t watchdog_timeout_ms =
      5'000;                    // the kernel ejects after a task waited this long; 1 to 30,000
  bool ext_tasks_only = false;  // schedule only SCHED_EXT tasks
  // How long the dispatcher goes on without a daemon process before it ends itself; at least 0.
  int64_t orphan_timeout_ns = 10'000'000'000;
  std::string ops_name = "schedd";  // what the kernel shows; must begin with "schedd"
};

class KernelHost {
 public:
  virtual ~KernelHost() = default;

  // Loads and verifies a dispatcher without attaching it, maps and pre-faults its memory. Errors:
  // PERMISSION_DENIED (not root), UNIMPLEMENTED (kernel without sched_ext), INTERNAL with the
  // verifier's last lines (refused).
  virtual absl::StatusOr<std::unique_ptr<Kernel>> Load(const LoadOptions& options) = 0;

  // Takes over the dispatcher that an earlier daemon left behind, with all that runs under it: a
  // Kernel that is attached already. Of `options` only those count that can change while attached.
  // NOT_FOUND: there is none, or it was of another version and has been ended. FAILED_PRECONDITION:
  // its daemon lives.
  virtual absl::StatusOr<std::unique_ptr<Kernel>> Adopt(const LoadOptions& /*options*/) {
    return absl::NotFoundError("no dispatcher outlives its daemon on this kernel");
  }

  // Read from the kernel now. Any thread.
  virtual KernelState ReadState() const = 0;

  // Path below the cgroup v2 root without leading slash ("" for the root); NOT_FOUND for one that
  // is gone. Any thread.
  virtual absl::StatusOr<std::string> CgroupPath(uint64_t cgroup_id) const = 0;

  // cpu.weight of the cgroup with that CgroupPath(), 1 to 10000 (1 for an idle group, cpu.idle).
  // NOT_FOUND: it has none, because the cpu controller is not enabled for it or it is gone; its
  // tasks then compete in the next group above that has one. Any thread.
  virtual absl::StatusOr<int32_t> CgroupWeight(const std::string& /*path*/) const {
    return absl::NotFoundError("no cgroup of this kernel has a weight");
  }

  // Makes the thread that calls it fit to schedule on this kernel (real-time priority, locked stack
  // …). Called once on the scheduling thread before it uses a Kernel.
  virtual absl::Status PrepareSchedulingThread() = 0;

  // Page faults (minor and major) of the thread with that kernel thread ID in this process so far.
  // Any thread.
  virtual absl::StatusOr<int64_t> PageFaultCount(int32_t tid) const = 0;
};

}  // namespace schedd

#endif  // SCHEDD_ENGINE_KERNEL_H_
