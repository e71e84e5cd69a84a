// SPDX-License-Identifier: Apache-2.0
//
// The simulated dispatcher against the contract of bpf/abi.h: decisions put into effect.
#include <gtest/gtest.h>

#include <utility>

#include "tests/unit/sim/dispatcher_fixture.h"

namespace schedd {
namespace {

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
  Commit(DecisionFor(late, 5 * kMs + kMs / 2));
  Commit(DecisionFor(early, 5 * kMs - kMs / 10));
  AdvanceTo(10 * kMs + 1);
  EXPECT_EQ(machine_.Current(0)->tid, early);
  AdvanceTo(12 * kMs + 1);
  EXPECT_EQ(machine_.Current(0)->tid, undecided) << "its deadline is half a slice, 5 ms";
  AdvanceTo(22 * kMs + 1);
  EXPECT_EQ(machine_.Current(0)->tid, late);
}

TEST_F(DispatcherTest, ARunningTaskGoesOnWhileItsDeadlineIsTheEarliest) {
  const int32_t running = SpawnHog();
  DecidedOnce(running);
  const int32_t waiter = SpawnWaiter();
  Commit(DecisionFor(waiter, 28 * kMs));
  AdvanceTo(20 * kMs + 1);
  EXPECT_EQ(machine_.Current(0)->tid, running) << "its deadline is at 25 ms";
  EXPECT_EQ(slot_of(running).solo_run_ns, static_cast<uint64_t>(10 * kMs))
      << "from then on somebody else wanted the CPU";
  AdvanceTo(30 * kMs + 1);
  EXPECT_EQ(machine_.Current(0)->tid, waiter);
}

TEST_F(DispatcherTest, ATaskThatWouldGoOnWaitsForADecisionAfterAChange) {
  const int32_t running = SpawnHog();
  DecidedOnce(running);
  const int32_t waiter = SpawnWaiter();
  Commit(DecisionFor(waiter, 900 * kMs));
  AdvanceTo(10 * kMs + 1);
  EXPECT_EQ(machine_.Current(0)->tid, running);
  ++header().lease_epoch;
  AdvanceTo(20 * kMs + 1);
  EXPECT_EQ(machine_.Current(0)->tid, waiter);
  EXPECT_EQ(slot_of(running).state, uint32_t{SCHEDD_TASK_UNDECIDED});

  schedd_decision decision = DecisionFor(running);
  decision.lease_epoch = header().lease_epoch;
  Commit(decision);
  SpawnWaiter();
  AdvanceTo(22 * kMs + 1);
  ASSERT_EQ(machine_.Current(0)->tid, running);
  machine_.SetWeight(running, 50);
  AdvanceTo(24 * kMs + 1);
  EXPECT_NE(machine_.Current(0)->tid, running) << "its own weight";
}

TEST_F(DispatcherTest, ATaskDecidedToYieldDoesNotGoOnWhateverItsDeadline) {
  SpawnHog();
  const int32_t yielding = SpawnWaiter();
  schedd_decision decision = DecisionFor(yielding, 1);
  decision.flags = SCHEDD_DECISION_YIELDS;
  Commit(decision);
  AdvanceTo(10 * kMs + 1);
  ASSERT_EQ(machine_.Current(0)->tid, yielding);
  EXPECT_EQ(slot_of(yielding).yields, 1u);
  const int32_t other = SpawnWaiter();
  Commit(DecisionFor(other, 900 * kMs));
  slot_of(machine_.Tasks().front()).deadline = 0;  // who waits with the first event, never decided
  AdvanceTo(12 * kMs + 1);
  EXPECT_NE(machine_.Current(0)->tid, yielding) << "its deadline, 1, is the earliest by far";
  // The next decision takes the word back.
  decision = DecisionFor(yielding, 1);
  Commit(decision);
  EXPECT_EQ(slot_of(yielding).yields, 0u);
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
  EXPECT_EQ(slot_of(urgent).urgent_seq, slot_of(urgent).seq);
  EXPECT_NE(slot_of(ready).urgent_seq, slot_of(ready).seq);
  AdvanceTo(10 * kMs + 1);
  EXPECT_EQ(machine_.Current(0)->tid, urgent);
}

TEST_F(DispatcherTest, TheWaitAfterAnUrgentOneSaysSo) {
  SpawnHog();
  const int32_t urgent = SpawnWaiter();
  const int32_t other = SpawnWaiter();
  TakeEvents();
  schedd_decision decision = DecisionFor(urgent);
  decision.flags = SCHEDD_DECISION_URGENT;
  Commit(decision);
  Commit(DecisionFor(other));
  AdvanceTo(60 * kMs);
  ASSERT_GT(slot_of(urgent).seq, 2u) << "it ran, and waited, more than once";
  for (const schedd_event& event : TakeEvents()) {
    const bool after_urgent = event.slot == machine_.Find(urgent)->slot && event.seq == 2;
    EXPECT_EQ((event.flags & SCHEDD_EVENT_OUT_OF_TURN) != 0, after_urgent)
        << "slot " << event.slot << ", wait " << event.seq;
  }
}

TEST_F(DispatcherTest, TheWaitAfterOneThatNobodyDecidedSaysSo) {
  SpawnHog();
  const int32_t decided = SpawnWaiter();
  SpawnWaiter();
  TakeEvents();
  Commit(DecisionFor(decided));
  int second_waits = 0;
  for (int ms = 1; ms < 80; ++ms) {
    AdvanceTo(ms * kMs);
    Beat();
    for (const schedd_event& event : TakeEvents()) {
      if (event.seq != 2) continue;
      const bool was_decided = event.slot == machine_.Find(decided)->slot;
      EXPECT_EQ((event.flags & SCHEDD_EVENT_UNASKED) == 0, was_decided) << event.slot;
      ++second_waits;
    }
  }
  EXPECT_EQ(second_waits, 3);
}

// --- decision latency ------------------------------------------------------------------------------------

TEST_F(DispatcherTest, AWaitThatADecisionPlacedIsMeasuredFromItsEventToTheRun) {
  SpawnHog();
  AdvanceTo(3 * kMs);
  const int32_t waiter = SpawnWaiter();
  AdvanceTo(4 * kMs);
  Commit(DecisionFor(waiter));
  EXPECT_EQ(DecisionLatencies(), 0u) << "it waits still";
  AdvanceTo(10 * kMs);
  ASSERT_EQ(machine_.Current(0)->tid, waiter);
  EXPECT_EQ(slot_of(waiter).asked_ns, static_cast<uint64_t>(kStart + 3 * kMs));
  const schedd_cpu& cpu = memory_.shared().cpus[0];
  EXPECT_EQ(DecisionLatencies(), 1u);
  EXPECT_EQ(cpu.decision_latency_buckets[schedd_latency_bucket(7 * kMs)], 1u);
  EXPECT_EQ(cpu.decision_latency_sum_ns, static_cast<uint64_t>(7 * kMs));
  EXPECT_EQ(cpu.decision_latency_max_ns, static_cast<uint64_t>(7 * kMs));
}

TEST_F(DispatcherTest, OfDecisionLatenciesTheSumAndTheLargestAreKept) {
  SpawnHog();
  const int32_t first = SpawnWaiter();
  const int32_t second = SpawnWaiter();
  Commit(DecisionFor(first, 1));
  Commit(DecisionFor(second, 2));
  AdvanceTo(12 * kMs);  // the first one's slice is 2 ms
  ASSERT_EQ(machine_.Current(0)->tid, second);
  const schedd_cpu& cpu = memory_.shared().cpus[0];
  EXPECT_EQ(DecisionLatencies(), 2u);
  EXPECT_EQ(cpu.decision_latency_sum_ns, static_cast<uint64_t>(22 * kMs));
  EXPECT_EQ(cpu.decision_latency_max_ns, static_cast<uint64_t>(12 * kMs));
  AdvanceTo(14 * kMs);  // its own wait began at 10 ms, and nobody decided it
  EXPECT_EQ(DecisionLatencies(), 2u);
}

TEST_F(DispatcherTest, RunsThatNoDecisionPlacedHaveNoDecisionLatency) {
  SpawnHog();     // directly on the idle CPU
  SpawnWaiter();  // never decided
  AdvanceTo(50 * kMs);
  EXPECT_EQ(Count(SCHEDD_COUNT_RUN_DECIDED), 0u);
  EXPECT_GT(Count(SCHEDD_COUNT_RUN_UNDECIDED), 0u);
  EXPECT_EQ(DecisionLatencies(), 0u);
}

TEST_F(DispatcherTwoCpusTest, ADecisionLatencyIsOfTheCpuThatRunsTheTask) {
  SpawnHog();
  SpawnHog();
  const int32_t waiter = SpawnWaiter();
  schedd_decision decision = DecisionFor(waiter);
  decision.cpu = 1;
  Commit(decision);
  AdvanceTo(10 * kMs);
  ASSERT_EQ(machine_.Current(1)->tid, waiter);
  EXPECT_EQ(memory_.shared().cpus[0].decision_latency_sum_ns, 0u);
  EXPECT_EQ(memory_.shared().cpus[1].decision_latency_sum_ns, static_cast<uint64_t>(10 * kMs));
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

}  // namespace
}  // namespace schedd
