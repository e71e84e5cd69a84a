// SPDX-License-Identifier: Apache-2.0
#include "server/control/scheduler_watch.h"

#include <utility>

namespace schedd {
namespace {

bool SameState(const SchedulerInfo& a, const SchedulerInfo& b) {
  return a.state == b.state && a.ops_name == b.ops_name && a.attach_count == b.attach_count &&
         a.last_exit == b.last_exit && a.reattach_count == b.reattach_count &&
         a.reattach_time == b.reattach_time;
}

}  // namespace

std::shared_ptr<const SchedulerPulse> SchedulerWatch::Current() const {
  absl::MutexLock lock(&mutex_);
  return current_;
}

SchedulerWatch::ListenerId SchedulerWatch::AddListener(std::function<void()> changed) {
  absl::MutexLock lock(&listeners_mutex_);
  const ListenerId id = next_id_++;
  listeners_.emplace(id, std::move(changed));
  return id;
}

bool SchedulerWatch::has_listeners() const {
  absl::MutexLock lock(&listeners_mutex_);
  return !listeners_.empty();
}

void SchedulerWatch::RemoveListener(ListenerId id) {
  absl::MutexLock lock(&listeners_mutex_);
  listeners_.erase(id);
}

std::shared_ptr<const SchedulerPulse> SchedulerWatch::WaitForChange(int64_t seen,
                                                                    absl::Duration timeout) const {
  const auto newer = [this, seen]()
                         ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return current_->version > seen; };
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&newer), timeout);
  return current_;
}

void SchedulerWatch::Publish(SchedulerPulse pulse) {
  {
    absl::MutexLock lock(&mutex_);
    const bool same_state =
        current_->version > 0 && SameState(current_->scheduler, pulse.scheduler);
    if (same_state && pulse.applied_generation == current_->applied_generation &&
        pulse.lost_event_count == current_->lost_event_count) {
      return;
    }
    pulse.version = current_->version + 1;
    pulse.state_version = current_->state_version + (same_state ? 0 : 1);
    current_ = std::make_shared<const SchedulerPulse>(std::move(pulse));
  }
  absl::MutexLock lock(&listeners_mutex_);
  for (const auto& [id, changed] : listeners_) changed();
}

}  // namespace schedd
