// SPDX-License-Identifier: Apache-2.0
#include "server/control/control_thread.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"

namespace schedd {
namespace {

// Waits until all that was posted before has run.
void Flush(ControlThread& thread) {
  absl::Notification done;
  thread.Post([&done] { done.Notify(); });
  done.WaitForNotification();
}

TEST(ControlThreadTest, RunsTasksInOrderOnOneThread) {
  ControlThread thread;
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    thread.Post([&order, &thread, i] {
      EXPECT_TRUE(thread.IsCurrent());
      order.push_back(i);
    });
  }
  Flush(thread);
  EXPECT_FALSE(thread.IsCurrent());
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(ControlThreadTest, LosesNothingThatManyThreadsPost) {
  ControlThread thread;
  int count = 0;  // no lock: only the sequence touches it
  std::vector<std::thread> posters;
  for (int i = 0; i < 4; ++i) {
    posters.emplace_back([&] {
      for (int j = 0; j < 1'000; ++j) thread.Post([&count] { ++count; });
    });
  }
  for (std::thread& poster : posters) poster.join();
  Flush(thread);
  EXPECT_EQ(count, 4'000);
}

TEST(ControlThreadTest, TimersFireByTimeAndNotByOrder) {
  ControlThread thread;
  absl::Notification done;
  std::vector<int> order;
  thread.Post([&] {
    thread.PostAfter(absl::Milliseconds(5), [&] {
      order.push_back(2);
      done.Notify();
    });
    thread.PostAfter(absl::Milliseconds(1), [&] { order.push_back(1); });
  });
  done.WaitForNotification();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(ControlThreadTest, ATimerIsNotEarly) {
  ControlThread thread;
  absl::Notification done;
  const auto begin = std::chrono::steady_clock::now();
  thread.Post([&] { thread.PostAfter(absl::Milliseconds(3), [&] { done.Notify(); }); });
  done.WaitForNotification();
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(3));
}

TEST(ControlThreadTest, ACancelledTimerDoesNotFire) {
  ControlThread thread;
  absl::Notification done;
  bool fired = false;
  thread.Post([&] {
    const Sequence::TimerId id = thread.PostAfter(absl::Milliseconds(1), [&] { fired = true; });
    thread.PostAfter(absl::Milliseconds(2), [&] { done.Notify(); });
    thread.Cancel(id);
    thread.Cancel(id);       // gone already
    thread.Cancel(id + 77);  // never was
  });
  done.WaitForNotification();
  EXPECT_FALSE(fired);
}

TEST(ControlThreadTest, StopDestroysWhatHasNotBegun) {
  ControlThread thread;
  absl::Notification started;
  absl::Notification go_on;
  auto witness = std::make_shared<int>(0);
  bool ran = false;
  thread.Post([&] {
    thread.PostAfter(absl::Hours(1), [witness] {});
    started.Notify();
    go_on.WaitForNotification();
  });
  started.WaitForNotification();
  thread.Post([witness, &ran] { ran = true; });
  EXPECT_EQ(witness.use_count(), 3);
  std::thread stopper([&thread] { thread.Stop(); });
  // Stop() may or may not have been noticed when the task ends; either way nothing is left behind.
  go_on.Notify();
  stopper.join();
  EXPECT_EQ(witness.use_count(), 1);
  thread.Post([witness] {});
  EXPECT_EQ(witness.use_count(), 1);
  thread.Stop();
}

TEST(TimerTest, RestartReplacesAndDestructionCancels) {
  ControlThread thread;
  absl::Notification done;
  int fired = 0;
  thread.Post([&] {
    auto timer = std::make_shared<Timer>(&thread);
    timer->Start(absl::Milliseconds(1), [&] { fired += 100; });
    timer->Start(absl::Milliseconds(1), [&fired, &done, timer] {
      EXPECT_FALSE(timer->running());
      ++fired;
      done.Notify();
    });
    EXPECT_TRUE(timer->running());
    Timer short_lived(&thread);
    short_lived.Start(absl::ZeroDuration(), [&] { fired += 1'000; });
  });
  done.WaitForNotification();
  Flush(thread);
  EXPECT_EQ(fired, 1);
}

TEST(ControlThreadTest, WhatIsPostedGoesBeforeTimersThatAreDue) {
  ControlThread thread;
  absl::Notification done;
  std::vector<int> order;
  thread.Post([&] {
    thread.PostAfter(absl::ZeroDuration(), [&] { order.push_back(2); });
    thread.PostAfter(-absl::Hours(1), [&] { order.push_back(3); });  // not before its turn
    thread.PostAfter(absl::Microseconds(500), [&] { done.Notify(); });
    thread.Post([&] { order.push_back(1); });
  });
  done.WaitForNotification();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(ControlThreadTest, ADelayWithoutEndIsFarAwayAndCanBeCancelled) {
  ControlThread thread;
  auto witness = std::make_shared<int>(0);
  bool fired = false;
  thread.Post([&, witness] {
    const Sequence::TimerId id =
        thread.PostAfter(absl::InfiniteDuration(), [witness, &fired] { fired = true; });
    EXPECT_EQ(witness.use_count(), 3);
    thread.Cancel(id);
    EXPECT_EQ(witness.use_count(), 2);
    thread.PostAfter(absl::InfiniteDuration(), [&fired] { fired = true; });
  });
  Flush(thread);
  thread.Stop();
  EXPECT_FALSE(fired);
}

TEST(ControlThreadTest, ATimerMayCancelOneThatIsDueToo) {
  ControlThread thread;
  absl::Notification done;
  bool fired = false;
  thread.Post([&] {
    Sequence::TimerId second = 0;
    auto victim = std::make_shared<Sequence::TimerId>(0);
    thread.PostAfter(absl::ZeroDuration(), [&thread, victim] { thread.Cancel(*victim); });
    second = thread.PostAfter(absl::ZeroDuration(), [&fired] { fired = true; });
    *victim = second;
    thread.PostAfter(absl::Microseconds(500), [&] { done.Notify(); });
  });
  done.WaitForNotification();
  EXPECT_FALSE(fired);
}

// Runs something when the last copy of it goes.
std::shared_ptr<void> AtEnd(std::function<void()> action) {
  return {nullptr, [action = std::move(action)](void*) { action(); }};
}

TEST(ControlThreadTest, WhatADestroyedTaskHoldsMayCallBack) {
  ControlThread thread;
  std::atomic<int> ended = 0;
  const auto call_back = [&] {
    thread.Post([] {});
    ++ended;
  };
  thread.Post([&] {
    thread.Cancel(thread.PostAfter(absl::Hours(1), [held = AtEnd(call_back)] {}));
    EXPECT_EQ(ended, 1);
    thread.PostAfter(absl::Hours(1), [held = AtEnd(call_back)] {});
  });
  Flush(thread);
  thread.Stop();
  EXPECT_EQ(ended, 2);
  thread.Post([held = AtEnd(call_back)] {});
  EXPECT_NE(thread.PostAfter(absl::ZeroDuration(), [held = AtEnd(call_back)] {}), 0);
  EXPECT_EQ(ended, 4);
}

TEST(ControlThreadTest, HasANameInListsOfThreads) {
  ControlThread thread;
  std::string name(16, '\0');
  thread.Post([&name] { pthread_getname_np(pthread_self(), name.data(), name.size()); });
  Flush(thread);
  EXPECT_STREQ(name.c_str(), "schedd-control");
}

}  // namespace
}  // namespace schedd
