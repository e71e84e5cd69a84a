// SPDX-License-Identifier: Apache-2.0
//
// The simulated dispatcher against the contract of bpf/abi.h: slots, and what happens when a task
// wakes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bpf/sync.h"
#include "tests/unit/sim/dispatcher_fixture.h"

namespace schedd {
namespace {

using testing::SizeIs;

// --- slots ---------------------------------------------------------------------------------------------

TEST_F(DispatcherTest, ATaskGetsASlotWithItsIdentity) {
  const int32_t tid = machine_.Spawn({.comm = "a-name-longer-than-fits",
                                      .tgid = 77,
                                      .uid = 1000,
                                      .nice = 5,
                                      .weight = 33,
                                      .kthread = true,
                                      .cgroup = "a/b",
                                      .program = {RunFor(kMs)}});
  const schedd_slot& s = slot_of(tid);
  EXPECT_EQ(s.key, 2u);
  EXPECT_EQ(s.tid, tid);
  EXPECT_EQ(s.tgid, 77);
  EXPECT_EQ(s.uid, 1000u);
  EXPECT_EQ(s.nice, 5);
  EXPECT_EQ(s.weight, 33u);
  EXPECT_EQ(s.flags, uint32_t{SCHEDD_SLOT_KTHREAD});
  EXPECT_EQ(s.cgroup_id, machine_.CgroupId("a/b"));
  EXPECT_EQ(s.start_boottime_ns, static_cast<uint64_t>(kStart));
  EXPECT_STREQ(s.comm, "a-name-longer-t");
  EXPECT_EQ(s.allowed[0], 1u);
  EXPECT_EQ(s.nr_allowed, 1u);
}

TEST_F(DispatcherTest, TheNextOwnerHasAnotherKeyAndCountersFromZero) {
  const int32_t first = SpawnHog();
  AdvanceTo(5 * kMs);
  const uint32_t index = machine_.Find(first)->slot;
  const uint32_t key = slot(index).key;
  const uint32_t seq = slot(index).seq;
  machine_.Kill(first);
  EXPECT_EQ(slot(index).state, uint32_t{SCHEDD_TASK_FREE});
  EXPECT_EQ(Count(SCHEDD_COUNT_ENDED_RUN_NS), static_cast<uint64_t>(5 * kMs));
  const int32_t second = SpawnHog();
  ASSERT_EQ(machine_.Find(second)->slot, index);
  EXPECT_NE(slot(index).key, key);
  EXPECT_EQ(slot(index).key % 2, 0u);
  EXPECT_EQ(slot(index).run_ns, 0u);
  EXPECT_GE(slot(index).seq, seq) << "an old decision must stay stale";
}

TEST_F(DispatcherTest, AFullTableDegradesAndLosesNoTask) {
  for (int i = 0; i < 10; ++i) SpawnHog();
  EXPECT_EQ(Count(SCHEDD_COUNT_TABLE_FULL), 2u);
  AdvanceTo(2'000 * kMs);
  for (const int32_t tid : machine_.Tasks()) EXPECT_GT(machine_.RunNanos(tid), 0) << tid;
  EXPECT_GT(Count(SCHEDD_COUNT_NO_SLOT_RUN_NS), 0u);
  EXPECT_GT(Count(SCHEDD_COUNT_NO_SLOT), 0u);
}

// --- waking ----------------------------------------------------------------------------------------------

TEST_F(DispatcherTest, AnIdleCpuIsTakenAtOnceWithoutAnEvent) {
  const int32_t tid = SpawnHog();
  AdvanceTo(0);
  EXPECT_EQ(slot_of(tid).state, uint32_t{SCHEDD_TASK_RUNNING});
  EXPECT_EQ(Count(SCHEDD_COUNT_RUN_DIRECT_IDLE), 1u);
  EXPECT_THAT(TakeEvents(), SizeIs(0));
  EXPECT_EQ(memory_.shared().cpus[0].slot, machine_.Find(tid)->slot);
  EXPECT_EQ(memory_.shared().cpus[0].slot_key, slot_of(tid).key);
  EXPECT_EQ(memory_.shared().cpus[0].idle, 0u);
}

TEST_F(DispatcherTest, InAllDecisionsModeEvenThatIsAnEvent) {
  header().all_decisions = 1;
  SpawnHog();
  EXPECT_THAT(TakeEvents(), SizeIs(1));
  EXPECT_EQ(Count(SCHEDD_COUNT_RUN_DIRECT_IDLE), 0u);
}

TEST_F(DispatcherTest, OnABusyCpuATaskWaitsAndAnEventTells) {
  SpawnHog();
  AdvanceTo(kMs);
  const int32_t waiter = SpawnWaiter();
  const auto events = TakeEvents();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].slot, machine_.Find(waiter)->slot);
  EXPECT_EQ(events[0].seq, slot_of(waiter).seq);
  EXPECT_EQ(events[0].key, slot_of(waiter).key);
  EXPECT_EQ(events[0].flags, uint32_t{SCHEDD_EVENT_WAKEUP});
  EXPECT_EQ(events[0].time_ns, static_cast<uint64_t>(kStart + kMs));
}

TEST_F(DispatcherTest, ATaskThatUsedItsSliceIsQueuedAnew) {
  const int32_t first = SpawnHog();
  SpawnWaiter();
  TakeEvents();
  AdvanceTo(10 * kMs);  // base slice
  const auto events = TakeEvents();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].slot, machine_.Find(first)->slot);
  EXPECT_EQ(events[0].flags, uint32_t{SCHEDD_EVENT_EXPIRED});
  EXPECT_EQ(slot_of(first).involuntary_switches, 1u);
}

TEST_F(DispatcherTest, TheDoorbellRingsForAParkedEngineOnly) {
  SpawnHog();
  SpawnWaiter();
  EXPECT_EQ(doorbells_, 0);
  header().parked = 1;
  SpawnWaiter();
  EXPECT_EQ(doorbells_, 1);
  EXPECT_EQ(header().parked, 0u);
  EXPECT_EQ(header().doorbell_ns, static_cast<uint64_t>(kStart));
  SpawnWaiter();
  EXPECT_EQ(doorbells_, 1) << "it is awake already";
}

TEST_F(DispatcherTest, ALostOrLateDoorbell) {
  SpawnHog();
  dispatcher_.adversity().lose_every_doorbell = 1;
  header().parked = 1;
  SpawnWaiter();
  EXPECT_EQ(doorbells_, 0);
  EXPECT_EQ(header().parked, 0u) << "the dispatcher believes that it rang";
  dispatcher_.adversity() = {.doorbell_delay_ns = 3 * kMs};
  header().parked = 1;
  SpawnWaiter();
  AdvanceTo(3 * kMs - 1);
  EXPECT_EQ(doorbells_, 0);
  AdvanceTo(3 * kMs);
  EXPECT_EQ(doorbells_, 1);
}

// --- the daemon's CPU ---------------------------------------------------------------------------

TEST_F(DispatcherTwoCpusTest, TheDaemonTakesAnIdleCpuWhereThereIsOne) {
  EXPECT_EQ(dispatcher_.CpuForDaemon(1), 1);
  SpawnHog({0});
  AdvanceTo(5 * kMs);
  EXPECT_EQ(dispatcher_.CpuForDaemon(0), 1);
  EXPECT_EQ(dispatcher_.CpuForDaemon(1), 1);
}

TEST_F(DispatcherTwoCpusTest, TheDaemonTakesTheCpuWhereItRanLast) {
  SpawnHog({0});
  SpawnHog({1});
  AdvanceTo(5 * kMs);
  EXPECT_EQ(dispatcher_.CpuForDaemon(0), 0);
  EXPECT_EQ(dispatcher_.CpuForDaemon(1), 1);
}

TEST_F(DispatcherTwoCpusTest, TheDaemonSparesATaskThatHasJustComeToItsCpu) {
  header().min_slice_ns = 3 * kMs;
  SpawnHog({0});
  AdvanceTo(4 * kMs);
  SpawnHog({1});
  AdvanceTo(5 * kMs);
  EXPECT_EQ(dispatcher_.CpuForDaemon(1), 0);
  header().min_slice_ns = 10 * kMs;
  EXPECT_EQ(dispatcher_.CpuForDaemon(1), 1) << "both have";
}

TEST_F(DispatcherTwoCpusTest, TheDaemonLeavesTheTurnOfOneThatHadWaitedForTooLong) {
  const int32_t starved = SpawnHog({0});
  SpawnHog({1});
  AdvanceTo(5 * kMs);
  slot_of(starved).urgent_seq = slot_of(starved).seq;
  slot_of(starved).slice_ns = 10 * kMs;
  EXPECT_EQ(dispatcher_.CpuForDaemon(0), 1);
  AdvanceTo(10 * kMs);
  EXPECT_EQ(dispatcher_.CpuForDaemon(0), 0) << "its slice is over";
}

// --- who wakes ----------------------------------------------------------------------------------

class WakerTest : public DispatcherTwoCpusTest {
 protected:
  // How many tasks ran in the place of one that is trusted to sleep soon, when it does `step`.
  uint64_t InWakersPlace(SimStep step) {
    machine_.Spawn({.comm = "waiter", .program = {Take(1), RunFor(kMs)}});
    const int32_t waker =
        machine_.Spawn({.comm = "waker", .program = {SleepFor(kMs), RunFor(1'000), step}});
    slot_of(waker).sync_kept = SCHEDD_SYNC_TRUSTED;
    AdvanceTo(2 * kMs);
    return Count(SCHEDD_COUNT_RUN_DIRECT_SYNC);
  }
};

TEST_F(WakerTest, ASyncPostPutsTheWaiterInItsPlace) { EXPECT_EQ(InWakersPlace(Post(1)), 1u); }

TEST_F(WakerTest, AFutexSaysNothingOfSleep) {
  SimStep post = Post(1);
  post.sync = false;
  EXPECT_EQ(InWakersPlace(post), 0u);
  EXPECT_EQ(Count(SCHEDD_COUNT_RUN_DIRECT_IDLE), 4u) << "both at first, then waker and waiter";
}

TEST_F(WakerTest, NorDoesAFork) {
  EXPECT_EQ(InWakersPlace(Spawn({.comm = "child", .program = {RunFor(kMs), Exit()}})), 0u);
}

TEST_F(DispatcherTest, AKernelThreadOfOneCpuWaitsForNoDecision) {
  SpawnHog();
  const int32_t kworker = machine_.Spawn({.comm = "kworker/0:1",
                                          .kthread = true,
                                          .cpus = {0},
                                          .program = {RunFor(kMs), SleepFor(9 * kMs)}});
  AdvanceTo(100 * kMs);
  EXPECT_GE(machine_.RunNanos(kworker), 4 * kMs);
  EXPECT_EQ(slot_of(kworker).seq, 0u) << "it was never in a queue of ours";
  EXPECT_GE(Count(SCHEDD_COUNT_RUN_DIRECT_KTHREAD), 4u);
}

}  // namespace
}  // namespace schedd
