// SPDX-License-Identifier: Apache-2.0
//
// vruntime call by call: accounts, order, slices, preemption, urgency. What comes of it is in
// vruntime_fairness_test.
#include "server/policy/vruntime.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/policy/fake_waits.h"

namespace schedd {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr uint32_t kCapacity = 64;

class VruntimeTest : public ::testing::Test {
 protected:
  explicit VruntimeTest(uint32_t cpus = 2, uint64_t start = 0)
      : policy_(kCapacity, cpus, start), waits_(kCapacity), views_(cpus) {
    for (CpuView& view : views_) view.kind = CpuView::Kind::kProtected;
    sequence_.resize(kCapacity);
  }

  // An event of `task` on CPU 0, allowed everywhere. `event` may say otherwise.
  void Event(TaskId task, TaskEvent event) {
    event.task = task;
    event.sequence = ++sequence_[task];
    if (event.time_ns == 0) event.time_ns = now_ns_;
    if (event.allowed == nullptr) event.allowed_count = static_cast<uint32_t>(views_.size());
    policy_.OnEvent(event);
  }
  void Wake(TaskId task, int64_t weight = 100) { Event(task, {.woke = true, .weight = weight}); }
  void Expire(TaskId task, int64_t ran_ns, int64_t weight = 100) {
    Event(task, {.ran_ns = ran_ns, .ran_since_wake_ns = ran_ns, .weight = weight});
  }

  std::vector<Decision> Schedule(size_t room = kCapacity) {
    std::vector<Decision> out(room);
    out.resize(policy_.Schedule({now_ns_, views_}, waits_, out));
    return out;
  }
  // The one decision that must come now.
  Decision Only() {
    const std::vector<Decision> decisions = Schedule();
    EXPECT_EQ(decisions.size(), 1u);
    return decisions.empty() ? Decision{} : decisions[0];
  }
  std::vector<TaskId> Order() {
    std::vector<TaskId> order;
    for (const Decision& decision : Schedule()) order.push_back(decision.task);
    return order;
  }

  void Run(uint32_t cpu, TaskId task, int64_t ran_ns) {
    waits_.End(task, sequence_[task]);
    views_[cpu] = {CpuView::Kind::kTask, task, now_ns_ - ran_ns, ran_ns};
  }
  int64_t Vruntime(TaskId task) const { return policy_.Account(task).vruntime_ns; }
  // Tells the policy of `task` and forgets the decision, so that it has an account.
  void Introduce(TaskId task, int64_t weight = 100) {
    Wake(task, weight);
    Schedule();
    waits_.End(task, sequence_[task]);
  }

  int64_t now_ns_ = 1000 * kMs;
  VruntimePolicy policy_;
  testing::FakeWaits waits_;
  std::vector<CpuView> views_;
  std::vector<uint32_t> sequence_;
};

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
  Wake(3);  // looks at CPU 0
  Schedule();
  EXPECT_EQ(Vruntime(2) + policy_.Account(2).lag_ns, queue);
  views_[0].kind = CpuView::Kind::kProtected;
  Expire(2, 10 * kMs, 50);
  Schedule();
  EXPECT_EQ(Vruntime(2) + policy_.Account(2).lag_ns, queue);
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

// -- preemption --

class PreemptionTest : public VruntimeTest {
 protected:
  // Task 1 runs on CPU 0 and has done so for `ran_ns`; task 2 wakes.
  Decision WakeBeside(int64_t ran_ns, int64_t hog_weight = 100) {
    Introduce(2);
    Introduce(1, hog_weight);
    for (int i = 0; i < 4; ++i) {
      Expire(1, 40 * kMs, hog_weight);
      Schedule();
    }
    Run(0, 1, ran_ns);
    Wake(2);
    return Only();
  }
};

TEST_F(PreemptionTest, AWakingTaskTakesTheCpuFromOneWithALaterDeadline) {
  const Decision decision = WakeBeside(5 * kMs);
  EXPECT_TRUE(decision.preempt);
  EXPECT_EQ(decision.cpu, 0);
}

TEST_F(PreemptionTest, NobodyIsPreemptedBeforeItsMinimumSlice) {
  const Decision decision = WakeBeside(kMs - 1);
  EXPECT_FALSE(decision.preempt);
  EXPECT_EQ(decision.cpu, kAnyCpu);
}

TEST_F(PreemptionTest, TheMinimumSliceItselfIsEnough) { EXPECT_TRUE(WakeBeside(kMs).preempt); }

TEST_F(PreemptionTest, ProtectedCpusAreLeftAlone) {
  Introduce(1);
  Introduce(2);
  Wake(2);
  EXPECT_FALSE(Only().preempt);
}

TEST_F(PreemptionTest, TheDeadlineMustBeEarlierByMoreThanTheMargin) {
  // The hog's deadline is its v, its run and 20 ms; the sleeper's is V - 20 ms: 40 ms apart.
  policy_.Apply({.wakeup_preempt_margin_ns = 40 * kMs - 1});
  EXPECT_TRUE(WakeBeside(5 * kMs).preempt);
}

TEST_F(PreemptionTest, AnEqualMarginIsNotEnough) {
  policy_.Apply({.wakeup_preempt_margin_ns = 40 * kMs});
  EXPECT_FALSE(WakeBeside(5 * kMs).preempt);
}

TEST_F(PreemptionTest, AnExpiredTaskDoesNotPreempt) {
  Introduce(2);
  Introduce(1);
  for (int i = 0; i < 4; ++i) {
    Expire(1, 40 * kMs);
    Schedule();
  }
  Run(0, 1, 5 * kMs);
  Event(2, {.ran_ns = 1, .ran_since_wake_ns = 1});
  EXPECT_FALSE(Only().preempt);
  // Nor one that woke onto an idle CPU and has run there since.
  Event(2, {.woke = true, .ran_ns = 1, .ran_since_wake_ns = 1});
  EXPECT_FALSE(Only().preempt);
}

TEST_F(PreemptionTest, AnIdleCpuIsBetterThanAVictim) {
  views_[1].kind = CpuView::Kind::kIdle;
  const Decision decision = WakeBeside(5 * kMs);
  EXPECT_FALSE(decision.preempt);
  EXPECT_EQ(decision.cpu, kAnyCpu);
}

TEST_F(PreemptionTest, AnIdleCpuThatTheTaskMayNotUseIsNoHelp) {
  const uint64_t only_cpu0 = 1;
  Introduce(1);
  Introduce(2);
  for (int i = 0; i < 4; ++i) {
    Expire(1, 40 * kMs);
    Schedule();
  }
  Run(0, 1, 5 * kMs);
  views_[1].kind = CpuView::Kind::kIdle;
  Event(2, {.woke = true, .cpu = 1, .allowed = &only_cpu0, .allowed_count = 1});
  const Decision decision = Only();
  EXPECT_TRUE(decision.preempt);
  EXPECT_EQ(decision.cpu, 0);
}

TEST_F(PreemptionTest, OneVictimACpuAndPass) {
  for (TaskId task : {1, 2, 3, 4, 5}) Introduce(task);
  for (TaskId hog : {1, 2}) {
    for (int i = 0; i < 4; ++i) {
      Expire(hog, 40 * kMs);
      Schedule();
    }
    Run(hog - 1, hog, 5 * kMs);
  }
  for (TaskId task : {3, 4, 5}) Wake(task);
  const std::vector<Decision> decisions = Schedule();
  ASSERT_EQ(decisions.size(), 3u);
  EXPECT_TRUE(decisions[0].preempt);
  EXPECT_TRUE(decisions[1].preempt);
  EXPECT_NE(decisions[0].cpu, decisions[1].cpu);
  EXPECT_FALSE(decisions[2].preempt);
}

TEST_F(PreemptionTest, TheLatestDeadlineIsTheVictim) {
  for (TaskId task : {1, 2, 3}) Introduce(task);
  for (TaskId hog : {1, 2}) {
    for (int i = 0; i < 4; ++i) {
      Expire(hog, 40 * kMs);
      Schedule();
    }
  }
  Run(0, 1, 5 * kMs);
  Run(1, 2, 9 * kMs);
  Wake(3);
  EXPECT_EQ(Only().cpu, 1);
}

// -- starvation --

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
  for (int i = 0; i < 5; ++i) {
    now_ns_ += kMs;
    EXPECT_TRUE(Schedule().empty());
  }
  EXPECT_EQ(policy_.NextDeadlineNanos(), now_ns_ - 5 * kMs + 500 * kMs) << "should it be lost";
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

TEST_F(VruntimeTest, ALowerBoundCountsForThoseThatWaitAlready) {
  Wake(1);
  Schedule();
  now_ns_ += 50 * kMs;
  policy_.Apply({.starvation_bound_ns = 40 * kMs});
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
