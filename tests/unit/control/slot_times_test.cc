// SPDX-License-Identifier: Apache-2.0
#include "server/control/slot_times.h"

#include <gtest/gtest.h>

namespace schedd {
namespace {

TEST(ReadTimesTest, ASleepingTaskHasEndedRunsAndWaitsOnly) {
  schedd_slot slot = {};
  slot.state = SCHEDD_TASK_SLEEPING;
  slot.run_ns = 30;
  slot.wait_ns = 20;
  slot.running_since_ns = slot.waiting_since_ns = 50;
  const SlotTimes times = ReadTimes(slot, 100);
  EXPECT_EQ(times.run_state, TaskRunState::kSleeping);
  EXPECT_EQ(times.run_time_ns, 30);
  EXPECT_EQ(times.wait_time_ns, 20);
}

TEST(ReadTimesTest, ThePresentRunCounts) {
  schedd_slot slot = {};
  slot.state = SCHEDD_TASK_RUNNING;
  slot.run_ns = 30;
  slot.running_since_ns = 60;
  const SlotTimes times = ReadTimes(slot, 100);
  EXPECT_EQ(times.run_state, TaskRunState::kRunning);
  EXPECT_EQ(times.run_time_ns, 70);
  EXPECT_EQ(times.wait_time_ns, 0);
}

TEST(ReadTimesTest, ThePresentWaitCountsDecidedOrNot) {
  for (const uint32_t state : {SCHEDD_TASK_UNDECIDED, SCHEDD_TASK_DECIDED}) {
    schedd_slot slot = {};
    slot.state = state;
    slot.wait_ns = 5;
    slot.waiting_since_ns = 90;
    const SlotTimes times = ReadTimes(slot, 100);
    EXPECT_EQ(times.run_state, TaskRunState::kQueued);
    EXPECT_EQ(times.wait_time_ns, 15);
    EXPECT_EQ(ReadTimes(slot, 80).wait_time_ns, 5) << "it began after this look";
  }
}

}  // namespace
}  // namespace schedd
