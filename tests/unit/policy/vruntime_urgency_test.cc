// SPDX-License-Identifier: Apache-2.0
//
// Tasks that waited starvation_bound are decided again, before all others.
#include <utility>

#include "tests/unit/policy/vruntime_fixture.h"

namespace schedd {
namespace {

TEST_F(VruntimeTest, AHandedOverTaskIsDecidedAgainAtTheBoundAndOnce) {
  Wake(1);
  const Decision first = Only();
  EXPECT_EQ(policy_.NextDeadlineNanos(), now_ns_ + 500 * kMs);
  now_ns_ += 500 * kMs - 1;
  EXPECT_TRUE(Schedule().empty());
  now_ns_ += 1;
  const Decision second = Only();
  EXPECT_TRUE(second.urgent);
  EXPECT_FALSE(second.preempt);
  EXPECT_EQ(second.task, 1u);
  EXPECT_EQ(second.sequence, first.sequence);
  EXPECT_EQ(second.deadline, first.deadline);
  for (int i = 0; i < 1000; ++i) {
    now_ns_ += kMs;
    EXPECT_TRUE(Schedule().empty()) << i;
  }
}

// It came before the kernel had queued the task, for example.
TEST_F(VruntimeTest, AnUrgentDecisionThatIsLostIsMadeAgainSoon) {
  Wake(1);
  Schedule();
  now_ns_ += 500 * kMs;
  loses_urgent_ = true;
  for (const int64_t again_ms : {2, 4, 8}) {
    EXPECT_TRUE(Only().urgent);
    EXPECT_EQ(policy_.NextDeadlineNanos(), now_ns_ + again_ms * kMs);
    now_ns_ += again_ms * kMs;
  }
  loses_urgent_ = false;
  EXPECT_TRUE(Only().urgent);
  now_ns_ += 16 * kMs;
  EXPECT_TRUE(Schedule().empty());
}

// A CPU that carries it out says so before it moves the task; it may be stopped between the two,
// and then find nothing to move.
TEST_F(VruntimeTest, AnUrgentDecisionThatWasInEffectForAMomentOnlyIsMadeAgainSoon) {
  Wake(1);
  Schedule();
  now_ns_ += 500 * kMs;
  EXPECT_TRUE(Only().urgent);
  now_ns_ += 2 * kMs;
  EXPECT_TRUE(Schedule().empty());
  waits_.MakeUrgent(1, sequence_[1] - 1);
  EXPECT_LE(policy_.NextDeadlineNanos(), now_ns_ + 4 * kMs);
  now_ns_ += 4 * kMs;
  EXPECT_TRUE(Only().urgent);
}

// It may wait in line for long: not the scheduling thread's business.
TEST_F(VruntimeTest, AnUrgentDecisionInEffectIsLookedAtMoreAndMoreRarely) {
  Wake(1);
  Schedule();
  now_ns_ += 500 * kMs;
  EXPECT_TRUE(Only().urgent);
  int looks = 0;
  const int64_t end_ns = now_ns_ + 10'000 * kMs;
  while (policy_.NextDeadlineNanos() < end_ns) {
    now_ns_ = policy_.NextDeadlineNanos();
    EXPECT_TRUE(Schedule().empty());
    ++looks;
  }
  EXPECT_LE(looks, 8 + 10'000 / 500);
}

// No decision reaches a task that a CPU took and cannot run: the scheduling thread is not woken for
// it all the time.
TEST_F(VruntimeTest, UrgentDecisionsThatAreAlwaysLostGetRare) {
  Wake(1);
  Schedule();
  now_ns_ += 500 * kMs;
  loses_urgent_ = true;
  int decisions = 0;
  for (int i = 0; i < 10'000; ++i) {
    decisions += static_cast<int>(Schedule().size());
    now_ns_ += kMs;
  }
  EXPECT_LE(decisions, 8 + 10'000 / 500);
  EXPECT_GE(decisions, 10'000 / 500 - 1);
  // The next wait begins anew.
  Expire(1, 2 * kMs);
  Schedule();
  now_ns_ += 500 * kMs;
  EXPECT_TRUE(Only().urgent);
  EXPECT_EQ(policy_.NextDeadlineNanos(), now_ns_ + 2 * kMs);
}

// A bound shorter than the time after which it looks whether the decision is in effect.
TEST_F(VruntimeTest, TheShortestBoundMakesNoStormOfDecisions) {
  policy_.Apply(kDefaultPolicyIndex, {.starvation_bound_ns = 1});
  loses_urgent_ = true;
  Wake(1);
  now_ns_ += 100 * kMs;
  EXPECT_TRUE(Only().urgent);
  EXPECT_TRUE(Schedule().empty());
  now_ns_ += 2 * kMs - 1;
  EXPECT_TRUE(Schedule().empty());
}

// The CPU took a millisecond to come to it, and was taken away before it executed anything.
TEST_F(VruntimeTest, ATimeInWhichNothingWasExecutedIsNoTurn) {
  Wake(1);
  Schedule();
  now_ns_ += 500 * kMs;
  ASSERT_TRUE(Only().urgent);
  Event(1, {.ran_ns = 2 * kMs, .overhead_ns = 2 * kMs - 1, .ran_since_wake_ns = 2 * kMs});
  EXPECT_TRUE(Only().urgent) << "it waits on";
  Event(1, {.ran_ns = 2 * kMs, .overhead_ns = kMs / 2, .ran_since_wake_ns = 4 * kMs});
  EXPECT_FALSE(Only().urgent);
}

TEST_F(VruntimeTest, ATaskThatStartedIsNotStarving) {
  Wake(1);
  Schedule();
  waits_.End(1, sequence_[1]);
  now_ns_ += 1000 * kMs;
  EXPECT_TRUE(Schedule().empty());
  EXPECT_EQ(policy_.NextDeadlineNanos(), INT64_MAX);
}

TEST_F(VruntimeTest, ATaskStillHeldBackIsUrgentToo) {
  Wake(1, 100);
  Wake(2, 1);  // starts later: half a slice at its weight
  EXPECT_EQ(Schedule(1)[0].task, 1u);
  waits_.End(1, sequence_[1]);
  now_ns_ += 499 * kMs;
  Event(3, {.woke = true, .weight = 10'000});
  EXPECT_TRUE(Schedule(0).empty());
  now_ns_ += 2 * kMs;
  const std::vector<Decision> decisions = Schedule();
  ASSERT_EQ(decisions.size(), 2u);
  EXPECT_EQ(decisions[0].task, 2u);
  EXPECT_TRUE(decisions[0].urgent);
  EXPECT_FALSE(decisions[1].urgent);
  EXPECT_EQ(policy_.pending(), 0u);
}

TEST_F(VruntimeTest, TheOldestWaitIsTheFirstToBecomeUrgent) {
  for (TaskId task : {5, 2, 9}) {
    Wake(task);
    now_ns_ += 100 * kMs;
    Schedule();
  }
  now_ns_ += 200 * kMs;
  EXPECT_EQ(Only().task, 5u);
  now_ns_ += 100 * kMs;
  EXPECT_EQ(Only().task, 2u);
}

// As after a time in which events were lost, or the engine was late.
TEST_F(VruntimeTest, AWaitThatIsToldLateBecomesUrgentAtItsOwnTime) {
  const int64_t first_ns = now_ns_;
  Wake(5);
  now_ns_ += 100 * kMs;
  Wake(2);
  now_ns_ += 100 * kMs;
  Event(9, {.time_ns = first_ns + 50 * kMs, .woke = true});
  Schedule();
  for (const auto& [task, began_ms] : {std::pair{5u, 0}, {9u, 50}, {2u, 100}}) {
    now_ns_ = first_ns + (began_ms + 500) * kMs - 1;
    EXPECT_TRUE(Schedule().empty()) << task;
    ++now_ns_;
    const Decision decision = Only();
    EXPECT_TRUE(decision.urgent);
    EXPECT_EQ(decision.task, task);
    waits_.End(task, sequence_[task]);
  }
}

TEST_F(VruntimeTest, ATurnCutShortEndsNoWait) {
  Wake(1);
  Schedule();
  now_ns_ += 500 * kMs;
  EXPECT_TRUE(Only().urgent);
  Expire(1, kMs / 2);
  EXPECT_TRUE(Only().urgent) << "the rest of its turn";
  Expire(1, kMs / 2);
  EXPECT_FALSE(Only().urgent) << "it had a turn of the least slice";
  EXPECT_EQ(policy_.NextDeadlineNanos(), now_ns_ + 500 * kMs);
  Expire(1, kMs / 2);
  now_ns_ += 499 * kMs;
  EXPECT_FALSE(Only().urgent);
  Wake(1);
  now_ns_ += 499 * kMs;
  EXPECT_FALSE(Only().urgent) << "asleep it did not wait";
}

// Else an instant at the bound would end the wait of one that had nearly a turn long before.
TEST_F(VruntimeTest, WhatItHadBeforeTheBoundDoesNotShortenItsTurn) {
  Wake(1);
  Schedule();
  Expire(1, kMs * 9 / 10);
  Schedule();
  now_ns_ += 500 * kMs;
  EXPECT_TRUE(Only().urgent);
  Expire(1, kMs / 5);
  EXPECT_TRUE(Only().urgent);
  Expire(1, kMs * 9 / 10);
  EXPECT_FALSE(Only().urgent);
}

// Nor does an instant before it.
TEST_F(VruntimeTest, PartsThatItHadLongBeforeMakeNoTurn) {
  Wake(1);
  Schedule();
  Expire(1, kMs);  // served: its wait begins here
  Schedule();
  const int64_t due_ns = policy_.NextDeadlineNanos();
  Expire(1, kMs * 9 / 10);
  Schedule();
  now_ns_ += 290 * kMs;
  Expire(1, kMs / 5);
  EXPECT_FALSE(Only().urgent);
  EXPECT_EQ(policy_.NextDeadlineNanos(), due_ns);
  now_ns_ = due_ns;
  EXPECT_TRUE(Only().urgent);
}

TEST_F(VruntimeTest, WhoYieldsOverAndOverIsUrgentForOneTurnOnly) {
  Wake(1);
  Schedule();
  now_ns_ += 500 * kMs;
  int urgent = 0;
  for (int i = 0; i < 100; ++i) {
    urgent += Only().urgent ? 1 : 0;
    Expire(1, kMs / 10);
  }
  EXPECT_EQ(urgent, 10);
}

// However many wait between it and the end of the list.
TEST_F(VruntimeTest, AWaitThatGoesOnIsBeforeAllThatBeganLater) {
  Wake(0);
  now_ns_ += 10 * kMs;
  for (TaskId task = 1; task < kCapacity; ++task) Wake(task);
  Schedule();
  const int64_t due_ns = policy_.NextDeadlineNanos();
  Expire(0, kMs / 2);
  Schedule();
  EXPECT_EQ(policy_.NextDeadlineNanos(), due_ns);
}

TEST_F(VruntimeTest, ALowerBoundCountsForThoseThatWaitAlready) {
  Wake(1);
  Schedule();
  now_ns_ += 50 * kMs;
  policy_.Apply(kDefaultPolicyIndex, {.starvation_bound_ns = 40 * kMs});
  EXPECT_TRUE(Only().urgent);
}

// The sweep goes on where it stopped, also when that very task has left meanwhile.
TEST_F(VruntimeTest, TheSweepSurvivesTheExitOfTheNextOne) {
  for (TaskId task = 0; task < 40; ++task) Wake(task);
  Schedule();
  for (TaskId task = 0; task < 40; ++task) {
    policy_.OnExit(task);
    Schedule();
  }
  EXPECT_EQ(policy_.NextDeadlineNanos(), INT64_MAX);
  Wake(50);
  EXPECT_EQ(Only().slice_ns, 10 * kMs);
}

// The kernel is asked about a few waits a call, not about all.
TEST_F(VruntimeTest, AskingTheKernelIsBounded) {
  for (TaskId task = 0; task < 60; ++task) Wake(task);
  Schedule();
  const int64_t before = waits_.asked();
  Schedule();
  EXPECT_LE(waits_.asked() - before, 10);
}

}  // namespace
}  // namespace schedd
