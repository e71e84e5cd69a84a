// SPDX-License-Identifier: Apache-2.0
//
// One pass of the engine: from an event in a ring to a decision in the other one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "server/engine/engine.h"
#include "tests/unit/engine/fake_kernel.h"
#include "tests/unit/engine/scripted_policy.h"

namespace schedd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class EngineStepTest : public testing::Test {
 protected:
  EngineStepTest() {
    auto policy = std::make_unique<ScriptedPolicy>();
    policy_ = policy.get();
    engine_ = std::make_unique<Engine>(&kernel_, std::move(policy), EngineOptions(), parameters_,
                                       /*initial_generation=*/7);
  }

  FakeKernel kernel_;
  PolicyParameters parameters_;
  ScriptedPolicy* policy_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineStepTest, PutsTheParametersInForceBeforeTheFirstPass) {
  EXPECT_THAT(policy_->parameters, ElementsAre(parameters_));
  EXPECT_EQ(kernel_.header().base_slice_ns, 10'000'000u);
  EXPECT_EQ(kernel_.header().decision_budget_ns, 20'000'000u);
  EXPECT_EQ(kernel_.header().starvation_bound_ns, 500'000'000u);
  EXPECT_EQ(kernel_.header().preempt_margin_ns, 2'000'000u);
  EXPECT_EQ(kernel_.header().min_slice_ns, 1'000'000u);
  EXPECT_EQ(kernel_.header().sleeper_credit_ns, 20'000'000u);
  EXPECT_EQ(kernel_.header().all_decisions, 0u);
  EXPECT_EQ(engine_->applied_generation(), 7);
  EXPECT_EQ(engine_->applied_time_ns(), kernel_.now_ns);
}

TEST_F(EngineStepTest, WithoutEventsItOnlyBeats) {
  kernel_.now_ns = 1'234'000'000;
  EXPECT_EQ(engine_->Step(), 0u);
  EXPECT_EQ(kernel_.header().heartbeat_ns, 1'234'000'000u);
  EXPECT_EQ(kernel_.commits, 0);
  EXPECT_EQ(policy_->schedules, 0);
  EXPECT_EQ(engine_->stats().passes, 1);
}

TEST_F(EngineStepTest, ADecisionFollowsAnEvent) {
  const schedd_event event = kernel_.EnqueueNew(3);
  EXPECT_EQ(engine_->Step(), 2u) << "an event and a decision";
  const auto decisions = kernel_.TakeDecisions();
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_EQ(decisions[0].slot, 3u);
  EXPECT_EQ(decisions[0].seq, event.seq);
  EXPECT_EQ(decisions[0].key, event.key);
  EXPECT_EQ(decisions[0].cpu, SCHEDD_ANY_CPU);
  EXPECT_EQ(decisions[0].flags, 0u);
  EXPECT_EQ(decisions[0].slice_ns, 5'000'000u);
  EXPECT_EQ(decisions[0].deadline, 30u);
  EXPECT_EQ(decisions[0].weight, 100u);
  EXPECT_EQ(decisions[0].generation, 7u);
  EXPECT_EQ(engine_->stats().events, 1);
  EXPECT_EQ(engine_->stats().decisions, 1);
}

TEST_F(EngineStepTest, WhatThePolicyWantsIsInTheFlags) {
  struct Wish {
    bool preempt, urgent, yields;
    uint32_t flags;
  };
  const Wish wishes[] = {{false, false, false, 0},
                         {true, false, false, SCHEDD_DECISION_PREEMPT},
                         {false, true, false, SCHEDD_DECISION_URGENT},
                         {false, false, true, SCHEDD_DECISION_YIELDS},
                         {false, true, true, SCHEDD_DECISION_URGENT | SCHEDD_DECISION_YIELDS}};
  for (const Wish& wish : wishes) {
    policy_->change = [&wish](Decision& decision) {
      decision.preempt = wish.preempt;
      decision.urgent = wish.urgent;
      decision.yields = wish.yields;
      if (wish.preempt) decision.cpu = 1;
    };
    kernel_.EnqueueNew(0);
    engine_->Step();
    const auto decisions = kernel_.TakeDecisions();
    ASSERT_THAT(decisions, SizeIs(1));
    EXPECT_EQ(decisions[0].flags, wish.flags);
  }
}

TEST_F(EngineStepTest, ADecisionIsGoodForAsLongAsThePolicySays) {
  struct Case {
    int64_t lease_ns;
    uint32_t lease_us;
  };
  for (const Case& c : {Case{0, 0}, Case{10'000'999, 10'000}, Case{-5, 0},
                        Case{INT64_MAX, uint32_t{kMaxLeaseNanos / 1000}}}) {
    policy_->change = [&c](Decision& decision) { decision.lease_ns = c.lease_ns; };
    kernel_.EnqueueNew(0);
    engine_->Step();
    const auto decisions = kernel_.TakeDecisions();
    ASSERT_THAT(decisions, SizeIs(1));
    EXPECT_EQ(decisions[0].lease_us, c.lease_us);
    EXPECT_EQ(decisions[0].lease_epoch, kernel_.header().lease_epoch);
  }
}

TEST_F(EngineStepTest, ManyDecisionsCostOneCommit) {
  for (uint32_t i = 0; i < 8; ++i) kernel_.EnqueueNew(i, i % 2);
  engine_->Step();
  EXPECT_THAT(kernel_.TakeDecisions(), SizeIs(8));
  EXPECT_EQ(kernel_.commits, 1);
}

TEST_F(EngineStepTest, TellsThePolicyWhatTheTaskDid) {
  kernel_.NewOwner(2);
  schedd_slot& slot = kernel_.slot(2);
  slot.wakeups = 1;
  slot.run_ns = 4'000'000;
  slot.awake_run_ns = 3'000'000;
  slot.slept_virtual_ns = 6'000'000;
  slot.weight = 250;
  slot.nr_allowed = 1;
  kernel_.Enqueue(2, /*cpu=*/1);
  engine_->Step();
  ASSERT_THAT(policy_->events, SizeIs(1));
  const TaskEvent& told = policy_->events[0];
  EXPECT_EQ(told.task, 2u);
  EXPECT_EQ(told.sequence, slot.seq);
  EXPECT_EQ(told.time_ns, kernel_.now_ns);
  EXPECT_TRUE(told.woke);
  EXPECT_EQ(told.ran_ns, 4'000'000);
  EXPECT_EQ(told.ran_since_wake_ns, 3'000'000);
  EXPECT_EQ(told.slept_virtual_ns, 6'000'000);
  EXPECT_EQ(told.weight, 250);
  EXPECT_EQ(told.slice_override_ns, 0);
  EXPECT_EQ(told.cpu, 1);
  EXPECT_EQ(told.allowed, slot.allowed);
  EXPECT_EQ(told.allowed_count, 1u);
}

TEST_F(EngineStepTest, ReportsEachNanosecondOnce) {
  kernel_.EnqueueNew(0);
  engine_->Step();
  kernel_.RunAndSleep(0, 2'000'000);
  kernel_.Enqueue(0);
  engine_->Step();
  kernel_.Enqueue(0);
  engine_->Step();
  kernel_.RunAndSleep(0, 5'000'000);
  kernel_.Enqueue(0);
  engine_->Step();
  std::vector<int64_t> ran;
  for (const TaskEvent& event : policy_->events) ran.push_back(event.ran_ns);
  EXPECT_THAT(ran, ElementsAre(0, 2'000'000, 0, 5'000'000));
}

TEST_F(EngineStepTest, KnowsAWakeupFromAPreemption) {
  kernel_.EnqueueNew(0);
  engine_->Step();
  kernel_.Enqueue(0);  // went on waiting
  engine_->Step();
  ++kernel_.slot(0).wakeups;
  kernel_.Enqueue(0);
  engine_->Step();
  std::vector<bool> woke;
  for (const TaskEvent& event : policy_->events) woke.push_back(event.woke);
  EXPECT_THAT(woke, ElementsAre(true, false, true));
}

TEST_F(EngineStepTest, WeightsOutOfRangeAreBroughtIntoIt) {
  kernel_.NewOwner(0);
  kernel_.slot(0).weight = 0;
  kernel_.Enqueue(0);
  kernel_.NewOwner(1);
  kernel_.slot(1).weight = 1'000'000;
  kernel_.Enqueue(1);
  engine_->Step();
  ASSERT_THAT(policy_->events, SizeIs(2));
  EXPECT_EQ(policy_->events[0].weight, kMinWeight);
  EXPECT_EQ(policy_->events[1].weight, kMaxWeight);
}

// --- events that are not true any more ---------------------------------------------------------------

TEST_F(EngineStepTest, AnEventWhoseTaskRanAlreadyIsStale) {
  kernel_.EnqueueNew(0);
  kernel_.slot(0).state = SCHEDD_TASK_RUNNING;
  engine_->Step();
  EXPECT_THAT(policy_->events, IsEmpty());
  EXPECT_THAT(kernel_.TakeDecisions(), IsEmpty());
  EXPECT_EQ(engine_->stats().stale_events, 1);
  EXPECT_EQ(engine_->stats().events, 1);
}

TEST_F(EngineStepTest, OnlyTheLastOfTwoEnqueuesCounts) {
  kernel_.EnqueueNew(0);
  const schedd_event second = kernel_.Enqueue(0);
  engine_->Step();
  ASSERT_THAT(policy_->events, SizeIs(1));
  EXPECT_EQ(policy_->events[0].sequence, second.seq);
  EXPECT_EQ(engine_->stats().stale_events, 1);
}

TEST_F(EngineStepTest, AnEventOfAFormerOwnerIsStale) {
  const schedd_event old = kernel_.EnqueueNew(0);
  kernel_.NewOwner(0);
  kernel_.slot(0).seq = old.seq;
  kernel_.slot(0).state = SCHEDD_TASK_UNDECIDED;
  engine_->Step();
  EXPECT_THAT(policy_->events, IsEmpty());
  EXPECT_EQ(engine_->stats().stale_events, 1);
}

TEST_F(EngineStepTest, AnEventWithAnImpossibleSlotIsStale) {
  kernel_.PutEvent(
      {.slot = 8, .seq = 1, .key = 2, .flags = 0, .time_ns = 1, .cpu = 0, .reserved = 0}, 0);
  kernel_.PutEvent({.slot = SCHEDD_NO_SLOT,
                    .seq = 1,
                    .key = 2,
                    .flags = 0,
                    .time_ns = 1,
                    .cpu = 0,
                    .reserved = 0},
                   1);
  engine_->Step();
  EXPECT_THAT(policy_->events, IsEmpty());
  EXPECT_EQ(engine_->stats().stale_events, 2);
}

// --- slots that change hands -------------------------------------------------------------------------

TEST_F(EngineStepTest, ThePolicyForgetsTheOldOwnerFirst) {
  kernel_.EnqueueNew(0);
  engine_->Step();
  kernel_.RunAndSleep(0, 9'000'000);
  EXPECT_THAT(policy_->exits, IsEmpty());
  kernel_.EnqueueNew(0);
  kernel_.slot(0).run_ns = 1'000'000;
  engine_->Step();
  EXPECT_THAT(policy_->exits, ElementsAre(0u));
  ASSERT_THAT(policy_->events, SizeIs(2));
  EXPECT_TRUE(policy_->events[1].woke);
  EXPECT_EQ(policy_->events[1].ran_ns, 1'000'000) << "counted from 0, not from the old owner's";
}

TEST_F(EngineStepTest, ADecisionForATaskThatEndedIsNotWritten) {
  kernel_.EnqueueNew(0);
  kernel_.EnqueueNew(1);
  // It ends after the policy was told of it and before its turn.
  policy_->ask = [this](const WaitQuery&) { kernel_.NewOwner(0); };
  engine_->Step();
  const auto decisions = kernel_.TakeDecisions();
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_EQ(decisions[0].slot, 1u);
  EXPECT_EQ(engine_->stats().stale_decisions, 1);
}

TEST_F(EngineStepTest, ADecisionForATaskThatRanMeanwhileIsNotWritten) {
  kernel_.EnqueueNew(0);
  policy_->ask = [this](const WaitQuery&) { kernel_.slot(0).state = SCHEDD_TASK_RUNNING; };
  engine_->Step();
  EXPECT_THAT(kernel_.TakeDecisions(), IsEmpty());
  EXPECT_EQ(kernel_.commits, 0);
  EXPECT_EQ(engine_->stats().stale_decisions, 1);
}

TEST_F(EngineStepTest, ADecisionForAnEarlierWaitIsNotWritten) {
  kernel_.EnqueueNew(0);
  policy_->ask = [this](const WaitQuery&) { ++kernel_.slot(0).seq; };
  engine_->Step();
  EXPECT_THAT(kernel_.TakeDecisions(), IsEmpty());
}

// --- what decisions say ---------------------------------------------------------------------------------

TEST_F(EngineStepTest, FlagsOfUrgentAndPreemptingDecisions) {
  policy_->change = [](Decision& decision) {
    decision.urgent = decision.task == 0;
    decision.preempt = decision.task != 0;
    decision.cpu = decision.task == 2 ? kAnyCpu : 1;
  };
  for (uint32_t i = 0; i < 3; ++i) kernel_.EnqueueNew(i);
  engine_->Step();
  const auto decisions = kernel_.TakeDecisions();
  ASSERT_THAT(decisions, SizeIs(3));
  EXPECT_EQ(decisions[0].flags, uint32_t{SCHEDD_DECISION_URGENT});
  EXPECT_EQ(decisions[0].cpu, 1);
  EXPECT_EQ(decisions[1].flags, uint32_t{SCHEDD_DECISION_PREEMPT});
  EXPECT_EQ(decisions[2].flags, 0u) << "nobody to preempt without a CPU";
  EXPECT_EQ(engine_->stats().urgent_decisions, 1);
  EXPECT_EQ(engine_->stats().preempt_decisions, 1);
}

TEST_F(EngineStepTest, AWaitingTaskMayBecomeUrgentLater) {
  const schedd_event event = kernel_.EnqueueNew(0);
  engine_->Step();
  EXPECT_THAT(kernel_.TakeDecisions(), SizeIs(1));
  kernel_.slot(0).state = SCHEDD_TASK_DECIDED;
  policy_->next_deadline_ns = kernel_.now_ns + 500;
  EXPECT_EQ(engine_->Step(), 0u) << "not yet";

  kernel_.now_ns += 500;
  bool waits = false;
  policy_->ask = [&waits, &event](const WaitQuery& query) {
    waits = query.IsWaiting(0, event.seq) && !query.IsWaiting(0, event.seq - 1) &&
            !query.IsWaiting(1, 0) && !query.IsWaiting(99, 0) && !query.IsUrgent(0, event.seq);
  };
  policy_->queue.push_back({.task = 0, .sequence = event.seq, .urgent = true});
  engine_->Step();
  EXPECT_TRUE(waits);
  const auto decisions = kernel_.TakeDecisions();
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_EQ(decisions[0].flags, uint32_t{SCHEDD_DECISION_URGENT});
}

TEST_F(EngineStepTest, ADecidedTaskIsNotDecidedAgainWithoutUrgency) {
  const schedd_event event = kernel_.EnqueueNew(0);
  engine_->Step();
  kernel_.TakeDecisions();
  kernel_.slot(0).state = SCHEDD_TASK_DECIDED;
  policy_->queue.push_back({.task = 0, .sequence = event.seq});
  engine_->Step();
  EXPECT_THAT(kernel_.TakeDecisions(), IsEmpty());
}

TEST_F(EngineStepTest, ARunningTaskDoesNotWait) {
  const schedd_event event = kernel_.EnqueueNew(0);
  engine_->Step();
  kernel_.slot(0).state = SCHEDD_TASK_RUNNING;
  bool waits = true;
  policy_->ask = [&](const WaitQuery& query) { waits = query.IsWaiting(0, event.seq); };
  policy_->next_deadline_ns = 0;
  engine_->Step();
  EXPECT_FALSE(waits);
}

// --- what there is too much of ---------------------------------------------------------------------------

TEST_F(EngineStepTest, ABatchIsNoLongerThanItMayBe) {
  parameters_.dispatch_batch_count = 3;
  auto directive = std::make_unique<Directive>();
  directive->generation = 8;
  directive->parameters = parameters_;
  ASSERT_TRUE(engine_->Submit(directive));
  for (uint32_t i = 0; i < 8; ++i) kernel_.EnqueueNew(i);
  engine_->Step();
  EXPECT_THAT(kernel_.TakeDecisions(), SizeIs(3));
  engine_->Step();
  EXPECT_THAT(kernel_.TakeDecisions(), SizeIs(3));
  engine_->Step();
  EXPECT_THAT(kernel_.TakeDecisions(), SizeIs(2));
}

TEST_F(EngineStepTest, AFullDecisionRingIsDrainedFirst) {
  schedd_decision filler = {};
  while (schedd_decision_put(kernel_.memory().decisions, &filler)) {
  }
  kernel_.on_commit = [this] { kernel_.TakeDecisions(); };
  kernel_.EnqueueNew(0);
  std::vector<schedd_decision> decided;
  policy_->ask = [&](const WaitQuery&) {
    kernel_.on_commit = [&] { decided = kernel_.TakeDecisions(); };
  };
  engine_->Step();
  EXPECT_EQ(kernel_.commits, 2) << "one for room, one for the decision";
  EXPECT_THAT(decided, SizeIs(1));
  EXPECT_EQ(engine_->stats().decision_ring_full, 1);
}

TEST_F(EngineStepTest, WithoutRoomTheTaskStaysForTheNextPass) {
  schedd_decision filler = {};
  while (schedd_decision_put(kernel_.memory().decisions, &filler)) {
  }
  kernel_.EnqueueNew(0);
  EXPECT_EQ(engine_->Step(), 1u);
  EXPECT_EQ(policy_->pending(), 1u);
  EXPECT_EQ(policy_->schedules, 0);
  EXPECT_EQ(engine_->stats().decision_ring_full, 1);

  kernel_.TakeDecisions();
  engine_->Step();
  EXPECT_THAT(kernel_.TakeDecisions(), SizeIs(1));
}

TEST_F(EngineStepTest, ABusyCpuDoesNotKeepAnothersEventsWaiting) {
  // More on CPU 0 than one pass takes, one on CPU 1.
  kernel_.NewOwner(0);
  kernel_.slot(0).state = SCHEDD_TASK_UNDECIDED;
  while (kernel_.PutEvent(
      {.slot = 0, .seq = 99, .key = 2, .flags = 0, .time_ns = 1, .cpu = 0, .reserved = 0}, 0)) {
  }
  kernel_.EnqueueNew(1, /*cpu=*/1);
  engine_->Step();
  EXPECT_THAT(policy_->events, SizeIs(1)) << "CPU 1's event came in the first pass";
  EXPECT_LT(engine_->stats().events, SCHEDD_EVENT_RING_SIZE) << "a pass is bounded";
  EXPECT_NE(schedd_event_backlog(&kernel_.memory().events[0]), 0u);
  for (int i = 0; i < 10; ++i) engine_->Step();
  EXPECT_EQ(schedd_event_backlog(&kernel_.memory().events[0]), 0u);
}

}  // namespace
}  // namespace schedd
