// SPDX-License-Identifier: Apache-2.0
//
// Tasks with different policies on one machine: each parameter is that of the task's own policy.
#include "tests/unit/policy/vruntime_fixture.h"

namespace schedd {
namespace {

class VruntimePoliciesTest : public VruntimeTest {
 protected:
  static constexpr PolicyIndex kOther = 7;
  VruntimePoliciesTest() { policy_of_[2] = kOther; }

  // Task 1 has the default policy, task 2 the other one; both wait.
  std::vector<Decision> DecideBoth() {
    Wake(1);
    Wake(2);
    std::vector<Decision> decisions = Schedule();
    EXPECT_EQ(decisions.size(), 2u);
    decisions.resize(2);
    if (decisions[0].task != 1) std::swap(decisions[0], decisions[1]);
    return decisions;
  }
};

TEST_F(VruntimePoliciesTest, SlicesAreThoseOfTheTasksOwnPolicy) {
  policy_.Apply(kOther, {.base_slice_ns = 3 * kMs});
  const std::vector<Decision> decisions = DecideBoth();
  EXPECT_EQ(decisions[0].slice_ns, 10 * kMs);
  EXPECT_EQ(decisions[1].slice_ns, 3 * kMs);
  EXPECT_EQ(decisions[0].lease_ns, 10 * kMs);
  EXPECT_EQ(decisions[1].lease_ns, 3 * kMs);
}

TEST_F(VruntimePoliciesTest, AnOverriddenSliceIsCutByTheTasksOwnPolicy) {
  policy_.Apply(kOther, {.max_slice_ns = 20 * kMs});
  Event(1, {.woke = true, .slice_override_ns = 30 * kMs});
  EXPECT_EQ(Only().slice_ns, 30 * kMs);
  Event(2, {.woke = true, .slice_override_ns = 30 * kMs});
  EXPECT_EQ(Only().slice_ns, 20 * kMs);
}

TEST_F(VruntimePoliciesTest, AChangeOfOnePolicyLeavesTheOther) {
  policy_.Apply(kOther, {.base_slice_ns = 3 * kMs});
  policy_.Apply(kDefaultPolicyIndex, {.base_slice_ns = 8 * kMs});
  const std::vector<Decision> decisions = DecideBoth();
  EXPECT_EQ(decisions[0].slice_ns, 8 * kMs);
  EXPECT_EQ(decisions[1].slice_ns, 3 * kMs);
}

// The dispatcher knows the default policy's terms only.
TEST_F(VruntimePoliciesTest, OnlyWhoHasTheDispatchersTermsGetsALease) {
  const PolicyParameters other_terms[] = {{.sleeper_credit_ns = 0},
                                          {.starvation_bound_ns = 400 * kMs},
                                          {.wakeup_preempt_margin_ns = 0}};
  for (const PolicyParameters& terms : other_terms) {
    policy_.Apply(kOther, terms);
    const std::vector<Decision> decisions = DecideBoth();
    EXPECT_GT(decisions[0].lease_ns, 0);
    EXPECT_EQ(decisions[1].lease_ns, 0);
    waits_.End(1, sequence_[1]);
    waits_.End(2, sequence_[2]);
  }
  policy_.Apply(kDefaultPolicyIndex, other_terms[2]);
  EXPECT_GT(DecideBoth()[1].lease_ns, 0);
}

TEST_F(VruntimePoliciesTest, EachTaskIsUrgentAtItsOwnBound) {
  policy_.Apply(kOther, {.starvation_bound_ns = 100 * kMs});
  Wake(1);
  now_ns_ += 50 * kMs;
  Wake(2);
  Schedule();
  EXPECT_EQ(policy_.NextDeadlineNanos(), now_ns_ + 100 * kMs);
  now_ns_ += 100 * kMs;
  const Decision first = Only();
  EXPECT_EQ(first.task, 2u) << "task 1 has waited longer, but may";
  EXPECT_TRUE(first.urgent);
  waits_.End(2, sequence_[2]);
  now_ns_ += 350 * kMs;
  EXPECT_EQ(Only().task, 1u);
}

TEST_F(VruntimePoliciesTest, ALongBoundHoldsNobodyElseUp) {
  policy_.Apply(kOther, {.starvation_bound_ns = 5000 * kMs});
  Wake(2);
  now_ns_ += kMs;
  Wake(1);
  Schedule();
  EXPECT_EQ(policy_.NextDeadlineNanos(), now_ns_ + 500 * kMs);
  now_ns_ += 500 * kMs;
  EXPECT_EQ(Only().task, 1u);
  now_ns_ += 4499 * kMs;
  EXPECT_EQ(Only().task, 2u);
}

// A task that wakes with a policy that gives no credit has no claim on the time it slept.
TEST_F(VruntimePoliciesTest, TheSleepersCreditIsItsOwnPolicys) {
  policy_.Apply(kOther, {.sleeper_credit_ns = 0});
  for (const TaskId task : {1u, 2u, 3u}) Introduce(task);
  for (int i = 0; i < 10; ++i) {
    Expire(3, 40 * kMs);
    Schedule();
  }
  Run(0, 3, kMs);
  const std::vector<Decision> decisions = DecideBoth();
  EXPECT_EQ(Vruntime(2) - Vruntime(1), 20 * kMs);
  EXPECT_EQ(decisions[1].deadline - decisions[0].deadline, static_cast<uint64_t>(20 * kMs));
}

TEST_F(VruntimePoliciesTest, TheMarginIsTheWakersAndTheMinimumSliceTheRunningTasks) {
  policy_of_[3] = 9;
  policy_.Apply(kOther, {.wakeup_preempt_margin_ns = 90 * kMs});
  policy_.Apply(9, {.min_slice_ns = 6 * kMs});
  for (const TaskId task : {1u, 2u, 3u, 4u}) Introduce(task);
  for (const TaskId hog : {3u, 4u}) {
    for (int i = 0; i < 4; ++i) {
      Expire(hog, 40 * kMs);
      Schedule();
    }
  }
  Run(0, 4, 5 * kMs);
  const std::vector<Decision> decisions = DecideBoth();
  EXPECT_TRUE(decisions[0].preempt);
  EXPECT_FALSE(decisions[1].preempt) << "its margin";
  for (const TaskId task : {1u, 2u}) waits_.End(task, sequence_[task]);
  Run(0, 3, 5 * kMs);
  views_[0].taken_ns = now_ns_ - 6 * kMs + 1;
  Wake(1);
  EXPECT_FALSE(Only().preempt) << "the minimum slice of the one that runs";
  Run(0, 3, 6 * kMs);
  views_[0].taken_ns = now_ns_ - 6 * kMs;
  Wake(1);
  EXPECT_TRUE(Only().preempt);
}

TEST_F(VruntimePoliciesTest, ATaskThatComesToAnotherPolicyHasItFromItsNextWaitOn) {
  policy_.Apply(kOther, {.base_slice_ns = 3 * kMs});
  Wake(1);
  EXPECT_EQ(Only().slice_ns, 10 * kMs);
  policy_of_[1] = kOther;
  Wake(1);
  EXPECT_EQ(Only().slice_ns, 3 * kMs);
  policy_of_[1] = kMaxPolicies;  // no such policy: the default one
  Wake(1);
  EXPECT_EQ(Only().slice_ns, 10 * kMs);
  policy_.Apply(kMaxPolicies, {.base_slice_ns = kMs});  // nothing happens
}

}  // namespace
}  // namespace schedd
