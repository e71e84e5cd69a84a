// SPDX-License-Identifier: Apache-2.0
//
// Which waking task takes the CPU from which running one (bpf/preempt.h), in user space.
#include "bpf/preempt.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace {

constexpr uint64_t kMs = 1'000'000;

class PreemptTest : public testing::Test {
 protected:
  PreemptTest() {
    header_.min_slice_ns = kMs;
    header_.sleeper_credit_ns = 20 * kMs;
    cpu_.vtime_floor = 500 * kMs;
    cpu_.since_ns = kNow - kMs / 10;
    running_.seq = 7;
    running_.urgent_seq = 6;
    running_.decided_weight = 100;
    running_.deadline = 500 * kMs;
  }
  bool May(uint64_t deadline = 490 * kMs) const {
    return schedd_may_preempt(&header_, &cpu_, &running_, deadline, kNow) != 0;
  }

  static constexpr uint64_t kNow = 9'000 * kMs;
  schedd_header header_ = {};
  schedd_cpu cpu_ = {};
  schedd_slot running_ = {};
};

TEST_F(PreemptTest, AnEarlierDeadlineTakesTheCpuFromOneThatHasJustComeToIt) { EXPECT_TRUE(May()); }

TEST_F(PreemptTest, ButNotTwiceWithinAMinimumSlice) {
  cpu_.taken_ns = kNow - kMs + 1;
  EXPECT_FALSE(May());
  cpu_.taken_ns = kNow - kMs;
  EXPECT_TRUE(May());
  schedd_note_preempt(&cpu_, kNow);
  EXPECT_FALSE(May());
}

TEST_F(PreemptTest, ATurnThatEndsAStarvedTasksWaitIsAMinimumSliceLong) {
  running_.urgent_seq = running_.seq;
  EXPECT_FALSE(May());
  cpu_.since_ns = kNow - kMs;
  EXPECT_TRUE(May());
}

TEST_F(PreemptTest, TheDeadlineIsEarlierByMoreThanTheMargin) {
  // The other one's: 500 ms and the 0.1 ms that it ran.
  header_.preempt_margin_ns = 10 * kMs;
  EXPECT_TRUE(May());
  header_.preempt_margin_ns = 10 * kMs + kMs / 10;
  EXPECT_FALSE(May());
  header_.preempt_margin_ns = 0;
  EXPECT_FALSE(May(500 * kMs + kMs / 10));
}

TEST_F(PreemptTest, OneThatWasNeverDecidedHasNoDeadlineToCompare) {
  running_.decided_weight = 0;
  EXPECT_FALSE(May());
}

TEST_F(PreemptTest, AtTheTickOneCpuGivesWayToEachThatWoke) {
  schedd_slot waiting = {};
  waiting.seq = 3;
  EXPECT_FALSE(schedd_claim_at_tick(&waiting)) << "its slice was over: it did not wake";
  waiting.woken_ns = 1;
  EXPECT_TRUE(schedd_claim_at_tick(&waiting));
  EXPECT_FALSE(schedd_claim_at_tick(&waiting)) << "another CPU does already";
  waiting.seq = 4;
  EXPECT_TRUE(schedd_claim_at_tick(&waiting)) << "the next wait";
}

}  // namespace
