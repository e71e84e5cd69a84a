// SPDX-License-Identifier: Apache-2.0
//
// What is alive while our dispatcher is attached: the kernel's side, the engine, and where counting
// began.
//
// Owned by SchedulerControl, used on the sequence; others see it only for the length of a call.
// Members end in the right order (the engine before its kernel). Cannot fail.
#ifndef SCHEDD_CONTROL_ATTACHMENT_H_
#define SCHEDD_CONTROL_ATTACHMENT_H_

#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "server/control/clock.h"
#include "server/control/engine_runner.h"
#include "server/control/process_usage.h"
#include "server/control/scheduler_info.h"
#include "server/engine/kernel.h"

namespace schedd {

struct Attachment {
  std::unique_ptr<Kernel> kernel;
  std::unique_ptr<EngineRunner> engine;  // after kernel: ends before it
  SchedulerScope scope = SchedulerScope::kAll;
  absl::Time attach_time = {};
  int64_t number = 0;  // 1 for the first attachment of this daemon
  int64_t cpu_time_before_ns = 0;
  int64_t page_faults_before = -1;                                // -1: the host cannot tell
  absl::StatusOr<SwitchCounts> switches_before = SwitchCounts();  // of the scheduling thread
  ProcessUsage usage_before = {};                                 // of the daemon
};

// Wall-clock time at which the engine took up what is in force.
inline absl::Time ApplyTime(const Attachment& attachment, const Clock& clock) {
  return clock.Now() -
         absl::Nanoseconds(attachment.kernel->NowNanos() - attachment.engine->applied_time_ns());
}

// Told on the sequence.
class AttachmentObserver {
 public:
  virtual ~AttachmentObserver() = default;
  virtual void OnAttached(const Attachment& attachment) = 0;
  virtual void OnDetached() = 0;  // the attachment is gone already
  // After OnDetached(): the kernel ended it, for an error of ours or of the machine.
  virtual void OnEjected() {}
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_ATTACHMENT_H_
