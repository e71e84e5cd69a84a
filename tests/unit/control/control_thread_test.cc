// SPDX-License-Identifier: Apache-2.0
#include "server/control/control_thread.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
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

}  // namespace
}  // namespace schedd
