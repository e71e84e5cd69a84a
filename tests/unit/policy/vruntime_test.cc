// SPDX-License-Identifier: Apache-2.0
//
// vruntime call by call: accounts, order, slices. What comes of it is in vruntime_fairness_test.
#include "tests/unit/policy/vruntime_fixture.h"

namespace schedd {
namespace {

// -- accounts --

TEST_F(VruntimeTest, CpuTimeCountsByWeight) {
  for (int64_t weight : {1, 25, 100, 800, 10'000}) {
    const auto task = static_cast<TaskId>(weight % kCapacity);
    Introduce(task, weight);
    const int64_t before = Vruntime(task);
    Expire(task, 4 * kMs, weight);
    Schedule();
    EXPECT_EQ(Vruntime(task) - before, 4 * kMs * 100 / weight) << weight;
  }
}

TEST_F(VruntimeTest, AMinuteThatNobodyElseWantedIsChargedAsOneSliceAndALateTick) {
  Introduce(1);
  const int64_t before = Vruntime(1);
  Event(1,
        {.ran_ns = 60'000 * kMs, .solo_ran_ns = 60'000 * kMs, .ran_since_wake_ns = 60'000 * kMs});
  Schedule();
  EXPECT_EQ(Vruntime(1) - before, (40 + 10) * kMs);
  Expire(1, 44 * kMs);  // the longest slice and a tick: in full
  Schedule();
  EXPECT_EQ(Vruntime(1) - before, (50 + 44) * kMs);
}

TEST_F(VruntimeTest, SeveralSlicesInARowWhileOthersWaitedAreChargedInFull) {
  Introduce(1, 400);
  const int64_t before = Vruntime(1);
  Event(1, {.ran_ns = 130 * kMs,
            .solo_ran_ns = 70 * kMs,
            .ran_since_wake_ns = 130 * kMs,
            .weight = 400});
  Schedule();
  EXPECT_EQ(Vruntime(1) - before, (60 + 50) * kMs / 4);
}

// V went on elsewhere without the time that was free: the task would come before all others for as
// long as it had a CPU for itself.
TEST_F(VruntimeTest, WhoHadACpuForItselfIsNotOwedThatTimeByOthersLater) {
  Introduce(1);
  Introduce(2);
  for (int i = 0; i < 50; ++i) {
    Expire(1, 40 * kMs);  // V comes to 2 s
    Schedule();
  }
  const int64_t other = Vruntime(1);
  Event(2, {.ran_ns = 2'000 * kMs, .solo_ran_ns = 2'000 * kMs, .ran_since_wake_ns = 2'000 * kMs});
  Schedule();
  EXPECT_GE(Vruntime(2), other - 50 * kMs) << "no more than one charge behind";
  // Served in its turn it may be owed more: so far behind, it is the order of service that is late.
  Expire(2, 1 * kMs);
  for (int i = 0; i < 10; ++i) {
    Expire(1, 40 * kMs);
    Schedule();
  }
  const int64_t before = Vruntime(2);
  Expire(2, 1 * kMs);
  Schedule();
  EXPECT_EQ(Vruntime(2), before + 1 * kMs);
}

// The dispatcher lets a task go on without a word while those that wait have later deadlines, as
// after they became lighter.
TEST_F(VruntimeTest, HoweverLongItRanWhileOthersWaitedItIsChargedInFullAndTheQueueGoesWithIt) {
  Introduce(1);
  const int64_t before = Vruntime(1);
  Expire(1, 480 * kMs);
  Schedule();
  EXPECT_EQ(Vruntime(1) - before, 480 * kMs);
  EXPECT_EQ(policy_.Account(1).lag_ns, 0);
}

TEST_F(VruntimeTest, WhatItRanBeforeItSleptDoesNotUseUpTheCreditOfTheWakeup) {
  Introduce(1);
  Introduce(2);
  for (int i = 0; i < 25; ++i) {
    Expire(1, 40 * kMs);  // V comes to 1 s
    Schedule();
  }
  Run(0, 1, 0);
  const int64_t v = Vruntime(1);
  Event(2, {.woke = true, .ran_ns = 30 * kMs, .ran_since_wake_ns = 0});
  Schedule();
  EXPECT_EQ(Vruntime(2), v - 20 * kMs);
  // And what it ran since counts on top.
  for (int i = 0; i < 25; ++i) {
    Expire(1, 40 * kMs);
    Schedule();
  }
  Run(0, 1, 0);
  Event(2, {.woke = true, .ran_ns = 30 * kMs, .ran_since_wake_ns = 5 * kMs});
  Schedule();
  EXPECT_EQ(Vruntime(2), v + 1000 * kMs - 20 * kMs + 5 * kMs);
}

TEST_F(VruntimeTest, ASecondEventForTheSameWaitChargesBoth) {
  Introduce(1);
  const int64_t before = Vruntime(1);
  Expire(1, 3 * kMs);
  Expire(1, 4 * kMs);
  Schedule();
  EXPECT_EQ(Vruntime(1) - before, 7 * kMs);
}

TEST_F(VruntimeTest, TheSleepersCreditIsLargerForLightTasks) {
  Introduce(1);
  Introduce(2, 50);
  Introduce(3, 1000);
  for (int i = 0; i < 25; ++i) {
    Expire(1, 40 * kMs);
    Schedule();
  }
  Run(0, 1, 0);
  Wake(2, 50);
  Wake(3, 1000);
  Schedule();
  EXPECT_EQ(policy_.Account(2).lag_ns, 40 * kMs);
  EXPECT_EQ(policy_.Account(3).lag_ns, 2 * kMs);
}

// What it was owed before it slept is forgotten.
TEST_F(VruntimeTest, ASleepersCreditIsNoMoreThanTheQueueCameOnMeanwhile) {
  Introduce(1);
  Introduce(2);
  Introduce(3);
  for (int i = 0; i < 25; ++i) {
    Expire(1, 40 * kMs);
    Schedule();
  }
  Run(0, 1, 0);
  Event(2, {.woke = true, .slept_virtual_ns = 3 * kMs});
  Event(3, {.woke = true, .slept_virtual_ns = 0});
  Schedule();
  EXPECT_EQ(policy_.Account(2).lag_ns, 3 * kMs);
  EXPECT_EQ(policy_.Account(3).lag_ns, 0);
  Event(3, {.woke = true, .slept_virtual_ns = 900 * kMs});
  Schedule();
  EXPECT_EQ(policy_.Account(3).lag_ns, 0) << "nor does a long sleep give what it had not before";
}

TEST_F(VruntimeTest, ANewTaskStartsBehindTheQueueByHalfASlice) {
  Introduce(1);
  Expire(1, 40 * kMs);
  Schedule();
  Run(0, 1, 0);
  Wake(2);
  Schedule();
  EXPECT_EQ(Vruntime(2), Vruntime(1) + 5 * kMs);
}

TEST_F(VruntimeTest, ANewTaskThatRanAlreadyPaysForThatOnly) {
  Introduce(1);
  Run(0, 1, 0);
  Event(2, {.woke = true, .ran_ns = 7 * kMs, .ran_since_wake_ns = 7 * kMs});
  Schedule();
  EXPECT_EQ(Vruntime(2), Vruntime(1) + 7 * kMs);
}

TEST_F(VruntimeTest, TheQueueFollowsTheRunUnderWay) {
  Introduce(1);
  Run(0, 1, 8 * kMs);
  Wake(2);
  Schedule();
  EXPECT_EQ(Vruntime(2), Vruntime(1) + 8 * kMs + 5 * kMs);
  // No further than a charge could take it.
  Run(0, 1, 60'000 * kMs);
  Wake(3);
  Schedule();
  EXPECT_EQ(Vruntime(3), Vruntime(1) + 50 * kMs + 5 * kMs);
}

TEST_F(VruntimeTest, TheQueueNeverGoesBack) {
  policy_.Apply(
      kDefaultPolicyIndex,
      {.base_slice_ns = kMs});  // new tasks start the same distance after V, however many wait
  Introduce(1);
  Introduce(2);
  int64_t last = INT64_MIN;
  for (uint32_t round = 0; round < 200; ++round) {
    Expire(1, (round % 7) * kMs);
    if (round % 3 == 0) Wake(2);
    Schedule();
    Run(0, round % 5 == 0 ? 2 : 1, (round % 4) * kMs);
    const auto fresh = static_cast<TaskId>(10 + round % 40);
    policy_.OnExit(fresh);
    Wake(fresh);
    Schedule();
    EXPECT_GE(Vruntime(fresh), last) << round;
    last = Vruntime(fresh);
  }
  EXPECT_GT(last, 300 * kMs);
}

TEST_F(VruntimeTest, ADebtIsCarriedOverToANewWeightAsCpuTime) {
  Introduce(1, 1);
  Introduce(2);
  Run(0, 2, 0);
  Expire(1, 10 * kMs, 1);  // a second of virtual time
  Schedule();
  ASSERT_LT(policy_.Account(1).lag_ns, -900 * kMs);
  Event(1, {.weight = 400});
  Schedule();
  EXPECT_NEAR(static_cast<double>(policy_.Account(1).lag_ns), -2.5 * kMs, 1.5 * kMs);
}

TEST_F(VruntimeTest, ATaskFarAheadOfAllIsBroughtBack) {
  Introduce(1);
  Introduce(2);
  const uint64_t cpu1 = 2;
  for (int i = 0; i < 100; ++i) {  // alone on CPU 1
    Event(1, {.ran_ns = 40 * kMs, .cpu = 1, .allowed = &cpu1});
    Schedule();
  }
  ASSERT_GT(Vruntime(1), 3900 * kMs);
  Run(0, 2, 0);  // at 0, on the CPU to which it moves
  const uint64_t cpu0 = 1;
  Event(1, {.ran_ns = 0, .cpu = 0, .allowed = &cpu0});
  Schedule();
  EXPECT_LE(Vruntime(1), Vruntime(2) + 140 * kMs);
}

TEST_F(VruntimeTest, ATaskWithAChoiceOfCpusStartsWhereVirtualTimeIsFurthest) {
  Introduce(1);
  Introduce(2);
  Run(0, 1, 0);
  const uint64_t cpu1 = 2;
  for (int i = 0; i < 20; ++i) {
    Event(2, {.ran_ns = 40 * kMs, .cpu = 1, .allowed = &cpu1});
    Schedule();
  }
  Run(1, 2, 0);
  Wake(3);  // was on CPU 0, may use both
  Schedule();
  EXPECT_GE(Vruntime(3), Vruntime(2));
}

TEST_F(VruntimeTest, ACpuThatJustRunsTheDaemonStillTellsHowFarItsQueueIs) {
  policy_.Resume(std::vector<uint64_t>{100 * kMs, 700 * kMs});
  Run(0, 1, 0);
  views_[1].kind = CpuView::Kind::kProtected;
  Introduce(2);
  EXPECT_GE(Vruntime(2), 700 * kMs);
  views_[1].kind = CpuView::Kind::kIdle;
  Introduce(3);
  EXPECT_LT(Vruntime(3), 700 * kMs) << "an idle one does not";
}

// Its v leaps by its weight. Served in its turn it takes V along, else all light tasks would be too
// far ahead of V for an order.
TEST_F(VruntimeTest, ALightTaskMovesTheQueueOnlyWhereOthersWaitedForTheCpu) {
  for (const bool alone : {true, false}) {
    const TaskId light = alone ? 1 : 2;
    Introduce(light, 1);
    for (int i = 0; i < 3; ++i) {
      const int64_t ran_ns = 20 * kMs;
      Event(light, {.ran_ns = ran_ns, .solo_ran_ns = alone ? ran_ns : 0, .weight = 1});
      Schedule();
      waits_.End(light, sequence_[light]);
    }
    const TaskId later = alone ? 3 : 4;
    Introduce(later);
    const int64_t behind_ns = Vruntime(light) - Vruntime(later);
    if (alone) {
      EXPECT_GT(behind_ns, 4'000 * kMs);
    } else {
      EXPECT_LE(behind_ns, 2'000 * kMs) << "the slice that it has just run";
    }
  }
}

// Without a decision the dispatcher places a light task nearer to the others than it is: that it
// ran was no turn of its.
TEST_F(VruntimeTest, ALightTaskThatNobodyDecidedDoesNotMoveTheQueueFar) {
  Introduce(1);
  Introduce(2, 1);
  for (int i = 0; i < 3; ++i) {
    Event(2, {.unasked = true, .ran_ns = 20 * kMs, .weight = 1});
    Schedule();
    waits_.End(2, sequence_[2]);
  }
  Introduce(3);
  EXPECT_LT(Vruntime(3), Vruntime(1) + 200 * kMs);
  EXPECT_GT(Vruntime(2), Vruntime(1) + 4'000 * kMs) << "it pays for it";
}

// Its place is what was decided, moved on by what it ran: as good as any.
TEST_F(VruntimeTest, AnOrdinaryTaskThatNobodyDecidedForLongTakesTheQueueAlong) {
  Introduce(1);
  Event(1, {.unasked = true, .ran_ns = 5'000 * kMs});
  Schedule();
  waits_.End(1, sequence_[1]);
  Introduce(2);
  EXPECT_GE(Vruntime(2), Vruntime(1));
}

// It was served out of order: where it is says nothing of where the queue is.
TEST_F(VruntimeTest, AnUrgentTaskDoesNotMoveTheQueue) {
  Introduce(1);
  Introduce(2, 50);
  Run(0, 1, 0);
  Expire(2, 40 * kMs, 50);
  Schedule();
  const int64_t queue = Vruntime(2) + policy_.Account(2).lag_ns;
  ASSERT_LT(queue, Vruntime(2) - 30 * kMs);
  now_ns_ += 500 * kMs;
  ASSERT_TRUE(Only().urgent);
  Run(0, 2, 0);
  views_[0].out_of_turn = true;
  Wake(3);  // looks at CPU 0
  Schedule();
  EXPECT_EQ(Vruntime(2) + policy_.Account(2).lag_ns, queue);
  views_[0].kind = CpuView::Kind::kProtected;
  Event(2, {.out_of_turn = true, .ran_ns = 10 * kMs, .ran_since_wake_ns = 10 * kMs, .weight = 50});
  Schedule();
  EXPECT_EQ(Vruntime(2) + policy_.Account(2).lag_ns, queue);
  // Its next turn is one like all others again.
  Expire(2, 10 * kMs, 50);
  Schedule();
  EXPECT_GT(Vruntime(2) + policy_.Account(2).lag_ns, queue);
}

// The dispatcher, alone for a while, has run a light task because it had waited so long. Whoever
// comes then must not be placed where that one is.
TEST_F(VruntimeTest, ATurnThatNoDecisionGaveOutOfTurnDoesNotMoveTheQueueEither) {
  Introduce(1);
  Introduce(2, 1);
  Expire(1, 10 * kMs);
  Schedule();
  waits_.End(1, sequence_[1]);
  const int64_t before = Vruntime(1) + policy_.Account(1).lag_ns;
  Event(2, {.out_of_turn = true, .ran_ns = 30 * kMs, .ran_since_wake_ns = 30 * kMs, .weight = 1});
  Schedule();
  waits_.End(2, sequence_[2]);
  EXPECT_GT(Vruntime(2), before + 1'000 * kMs) << "it pays for it";
  EXPECT_EQ(Vruntime(1) + policy_.Account(1).lag_ns, before);
  Introduce(3);
  EXPECT_LT(Vruntime(3), before + 100 * kMs);
}

// -- affinity --

// Virtual time is elsewhere on the CPUs that it may use now: it keeps its distance from it, no
// more than a sleeper's credit when it is owed time.
TEST_F(VruntimeTest, ATaskThatMovesKeepsItsDistanceFromTheQueue) {
  const uint64_t floors[] = {1'000 * kMs, 9'000 * kMs};
  const uint64_t cpu0 = 1, cpu1 = 2;
  policy_.Resume(floors);
  const auto on_cpu0 = [&](TaskId task, TaskEvent event) {
    event.allowed = &cpu0;
    event.allowed_count = 1;
    Event(task, event);
    Schedule();
    waits_.End(task, sequence_[task]);
  };
  for (const TaskId task : {1, 2, 3}) on_cpu0(task, {.woke = true});
  on_cpu0(2, {.ran_ns = 10 * kMs});                       // takes V along
  on_cpu0(3, {.out_of_turn = true, .ran_ns = 30 * kMs});  // does not
  ASSERT_EQ(policy_.Account(1).lag_ns, 10 * kMs);
  ASSERT_EQ(policy_.Account(2).lag_ns, 0);
  ASSERT_EQ(policy_.Account(3).lag_ns, -20 * kMs);
  const auto moved = [&](TaskId task) {
    Event(task, {.affinity_changed = true, .allowed = &cpu1, .allowed_count = 1});
    Schedule();
    return Vruntime(task) - 9'000 * kMs;
  };
  EXPECT_EQ(moved(1), -10 * kMs);
  EXPECT_EQ(moved(2), 0);
  EXPECT_EQ(moved(3), 20 * kMs);
}

TEST_F(VruntimeTest, ATaskThatMovesIsOwedNoMoreThanASleeper) {
  const uint64_t floors[] = {1'000 * kMs, 9'000 * kMs};
  const uint64_t cpu0 = 1, cpu1 = 2;
  policy_.Resume(floors);
  Event(1, {.woke = true, .allowed = &cpu0, .allowed_count = 1});
  Event(2, {.woke = true, .allowed = &cpu0, .allowed_count = 1});
  Schedule();
  Event(2, {.ran_ns = 45 * kMs, .allowed = &cpu0, .allowed_count = 1});
  Schedule();
  ASSERT_EQ(policy_.Account(1).lag_ns, 45 * kMs);
  Event(1, {.affinity_changed = true, .allowed = &cpu1, .allowed_count = 1});
  Schedule();
  EXPECT_EQ(Vruntime(1), 9'000 * kMs - 20 * kMs);
}

// -- order --

TEST_F(VruntimeTest, OfTwoThatAreOwedTheSameTheSleeperComesFirst) {
  Introduce(1);
  Introduce(2);
  Event(1, {.ran_ns = 0, .ran_since_wake_ns = 15 * kMs});
  Event(2, {.ran_ns = 0, .ran_since_wake_ns = 3 * kMs});
  const std::vector<Decision> decisions = Schedule();
  EXPECT_EQ(decisions[0].task, 2u);
  EXPECT_EQ(decisions[1].deadline - decisions[0].deadline, uint64_t{12 * kMs});
}

TEST_F(VruntimeTest, TheBonusForSleepingIsBounded) {
  Introduce(1);
  Event(1, {.ran_ns = 0, .ran_since_wake_ns = 3'600'000 * kMs});
  EXPECT_EQ(Only().deadline, static_cast<uint64_t>(Vruntime(1) + 20 * kMs));
}

TEST_F(VruntimeTest, TiesGoToTheOneThatCameFirstThenToTheSmallerNumber) {
  for (TaskId task : {3, 1, 2, 4}) {
    Event(task, {.time_ns = now_ns_ - (task == 4 ? 5 : 3), .woke = true});
  }
  EXPECT_EQ(Order(), (std::vector<TaskId>{4, 1, 2, 3}));
}

class WrappingVruntimeTest : public VruntimeTest {
 protected:
  WrappingVruntimeTest() : VruntimeTest(2, static_cast<uint64_t>(-10 * kMs)) {}
};

TEST_F(WrappingVruntimeTest, OrderSurvivesTheWrap) {
  Introduce(1);  // 5 ms before the wrap
  Introduce(2);
  Expire(1, 2 * kMs);
  Expire(2, 12 * kMs);  // past it
  const std::vector<Decision> decisions = Schedule();
  ASSERT_EQ(decisions.size(), 2u);
  EXPECT_EQ(decisions[0].task, 1u);
  EXPECT_LT(decisions[1].deadline, decisions[0].deadline) << "it did wrap";
  Run(0, 2, 0);
  Wake(3);
  Schedule();
  EXPECT_GT(Vruntime(3), 0) << "a new task starts past the wrap too";
}

// -- slices --

TEST_F(VruntimeTest, SlicesShrinkWithTheNumberThatWaits) {
  for (TaskId task = 0; task < 8; ++task) Wake(task);
  for (const Decision& decision : Schedule()) EXPECT_EQ(decision.slice_ns, 10 * kMs / 4);
  // All but the first run: the next one has its company only.
  for (TaskId task = 1; task < 8; ++task) waits_.End(task, sequence_[task]);
  Wake(9);
  EXPECT_EQ(Only().slice_ns, 10 * kMs);
}

TEST_F(VruntimeTest, SlicesStayWithinTheLimits) {
  for (TaskId task = 0; task < 60; ++task) Wake(task);
  for (const Decision& decision : Schedule()) EXPECT_EQ(decision.slice_ns, kMs);
}

// -- leases --

TEST_F(VruntimeTest, ADecisionIsGoodForASliceOfCpuTime) {
  Wake(1);
  EXPECT_EQ(Only().lease_ns, 10 * kMs);
  for (TaskId task = 2; task < 60; ++task) Wake(task);
  EXPECT_EQ(Schedule().back().lease_ns, 10 * kMs) << "how many wait does not matter";
  policy_.Apply(kDefaultPolicyIndex, {.base_slice_ns = 3 * kMs});
  Expire(1, kMs);
  EXPECT_EQ(Only().lease_ns, 3 * kMs);
  policy_.Apply(kDefaultPolicyIndex, {.base_slice_ns = INT64_MAX});
  Expire(1, kMs);
  EXPECT_EQ(Only().lease_ns, kMaxLeaseNanos);
}

// --- after another daemon
// ---------------------------------------------------------------------------

// Tasks that the earlier daemon decided wait with deadlines around its V.
TEST_F(VruntimeTest, GoesOnFromTheVirtualTimeOfEachCpu) {
  constexpr uint64_t kFar = 7'000'000'000'000;
  const uint64_t floors[] = {kFar, kFar + 50 * kMs};
  policy_.Resume(floors);
  const uint64_t bound_to_0 = 1;
  Event(1, {.woke = true, .allowed = &bound_to_0, .allowed_count = 1});
  const Decision bound = Only();
  EXPECT_GE(bound.deadline, kFar);
  EXPECT_LT(bound.deadline, kFar + 50 * kMs);
  Wake(2);
  EXPECT_GE(Only().deadline, kFar + 50 * kMs) << "with a choice: where virtual time is furthest";
}

TEST_F(VruntimeTest, CpusThatItDoesNotHaveAreNotResumed) {
  const uint64_t floors[] = {10, 20, 30, 40};
  policy_.Resume(floors);
  Wake(1);
  EXPECT_LT(Only().deadline, 20 + 100 * static_cast<uint64_t>(kMs));
}

}  // namespace
}  // namespace schedd
