// SPDX-License-Identifier: Apache-2.0
#include "server/control/scheduler_watch.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <iterator>
#include <utility>

namespace schedd {
namespace {

SchedulerPulse Pulse(SchedulerState state, int64_t generation = 0, int64_t lost = 0) {
  SchedulerPulse pulse;
  pulse.scheduler.state = state;
  pulse.applied_generation = generation;
  pulse.lost_event_count = lost;
  return pulse;
}

// Numbers of the newest state, generation and loss.
std::array<int64_t, 3> Numbers(const SchedulerWatch& watch) {
  const auto pulse = watch.Current();
  return {pulse->state_sequence, pulse->generation_sequence, pulse->loss_sequence};
}

using N = std::array<int64_t, 3>;

TEST(SchedulerWatchTest, BeginsWithAnEmptyPulse) {
  SchedulerWatch watch;
  ASSERT_NE(watch.Current(), nullptr);
  EXPECT_EQ(watch.Current()->sequence(), 0);
}

TEST(SchedulerWatchTest, EventsOfAllKindsAreNumberedTogether) {
  SchedulerWatch watch(100);
  watch.Publish(Pulse(SchedulerState::kDetached));
  EXPECT_EQ(Numbers(watch), (N{101, 0, 0}));
  watch.Publish(Pulse(SchedulerState::kAttached, 1));
  EXPECT_EQ(Numbers(watch), (N{102, 103, 0}));
  watch.Publish(Pulse(SchedulerState::kAttached, 2));
  EXPECT_EQ(Numbers(watch), (N{102, 104, 0}));
  watch.Publish(Pulse(SchedulerState::kAttached, 3, 5));
  EXPECT_EQ(Numbers(watch), (N{102, 105, 106}));
  EXPECT_EQ(watch.Current()->sequence(), 106);
}

TEST(SchedulerWatchTest, TheEndOfAGenerationIsToldByTheState) {
  SchedulerWatch watch;
  watch.Publish(Pulse(SchedulerState::kAttached, 1));
  watch.Publish(Pulse(SchedulerState::kDetached, 0));
  EXPECT_EQ(Numbers(watch), (N{3, 0, 0}));
}

TEST(SchedulerWatchTest, WhereAReaderStands) {
  SchedulerWatch watch(100);
  watch.Publish(Pulse(SchedulerState::kAttached, 1));     // 101, 102
  watch.Publish(Pulse(SchedulerState::kAttached, 2, 5));  // 103, 104
  watch.Publish(Pulse(SchedulerState::kAttached, 3, 5));  // 105
  const std::pair<int64_t, int64_t> lost[] = {{100, 0}, {102, 0}, {103, 0}, {104, 5}, {105, 5}};
  for (const auto& [sequence, count] : lost) {
    const auto position = watch.Find(sequence);
    ASSERT_TRUE(position.has_value()) << sequence;
    EXPECT_EQ(position->sequence, sequence);
    EXPECT_EQ(position->lost_event_count, count) << sequence;
  }
  for (const int64_t never :
       {INT64_MIN, int64_t{-1}, int64_t{0}, int64_t{99}, int64_t{106}, INT64_MAX}) {
    EXPECT_FALSE(watch.Find(never).has_value()) << never;
  }
}

TEST(SchedulerWatchTest, WhatIsTooLongAgoIsNotKept) {
  SchedulerWatch watch;
  watch.Publish(Pulse(SchedulerState::kAttached));  // 1
  for (size_t i = 1; i < SchedulerWatch::kKept; ++i) {
    watch.Publish(Pulse(SchedulerState::kAttached, static_cast<int64_t>(i)));
  }
  EXPECT_TRUE(watch.Find(0).has_value());
  watch.Publish(Pulse(SchedulerState::kDetached));
  EXPECT_FALSE(watch.Find(0).has_value());
  EXPECT_TRUE(watch.Find(1).has_value());
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
  EXPECT_EQ(watch.Current()->sequence(), 3);
}

TEST(SchedulerWatchTest, AnotherExitIsAnotherState) {
  SchedulerWatch watch;
  SchedulerPulse pulse = Pulse(SchedulerState::kEjected);
  watch.Publish(pulse);
  pulse.scheduler.last_exit = ExitInfo{.kind = 1026, .reason = "runnable task stall"};
  watch.Publish(pulse);
  EXPECT_EQ(watch.Current()->state_sequence, 2);
}

TEST(SchedulerWatchTest, ListenersMaySeeTheNewPulseAndMayLeave) {
  SchedulerWatch watch;
  int64_t seen = 0;
  const SchedulerWatch::ListenerId id =
      watch.AddListener([&] { seen = watch.Current()->sequence(); });
  watch.Publish(Pulse(SchedulerState::kAttached));
  EXPECT_EQ(seen, 1);
  watch.RemoveListener(id);
  watch.Publish(Pulse(SchedulerState::kDetached));
  EXPECT_EQ(seen, 1);
}

TEST(SchedulerWatchTest, WhatMakesAnotherState) {
  using Change = void (*)(SchedulerInfo&);
  const std::pair<Change, bool> cases[] = {
      {[](SchedulerInfo& s) { s.state = SchedulerState::kForeign; }, true},
      {[](SchedulerInfo& s) { s.ops_name = "scx_rusty"; }, true},
      {[](SchedulerInfo& s) { s.attach_count = 2; }, true},
      {[](SchedulerInfo& s) { s.last_exit = ExitInfo{.kind = 64}; }, true},
      {[](SchedulerInfo& s) { s.last_exit = ExitInfo{.kind = 64, .message = "m"}; }, true},
      {[](SchedulerInfo& s) { s.last_exit = ExitInfo{.kind = 64, .message = "m"}; }, false},
      {[](SchedulerInfo& s) { s.scheduling_cpu_duration = absl::Seconds(1); }, false},
      {[](SchedulerInfo& s) { s.counters = SchedulerCounters{.task_count = 1}; }, false},
  };
  SchedulerWatch watch;
  SchedulerPulse pulse = Pulse(SchedulerState::kAttached);
  watch.Publish(pulse);
  for (size_t i = 0; i < std::size(cases); ++i) {
    const auto before = watch.Current();
    cases[i].first(pulse.scheduler);
    watch.Publish(pulse);
    const int64_t more = cases[i].second ? 1 : 0;
    EXPECT_EQ(watch.Current()->sequence(), before->sequence() + more) << i;
    EXPECT_EQ(watch.Current()->state_sequence, before->state_sequence + more) << i;
  }
}

// Nothing is queued: whoever is slow sees what holds now, and by the numbers what it missed.
TEST(SchedulerWatchTest, ASlowReaderFindsTheNewestAndKeepsWhatItHas) {
  SchedulerWatch watch;
  watch.Publish(Pulse(SchedulerState::kAttached, 1));
  const auto first = watch.Current();
  for (int64_t i = 2; i <= 1'000; ++i) watch.Publish(Pulse(SchedulerState::kAttached, i, i));
  watch.Publish(Pulse(SchedulerState::kDetached, 0, 1'000));
  const auto newest = watch.Current();
  EXPECT_EQ(newest->state_sequence, 2'001);
  EXPECT_EQ(newest->lost_event_count, 1'000);
  EXPECT_EQ(first->applied_generation, 1);  // a pulse never changes
  EXPECT_EQ(first.use_count(), 1);          // and is nobody's but the reader's
}

TEST(SchedulerWatchTest, EachListenerIsToldUntilItLeaves) {
  SchedulerWatch watch;
  int a = 0;
  int b = 0;
  const SchedulerWatch::ListenerId id = watch.AddListener([&a] { ++a; });
  EXPECT_NE(watch.AddListener([&b] { ++b; }), id);
  watch.Publish(Pulse(SchedulerState::kAttached));
  watch.RemoveListener(id);
  watch.RemoveListener(id);       // gone already
  watch.RemoveListener(id + 77);  // never was
  watch.Publish(Pulse(SchedulerState::kDetached));
  EXPECT_EQ(a, 1);
  EXPECT_EQ(b, 2);
}

}  // namespace
}  // namespace schedd
