// SPDX-License-Identifier: Apache-2.0
#include "server/control/call.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/control/control_thread.h"
#include "tests/unit/control/control_fixture.h"

namespace schedd {
namespace {

using Number = absl::StatusOr<int>;
using Done = std::function<void(Number)>;

TEST(CallAndWaitTest, RunsOnTheSequenceAndBringsTheAnswerBack) {
  ControlThread thread;
  const Number answer = CallAndWait<Number>(&thread, [&thread](const Done& done) {
    EXPECT_TRUE(thread.IsCurrent());
    done(7);
  });
  EXPECT_EQ(*answer, 7);
}

TEST(CallAndWaitTest, ErrorsComeBackAsTheyAre) {
  ControlThread thread;
  const Number answer = CallAndWait<Number>(&thread, [](const Done& done) {
    done(MakeError(absl::StatusCode::kNotFound, reason::kTaskNotFound, "gone"));
  });
  EXPECT_EQ(ErrorOf(answer), "NOT_FOUND TASK_NOT_FOUND");
}

TEST(CallAndWaitTest, WaitsForAnAnswerThatComesLater) {
  ControlThread thread;
  const Number answer = CallAndWait<Number>(&thread, [&thread](const Done& done) {
    thread.PostAfter(absl::Milliseconds(2), [done] { done(8); });
  });
  EXPECT_EQ(*answer, 8);
}

TEST(CallAndWaitTest, AnswersThatCannotBeCopied) {
  using Answer = absl::StatusOr<std::unique_ptr<std::string>>;
  ControlThread thread;
  const Answer answer = CallAndWait<Answer>(&thread, [](const std::function<void(Answer)>& done) {
    done(std::make_unique<std::string>("moved"));
  });
  EXPECT_EQ(**answer, "moved");
}

TEST(CallAndWaitTest, WorkThatEndsWithoutAnAnswerHasOne) {
  ControlThread thread;
  const Number answer = CallAndWait<Number>(&thread, [](const Done&) {});
  EXPECT_EQ(ErrorOf(answer), "UNAVAILABLE DRAINING");
  EXPECT_EQ(answer.status().message(), "schedd is shutting down: try again when it is back");
}

TEST(CallAndWaitTest, AStoppedSequenceAnswersAtOnce) {
  ControlThread thread;
  thread.Stop();
  bool ran = false;
  const Number answer = CallAndWait<Number>(&thread, [&ran](const Done&) { ran = true; });
  EXPECT_EQ(ErrorOf(answer), "UNAVAILABLE DRAINING");
  EXPECT_FALSE(ran);
}

TEST(CallAndWaitTest, AnAnswerStillDueWhenTheSequenceStopsIsGiven) {
  ControlThread thread;
  absl::Notification waiting;
  std::thread stopper([&] {
    waiting.WaitForNotification();
    thread.Stop();
  });
  const Number answer = CallAndWait<Number>(&thread, [&](const Done& done) {
    thread.PostAfter(absl::Hours(1), [done] { done(9); });
    waiting.Notify();
  });
  EXPECT_EQ(ErrorOf(answer), "UNAVAILABLE DRAINING");
  stopper.join();
}

TEST(CallAndWaitTest, CallersDoNotMixTheirAnswers) {
  ControlThread thread;
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&thread, i] {
      for (int j = 0; j < 50; ++j) {
        const int expected = i * 100 + j;
        EXPECT_EQ(*CallAndWait<Number>(&thread, [=](const Done& done) { done(expected); }),
                  expected);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
}

// A sequence that is held up.
class HeldThread {
 public:
  HeldThread() {
    thread_.Post([this] {
      begun_.Notify();
      go_on_.WaitForNotification();
    });
    begun_.WaitForNotification();
  }
  ~HeldThread() { LetGo(); }
  void LetGo() {
    if (!go_on_.HasBeenNotified()) go_on_.Notify();
    thread_.Stop();
  }
  ControlThread& thread() { return thread_; }

 private:
  ControlThread thread_;
  absl::Notification begun_;
  absl::Notification go_on_;
};

TEST(CallAndWaitTest, WorkThatHadNotBegunInTimeNeverRuns) {
  HeldThread held;
  bool ran = false;
  const Number answer = CallAndWait<Number>(
      &held.thread(), [&ran](const Done&) { ran = true; }, absl::Milliseconds(5));
  EXPECT_EQ(ErrorOf(answer), "DEADLINE_EXCEEDED CALL_TIMED_OUT");
  EXPECT_EQ(answer.status().message(),
            "schedd has not begun this within 5ms, so nothing was done: try again when it has less "
            "to do");
  held.LetGo();
  EXPECT_FALSE(ran);
}

TEST(CallAndWaitTest, WorkThatHasBegunGoesOnWithoutTheCaller) {
  ControlThread thread;
  absl::Notification waited;
  auto answered = std::make_shared<absl::Notification>();
  const Number answer = CallAndWait<Number>(
      &thread,
      [&waited, answered](const Done& done) {
        waited.WaitForNotification();
        done(7);
        answered->Notify();
      },
      absl::Milliseconds(5));
  EXPECT_EQ(ErrorOf(answer), "DEADLINE_EXCEEDED CALL_TIMED_OUT");
  EXPECT_EQ(answer.status().message(),
            "schedd has not finished this within 5ms and goes on with it: look at what is in force "
            "before you repeat it");
  waited.Notify();
  answered->WaitForNotification();
}

TEST(CallAndWaitTest, AnAnswerWithinTheLimitIsGiven) {
  ControlThread thread;
  EXPECT_EQ(*CallAndWait<Number>(&thread, [](const Done& done) { done(9); }, absl::Minutes(1)), 9);
}

TEST(PendingCallTest, TheAnswerGivenIsNotReplaced) {
  PendingCall<Number> call;
  call.Set(1);
  call.Set(DrainingError());
  EXPECT_EQ(*call.Wait(absl::ZeroDuration()), 1);
}

}  // namespace
}  // namespace schedd
