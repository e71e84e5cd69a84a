// SPDX-License-Identifier: Apache-2.0
#include "server/control/reattach_budget.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/unit/control/manual_time.h"

namespace schedd {
namespace {

class ReattachBudgetTest : public ::testing::Test {
 protected:
  ReattachBudget& Build(int32_t limit) {
    budget_ = std::make_unique<ReattachBudget>(&sequence_, limit);
    return *budget_;
  }

  ManualClock clock_;
  ManualSequence sequence_{&clock_};
  std::unique_ptr<ReattachBudget> budget_;
};

TEST_F(ReattachBudgetTest, ErrorsAreThoseThatTheKernelCallsSo) {
  for (const int64_t kind : {0, 1, 64, 65, 66, 67, 68, 1023}) {
    EXPECT_FALSE(ReattachBudget::IsError(kind)) << kind;
  }
  for (const int64_t kind : {1024, 1025, 1026, 1027, 1028}) {
    EXPECT_TRUE(ReattachBudget::IsError(kind)) << kind;
  }
}

TEST_F(ReattachBudgetTest, WaitsLongerFromTryToTryUntilAllAreUsed) {
  ReattachBudget& budget = Build(3);
  EXPECT_EQ(budget.limit(), 3);
  EXPECT_EQ(budget.Take(), absl::Seconds(1));
  EXPECT_EQ(budget.Take(), absl::Seconds(2));
  EXPECT_EQ(budget.used(), 2);
  EXPECT_EQ(budget.Take(), absl::Seconds(4));
  EXPECT_EQ(budget.Take(), std::nullopt);
  EXPECT_EQ(budget.Take(), std::nullopt);
  EXPECT_EQ(budget.used(), 3);
}

TEST_F(ReattachBudgetTest, TheWaitHasAnEnd) {
  ReattachBudget& budget = Build(100);
  absl::Duration last;
  for (int i = 0; i < 100; ++i) {
    const std::optional<absl::Duration> delay = budget.Take();
    ASSERT_TRUE(delay.has_value());
    EXPECT_GE(*delay, last);
    last = *delay;
  }
  EXPECT_EQ(last, absl::Seconds(30));
}

TEST_F(ReattachBudgetTest, NoneAtAll) {
  EXPECT_EQ(Build(0).Take(), std::nullopt);
  EXPECT_EQ(Build(-1).Take(), std::nullopt);
  EXPECT_EQ(budget_->used(), 0);
}

TEST_F(ReattachBudgetTest, BeginsAnewTenMinutesAfterTheLastEjection) {
  ReattachBudget& budget = Build(2);
  budget.Take();
  sequence_.Advance(absl::Minutes(9));
  budget.Take();  // the ten minutes begin here
  sequence_.Advance(absl::Minutes(9));
  EXPECT_EQ(budget.used(), 2);
  EXPECT_EQ(budget.Take(), std::nullopt);  // and here, though nothing was left
  sequence_.Advance(absl::Minutes(10) - absl::Seconds(1));
  EXPECT_EQ(budget.used(), 2);
  sequence_.Advance(absl::Seconds(1));
  EXPECT_EQ(budget.used(), 0);
  EXPECT_EQ(budget.Take(), absl::Seconds(1));
}

TEST_F(ReattachBudgetTest, ResetGivesAllBackAndForgetsItsTimer) {
  ReattachBudget& budget = Build(2);
  budget.Take();
  budget.Take();
  sequence_.Advance(absl::Minutes(5));
  budget.Reset();
  EXPECT_EQ(sequence_.timer_count(), 0u);
  EXPECT_EQ(budget.used(), 0);
  EXPECT_EQ(budget.Take(), absl::Seconds(1));
  sequence_.Advance(absl::Minutes(6));  // ten after the first ones
  EXPECT_EQ(budget.used(), 1);
}

TEST_F(ReattachBudgetTest, LeavesNoTimerBehind) {
  Build(2).Take();
  budget_.reset();
  EXPECT_EQ(sequence_.timer_count(), 0u);
}

}  // namespace
}  // namespace schedd
