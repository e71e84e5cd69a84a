// SPDX-License-Identifier: Apache-2.0
//
// Runs something on a sequence and waits for its answer, from another thread.
//
// Used by Control; the caller must not be on the sequence. When the sequence destroys the work
// without answering (it has stopped), the answer is UNAVAILABLE, reason DRAINING. When the limit
// has passed it is DEADLINE_EXCEEDED, reason CALL_TIMED_OUT: work that had not begun then never
// will.
#ifndef SCHEDD_CONTROL_CALL_H_
#define SCHEDD_CONTROL_CALL_H_

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/control/error.h"
#include "server/control/sequence.h"

namespace schedd {

inline absl::Status DrainingError() {
  return MakeError(absl::StatusCode::kUnavailable, reason::kDraining,
                   "schedd is shutting down: try again when it is back");
}

inline absl::Status CallTimedOutError(absl::Duration limit, bool begun) {
  return MakeError(
      absl::StatusCode::kDeadlineExceeded, reason::kCallTimedOut,
      absl::StrCat("schedd has not ", begun ? "finished" : "begun", " this within ",
                   absl::FormatDuration(limit),
                   begun ? " and goes on with it: look at what is in force before you repeat it"
                         : ", so nothing was done: try again when it has less to do"));
}

// What the thread that waits and the sequence share. `Answer` is made from a Status.
template <typename Answer>
class PendingCall {
 public:
  // False when nobody waits any more. On the sequence.
  bool Begin() {
    absl::MutexLock lock(&mutex_);
    if (state_ == State::kGivenUp) return false;
    state_ = State::kBegun;
    return true;
  }

  // The first answer is the one.
  void Set(Answer answer) {
    absl::MutexLock lock(&mutex_);
    if (state_ == State::kGivenUp || answer_.has_value()) return;
    answer_ = std::move(answer);
  }

  // Once.
  Answer Wait(absl::Duration limit) {
    absl::MutexLock lock(&mutex_);
    const auto is_answered = [this]()
                                 ABSL_NO_THREAD_SAFETY_ANALYSIS { return answer_.has_value(); };
    if (mutex_.AwaitWithTimeout(absl::Condition(&is_answered), limit)) return *std::move(answer_);
    const bool begun = state_ == State::kBegun;
    state_ = State::kGivenUp;
    return CallTimedOutError(limit, begun);
  }

 private:
  enum class State { kPosted, kBegun, kGivenUp };

  absl::Mutex mutex_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kPosted;
  std::optional<Answer> answer_ ABSL_GUARDED_BY(mutex_);
};

// `work` runs on the sequence, and calls its argument once, there, now or later. With a limit it
// may run after this has returned: it must own what it uses.
template <typename Answer>
Answer CallAndWait(Sequence* sequence, std::function<void(std::function<void(Answer)> done)> work,
                   absl::Duration limit = absl::InfiniteDuration()) {
  auto call = std::make_shared<PendingCall<Answer>>();
  {
    // The last holder that lets go of it without an answer gives the answer "shutting down".
    const std::shared_ptr<PendingCall<Answer>> answering(
        call.get(), [call](PendingCall<Answer>* pending) { pending->Set(DrainingError()); });
    sequence->Post([answering, work = std::move(work)] {
      if (!answering->Begin()) return;
      work([answering](Answer answer) { answering->Set(std::move(answer)); });
    });
  }
  return call->Wait(limit);
}

}  // namespace schedd

#endif  // SCHEDD_CONTROL_CALL_H_
