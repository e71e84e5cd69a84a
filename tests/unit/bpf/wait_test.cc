// SPDX-License-Identifier: Apache-2.0
//
// The word of bpf/wait.h in user space: a decision reaches the wait it was made for, or none.
#include "bpf/wait.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace {

schedd_slot Waiting(uint32_t seq) {
  schedd_slot slot = {};
  slot.state = SCHEDD_TASK_UNDECIDED;
  slot.seq = seq;
  return slot;
}

TEST(WaitTest, EachWaitHasTheNextNumberAndIsUndecided) {
  schedd_slot slot = {};
  slot.state = SCHEDD_TASK_RUNNING;
  slot.seq = 41;
  schedd_wait_begin(&slot);
  EXPECT_EQ(slot.seq, 42u);
  EXPECT_EQ(slot.state, uint32_t{SCHEDD_TASK_UNDECIDED});
  EXPECT_TRUE(schedd_wait_is(&slot, 42, SCHEDD_TASK_UNDECIDED));
  EXPECT_FALSE(schedd_wait_is(&slot, 41, SCHEDD_TASK_UNDECIDED));
  EXPECT_FALSE(schedd_wait_is(&slot, 42, SCHEDD_TASK_DECIDED));
}

TEST(WaitTest, AWaitThatNeedsNoDecisionIsDecidedFromTheStart) {
  schedd_slot slot = {};
  slot.seq = 41;
  schedd_wait_begin_decided(&slot);
  EXPECT_TRUE(schedd_wait_is(&slot, 42, SCHEDD_TASK_DECIDED));
  EXPECT_FALSE(schedd_wait_decide(&slot, 41));
  EXPECT_FALSE(schedd_wait_decide(&slot, 42));
}

TEST(WaitTest, NumbersWrapAndTouchNothingElse) {
  schedd_slot slot = Waiting(0xffffffffu);
  slot.nr_allowed = 7;
  slot.cpu = 3;
  schedd_wait_begin(&slot);
  EXPECT_EQ(slot.seq, 0u);
  EXPECT_EQ(slot.state, uint32_t{SCHEDD_TASK_UNDECIDED});
  EXPECT_EQ(slot.cpu, 3);
  EXPECT_EQ(slot.nr_allowed, 7u);
}

TEST(WaitTest, IsDecidedOnce) {
  schedd_slot slot = Waiting(5);
  EXPECT_TRUE(schedd_wait_decide(&slot, 5));
  EXPECT_EQ(slot.state, uint32_t{SCHEDD_TASK_DECIDED});
  EXPECT_EQ(slot.seq, 5u);
  EXPECT_FALSE(schedd_wait_decide(&slot, 5));
}

TEST(WaitTest, ADecisionDoesNotReachALaterWait) {
  schedd_slot slot = Waiting(5);
  schedd_wait_begin(&slot);  // it ran and waits anew
  EXPECT_FALSE(schedd_wait_decide(&slot, 5));
  EXPECT_EQ(slot.state, uint32_t{SCHEDD_TASK_UNDECIDED});
}

TEST(WaitTest, IsUndoneOnlyWhileTheWaitGoesOn) {
  schedd_slot slot = Waiting(5);
  schedd_wait_decide(&slot, 5);
  schedd_wait_undo(&slot, 5);
  EXPECT_EQ(slot.state, uint32_t{SCHEDD_TASK_UNDECIDED});

  schedd_wait_decide(&slot, 5);
  slot.state = SCHEDD_TASK_RUNNING;  // a CPU took it
  schedd_wait_undo(&slot, 5);
  EXPECT_EQ(slot.state, uint32_t{SCHEDD_TASK_RUNNING});

  schedd_wait_begin(&slot);
  schedd_wait_decide(&slot, 6);  // by another decision
  schedd_wait_undo(&slot, 5);
  EXPECT_EQ(slot.state, uint32_t{SCHEDD_TASK_DECIDED});
}

// One thread is the task, which waits again and again; the other decides each wait that it has
// seen.
TEST(WaitTest, OfManyWaitsNoneIsTakenForAnother) {
  constexpr uint32_t kWaits = 200'000;
  schedd_slot slot = {};
  std::atomic<bool> over{false};
  std::thread task([&] {
    for (uint32_t i = 0; i < kWaits; ++i) schedd_wait_begin(&slot);
    over = true;
  });
  uint64_t wrong = 0;
  while (!over) {
    const uint32_t seq = __atomic_load_n(&slot.seq, __ATOMIC_RELAXED);
    if (!schedd_wait_decide(&slot, seq - 1)) continue;
    // Only if the number had wrapped to it: the task was past it before it was read.
    ++wrong;
  }
  task.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(slot.seq, kWaits);
}

}  // namespace
