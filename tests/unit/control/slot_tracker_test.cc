// SPDX-License-Identifier: Apache-2.0
#include "server/control/slot_tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/control/fake_host.h"
#include "tests/unit/control/manual_time.h"

namespace schedd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SlotTrackerTest : public ::testing::Test {
 protected:
  void SetUp() override { tracker_.Reset(&kernel_.memory()); }

  ManualClock clock_;
  FakeHost host_{&clock_};
  FakeKernel kernel_{&host_, LoadOptions()};
  SlotTracker tracker_;
};

TEST_F(SlotTrackerTest, ReportsWhatCameChangedAndWent) {
  kernel_.PutTask(1, {.tid = 10});
  kernel_.PutTask(3, {.tid = 30});
  EXPECT_THAT(tracker_.Scan(), ElementsAre(1, 3));
  EXPECT_THAT(tracker_.Scan(), IsEmpty());
  kernel_.slot(3).uid = 5;
  EXPECT_THAT(tracker_.Scan(), ElementsAre(3));
  kernel_.EndTask(1);
  EXPECT_THAT(tracker_.Scan(), ElementsAre(1));
  EXPECT_EQ(tracker_.Owner(1), nullptr);
  EXPECT_EQ(tracker_.Owner(3)->task.tid, 30);
  EXPECT_EQ(tracker_.Owner(99), nullptr);
}

TEST_F(SlotTrackerTest, CountersAreNoChange) {
  kernel_.PutTask(1, {.tid = 10});
  tracker_.Scan();
  kernel_.slot(1).run_ns = 5;
  kernel_.slot(1).state = SCHEDD_TASK_RUNNING;
  EXPECT_THAT(tracker_.Scan(), IsEmpty());
}

TEST_F(SlotTrackerTest, FindsTasksByTheWholeKey) {
  kernel_.PutTask(1, {.tid = 10, .start_ns = 7});
  tracker_.Scan();
  EXPECT_EQ(tracker_.FindTask({10, 7}), 1u);
  EXPECT_FALSE(tracker_.FindTask({10, 8}).has_value());
  EXPECT_FALSE(tracker_.FindTask({11, 7}).has_value());
}

// The thread ID goes to a task in a slot that is read before the one it had.
TEST_F(SlotTrackerTest, AThreadIdThatMovesToALowerSlotIsFoundThere) {
  kernel_.PutTask(5, {.tid = 20, .start_ns = 1});
  tracker_.Scan();
  kernel_.PutTask(2, {.tid = 20, .start_ns = 2});
  kernel_.EndTask(5);
  tracker_.Scan();
  EXPECT_EQ(tracker_.FindTask({20, 2}), 2u);
  EXPECT_EQ(tracker_.ProcessStart(20), 2u);
}

TEST_F(SlotTrackerTest, AProcessLivesAsLongAsAnyOfItsTasks) {
  kernel_.PutTask(0, {.tid = 10, .tgid = 10, .start_ns = 7});
  kernel_.PutTask(1, {.tid = 11, .tgid = 10, .start_ns = 8, .flags = SCHEDD_SLOT_DAEMON});
  tracker_.Scan();
  EXPECT_TRUE(tracker_.HasProcess(10));
  EXPECT_TRUE(tracker_.HasUnprotected(10));
  EXPECT_EQ(tracker_.ProcessStart(10), 7u);
  kernel_.EndTask(0);
  tracker_.Scan();
  EXPECT_TRUE(tracker_.HasProcess(10));
  EXPECT_FALSE(tracker_.HasUnprotected(10));
  EXPECT_FALSE(tracker_.ProcessStart(10).has_value());
  kernel_.EndTask(1);
  tracker_.Scan();
  EXPECT_FALSE(tracker_.HasProcess(10));
}

TEST_F(SlotTrackerTest, DetachedThereIsNobody) {
  kernel_.PutTask(0, {.tid = 10});
  tracker_.Scan();
  tracker_.Reset(nullptr);
  EXPECT_THAT(tracker_.Scan(), IsEmpty());
  EXPECT_EQ(tracker_.size(), 0u);
  EXPECT_FALSE(tracker_.HasProcess(10));
}

}  // namespace
}  // namespace schedd
