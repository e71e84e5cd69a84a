// SPDX-License-Identifier: Apache-2.0
//
// Time and a sequence that stand still until a test moves them.
//
// Owned by a test and used on its thread. Both clocks go together: Advance() runs what is due on
// the way, each at its time.
#ifndef SCHEDD_TESTS_UNIT_CONTROL_MANUAL_TIME_H_
#define SCHEDD_TESTS_UNIT_CONTROL_MANUAL_TIME_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "absl/time/time.h"
#include "server/control/clock.h"
#include "server/control/sequence.h"

namespace schedd {

class ManualClock : public Clock {
 public:
  absl::Time Now() const override { return start_ + absl::Nanoseconds(elapsed_ns_); }
  int64_t elapsed_ns() const { return elapsed_ns_; }
  void Move(absl::Duration by) { elapsed_ns_ += absl::ToInt64Nanoseconds(by); }
  // The wall clock alone, as when somebody sets it.
  void Jump(absl::Duration by) { start_ += by; }

 private:
  absl::Time start_ = absl::FromUnixSeconds(1'800'000'000);
  int64_t elapsed_ns_ = 0;
};

class ManualSequence : public Sequence {
 public:
  explicit ManualSequence(ManualClock* clock) : clock_(clock) {}

  void Post(Task task) override { ready_.push_back(std::move(task)); }
  TimerId PostAfter(absl::Duration delay, Task task) override {
    const TimerId id = next_id_++;
    timers_.emplace(std::pair(clock_->elapsed_ns() + absl::ToInt64Nanoseconds(delay), id),
                    std::move(task));
    return id;
  }
  void Cancel(TimerId timer) override {
    std::erase_if(timers_, [timer](const auto& entry) { return entry.first.second == timer; });
  }
  bool IsCurrent() const override { return true; }

  void RunPosted() {
    while (!ready_.empty()) {
      const Task task = std::move(ready_.front());
      ready_.pop_front();
      task();
    }
  }

  void Advance(absl::Duration by) {
    const int64_t end_ns = clock_->elapsed_ns() + absl::ToInt64Nanoseconds(by);
    RunPosted();
    while (!timers_.empty() && timers_.begin()->first.first <= end_ns) {
      const int64_t due_ns = timers_.begin()->first.first;
      const Task task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      clock_->Move(absl::Nanoseconds(std::max<int64_t>(0, due_ns - clock_->elapsed_ns())));
      task();
      RunPosted();
    }
    clock_->Move(absl::Nanoseconds(end_ns - clock_->elapsed_ns()));
  }

  size_t timer_count() const { return timers_.size(); }

 private:
  ManualClock* const clock_;
  std::deque<Task> ready_;
  std::map<std::pair<int64_t, TimerId>, Task> timers_;
  TimerId next_id_ = 1;
};

}  // namespace schedd

#endif  // SCHEDD_TESTS_UNIT_CONTROL_MANUAL_TIME_H_
