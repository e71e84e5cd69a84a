// SPDX-License-Identifier: Apache-2.0
//
// Attaches and detaches the dispatcher, notices when the kernel ends it and attaches it again
// within limits (reattach_budget.h), and says how things stand.
//
// Owned by Control, all on its sequence. What is said of the state is read from the kernel each
// time. Attach() and Detach() block for as long as the kernel takes (loading: about a second). An
// attach that fails leaves nothing behind. Policies and overrides live elsewhere and outlast any
// attachment; each attach begins with all that is in force.
#ifndef SCHEDD_CONTROL_SCHEDULER_CONTROL_H_
#define SCHEDD_CONTROL_SCHEDULER_CONTROL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/control/attachment.h"
#include "server/control/clock.h"
#include "server/control/control_options.h"
#include "server/control/directive_outbox.h"
#include "server/control/dump_store.h"
#include "server/control/engine_runner.h"
#include "server/control/reattach_budget.h"
#include "server/control/scheduler_info.h"
#include "server/control/scheduler_watch.h"
#include "server/control/sequence.h"
#include "server/engine/kernel.h"
#include "server/policy/parameters.h"

namespace schedd {

// What an engine begins with.
struct EngineSeed {
  PolicyParameters parameters;
  int64_t generation = 0;
};

class SchedulerControl {
 public:
  // Arguments outlive it. `seed` is asked at each attach.
  SchedulerControl(Sequence* sequence, const Clock* clock, KernelHost* host,
                   EngineRunnerFactory make_engine, const ControlOptions* options,
                   std::function<EngineSeed()> seed);
  // Without Shutdown(): ends the engine and unloads, answers nobody.
  ~SchedulerControl() = default;
  SchedulerControl(const SchedulerControl&) = delete;
  SchedulerControl& operator=(const SchedulerControl&) = delete;

  // Told in the order in which they came.
  void AddObserver(AttachmentObserver* observer) { observers_.push_back(observer); }
  void RemoveObserver(AttachmentObserver* observer) { std::erase(observers_, observer); }

  absl::Status Attach(const AttachRequest& request);
  absl::Status Detach(const std::string& reason);
  SchedulerInfo Get();

  // Ends like Shutdown(), but leaves the dispatcher to the daemon that comes next.
  void HandOver();

  // Detaches for good: unloads even when the detach fails, ends all waits and timers.
  absl::Status Shutdown();

  // nullptr when ours is not attached. Looks first whether the kernel has ended it.
  const Attachment* attachment();

  // What the kernel says at this moment: false also while it is about to end ours, before it has
  // told us why.
  bool IsAttachedNow() const;

  DirectiveOutbox& outbox() { return outbox_; }
  SchedulerWatch& watch() { return watch_; }

 private:
  absl::Status CheckNotBusy(const KernelState& state) const;
  absl::StatusOr<std::unique_ptr<Kernel>> Load(SchedulerScope scope);
  // Adopts what an earlier daemon left, or loads anew.
  absl::StatusOr<std::unique_ptr<Kernel>> Obtain(SchedulerScope scope);
  absl::Status Start(SchedulerScope scope);
  std::unique_ptr<Attachment> End(const std::optional<KernelExit>& exit);
  std::string KeepDump(const std::string& dump);
  SchedulerScope ConfiguredScope() const;
  SchedulerState StateOf(const KernelState& state) const;
  int64_t PageFaults() const;
  void AddOwnCost(SchedulerInfo& info) const;
  SchedulerInfo Describe() const;
  // Deals with an attachment that the kernel has ended.
  void NoticeEnd();
  void PlanReattach();
  void Reattach();
  void CancelReattach();
  void Tick();
  void Publish();
  void Log(const std::string& line) const;

  const Clock* const clock_;
  KernelHost* const host_;
  const EngineRunnerFactory make_engine_;
  const ControlOptions* const options_;
  const std::function<EngineSeed()> seed_;
  std::vector<AttachmentObserver*> observers_;

  std::unique_ptr<Attachment> attachment_;
  std::optional<ExitInfo> last_exit_;
  bool ejected_ = false;  // the last attachment was ended by the kernel
  SchedulerScope last_scope_ = SchedulerScope::kConfigured;  // of the last attachment
  int64_t attach_count_ = 0;
  int64_t lost_before_ = 0;  // events lost in former attachments

  DumpStore dumps_;
  DirectiveOutbox outbox_;
  SchedulerWatch watch_;  // numbered from the time on, so that numbers of daemons do not meet
  Timer tick_;
  int unpublished_ticks_ = 0;
  ReattachBudget reattach_budget_;
  Timer reattach_;
  absl::Time reattach_time_ = absl::InfiniteFuture();  // while reattach_ runs
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_SCHEDULER_CONTROL_H_
