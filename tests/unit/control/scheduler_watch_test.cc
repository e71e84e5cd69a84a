// SPDX-License-Identifier: Apache-2.0
#include "server/control/scheduler_watch.h"

#include <gtest/gtest.h>

#include <thread>

namespace schedd {
namespace {

SchedulerPulse Pulse(SchedulerState state, int64_t generation = 0, int64_t lost = 0) {
  SchedulerPulse pulse;
  pulse.scheduler.state = state;
  pulse.applied_generation = generation;
  pulse.lost_event_count = lost;
  return pulse;
}

TEST(SchedulerWatchTest, BeginsWithAnEmptyPulse) {
  SchedulerWatch watch;
  ASSERT_NE(watch.Current(), nullptr);
  EXPECT_EQ(watch.Current()->version, 0);
}

TEST(SchedulerWatchTest, EachDifferenceIsAVersionAndOnlyStatesAreStateVersions) {
  SchedulerWatch watch;
  watch.Publish(Pulse(SchedulerState::kDetached));
  EXPECT_EQ(watch.Current()->version, 1);
  EXPECT_EQ(watch.Current()->state_version, 1);
  watch.Publish(Pulse(SchedulerState::kAttached, 1));
  EXPECT_EQ(watch.Current()->version, 2);
  EXPECT_EQ(watch.Current()->state_version, 2);
  watch.Publish(Pulse(SchedulerState::kAttached, 2));
  EXPECT_EQ(watch.Current()->version, 3);
  EXPECT_EQ(watch.Current()->state_version, 2);
  watch.Publish(Pulse(SchedulerState::kAttached, 2, 5));
  EXPECT_EQ(watch.Current()->version, 4);
  EXPECT_EQ(watch.Current()->state_version, 2);
}

TEST(SchedulerWatchTest, TheSameAgainIsNoNews) {
  SchedulerWatch watch;
  int calls = 0;
  watch.AddListener([&calls] { ++calls; });
  watch.Publish(Pulse(SchedulerState::kAttached, 1, 2));
  SchedulerPulse same = Pulse(SchedulerState::kAttached, 1, 2);
  same.scheduler.counters = SchedulerCounters{.event_count = 9};  // counters are no change
  watch.Publish(same);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(watch.Current()->version, 1);
}

TEST(SchedulerWatchTest, AnotherExitIsAnotherState) {
  SchedulerWatch watch;
  SchedulerPulse pulse = Pulse(SchedulerState::kEjected);
  watch.Publish(pulse);
  pulse.scheduler.last_exit = ExitInfo{.kind = 1026, .reason = "runnable task stall"};
  watch.Publish(pulse);
  EXPECT_EQ(watch.Current()->state_version, 2);
}

TEST(SchedulerWatchTest, ListenersMaySeeTheNewPulseAndMayLeave) {
  SchedulerWatch watch;
  int64_t seen = 0;
  const SchedulerWatch::ListenerId id = watch.AddListener([&] { seen = watch.Current()->version; });
  watch.Publish(Pulse(SchedulerState::kAttached));
  EXPECT_EQ(seen, 1);
  watch.RemoveListener(id);
  watch.Publish(Pulse(SchedulerState::kDetached));
  EXPECT_EQ(seen, 1);
}

TEST(SchedulerWatchTest, WaitForChangeReturnsAtOnceWhenThereIsNews) {
  SchedulerWatch watch;
  watch.Publish(Pulse(SchedulerState::kAttached));
  EXPECT_EQ(watch.WaitForChange(0, absl::InfiniteDuration())->version, 1);
}

TEST(SchedulerWatchTest, WaitForChangeEndsByTimeWithoutNews) {
  SchedulerWatch watch;
  watch.Publish(Pulse(SchedulerState::kAttached));
  EXPECT_EQ(watch.WaitForChange(1, absl::Milliseconds(1))->version, 1);
}

TEST(SchedulerWatchTest, WaitForChangeIsWokenByAnotherThread) {
  SchedulerWatch watch;
  std::thread publisher([&watch] { watch.Publish(Pulse(SchedulerState::kAttached)); });
  EXPECT_EQ(watch.WaitForChange(0, absl::InfiniteDuration())->scheduler.state,
            SchedulerState::kAttached);
  publisher.join();
}

}  // namespace
}  // namespace schedd
