// SPDX-License-Identifier: Apache-2.0
//
// Which waking task takes the CPU from which running one.
#include "tests/unit/policy/vruntime_fixture.h"

namespace schedd {
namespace {

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
    views_[0].taken_ns = taken_ns_;
    views_[0].out_of_turn = out_of_turn_;
    Wake(2);
    return Only();
  }

  int64_t taken_ns_ = 0;  // when a task that woke last took the CPU
  bool out_of_turn_ = false;
};

TEST_F(PreemptionTest, AWakingTaskTakesTheCpuFromOneWithALaterDeadline) {
  const Decision decision = WakeBeside(5 * kMs);
  EXPECT_TRUE(decision.preempt);
  EXPECT_EQ(decision.cpu, 0);
}

TEST_F(PreemptionTest, OnACpuNobodyIsPreemptedTwiceWithinAMinimumSlice) {
  taken_ns_ = now_ns_ - kMs + 1;
  const Decision decision = WakeBeside(5 * kMs);
  EXPECT_FALSE(decision.preempt);
  EXPECT_EQ(decision.cpu, kAnyCpu);
}

TEST_F(PreemptionTest, TheMinimumSliceItselfIsEnough) {
  taken_ns_ = now_ns_ - kMs;
  EXPECT_TRUE(WakeBeside(5 * kMs).preempt);
}

TEST_F(PreemptionTest, WhoHasJustComeToTheCpuIsPreemptedToo) {
  EXPECT_TRUE(WakeBeside(kMs / 10).preempt);
}

TEST_F(PreemptionTest, ATurnOutOfOrderLastsForAMinimumSlice) {
  out_of_turn_ = true;
  EXPECT_FALSE(WakeBeside(kMs - 1).preempt);
}

TEST_F(PreemptionTest, AndNoLonger) {
  out_of_turn_ = true;
  EXPECT_TRUE(WakeBeside(kMs).preempt);
}

TEST_F(PreemptionTest, ProtectedCpusAreLeftAlone) {
  Introduce(1);
  Introduce(2);
  Wake(2);
  EXPECT_FALSE(Only().preempt);
}

TEST_F(PreemptionTest, TheDeadlineMustBeEarlierByMoreThanTheMargin) {
  // The hog's deadline is its v, its run and 20 ms; the sleeper's is V - 20 ms: 40 ms apart.
  policy_.Apply(kDefaultPolicyIndex, {.wakeup_preempt_margin_ns = 40 * kMs - 1});
  EXPECT_TRUE(WakeBeside(5 * kMs).preempt);
}

TEST_F(PreemptionTest, AnEqualMarginIsNotEnough) {
  policy_.Apply(kDefaultPolicyIndex, {.wakeup_preempt_margin_ns = 40 * kMs});
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

}  // namespace
}  // namespace schedd
