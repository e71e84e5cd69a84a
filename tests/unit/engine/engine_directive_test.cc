// SPDX-License-Identifier: Apache-2.0
//
// Changes handed to the engine: applied whole, stamped on what they caused, never inherited by
// another task.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "server/engine/engine.h"
#include "tests/unit/engine/fake_kernel.h"
#include "tests/unit/engine/scripted_policy.h"

namespace schedd {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class EngineDirectiveTest : public testing::Test {
 protected:
  EngineDirectiveTest() {
    auto policy = std::make_unique<ScriptedPolicy>();
    policy_ = policy.get();
    engine_ = std::make_unique<Engine>(&kernel_, std::move(policy), EngineOptions(),
                                       PolicyParameters(), /*initial_generation=*/1);
  }

  bool Submit(int64_t generation, std::vector<TaskSetting> settings,
              std::optional<PolicyParameters> parameters = std::nullopt) {
    auto directive = std::make_unique<Directive>();
    directive->generation = generation;
    directive->settings = std::move(settings);
    directive->parameters = parameters;
    return engine_->Submit(directive);
  }

  // The decision for the next wait of that slot's task.
  schedd_decision Decide(uint32_t slot) {
    kernel_.Enqueue(slot);
    engine_->Step();
    const auto decisions = kernel_.TakeDecisions();
    EXPECT_THAT(decisions, SizeIs(1));
    return decisions.empty() ? schedd_decision() : decisions[0];
  }

  FakeKernel kernel_;
  ScriptedPolicy* policy_;
  std::unique_ptr<Engine> engine_;
};

// Whatever changes, no task goes on by what was decided before.
TEST_F(EngineDirectiveTest, EachChangeEndsAllLeases) {
  const uint32_t key = kernel_.NewOwner(0);
  uint32_t epoch = kernel_.header().lease_epoch;
  const auto ended = [&] {
    engine_->Step();
    const bool raised = kernel_.header().lease_epoch != epoch;
    epoch = kernel_.header().lease_epoch;
    return raised && Decide(0).lease_epoch == epoch;
  };
  EXPECT_FALSE(ended()) << "nothing has changed";
  Submit(2, {}, PolicyParameters{.base_slice_ns = 5'000'000});
  EXPECT_TRUE(ended());
  Submit(3, {{.slot = 0, .key = key, .weight = 500}});
  EXPECT_TRUE(ended());
  auto shares = std::make_unique<Directive>();
  shares->generation = 3;
  shares->shares = std::make_unique<CgroupShares>();
  ASSERT_TRUE(engine_->Submit(shares));
  EXPECT_TRUE(ended());
  EXPECT_FALSE(ended());
}

// What the daemon before this one decided does not bind it.
TEST_F(EngineDirectiveTest, ANewEngineEndsTheLeasesOfTheLastOne) {
  const uint32_t epoch = kernel_.header().lease_epoch;
  const Engine next(&kernel_, std::make_unique<ScriptedPolicy>(), EngineOptions(),
                    PolicyParameters(), /*initial_generation=*/1);
  EXPECT_NE(kernel_.header().lease_epoch, epoch);
}

TEST_F(EngineDirectiveTest, IsInForceFromTheNextPassOn) {
  kernel_.now_ns = 5'000'000'000;
  ASSERT_TRUE(Submit(2, {}));
  EXPECT_EQ(engine_->applied_generation(), 1) << "not before the scheduling thread took it";
  EXPECT_EQ(kernel_.wakes, 1);
  kernel_.now_ns = 5'000'000'123;
  engine_->Step();
  EXPECT_EQ(engine_->applied_generation(), 2);
  EXPECT_EQ(engine_->applied_time_ns(), 5'000'000'123);
}

TEST_F(EngineDirectiveTest, ParametersReachThePolicyAndTheDispatcher) {
  const PolicyParameters changed = {.base_slice_ns = 3'000'000,
                                    .starvation_bound_ns = 300'000'000,
                                    .decision_budget_ns = 7'000'000,
                                    .placement_mode = PlacementMode::kAllDecisions};
  ASSERT_TRUE(Submit(2, {}, changed));
  engine_->Step();
  ASSERT_THAT(policy_->parameters, SizeIs(2));
  EXPECT_EQ(policy_->parameters[1], changed);
  EXPECT_EQ(kernel_.header().base_slice_ns, 3'000'000u);
  EXPECT_EQ(kernel_.header().decision_budget_ns, 7'000'000u);
  EXPECT_EQ(kernel_.header().starvation_bound_ns, 300'000'000u);
  EXPECT_EQ(kernel_.header().all_decisions, 1u);

  ASSERT_TRUE(Submit(3, {}, PolicyParameters()));
  engine_->Step();
  EXPECT_EQ(kernel_.header().all_decisions, 0u);
}

TEST_F(EngineDirectiveTest, ParametersOfControlGroupsReachThePolicyAlone) {
  auto directive = std::make_unique<Directive>();
  directive->generation = 2;
  directive->policies = {{.index = 1, .parameters = {.base_slice_ns = 3'000'000}},
                         {.index = 63, .parameters = {.base_slice_ns = 4'000'000}}};
  ASSERT_TRUE(engine_->Submit(directive));
  engine_->Step();
  EXPECT_EQ(policy_->others.at(1).base_slice_ns, 3'000'000);
  EXPECT_EQ(policy_->others.at(63).base_slice_ns, 4'000'000);
  EXPECT_THAT(policy_->parameters, SizeIs(1));
  EXPECT_EQ(kernel_.header().base_slice_ns, 10'000'000u);
  EXPECT_EQ(engine_->applied_generation(), 2);
}

TEST_F(EngineDirectiveTest, ATaskHasThePolicyOfItsControlGroup) {
  kernel_.NewOwner(0);
  kernel_.NewOwner(1);
  kernel_.slot(0).cgroup_id = 70;
  kernel_.slot(1).cgroup_id = 71;
  const auto policies = [this] {
    Decide(0);
    Decide(1);
    const auto& events = policy_->events;
    return std::vector<int>{events[events.size() - 2].policy, events.back().policy};
  };
  EXPECT_THAT(policies(), ElementsAre(0, 0));
  auto directive = std::make_unique<Directive>();
  directive->generation = 2;
  directive->cgroup_policies = std::make_unique<CgroupPolicies>();
  directive->cgroup_policies->indexes = {{71, PolicyIndex{5}}};
  ASSERT_TRUE(engine_->Submit(directive));
  EXPECT_THAT(policies(), ElementsAre(0, 5));
  // It moves, or others come: from the next wait on, and without another word.
  kernel_.slot(0).cgroup_id = 71;
  kernel_.slot(1).cgroup_id = 70;
  EXPECT_THAT(policies(), ElementsAre(5, 0));
}

TEST_F(EngineDirectiveTest, WithoutParametersThoseInForceStay) {
  ASSERT_TRUE(Submit(2, {}));
  engine_->Step();
  EXPECT_THAT(policy_->parameters, SizeIs(1));
}

TEST_F(EngineDirectiveTest, DecisionsCarryTheGenerationTheyWereMadeUnder) {
  kernel_.NewOwner(0);
  EXPECT_EQ(Decide(0).generation, 1u);
  ASSERT_TRUE(Submit(2, {}));
  EXPECT_EQ(Decide(0).generation, 2u);
  ASSERT_TRUE(Submit(3, {}));
  ASSERT_TRUE(Submit(9, {}));
  EXPECT_EQ(Decide(0).generation, 9u);
}

TEST_F(EngineDirectiveTest, AllOfADirectiveIsInForceAtOnce) {
  std::vector<TaskSetting> settings;
  for (uint32_t i = 0; i < 8; ++i) {
    settings.push_back(
        {.slot = i, .key = kernel_.NewOwner(i), .weight = 500, .slice_ns = 2'000'000});
  }
  ASSERT_TRUE(Submit(2, settings));
  for (uint32_t i = 0; i < 8; ++i) kernel_.Enqueue(i);
  engine_->Step();
  for (const TaskEvent& event : policy_->events) {
    EXPECT_EQ(event.weight, 500);
    EXPECT_EQ(event.slice_override_ns, 2'000'000);
  }
  for (const schedd_decision& decision : kernel_.TakeDecisions()) {
    EXPECT_EQ(decision.weight, 500u);
    EXPECT_EQ(decision.generation, 2u);
  }
  EXPECT_THAT(policy_->events, SizeIs(8));
}

TEST_F(EngineDirectiveTest, WeightAndSliceAreIndependent) {
  const uint32_t key = kernel_.NewOwner(0);
  kernel_.slot(0).weight = 42;
  ASSERT_TRUE(Submit(2, {{.slot = 0, .key = key, .weight = 0, .slice_ns = 1'500'000}}));
  EXPECT_EQ(Decide(0).weight, 42u);
  EXPECT_EQ(policy_->events.back().slice_override_ns, 1'500'000);
  ASSERT_TRUE(Submit(3, {{.slot = 0, .key = key, .weight = 300, .slice_ns = 0}}));
  EXPECT_EQ(Decide(0).weight, 300u);
  EXPECT_EQ(policy_->events.back().slice_override_ns, 0);
}

TEST_F(EngineDirectiveTest, AnOverrideCanBeTakenBack) {
  const uint32_t key = kernel_.NewOwner(0);
  ASSERT_TRUE(Submit(2, {{.slot = 0, .key = key, .weight = 900, .slice_ns = 1}}));
  EXPECT_EQ(Decide(0).weight, 900u);
  ASSERT_TRUE(Submit(3, {{.slot = 0, .key = key}}));
  EXPECT_EQ(Decide(0).weight, 100u);
  EXPECT_EQ(policy_->events.back().slice_override_ns, 0);
}

TEST_F(EngineDirectiveTest, TheNextOwnerOfASlotInheritsNothing) {
  const uint32_t key = kernel_.NewOwner(0);
  ASSERT_TRUE(Submit(2, {{.slot = 0, .key = key, .weight = 900, .slice_ns = 5}}));
  EXPECT_EQ(Decide(0).weight, 900u);
  kernel_.NewOwner(0);
  EXPECT_EQ(Decide(0).weight, 100u);
  EXPECT_EQ(policy_->events.back().slice_override_ns, 0);
}

TEST_F(EngineDirectiveTest, AnOverrideForAnOwnerThatIsGoneIsIgnored) {
  const uint32_t gone = kernel_.NewOwner(0);
  const uint32_t key = kernel_.NewOwner(0);
  ASSERT_NE(gone, key);
  ASSERT_TRUE(Submit(2, {{.slot = 0, .key = gone, .weight = 900},
                         {.slot = 0, .key = 0, .weight = 901},
                         {.slot = 1, .key = 0, .weight = 902},
                         {.slot = 1234, .key = key, .weight = 903}}));
  EXPECT_EQ(Decide(0).weight, 100u);
  EXPECT_EQ(engine_->applied_generation(), 2);
}

TEST_F(EngineDirectiveTest, AnOverrideForAnEarlierOwnerDoesNotReplaceThatOfThePresentOne) {
  const uint32_t gone = kernel_.NewOwner(0);
  const uint32_t key = kernel_.NewOwner(0);
  ASSERT_TRUE(Submit(2, {{.slot = 0, .key = key, .weight = 700}}));
  ASSERT_TRUE(Submit(3, {{.slot = 0, .key = gone, .weight = 0}}));
  EXPECT_EQ(Decide(0).weight, 700u);
}

TEST_F(EngineDirectiveTest, AWaitThatHasBegunKeepsItsWeight) {
  const uint32_t key = kernel_.NewOwner(0);
  kernel_.Enqueue(0);
  // The policy is told of the wait; its decision must wait for room.
  schedd_decision filler = {};
  while (schedd_decision_put(kernel_.memory().decisions, &filler)) {
  }
  engine_->Step();
  ASSERT_THAT(policy_->events, SizeIs(1));
  kernel_.TakeDecisions();
  ASSERT_TRUE(Submit(2, {{.slot = 0, .key = key, .weight = 900}}));
  engine_->Step();
  const auto decisions = kernel_.TakeDecisions();
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_EQ(decisions[0].weight, 100u) << "the weight that the policy decided with";
  EXPECT_EQ(Decide(0).weight, 900u);
}

// --- what readers see --------------------------------------------------------------------------------

TEST_F(EngineDirectiveTest, TheViewShowsAnOverrideAsSoonAsItIsInForce) {
  const uint32_t key = kernel_.NewOwner(3);
  EXPECT_EQ(engine_->view(3, key).effective_weight, 0);
  ASSERT_TRUE(Submit(2, {{.slot = 3, .key = key, .weight = 900}}));
  engine_->Step();
  EXPECT_EQ(engine_->view(3, key).effective_weight, 900);
  EXPECT_EQ(engine_->view(3, key).vruntime_ns, 0) << "the policy does not know it yet";
}

TEST_F(EngineDirectiveTest, TheViewIsThePolicysAccountOfThatOwner) {
  const uint32_t key = kernel_.NewOwner(3);
  Decide(3);
  EXPECT_EQ(engine_->view(3, key).vruntime_ns, 3001);
  EXPECT_EQ(engine_->view(3, key).lag_ns, -3);
  EXPECT_EQ(engine_->view(3, key).effective_weight, 100);
  EXPECT_EQ(engine_->view(3, key + 2).effective_weight, 0) << "not another one's";
  EXPECT_EQ(engine_->view(99, key).effective_weight, 0);
}

// --- ownership -------------------------------------------------------------------------------------------

TEST_F(EngineDirectiveTest, RefusesWhenTooManyAreUnderWayAndKeepsNothing) {
  int accepted = 0;
  while (Submit(accepted + 2, {})) ++accepted;
  EXPECT_GE(accepted, 16);
  EXPECT_LE(accepted, 1000);
  auto one_more = std::make_unique<Directive>();
  EXPECT_FALSE(engine_->Submit(one_more));
  EXPECT_NE(one_more, nullptr) << "the caller still has it";
  engine_->Step();
  EXPECT_EQ(engine_->applied_generation(), accepted + 1) << "in the order of submission, all";
  EXPECT_TRUE(Submit(accepted + 2, {})) << "room again";
}

TEST_F(EngineDirectiveTest, ManyRoundsNeedNoExplicitReclaim) {
  for (int64_t generation = 2; generation < 500; ++generation) {
    ASSERT_TRUE(Submit(generation, {}));
    engine_->Step();
  }
  engine_->Reclaim();
  EXPECT_EQ(engine_->applied_generation(), 499);
}

TEST_F(EngineDirectiveTest, DirectivesThatWereNotTakenAreFreedWithTheEngine) {
  ASSERT_TRUE(Submit(2, {}));
  engine_->Step();
  ASSERT_TRUE(Submit(3, {}));
  engine_.reset();  // the leak checker of the asan build looks
}

TEST_F(EngineDirectiveTest, SharesOfCgroupsCountFromTheNextWaitOn) {
  kernel_.NewOwner(0);
  kernel_.slot(0).cgroup_id = 7;
  EXPECT_EQ(Decide(0).weight, 100u);
  auto directive = std::make_unique<Directive>();
  directive->generation = 1;  // no change of what callers set
  directive->shares = std::make_unique<CgroupShares>();
  directive->shares->factors = {{7, 0.5}};
  ASSERT_TRUE(engine_->Submit(directive));
  EXPECT_EQ(Decide(0).weight, 50u);
  ASSERT_TRUE(Submit(2, {}));
  EXPECT_EQ(Decide(0).weight, 50u) << "a directive without shares leaves them";
}

}  // namespace
}  // namespace schedd
