// SPDX-License-Identifier: Apache-2.0
//
// The simulated dispatcher against the contract of bpf/abi.h: what it does without the daemon, and
// the accounts it keeps.
#include <gtest/gtest.h>

#include <numeric>

#include "tests/unit/sim/dispatcher_fixture.h"

namespace schedd {
namespace {

// --- without the daemon --------------------------------------------------------------------------------

TEST_F(DispatcherTest, NothingWaitsForTheDaemon) {
  for (int i = 0; i < 4; ++i) SpawnHog();
  AdvanceTo(1'000 * kMs);
  for (const int32_t tid : machine_.Tasks()) {
    EXPECT_NEAR(static_cast<double>(machine_.RunNanos(tid)), 250.0 * kMs, 20.0 * kMs);
  }
  EXPECT_EQ(machine_.BusyNanos(0), 1'000 * kMs);
}

TEST_F(DispatcherTest, ASilentDaemonGetsNoMoreEventsAndTheTimeIsNoted) {
  SpawnHog();
  SpawnWaiter();  // its event is never read
  AdvanceTo(20 * kMs);
  EXPECT_EQ(header().degraded_since_ns, 0u) << "within the budget";
  AdvanceTo(100 * kMs);
  EXPECT_EQ(header().degraded_since_ns, static_cast<uint64_t>(kStart + 30 * kMs));
  EXPECT_GT(Count(SCHEDD_COUNT_EVENTS_WITHHELD), 0u);
  // All that ran from the moment of the first event that was withheld on.
  const uint64_t degraded = Count(SCHEDD_COUNT_RUN_DEGRADED);
  EXPECT_GT(degraded, 0u);
  EXPECT_LT(degraded, Count(SCHEDD_COUNT_RUN_UNDECIDED));
  AdvanceTo(120 * kMs);
  const uint64_t more = Count(SCHEDD_COUNT_RUN_DEGRADED);
  EXPECT_GT(more, degraded);

  const uint64_t events = Count(SCHEDD_COUNT_EVENTS);
  Beat();
  AdvanceTo(130 * kMs);
  EXPECT_EQ(Count(SCHEDD_COUNT_EVENTS), events + 1) << "it is alive again";
}

TEST_F(DispatcherTest, AnOldHeartbeatIsNoSilenceWhenNothingWaits) {
  SpawnHog();
  AdvanceTo(500 * kMs);
  SpawnWaiter();
  EXPECT_EQ(Count(SCHEDD_COUNT_EVENTS), 1u);
  EXPECT_EQ(header().degraded_since_ns, 0u);
}

TEST_F(DispatcherTest, AParkedDaemonIsNotSilentUntilItHadTimeToWakeUp) {
  SpawnHog();
  AdvanceTo(500 * kMs);
  header().parked = 1;
  SpawnWaiter();  // rings
  SpawnWaiter();  // at the same moment: it cannot be up yet
  EXPECT_EQ(Count(SCHEDD_COUNT_EVENTS), 2u);
  EXPECT_EQ(header().degraded_since_ns, 0u);
}

TEST_F(DispatcherTest, AFullEventRingIsCountedAndTheTaskStillRuns) {
  dispatcher_.adversity().event_ring_size = 2;
  SpawnHog();
  for (int i = 0; i < 3; ++i) SpawnWaiter();
  EXPECT_EQ(Count(SCHEDD_COUNT_EVENTS), 2u);
  EXPECT_EQ(Count(SCHEDD_COUNT_EVENTS_DROPPED), 1u);
  AdvanceTo(40 * kMs);
  for (const int32_t tid : machine_.Tasks()) EXPECT_GT(machine_.RunNanos(tid), 0);
}

TEST_F(DispatcherTest, WithoutADecisionAFarDeadlineHoldsNobodyBackForLong) {
  SpawnHog();
  const int32_t waiter = SpawnWaiter();
  Commit(DecisionFor(waiter, 1));
  AdvanceTo(10 * kMs + 1);
  ASSERT_EQ(machine_.Current(0)->tid, waiter);
  slot_of(waiter).deadline = static_cast<uint64_t>(3'600'000 * kMs);
  AdvanceTo(12 * kMs + 1);  // its slice is over: it waits undecided
  const uint64_t floor = memory_.shared().cpus[0].vtime_floor;
  EXPECT_EQ(machine_.Find(waiter)->queue_vtime, floor + static_cast<uint64_t>(200 * kMs));
  EXPECT_EQ(slot_of(waiter).deadline, floor + static_cast<uint64_t>(200 * kMs));
  AdvanceTo(250 * kMs);
  EXPECT_GT(machine_.RunNanos(waiter), 2 * kMs) << "it ran again, unasked";
}

TEST_F(DispatcherTest, ALongSleepIsNoClaimToTheCpuForAsLong) {
  header().sleeper_credit_ns = static_cast<uint64_t>(20 * kMs);
  const int32_t sleeper = machine_.Spawn(
      {.comm = "sleeper", .program = {RunFor(kMs), SleepFor(5'000 * kMs), RunFor(kMs)}});
  AdvanceTo(kMs + 1);
  SpawnHog();
  SpawnHog();
  memory_.shared().cpus[0].vtime_floor = static_cast<uint64_t>(4'000 * kMs);
  AdvanceTo(5'001 * kMs);
  const uint64_t floor = memory_.shared().cpus[0].vtime_floor;
  EXPECT_EQ(machine_.Find(sleeper)->queue_vtime, floor - static_cast<uint64_t>(20 * kMs));
}

TEST_F(DispatcherTest, ADeadlineFromAnotherCpusVirtualTimeHoldsNobodyBackForLong) {
  const int32_t early = SpawnHog();
  const int32_t waiter = SpawnWaiter();
  memory_.shared().cpus[0].vtime_floor = static_cast<uint64_t>(4'000 * kMs);
  AdvanceTo(30 * kMs);
  for (const int32_t tid : {early, waiter}) {
    EXPECT_GE(slot_of(tid).deadline, static_cast<uint64_t>(3'800 * kMs)) << "as if it had run here";
  }
}

TEST_F(DispatcherTest, VirtualTimeComesDownToWhatWasDecided) {
  const int32_t hog = SpawnHog();
  const int32_t waiter = SpawnWaiter();
  Commit(DecisionFor(waiter, 1));
  // As after seconds without the engine, whose virtual time stood still.
  memory_.shared().cpus[0].vtime_floor = static_cast<uint64_t>(4'000 * kMs);
  AdvanceTo(30 * kMs);
  EXPECT_LE(memory_.shared().cpus[0].vtime_floor,
            slot_of(hog).deadline + static_cast<uint64_t>(200 * kMs));
  EXPECT_GT(memory_.shared().cpus[0].vtime_floor, 0u);
}

// --- accounting --------------------------------------------------------------------------------------------

TEST_F(DispatcherTest, ChargesRunsAndWaits) {
  const int32_t first = SpawnHog();
  const int32_t second = SpawnWaiter();
  AdvanceTo(10 * kMs);
  EXPECT_EQ(slot_of(first).run_ns, static_cast<uint64_t>(10 * kMs));
  EXPECT_EQ(slot_of(first).awake_run_ns, static_cast<uint64_t>(10 * kMs));
  EXPECT_EQ(slot_of(first).waiting_since_ns, static_cast<uint64_t>(kStart + 10 * kMs));
  EXPECT_EQ(slot_of(second).wait_ns, static_cast<uint64_t>(10 * kMs));
  EXPECT_EQ(slot_of(second).running_since_ns, static_cast<uint64_t>(kStart + 10 * kMs));
  EXPECT_EQ(slot_of(second).woken_ns, 0u);
  EXPECT_EQ(slot_of(second).latency_max_ns, static_cast<uint64_t>(10 * kMs));
  EXPECT_EQ(slot_of(second).latency_sum_ns, static_cast<uint64_t>(10 * kMs));
  const auto& buckets = slot_of(second).latency_buckets;
  EXPECT_EQ(std::accumulate(std::begin(buckets), std::end(buckets), 0u), 1u);
}

TEST_F(DispatcherTest, TheDeadlineGrowsWithWhatTheTaskRan) {
  const int32_t first = SpawnHog();
  const uint64_t before = slot_of(first).deadline;
  const int32_t waiter = SpawnWaiter();
  AdvanceTo(10 * kMs);
  EXPECT_EQ(slot_of(first).deadline - before, static_cast<uint64_t>(10 * kMs)) << "weight 100";
  Commit(DecisionFor(first, 1'000));  // decided with weight 200
  AdvanceTo(22 * kMs);                // the waiter's slice, then its own of 2 ms
  EXPECT_EQ(machine_.RunNanos(waiter), 10 * kMs);
  EXPECT_EQ(slot_of(first).deadline, static_cast<uint64_t>(1'000 + kMs)) << "half as fast";
}

TEST_F(DispatcherTest, SaysHowFarTheQueueCameOnWhileATaskSlept) {
  const int32_t tid = machine_.Spawn({.program = {RunFor(kMs), SleepFor(9 * kMs)}});
  uint64_t& floor = memory_.shared().cpus[0].vtime_floor;
  floor += 3 * kMs;  // before it sleeps: of no account
  AdvanceTo(5 * kMs);
  floor += 7 * kMs;
  AdvanceTo(10 * kMs);
  ASSERT_EQ(slot_of(tid).wakeups, 2u);
  EXPECT_EQ(slot_of(tid).slept_virtual_ns, static_cast<uint64_t>(7 * kMs));
  AdvanceTo(20 * kMs);
  ASSERT_EQ(slot_of(tid).wakeups, 3u);
  EXPECT_EQ(slot_of(tid).slept_virtual_ns, 0u);
}

TEST_F(DispatcherTest, CountsSleepsAndWakeups) {
  const int32_t tid = machine_.Spawn({.program = {RunFor(kMs), SleepFor(9 * kMs)}});
  AdvanceTo(35 * kMs);
  EXPECT_EQ(slot_of(tid).wakeups, 4u);
  EXPECT_EQ(slot_of(tid).voluntary_switches, 4u);
  EXPECT_EQ(slot_of(tid).involuntary_switches, 0u);
  EXPECT_EQ(slot_of(tid).awake_run_ns, static_cast<uint64_t>(kMs));
  EXPECT_EQ(slot_of(tid).run_ns, static_cast<uint64_t>(4 * kMs));
  EXPECT_EQ(slot_of(tid).state, uint32_t{SCHEDD_TASK_SLEEPING});
}

TEST_F(DispatcherTwoCpusTest, CountsMigrations) {
  const int32_t tid = SpawnHog();
  AdvanceTo(kMs);
  EXPECT_EQ(slot_of(tid).migrations, 0u);
  machine_.SetAffinity(tid, {1});
  AdvanceTo(2 * kMs);
  EXPECT_EQ(slot_of(tid).migrations, 1u);
  EXPECT_EQ(slot_of(tid).cpu, 1);
}

TEST_F(DispatcherTest, ALoneTaskGoesOnAndIsChargedMeanwhile) {
  const int32_t tid = SpawnHog();
  AdvanceTo(35 * kMs);
  EXPECT_EQ(Count(SCHEDD_COUNT_SLICE_REFILLS), 3u);
  EXPECT_EQ(slot_of(tid).run_ns, static_cast<uint64_t>(30 * kMs));
  EXPECT_EQ(Count(SCHEDD_COUNT_RUN_NS), static_cast<uint64_t>(30 * kMs));
}

TEST_F(DispatcherTest, AWeightChangeShowsInTheSlot) {
  const int32_t tid = SpawnHog();
  machine_.SetWeight(tid, 250);
  EXPECT_EQ(slot_of(tid).weight, 250u);
}

TEST_F(DispatcherTest, LeavingGivesAllSlotsBack) {
  SpawnHog();
  SpawnHog();
  machine_.Spawn({.program = {SleepFor(100 * kMs), RunFor(kMs)}});
  AdvanceTo(15 * kMs);
  EXPECT_EQ(header().used_slots, 3u);
  machine_.SetScheduler(nullptr);
  EXPECT_EQ(header().used_slots, 0u);
  EXPECT_EQ(Count(SCHEDD_COUNT_ENDED_RUN_NS), Count(SCHEDD_COUNT_RUN_NS));
  const int64_t before = machine_.BusyNanos(0);
  AdvanceTo(50 * kMs);
  EXPECT_EQ(machine_.BusyNanos(0) - before, 35 * kMs) << "the fair class has them";
  machine_.SetScheduler(&dispatcher_);
  EXPECT_EQ(header().used_slots, 3u);
}

}  // namespace
}  // namespace schedd
