// SPDX-License-Identifier: Apache-2.0
//
// The simulated dispatcher against the contract of bpf/abi.h. The test plays the daemon: it reads
// events and writes decisions.
#include "server/sim/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <optional>
#include <vector>

#include "bpf/ring.h"
#include "server/sim/sim_memory.h"

namespace schedd {
namespace {

using testing::SizeIs;

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kStart = 1'000'000'000;

class DispatcherTest : public testing::Test {
 protected:
  explicit DispatcherTest(int nr_cpus = 1, uint32_t nr_slots = 8)
      : machine_({.nr_cpus = nr_cpus, .start_ns = kStart, .tick_ns = 0}),
        memory_(nr_cpus, nr_slots),
        dispatcher_(&machine_, memory_.shared(), [this] { ++doorbells_; }) {
    Beat();
    machine_.SetScheduler(&dispatcher_);
  }

  schedd_header& header() { return *memory_.shared().header; }
  schedd_slot& slot(uint32_t index) { return memory_.shared().slots[index]; }
  schedd_slot& slot_of(int32_t tid) { return slot(machine_.Find(tid)->slot); }
  void Beat() { header().heartbeat_ns = static_cast<uint64_t>(machine_.now_ns()); }
  void AdvanceTo(int64_t ns) { machine_.AdvanceTo(kStart + ns); }

  uint64_t Count(schedd_counter counter) {
    uint64_t sum = 0;
    for (const schedd_cpu& cpu : memory_.shared().cpus) sum += cpu.counters[counter];
    return sum;
  }

  std::vector<schedd_event> TakeEvents() {
    std::vector<schedd_event> events;
    for (schedd_event_ring& ring : memory_.shared().events) {
      schedd_event event;
      while (schedd_event_take(&ring, &event)) events.push_back(event);
    }
    return events;
  }

  // The decision that answers the present wait of a task.
  schedd_decision DecisionFor(int32_t tid, uint64_t deadline = 0) {
    schedd_decision decision = {};
    decision.slot = machine_.Find(tid)->slot;
    decision.seq = slot_of(tid).seq;
    decision.key = slot_of(tid).key;
    decision.cpu = SCHEDD_ANY_CPU;
    decision.slice_ns = 2 * kMs;
    decision.deadline = deadline;
    decision.generation = 5;
    decision.weight = 200;
    return decision;
  }

  void Commit(const schedd_decision& decision) {
    ASSERT_EQ(schedd_decision_put(memory_.shared().decisions, &decision), 1);
    dispatcher_.Commit();
    machine_.AdvanceTo(machine_.now_ns());
  }

  int32_t SpawnHog(std::vector<int> cpus = {}) {
    return machine_.Spawn(
        {.comm = "hog", .cpus = std::move(cpus), .program = {RunFor(10'000 * kMs)}});
  }
  // Spawned while all CPUs are busy: it waits.
  int32_t SpawnWaiter(std::vector<int> cpus = {}) {
    const int32_t tid = SpawnHog(std::move(cpus));
    EXPECT_EQ(slot_of(tid).state, uint32_t{SCHEDD_TASK_UNDECIDED});
    return tid;
  }

  SimMachine machine_;
  SimMemory memory_;
  int doorbells_ = 0;
  Dispatcher dispatcher_;
};

class DispatcherTwoCpusTest : public DispatcherTest {
 protected:
  DispatcherTwoCpusTest() : DispatcherTest(/*nr_cpus=*/2) {}
};

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

// --- decisions -------------------------------------------------------------------------------------------

TEST_F(DispatcherTest, ADecisionPutsItsNumbersInForce) {
  SpawnHog();
  const int32_t waiter = SpawnWaiter();
  Commit(DecisionFor(waiter, /*deadline=*/123));
  const schedd_slot& s = slot_of(waiter);
  EXPECT_EQ(s.state, uint32_t{SCHEDD_TASK_DECIDED});
  EXPECT_EQ(s.slice_ns, static_cast<uint64_t>(2 * kMs));
  EXPECT_EQ(s.deadline, 123u);
  EXPECT_EQ(s.generation, 5u);
  EXPECT_EQ(s.decided_weight, 200u);
  EXPECT_EQ(Count(SCHEDD_COUNT_DECISIONS_APPLIED), 1u);
  AdvanceTo(10 * kMs);
  EXPECT_EQ(Count(SCHEDD_COUNT_RUN_DECIDED), 1u);
  AdvanceTo(12 * kMs);
  EXPECT_EQ(machine_.RunNanos(waiter), 2 * kMs) << "the slice decided";
}

TEST_F(DispatcherTest, TheEarliestDeadlineRunsFirst) {
  SpawnHog();
  const int32_t late = SpawnWaiter();
  const int32_t early = SpawnWaiter();
  const int32_t undecided = SpawnWaiter();
  Commit(DecisionFor(late, 900));
  Commit(DecisionFor(early, 100));
  AdvanceTo(10 * kMs + 1);
  EXPECT_EQ(machine_.Current(0)->tid, undecided) << "its deadline is 0";
  AdvanceTo(20 * kMs + 1);
  EXPECT_EQ(machine_.Current(0)->tid, early);
  AdvanceTo(22 * kMs + 1);
  EXPECT_EQ(machine_.Current(0)->tid, late);
}

TEST_F(DispatcherTest, ARunningTaskGoesOnWhileItsDeadlineIsTheEarliest) {
  const int32_t running = SpawnHog();
  memory_.shared().slots[machine_.Find(running)->slot].decided_weight = 100;  // once, earlier
  const int32_t waiter = SpawnWaiter();
  Commit(DecisionFor(waiter, 25 * kMs));
  AdvanceTo(20 * kMs + 1);
  EXPECT_EQ(machine_.Current(0)->tid, running) << "its deadline is at 20 ms";
  EXPECT_EQ(slot_of(running).solo_run_ns, static_cast<uint64_t>(10 * kMs))
      << "from then on somebody else wanted the CPU";
  AdvanceTo(30 * kMs + 1);
  EXPECT_EQ(machine_.Current(0)->tid, waiter);
}

TEST_F(DispatcherTest, RunsThatNobodyElseWantedAreToldApart) {
  const int32_t running = SpawnHog();
  AdvanceTo(35 * kMs);
  SpawnWaiter();
  AdvanceTo(45 * kMs);
  const schedd_slot& slot = slot_of(running);
  EXPECT_EQ(slot.solo_run_ns, slot.run_ns);
  EXPECT_EQ(slot.run_ns, static_cast<uint64_t>(40 * kMs));
}

TEST_F(DispatcherTest, OfUrgentOnesTheOneThatWaitsLongestRunsFirst) {
  SpawnHog();
  const int32_t first = SpawnWaiter();
  AdvanceTo(kMs);
  const int32_t second = SpawnWaiter();
  for (const auto& [tid, deadline] : {std::pair{first, 900}, std::pair{second, 1}}) {
    schedd_decision decision = DecisionFor(tid, deadline);
    decision.flags = SCHEDD_DECISION_URGENT;
    Commit(decision);
  }
  AdvanceTo(10 * kMs + 1);
  EXPECT_EQ(machine_.Current(0)->tid, first);
}

TEST_F(DispatcherTest, AnUrgentDecisionComesBeforeAllOthers) {
  SpawnHog();
  const int32_t ready = SpawnWaiter();
  const int32_t urgent = SpawnWaiter();
  Commit(DecisionFor(ready, 1));
  schedd_decision decision = DecisionFor(urgent, 1'000);
  Commit(decision);
  decision.flags = SCHEDD_DECISION_URGENT;
  Commit(decision);  // decided a second time, for the same wait
  EXPECT_EQ(Count(SCHEDD_COUNT_DECISIONS_APPLIED), 3u);
  AdvanceTo(10 * kMs + 1);
  EXPECT_EQ(machine_.Current(0)->tid, urgent);
}

TEST_F(DispatcherTest, StaleDecisionsChangeNothing) {
  const int32_t running = SpawnHog();
  const int32_t waiter = SpawnWaiter();
  const schedd_decision good = DecisionFor(waiter);
  schedd_decision other_wait = good;
  ++other_wait.seq;
  schedd_decision other_owner = good;
  other_owner.key += 2;
  schedd_decision no_slot = good;
  no_slot.slot = 99;
  schedd_decision free_slot = good;
  free_slot.slot = 7;
  for (const schedd_decision& stale :
       {other_wait, other_owner, no_slot, free_slot, DecisionFor(running)}) {
    Commit(stale);
  }
  EXPECT_EQ(Count(SCHEDD_COUNT_DECISIONS_STALE), 5u);
  EXPECT_EQ(slot_of(waiter).state, uint32_t{SCHEDD_TASK_UNDECIDED});
  EXPECT_EQ(slot_of(running).generation, 0u);
  Commit(good);
  EXPECT_EQ(Count(SCHEDD_COUNT_DECISIONS_APPLIED), 1u);
}

TEST_F(DispatcherTest, ADecisionOfAnEarlierWaitIsStaleAfterTheTaskRan) {
  SpawnHog();
  const int32_t waiter = SpawnWaiter();
  const schedd_decision decision = DecisionFor(waiter);
  AdvanceTo(25 * kMs);  // it ran undecided and waits again
  EXPECT_EQ(Count(SCHEDD_COUNT_RUN_UNDECIDED), 2u);
  Commit(decision);
  EXPECT_EQ(Count(SCHEDD_COUNT_DECISIONS_STALE), 1u);
}

TEST_F(DispatcherTest, ACpuThatNeedsWorkTakesDecisionsFromTheRingItself) {
  SpawnHog();
  const int32_t first = SpawnWaiter();
  const int32_t second = SpawnWaiter();
  const auto before_the_first = static_cast<uint64_t>(-1);  // virtual time wraps
  const schedd_decision decision = DecisionFor(second, before_the_first);
  ASSERT_EQ(schedd_decision_put(memory_.shared().decisions, &decision), 1);
  AdvanceTo(10 * kMs + 1);  // nobody committed
  EXPECT_EQ(machine_.Current(0)->tid, second);
  EXPECT_EQ(machine_.RunNanos(first), 0);
}

TEST_F(DispatcherTest, APreemptingDecisionTakesTheCpuNow) {
  const int32_t running = SpawnHog();
  const int32_t waiter = SpawnWaiter();
  AdvanceTo(kMs);
  schedd_decision decision = DecisionFor(waiter);
  decision.cpu = 0;
  decision.flags = SCHEDD_DECISION_PREEMPT;
  Commit(decision);
  EXPECT_EQ(machine_.Current(0)->tid, waiter);
  EXPECT_EQ(machine_.RunNanos(running), kMs);
  EXPECT_EQ(slot_of(running).state, uint32_t{SCHEDD_TASK_UNDECIDED});
  EXPECT_EQ(Count(SCHEDD_COUNT_KICKS_PREEMPT), 1u);
}

TEST_F(DispatcherTwoCpusTest, ADecisionMayNameACpu) {
  SpawnHog();
  SpawnHog();
  const int32_t waiter = SpawnWaiter();
  schedd_decision decision = DecisionFor(waiter);
  decision.cpu = 1;
  Commit(decision);
  AdvanceTo(10 * kMs + 1);
  ASSERT_NE(machine_.Current(1), nullptr);
  EXPECT_EQ(machine_.Current(1)->tid, waiter);
}

TEST_F(DispatcherTwoCpusTest, ADecisionForACpuThatIsNotAllowedGoesToAnyOther) {
  SpawnHog();
  SpawnHog();
  const int32_t waiter = SpawnWaiter({0});
  schedd_decision decision = DecisionFor(waiter);
  decision.cpu = 1;
  Commit(decision);
  EXPECT_EQ(Count(SCHEDD_COUNT_DECISIONS_BOUNCED), 1u);
  AdvanceTo(10 * kMs + 1);
  EXPECT_EQ(machine_.Current(0)->tid, waiter);
  schedd_decision impossible = DecisionFor(SpawnWaiter());
  impossible.cpu = 2;
  Commit(impossible);
  EXPECT_EQ(Count(SCHEDD_COUNT_DECISIONS_BOUNCED), 2u);
}

TEST_F(DispatcherTwoCpusTest, AnAffinityChangeMakesADecisionUnderWayStale) {
  SpawnHog();
  SpawnHog();
  const int32_t waiter = SpawnWaiter();
  const schedd_decision decision = DecisionFor(waiter);
  machine_.SetAffinity(waiter, {1});
  EXPECT_EQ(slot_of(waiter).allowed[0], 2u);
  EXPECT_EQ(slot_of(waiter).nr_allowed, 1u);
  Commit(decision);
  EXPECT_EQ(Count(SCHEDD_COUNT_DECISIONS_STALE), 1u);
  EXPECT_EQ(slot_of(waiter).state, uint32_t{SCHEDD_TASK_UNDECIDED}) << "it waits anew";
}

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

  const uint64_t events = Count(SCHEDD_COUNT_EVENTS);
  Beat();
  AdvanceTo(110 * kMs);
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
