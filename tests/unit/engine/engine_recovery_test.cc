// SPDX-License-Identifier: Apache-2.0
//
// The engine after a time in which the dispatcher had to do without it: what it makes good.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "server/engine/engine.h"
#include "tests/unit/engine/fake_kernel.h"
#include "tests/unit/engine/scripted_policy.h"

namespace schedd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class EngineRecoveryTest : public testing::Test {
 protected:
  EngineRecoveryTest() {
    auto policy = std::make_unique<ScriptedPolicy>();
    policy_ = policy.get();
    engine_ = std::make_unique<Engine>(&kernel_, std::move(policy), EngineOptions(), parameters_,
                                       /*initial_generation=*/7);
  }

  // The slot's task waits, and the dispatcher could not (or would not) say so.
  void EnqueueUnheard(uint32_t index, schedd_counter why) {
    kernel_.NewOwner(index);
    schedd_slot& slot = kernel_.slot(index);
    ++slot.seq;
    slot.state = SCHEDD_TASK_UNDECIDED;
    slot.cpu = 1;
    slot.waiting_since_ns = static_cast<uint64_t>(kernel_.now_ns) - 70'000'000;
    ++kernel_.memory().cpus[1].counters[why];
  }
  std::vector<TaskId> Told() const {
    std::vector<TaskId> tasks;
    for (const TaskEvent& event : policy_->events) tasks.push_back(event.task);
    return tasks;
  }

  FakeKernel kernel_;
  PolicyParameters parameters_;
  ScriptedPolicy* policy_;
  std::unique_ptr<Engine> engine_;
};

// --- tasks whose event was lost
// ---------------------------------------------------------------------------

TEST_F(EngineRecoveryTest, FindsTasksWhoseEventWasDroppedOrWithheld) {
  kernel_.header().slots_high_water = 8;
  EnqueueUnheard(2, SCHEDD_COUNT_EVENTS_DROPPED);
  EnqueueUnheard(5, SCHEDD_COUNT_EVENTS_WITHHELD);
  engine_->Step();
  EXPECT_THAT(Told(), ElementsAre(2u, 5u));
  EXPECT_EQ(policy_->events[0].sequence, kernel_.slot(2).seq);
  EXPECT_EQ(policy_->events[0].time_ns, kernel_.now_ns - 70'000'000)
      << "it has waited since then, not since it was found";
  EXPECT_EQ(policy_->events[0].cpu, 1);
  const auto decisions = kernel_.TakeDecisions();
  ASSERT_THAT(decisions, SizeIs(2));
  EXPECT_EQ(decisions[1].slot, 5u);
  EXPECT_EQ(decisions[1].key, kernel_.slot(5).key);
  EXPECT_EQ(decisions[1].seq, kernel_.slot(5).seq);
}

TEST_F(EngineRecoveryTest, SearchesOnlyAfterALoss) {
  kernel_.header().slots_high_water = 8;
  kernel_.NewOwner(3);
  kernel_.slot(3).state = SCHEDD_TASK_UNDECIDED;  // its event is on the way
  engine_->Step();
  EXPECT_THAT(Told(), IsEmpty());

  EnqueueUnheard(2, SCHEDD_COUNT_EVENTS_DROPPED);
  engine_->Step();
  EXPECT_THAT(Told(), ElementsAre(2u, 3u)) << "all that wait, whoever's event it was";
  engine_->Step();
  EXPECT_THAT(Told(), SizeIs(2)) << "once for a loss";
}

TEST_F(EngineRecoveryTest, LeavesAloneWhoeverDoesNotWaitUndecided) {
  kernel_.header().slots_high_water = 8;
  const schedd_task_state states[] = {SCHEDD_TASK_FREE, SCHEDD_TASK_SLEEPING, SCHEDD_TASK_DECIDED,
                                      SCHEDD_TASK_RUNNING};
  for (uint32_t i = 0; i < std::size(states); ++i) {
    EnqueueUnheard(i, SCHEDD_COUNT_EVENTS_DROPPED);
    kernel_.slot(i).state = states[i];
  }
  engine_->Step();
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(EngineRecoveryTest, LooksNoFurtherThanSlotsWereEverUsed) {
  kernel_.header().slots_high_water = 3;
  EnqueueUnheard(2, SCHEDD_COUNT_EVENTS_DROPPED);
  EnqueueUnheard(3, SCHEDD_COUNT_EVENTS_DROPPED);  // cannot be: behind the high-water mark
  engine_->Step();
  EXPECT_THAT(Told(), ElementsAre(2u));
  // A mark beyond the table (the other side's mistake) is no reason to read beyond it.
  kernel_.header().slots_high_water = 1'000'000;
  EnqueueUnheard(7, SCHEDD_COUNT_EVENTS_DROPPED);
  engine_->Step();
  EXPECT_EQ(Told().back(), 7u);
}

TEST_F(EngineRecoveryTest, ATaskFoundWhileItsIdentityChangesIsLeftToItsNextEvent) {
  kernel_.header().slots_high_water = 8;
  EnqueueUnheard(2, SCHEDD_COUNT_EVENTS_DROPPED);
  ++kernel_.slot(2).key;  // odd: half-way between two owners
  engine_->Step();
  EXPECT_THAT(kernel_.TakeDecisions(), IsEmpty());
}

// The dispatcher itself ran those that had come to the starvation bound.
TEST_F(EngineRecoveryTest, KnowsWhatRanOutOfTurnMeanwhile) {
  kernel_.header().slots_high_water = 8;
  for (uint32_t index = 1; index <= 3; ++index) {
    EnqueueUnheard(index, SCHEDD_COUNT_EVENTS_WITHHELD);
    kernel_.slot(index).seq = 10;
  }
  kernel_.slot(1).urgent_seq = 8;   // long ago
  kernel_.slot(2).urgent_seq = 9;   // the wait before this one
  kernel_.slot(3).urgent_seq = 10;  // this one: what was before is not known
  kernel_.slot(1).unasked_seq = 9;
  kernel_.slot(2).unasked_seq = 8;
  engine_->Step();
  ASSERT_THAT(Told(), ElementsAre(1u, 2u, 3u));
  EXPECT_FALSE(policy_->events[0].out_of_turn);
  EXPECT_TRUE(policy_->events[1].out_of_turn);
  EXPECT_TRUE(policy_->events[2].out_of_turn);
  EXPECT_TRUE(policy_->events[0].unasked);
  EXPECT_FALSE(policy_->events[1].unasked);
}

// --- a dispatcher adopted from an earlier daemon
// -----------------------------------------------------------

class EngineAdoptionTest : public EngineRecoveryTest {
 protected:
  // Starts another engine on what the first one left.
  void Adopt() {
    engine_.reset();
    kernel_.is_adopted = true;
    auto policy = std::make_unique<ScriptedPolicy>();
    policy_ = policy.get();
    engine_ = std::make_unique<Engine>(&kernel_, std::move(policy), EngineOptions(), parameters_,
                                       /*initial_generation=*/9);
  }
};

TEST_F(EngineAdoptionTest, VirtualTimeGoesOnWhereEachCpuIs) {
  kernel_.memory().cpus[0].vtime_floor = 5'000;
  kernel_.memory().cpus[1].vtime_floor = 900'000;
  EXPECT_THAT(policy_->resumed, IsEmpty());
  Adopt();
  EXPECT_THAT(policy_->resumed, ElementsAre(5'000u, 900'000u));
}

TEST_F(EngineAdoptionTest, FindsWhoWaitsInItsFirstPassAlthoughNothingWasLost) {
  kernel_.header().slots_high_water = 8;
  kernel_.EnqueueNew(4);
  engine_->Step();  // its event is gone, and the decision with the old daemon
  kernel_.TakeDecisions();
  Adopt();
  engine_->Step();
  EXPECT_THAT(Told(), ElementsAre(4u));
  engine_->Step();
  EXPECT_THAT(Told(), SizeIs(1)) << "once";
}

// Nobody else would bring one forward whose deadline is far away.
TEST_F(EngineAdoptionTest, FindsWhoWaitsWithADecisionOfTheOldDaemon) {
  kernel_.header().slots_high_water = 8;
  for (uint32_t index = 1; index <= 5; ++index) {
    kernel_.EnqueueNew(index);
    kernel_.slot(index).waiting_since_ns = static_cast<uint64_t>(kernel_.now_ns) - 70'000'000;
  }
  engine_->Step();
  kernel_.TakeDecisions();
  for (uint32_t index = 1; index <= 5; ++index) kernel_.slot(index).state = SCHEDD_TASK_DECIDED;
  kernel_.slot(2).waiting_since_ns = 0;  // it runs
  kernel_.slot(3).flags |= SCHEDD_SLOT_DAEMON;
  kernel_.slot(4).flags |= SCHEDD_SLOT_DIRECT;
  Adopt();
  engine_->Step();
  EXPECT_THAT(Told(), ElementsAre(1u, 5u));
  EXPECT_EQ(policy_->events[0].sequence, kernel_.slot(1).seq);
  EXPECT_EQ(policy_->events[0].time_ns, kernel_.now_ns - 70'000'000);

  EnqueueUnheard(7, SCHEDD_COUNT_EVENTS_DROPPED);
  engine_->Step();
  EXPECT_THAT(Told(), ElementsAre(1u, 5u, 7u)) << "after a later loss they are known";
}

TEST_F(EngineAdoptionTest, WhatRanUnderTheOldDaemonIsNotChargedAgain) {
  kernel_.NewOwner(2);
  kernel_.slot(2).wakeups = 3;
  kernel_.slot(2).run_ns = 60'000'000'000;
  kernel_.slot(2).solo_run_ns = 2'000'000'000;
  Adopt();
  kernel_.slot(2).run_ns += 7'000'000;
  kernel_.slot(2).solo_run_ns += 1'000'000;
  kernel_.Enqueue(2);
  engine_->Step();
  ASSERT_THAT(policy_->events, SizeIs(1));
  EXPECT_EQ(policy_->events[0].ran_ns, 7'000'000);
  EXPECT_EQ(policy_->events[0].solo_ran_ns, 1'000'000);
  EXPECT_TRUE(policy_->events[0].woke) << "new to this policy";
}

TEST_F(EngineAdoptionTest, TheNextOwnerOfASlotIsChargedFromItsStart) {
  kernel_.NewOwner(2);
  kernel_.slot(2).run_ns = 60'000'000'000;
  Adopt();
  kernel_.NewOwner(2);
  kernel_.slot(2).run_ns = 3'000'000;
  kernel_.Enqueue(2);
  engine_->Step();
  ASSERT_THAT(policy_->events, SizeIs(1));
  EXPECT_EQ(policy_->events[0].ran_ns, 3'000'000);
}

// --- degraded time -----------------------------------------------------------------------------------------

TEST_F(EngineRecoveryTest, EndsADegradedTimeAndAddsItUp) {
  kernel_.header().degraded_since_ns = static_cast<uint64_t>(kernel_.now_ns) - 30'000'000;
  engine_->Step();
  EXPECT_EQ(kernel_.header().degraded_since_ns, 0u);
  EXPECT_EQ(kernel_.header().degraded_ns, 30'000'000u);
  engine_->Step();
  EXPECT_EQ(kernel_.header().degraded_ns, 30'000'000u);

  kernel_.header().degraded_since_ns = static_cast<uint64_t>(kernel_.now_ns);
  kernel_.now_ns += 5'000'000;
  engine_->Step();
  EXPECT_EQ(kernel_.header().degraded_ns, 35'000'000u);
}

TEST_F(EngineRecoveryTest, ADegradedTimeThatBeginsAfterTheBeatIsNotNegative) {
  kernel_.header().degraded_since_ns = static_cast<uint64_t>(kernel_.now_ns) + 1'000;
  engine_->Step();
  EXPECT_EQ(kernel_.header().degraded_since_ns, 0u);
  EXPECT_EQ(kernel_.header().degraded_ns, 0u);
}

}  // namespace
}  // namespace schedd
