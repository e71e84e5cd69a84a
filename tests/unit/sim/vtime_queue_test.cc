// SPDX-License-Identifier: Apache-2.0
#include "server/sim/vtime_queue.h"

#include <gtest/gtest.h>

namespace schedd {
namespace {

class VtimeQueueTest : public testing::Test {
 protected:
  VtimeQueueTest() {
    for (SimTask* task : {&a_, &b_, &c_}) {
      task->allowed.Add(0);
      task->allowed.Add(1);
    }
  }

  SimTask a_, b_, c_;
  VtimeQueue queue_;
};

TEST_F(VtimeQueueTest, GivesTheEarliestFirst) {
  queue_.Insert(a_, 30);
  queue_.Insert(b_, 10);
  queue_.Insert(c_, 20);
  EXPECT_EQ(queue_.size(), 3u);
  EXPECT_EQ(queue_.TakeFor(0), &b_);
  EXPECT_EQ(queue_.TakeFor(0), &c_);
  EXPECT_EQ(queue_.TakeFor(0), &a_);
  EXPECT_EQ(queue_.TakeFor(0), nullptr);
}

TEST_F(VtimeQueueTest, EqualTimesKeepTheirOrder) {
  queue_.Insert(c_, 5);
  queue_.Insert(a_, 5);
  queue_.Insert(b_, 5);
  EXPECT_EQ(queue_.TakeFor(0), &c_);
  EXPECT_EQ(queue_.TakeFor(0), &a_);
  EXPECT_EQ(queue_.TakeFor(0), &b_);
}

TEST_F(VtimeQueueTest, TimesMayWrap) {
  queue_.Insert(a_, 5);
  queue_.Insert(b_, ~0ull - 5);
  EXPECT_EQ(queue_.TakeFor(0), &b_) << "10 ns earlier, not an age later";
}

TEST_F(VtimeQueueTest, PassesOverTasksThatMayNotRunThere) {
  a_.allowed = CpuMask();
  a_.allowed.Add(1);
  queue_.Insert(a_, 1);
  queue_.Insert(b_, 2);
  EXPECT_EQ(queue_.TakeFor(0), &b_);
  EXPECT_EQ(queue_.TakeFor(0), nullptr);
  EXPECT_EQ(queue_.TakeFor(1), &a_);
}

TEST_F(VtimeQueueTest, ATaskKnowsItsQueue) {
  EXPECT_EQ(a_.queue, nullptr);
  queue_.Insert(a_, 1);
  EXPECT_EQ(a_.queue, &queue_);
  queue_.Remove(a_);
  EXPECT_EQ(a_.queue, nullptr);
  EXPECT_EQ(queue_.size(), 0u);
}

TEST(CpuMaskTest, CountsCpusOfAllWords) {
  CpuMask mask;
  mask.Add(0);
  mask.Add(63);
  mask.Add(64);
  mask.Add(511);
  EXPECT_EQ(mask.Count(), 4u);
  EXPECT_TRUE(mask.Has(64));
  EXPECT_FALSE(mask.Has(65));
}

}  // namespace
}  // namespace schedd
