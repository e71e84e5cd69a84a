// SPDX-License-Identifier: Apache-2.0
#include "server/engine/task_table.h"

#include <gtest/gtest.h>

#include "tests/unit/engine/fake_kernel.h"

namespace schedd {
namespace {

class TaskTableTest : public testing::Test {
 protected:
  FakeKernel kernel_;
  TaskTable table_{kernel_.memory().slots};
};

TEST_F(TaskTableTest, KnowsNobodyAtFirst) {
  kernel_.NewOwner(0);
  EXPECT_FALSE(table_.IsKnownOwner(0, 2));
  EXPECT_FALSE(table_.HasOtherOwner(0, 2));
  EXPECT_EQ(table_.KnownOwner(0), 0u);
  EXPECT_FALSE(table_.IsDecidable(0, 0, true));
}

TEST_F(TaskTableTest, DescribingMakesTheOwnerKnown) {
  const schedd_event event = kernel_.EnqueueNew(0);
  table_.Describe(event);
  EXPECT_TRUE(table_.IsKnownOwner(0, event.key));
  EXPECT_FALSE(table_.IsKnownOwner(0, event.key + 2));
  EXPECT_TRUE(table_.HasOtherOwner(0, event.key + 2));
  EXPECT_FALSE(table_.HasOtherOwner(0, event.key));
  EXPECT_EQ(table_.DescribedWeight(0), 100);
}

TEST_F(TaskTableTest, SlotsOutOfRangeAreNobodys) {
  EXPECT_FALSE(table_.IsKnownOwner(8, 2));
  EXPECT_FALSE(table_.HasOtherOwner(8, 2));
  EXPECT_FALSE(table_.IsWaiting(8, 1));
  EXPECT_FALSE(table_.Override({.slot = 8, .key = 2, .weight = 1}));
}

TEST_F(TaskTableTest, ForgettingStartsTheReportsAnew) {
  const schedd_event event = kernel_.EnqueueNew(0);
  kernel_.slot(0).run_ns = 100;
  EXPECT_EQ(table_.Describe(event).ran_ns, 100);
  EXPECT_EQ(table_.Describe(event).ran_ns, 0);
  table_.Forget(0);
  EXPECT_EQ(table_.KnownOwner(0), 0u);
  const TaskEvent again = table_.Describe(event);
  EXPECT_EQ(again.ran_ns, 100);
  EXPECT_TRUE(again.woke);
}

TEST_F(TaskTableTest, ACounterThatFellIsNoRun) {
  const schedd_event event = kernel_.EnqueueNew(0);
  kernel_.slot(0).run_ns = 1'000;
  table_.Describe(event);
  kernel_.slot(0).run_ns = 10;  // the slot changed hands under the reader
  EXPECT_EQ(table_.Describe(event).ran_ns, 0);
  EXPECT_EQ(table_.UnreportedRun(0, event.key), 0);
}

TEST_F(TaskTableTest, TellsHowMuchOfTheTimeWentIntoSwitches) {
  schedd_event event = kernel_.EnqueueNew(0);
  kernel_.slot(0).run_ns = 1'000;
  kernel_.slot(0).overhead_ns = 300;
  EXPECT_EQ(table_.Describe(event).overhead_ns, 300);
  kernel_.slot(0).overhead_ns = 350;
  EXPECT_EQ(table_.Describe(event).overhead_ns, 50);
  event = kernel_.EnqueueNew(0);
  kernel_.slot(0).overhead_ns = 7;
  EXPECT_EQ(table_.Describe(event).overhead_ns, 7) << "another task's";
}

TEST_F(TaskTableTest, UnreportedRunIsWhatNoEventTold) {
  const schedd_event event = kernel_.EnqueueNew(0);
  kernel_.slot(0).run_ns = 1'000;
  EXPECT_EQ(table_.UnreportedRun(0, event.key), 1'000) << "all of it, of an unknown task";
  table_.Describe(event);
  kernel_.slot(0).run_ns = 1'700;
  EXPECT_EQ(table_.UnreportedRun(0, event.key), 700);
}

TEST_F(TaskTableTest, WaitsUntilItRunsOrIsQueuedAnew) {
  const schedd_event event = kernel_.EnqueueNew(0);
  table_.Describe(event);
  EXPECT_TRUE(table_.IsWaiting(0, event.seq));
  EXPECT_TRUE(table_.IsDecidable(0, event.seq, false));
  kernel_.slot(0).state = SCHEDD_TASK_DECIDED;
  EXPECT_TRUE(table_.IsWaiting(0, event.seq));
  EXPECT_FALSE(table_.IsDecidable(0, event.seq, false));
  EXPECT_TRUE(table_.IsDecidable(0, event.seq, true));
  for (const uint32_t state : {SCHEDD_TASK_RUNNING, SCHEDD_TASK_SLEEPING, SCHEDD_TASK_FREE}) {
    kernel_.slot(0).state = state;
    EXPECT_FALSE(table_.IsWaiting(0, event.seq));
  }
  kernel_.slot(0).state = SCHEDD_TASK_UNDECIDED;
  EXPECT_FALSE(table_.IsWaiting(0, event.seq + 1));
  kernel_.slot(0).key += 1;  // changes hands at this moment
  EXPECT_FALSE(table_.IsWaiting(0, event.seq));
}

TEST_F(TaskTableTest, IsUrgentOnlyInTheWaitThatWasMadeSo) {
  const schedd_event event = kernel_.EnqueueNew(0);
  table_.Describe(event);
  kernel_.slot(0).state = SCHEDD_TASK_DECIDED;
  EXPECT_FALSE(table_.IsUrgent(0, event.seq));
  kernel_.slot(0).urgent_seq = event.seq;
  EXPECT_TRUE(table_.IsUrgent(0, event.seq));
  EXPECT_FALSE(table_.IsUrgent(0, event.seq + 1));
  kernel_.slot(0).state = SCHEDD_TASK_RUNNING;
  EXPECT_FALSE(table_.IsUrgent(0, event.seq));
  kernel_.slot(0).state = SCHEDD_TASK_UNDECIDED;
  EXPECT_TRUE(table_.IsUrgent(0, event.seq));
  ++kernel_.slot(0).seq;
  EXPECT_FALSE(table_.IsUrgent(0, event.seq)) << "queued anew";
  EXPECT_FALSE(table_.IsUrgent(0, event.seq + 1));
  EXPECT_FALSE(table_.IsUrgent(99, 0));
}

TEST_F(TaskTableTest, TellsOnceThatTheAffinityChanged) {
  schedd_event event = kernel_.EnqueueNew(0);
  EXPECT_FALSE(table_.Describe(event).affinity_changed) << "a new task has not changed";
  event = kernel_.Enqueue(0);
  EXPECT_FALSE(table_.Describe(event).affinity_changed);
  for (const uint64_t mask : {uint64_t{1}, uint64_t{2}}) {  // as many CPUs, but others
    kernel_.slot(0).allowed[0] = mask;
    event = kernel_.Enqueue(0);
    EXPECT_TRUE(table_.Describe(event).affinity_changed) << mask;
    event = kernel_.Enqueue(0);
    EXPECT_FALSE(table_.Describe(event).affinity_changed) << mask;
  }
  kernel_.slot(0).allowed[1] = 2;
  event = kernel_.Enqueue(0);
  EXPECT_TRUE(table_.Describe(event).affinity_changed) << "beyond the first 64 CPUs";
  kernel_.slot(0).allowed[0] = 1;
  event = kernel_.EnqueueNew(0);
  EXPECT_FALSE(table_.Describe(event).affinity_changed) << "another task's";
}

TEST_F(TaskTableTest, TellsWhatRanOutOfTurn) {
  schedd_event event = kernel_.EnqueueNew(0);
  EXPECT_FALSE(table_.Describe(event).out_of_turn);
  EXPECT_FALSE(table_.IsOutOfTurn(0));
  kernel_.slot(0).urgent_seq = event.seq;
  EXPECT_TRUE(table_.IsOutOfTurn(0));
  event = kernel_.Enqueue(0);
  EXPECT_FALSE(table_.IsOutOfTurn(0)) << "it waits anew";
  EXPECT_FALSE(table_.Describe(event).unasked);
  event.flags |= SCHEDD_EVENT_OUT_OF_TURN;
  EXPECT_TRUE(table_.Describe(event).out_of_turn);
  EXPECT_FALSE(table_.Describe(event).unasked);
  event.flags = SCHEDD_EVENT_UNASKED;
  EXPECT_TRUE(table_.Describe(event).unasked);
}

TEST_F(TaskTableTest, AnOverrideDoesNotNeedTheTaskToBeKnown) {
  const uint32_t key = kernel_.NewOwner(0);
  EXPECT_TRUE(table_.Override({.slot = 0, .key = key, .weight = 300}));
  EXPECT_EQ(table_.EffectiveWeight(0, key), 300);
  EXPECT_EQ(table_.EffectiveWeight(0, key + 2), 100);
  table_.Forget(0);
  EXPECT_EQ(table_.EffectiveWeight(0, key), 300) << "an override is not a report";
}

TEST_F(TaskTableTest, TheKernelsWeightCountsAgainWhenTheOverrideHasNone) {
  const uint32_t key = kernel_.NewOwner(0);
  kernel_.slot(0).weight = 77;
  EXPECT_TRUE(table_.Override({.slot = 0, .key = key, .weight = 0, .slice_ns = 9}));
  EXPECT_EQ(table_.EffectiveWeight(0, key), 77);
}

TEST_F(TaskTableTest, AWeightIsMultipliedByTheShareOfItsCgroup) {
  const uint32_t key = kernel_.NewOwner(0);
  kernel_.slot(0).weight = 300;
  kernel_.slot(0).cgroup_id = 7;
  auto shares = std::make_unique<CgroupShares>();
  shares->factors = {{7, 0.25}, {8, 4}};
  shares->unknown_factor = 0.5;
  table_.ExchangeShares(shares);
  EXPECT_TRUE(shares->factors.empty()) << "those that were in force come back";
  EXPECT_EQ(table_.EffectiveWeight(0, key), 75);
  kernel_.slot(0).cgroup_id = 8;  // it moved
  EXPECT_EQ(table_.EffectiveWeight(0, key), 1'200);
  kernel_.slot(0).cgroup_id = 9;
  EXPECT_EQ(table_.EffectiveWeight(0, key), 150) << "a cgroup that was made a moment ago";
}

TEST_F(TaskTableTest, AnOverrideCountsOnTheWholeMachine) {
  const uint32_t key = kernel_.NewOwner(0);
  kernel_.slot(0).cgroup_id = 7;
  auto shares = std::make_unique<CgroupShares>();
  shares->factors = {{7, 0.25}};
  shares->scale = 3;
  table_.ExchangeShares(shares);
  EXPECT_EQ(table_.EffectiveWeight(0, key), 75);
  ASSERT_TRUE(table_.Override({.slot = 0, .key = key, .weight = 400}));
  EXPECT_EQ(table_.EffectiveWeight(0, key), 1'200) << "not the share, but the scale of all";
}

TEST_F(TaskTableTest, SharesAreRoundedAndBounded) {
  const uint32_t key = kernel_.NewOwner(0);
  kernel_.slot(0).cgroup_id = 7;
  const auto effective = [&](double factor) {
    auto shares = std::make_unique<CgroupShares>();
    shares->factors = {{7, factor}};
    table_.ExchangeShares(shares);
    return table_.EffectiveWeight(0, key);
  };
  EXPECT_EQ(effective(0.349), 35);
  EXPECT_EQ(effective(1e-9), kMinWeight);
  EXPECT_EQ(effective(1e9), kMaxWeight);
}

}  // namespace
}  // namespace schedd
