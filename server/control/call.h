// SPDX-License-Identifier: Apache-2.0
//
// Runs something on a sequence and waits for its answer, from another thread.
//
// Used by Control; the caller must not be on the sequence. Never waits for ever: when the sequence
// destroys the work without answering (it has stopped), the answer is UNAVAILABLE, reason DRAINING.
#ifndef SCHEDD_CONTROL_CALL_H_
#define SCHEDD_CONTROL_CALL_H_

#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "server/control/error.h"
#include "server/control/sequence.h"

namespace schedd {

inline absl::Status DrainingError() {
  return MakeError(absl::StatusCode::kUnavailable, reason::kDraining,
                   "schedd is shutting down: try again when it is back");
}

// Where the answer goes. The last holder that lets go of it without an answer gives the answer
// "shutting down". `Answer` is made from a Status.
template <typename Answer>
class Reply {
 public:
  struct Box {
    absl::Notification done;
    Answer answer{absl::UnknownError("no answer")};
  };

  explicit Reply(Box* box) : box_(box) {}
  ~Reply() {
    if (box_ != nullptr) Set(DrainingError());
  }
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  // Once.
  void Set(Answer answer) {
    Box* box = std::exchange(box_, nullptr);
    box->answer = std::move(answer);
    box->done.Notify();  // the box may be gone from here on
  }

 private:
  Box* box_;
};

// `work` runs on the sequence, and calls its argument once, there, now or later.
template <typename Answer>
Answer CallAndWait(Sequence* sequence, std::function<void(std::function<void(Answer)> done)> work) {
  typename Reply<Answer>::Box box;
  {
    auto reply = std::make_shared<Reply<Answer>>(&box);
    sequence->Post([reply, work = std::move(work)] {
      work([reply](Answer answer) { reply->Set(std::move(answer)); });
    });
  }
  box.done.WaitForNotification();
  return std::move(box.answer);
}

}  // namespace schedd

#endif  // SCHEDD_CONTROL_CALL_H_
