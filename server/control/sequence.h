// SPDX-License-Identifier: Apache-2.0
//
// A sequence: tasks that run one after another, never two at once. The control plane lives on one,
// so it needs no locks.
//
// Implemented by ControlThread (production) and by a hand-driven fake in tests; outlives all that
// is posted. Post() may be called on any thread, the rest only on the sequence. Delays are in
// monotonic time. Posting cannot fail: after the sequence has stopped, a task is destroyed without
// being run.
#ifndef SCHEDD_CONTROL_SEQUENCE_H_
#define SCHEDD_CONTROL_SEQUENCE_H_

#include <cstdint>
#include <functional>
#include <utility>

#include "absl/time/time.h"

namespace schedd {

class Sequence {
 public:
  using Task = std::function<void()>;
  using TimerId = int64_t;  // never 0

  virtual ~Sequence() = default;

  // Runs `task` after those posted before it. Any thread.
  virtual void Post(Task task) = 0;

  // Runs `task` once, when `delay` has passed. On the sequence.
  virtual TimerId PostAfter(absl::Duration delay, Task task) = 0;

  // The task will not run any more; no effect when it has. On the sequence.
  virtual void Cancel(TimerId timer) = 0;

  // True on the sequence itself. Any thread.
  virtual bool IsCurrent() const = 0;
};

// One timed task of an object that may go away before it is due. All on the sequence, destruction
// too.
class Timer {
 public:
  explicit Timer(Sequence* sequence) : sequence_(sequence) {}
  ~Timer() { Stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Replaces what was set before.
  void Start(absl::Duration delay, Sequence::Task task) {
    Stop();
    id_ = sequence_->PostAfter(delay, [this, task = std::move(task)] {
      id_ = 0;
      task();
    });
  }

  void Stop() {
    if (id_ != 0) sequence_->Cancel(id_);
    id_ = 0;
  }

  bool running() const { return id_ != 0; }

 private:
  Sequence* const sequence_;
  Sequence::TimerId id_ = 0;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_SEQUENCE_H_
