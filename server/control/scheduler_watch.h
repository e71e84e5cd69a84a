// SPDX-License-Identifier: Apache-2.0
//
// What WatchScheduler streams: the newest state of the scheduler, and the numbers of the events
// that led to it.
//
// Owned by Control. Read on any thread, published on the control thread. Nothing is queued: a slow
// reader finds the newest pulse and sees by the numbers which kinds of event came after the one
// that it sent last. Nothing here fails.
#ifndef SCHEDD_CONTROL_SCHEDULER_WATCH_H_
#define SCHEDD_CONTROL_SCHEDULER_WATCH_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/control/scheduler_info.h"

namespace schedd {

struct SchedulerPulse {
  absl::Time time = {};  // when the change was noticed
  SchedulerInfo scheduler = {};
  int64_t applied_generation = 0;  // as scheduler.policy_generation
  absl::Time apply_time = {};      // of applied_generation; InfinitePast() when that is 0
  int64_t lost_event_count = 0;    // since the daemon began, over all attachments; never shrinks

  // Numbers of the newest event of each kind, all kinds counted together; Publish() gives them.
  // State, ops_name, attach_count, last_exit, reattach_count or reattach_time changed.
  int64_t state_sequence = 0;
  // applied_generation came into force; 0 when none is: the state tells of its end.
  int64_t generation_sequence = 0;
  int64_t loss_sequence = 0;  // lost_event_count grew; 0: never

  // Of the newest event of all.
  int64_t sequence() const {
    return std::max({state_sequence, generation_sequence, loss_sequence});
  }
};

// How far a reader has come.
struct SchedulerPosition {
  int64_t sequence = 0;          // of the last event that it knows
  int64_t lost_event_count = 0;  // as of then
};

class SchedulerWatch {
 public:
  using ListenerId = int64_t;

  // As many events a reader may have missed and still be told what came since.
  static constexpr size_t kKept = 1024;

  // Events are numbered from the one after `before_first`. One that is greater than the numbers of
  // the daemon before lets its readers be told apart.
  explicit SchedulerWatch(int64_t before_first = 0);

  // The newest pulse; never null. Any thread.
  std::shared_ptr<const SchedulerPulse> Current() const;

  // Where a reader stands that knows the events up to this one; nothing when too many came since,
  // or there never was one with that number. Any thread.
  std::optional<SchedulerPosition> Find(int64_t sequence) const;

  // Calls `changed` on the control thread after each new pulse. It must be quick, must not block,
  // and must not call this object's AddListener() or RemoveListener(). Any thread.
  ListenerId AddListener(std::function<void()> changed);

  // True while somebody listens. Any thread.
  bool has_listeners() const;

  // `changed` does not run any more once this returns. Any thread, but not within a listener.
  void RemoveListener(ListenerId id);

  // Makes `pulse` the newest when it differs from the present one; fills its sequence numbers.
  // Control thread.
  void Publish(SchedulerPulse pulse);

 private:
  // The next number; from there on so many events were lost.
  int64_t Number(int64_t lost_event_count) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::shared_ptr<const SchedulerPulse> current_ ABSL_GUARDED_BY(mutex_);
  std::deque<SchedulerPosition> positions_ ABSL_GUARDED_BY(mutex_);  // the last ones, in order

  // Apart from mutex_, so that a listener may call Current().
  mutable absl::Mutex listeners_mutex_;
  std::map<ListenerId, std::function<void()>> listeners_ ABSL_GUARDED_BY(listeners_mutex_);
  ListenerId next_id_ ABSL_GUARDED_BY(listeners_mutex_) = 1;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_SCHEDULER_WATCH_H_
