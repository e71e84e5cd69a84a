// SPDX-License-Identifier: Apache-2.0
//
// The control thread: a Sequence with a thread of its own.
//
// Owned by the daemon; created first and destroyed last of the control plane. The thread starts in
// the constructor and ends in Stop(). What was posted and had not begun when Stop() is called is
// destroyed, not run. Nothing in it fails.
#ifndef SCHEDD_CONTROL_CONTROL_THREAD_H_
#define SCHEDD_CONTROL_CONTROL_THREAD_H_

#include <deque>
#include <map>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/control/sequence.h"

namespace schedd {

class ControlThread : public Sequence {
 public:
  ControlThread();
  ~ControlThread() override;  // Stop()
  ControlThread(const ControlThread&) = delete;
  ControlThread& operator=(const ControlThread&) = delete;

  void Post(Task task) override;
  TimerId PostAfter(absl::Duration delay, Task task) override;
  void Cancel(TimerId timer) override;
  bool IsCurrent() const override;

  // Lets the running task end, destroys the others, joins. May be called twice. Not on the control
  // thread.
  void Stop();

 private:
  using TimerKey = std::pair<int64_t, TimerId>;  // due (steady clock, ns), id

  void Run();
  // Next task that is due, or nullptr when stopping.
  Task Next();

  absl::Mutex mutex_;
  std::deque<Task> ready_ ABSL_GUARDED_BY(mutex_);
  std::map<TimerKey, Task> timers_ ABSL_GUARDED_BY(mutex_);
  std::map<TimerId, int64_t> due_by_id_ ABSL_GUARDED_BY(mutex_);
  TimerId next_timer_ ABSL_GUARDED_BY(mutex_) = 1;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::CondVar wake_;
  std::thread thread_;  // last: it uses all above
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_CONTROL_THREAD_H_
