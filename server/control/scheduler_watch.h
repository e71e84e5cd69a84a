// SPDX-License-Identifier: Apache-2.0
//
// What WatchScheduler streams: the newest state of the scheduler, with a version that grows by
// every change.
//
// Owned by Control. Read on any thread, published on the control thread. Nothing is queued: a slow
// reader finds the newest pulse and sees by comparison with the one it sent last what happened in
// between (state_version, applied_generation, lost_event_count). Nothing here fails.
#ifndef SCHEDD_CONTROL_SCHEDULER_WATCH_H_
#define SCHEDD_CONTROL_SCHEDULER_WATCH_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/control/scheduler_info.h"

namespace schedd {

struct SchedulerPulse {
  int64_t version = 0;   // grows by each change of what follows
  absl::Time time = {};  // when the change was noticed
  SchedulerInfo scheduler = {};
  // Grows when state, ops_name, attach_count, last_exit, reattach_count or reattach_time change.
  int64_t state_version = 0;
  int64_t applied_generation = 0;  // as scheduler.policy_generation
  absl::Time apply_time = {};      // of applied_generation; InfinitePast() when that is 0
  int64_t lost_event_count = 0;    // since the daemon began, over all attachments; never shrinks
};

class SchedulerWatch {
 public:
  using ListenerId = int64_t;

  // The newest pulse; never null. Any thread.
  std::shared_ptr<const SchedulerPulse> Current() const;

  // Calls `changed` on the control thread after each new pulse. It must be quick, must not block,
  // and must not call this object's AddListener() or RemoveListener(). Any thread.
  ListenerId AddListener(std::function<void()> changed);

  // True while somebody listens. Any thread.
  bool has_listeners() const;

  // `changed` does not run any more once this returns. Any thread, but not within a listener.
  void RemoveListener(ListenerId id);

  // Waits until there is a pulse newer than version `seen`, or for `timeout`; returns the newest
  // either way. Any thread but the control thread.
  std::shared_ptr<const SchedulerPulse> WaitForChange(int64_t seen, absl::Duration timeout) const;

  // Makes `pulse` the newest when it differs from the present one; fills version and state_version.
  // Control thread.
  void Publish(SchedulerPulse pulse);

 private:
  mutable absl::Mutex mutex_;
  std::shared_ptr<const SchedulerPulse> current_ ABSL_GUARDED_BY(mutex_) =
      std::make_shared<const SchedulerPulse>();

  // Apart from mutex_, so that a listener may call Current().
  mutable absl::Mutex listeners_mutex_;
  std::map<ListenerId, std::function<void()>> listeners_ ABSL_GUARDED_BY(listeners_mutex_);
  ListenerId next_id_ ABSL_GUARDED_BY(listeners_mutex_) = 1;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_SCHEDULER_WATCH_H_
