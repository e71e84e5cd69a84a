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

SchedulerWatch::SchedulerWatch(int64_t before_first)
    : current_(std::make_shared<const SchedulerPulse>()),
      positions_({{.sequence = before_first, .lost_event_count = 0}}) {}

std::shared_ptr<const SchedulerPulse> SchedulerWatch::Current() const {
  absl::MutexLock lock(&mutex_);
  return current_;
}

std::optional<SchedulerPosition> SchedulerWatch::Find(int64_t sequence) const {
  absl::MutexLock lock(&mutex_);
  const int64_t first = positions_.front().sequence;
  // Compared before the subtraction: callers may send any number.
  if (sequence < first || sequence > positions_.back().sequence) return std::nullopt;
  // Without gaps, so the number is the place.
  return positions_[static_cast<size_t>(sequence - first)];
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

void SchedulerWatch::Publish(SchedulerPulse pulse) {
  {
    absl::MutexLock lock(&mutex_);
    const SchedulerPulse& before = *current_;
    // Until the first one there is none.
    const bool other_state =
        before.state_sequence == 0 || !SameState(before.scheduler, pulse.scheduler);
    const bool other_generation = pulse.applied_generation != before.applied_generation;
    const bool lost = pulse.lost_event_count > before.lost_event_count;
    if (!other_state && !other_generation && !lost) return;
    pulse.state_sequence = other_state ? Number(before.lost_event_count) : before.state_sequence;
    pulse.generation_sequence = before.generation_sequence;
    if (pulse.applied_generation == 0) {
      pulse.generation_sequence = 0;
    } else if (other_generation) {
      pulse.generation_sequence = Number(before.lost_event_count);
    }
    pulse.loss_sequence = lost ? Number(pulse.lost_event_count) : before.loss_sequence;
    current_ = std::make_shared<const SchedulerPulse>(std::move(pulse));
  }
  absl::MutexLock lock(&listeners_mutex_);
  for (const auto& [id, changed] : listeners_) changed();
}

int64_t SchedulerWatch::Number(int64_t lost_event_count) {
  const int64_t sequence = positions_.back().sequence + 1;
  positions_.push_back({.sequence = sequence, .lost_event_count = lost_event_count});
  if (positions_.size() > kKept + 1) positions_.pop_front();
  return sequence;
}

}  // namespace schedd
