// SPDX-License-Identifier: Apache-2.0
//
// Which wakers are believed that they are about to sleep (bpf/sync.h), in user space.
#include "bpf/sync.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace {

constexpr uint64_t kSoon = SCHEDD_SYNC_SOON_NS;

class SyncTest : public testing::Test {
 protected:
  // One run of the waker: it wakes somebody, and the run ends so much later.
  void Run(uint64_t after, bool sleeps) {
    schedd_sync_begin(&cpu_, now_);
    schedd_sync_end(&cpu_, &waker_, sleeps ? 1 : 0, now_ + after);
    now_ += 1'000'000;
  }
  void EarnTrust() {
    for (int i = 0; i < SCHEDD_SYNC_TRUSTED; ++i) Run(kSoon, true);
  }

  schedd_cpu cpu_ = {};
  schedd_slot waker_ = {};
  uint64_t now_ = 5;
};

TEST_F(SyncTest, NobodyIsBelievedAtFirst) {
  for (int i = 0; i < SCHEDD_SYNC_TRUSTED; ++i) {
    EXPECT_FALSE(schedd_sync_trusted(&waker_)) << i;
    Run(kSoon, true);
  }
  EXPECT_TRUE(schedd_sync_trusted(&waker_));
}

TEST_F(SyncTest, WhoGoesOnIsNotBelievedAnyMore) {
  EarnTrust();
  Run(kSoon + 1, true);
  EXPECT_FALSE(schedd_sync_trusted(&waker_)) << "slept too late";
  EarnTrust();
  Run(kSoon + 1, false);
  EXPECT_FALSE(schedd_sync_trusted(&waker_)) << "used up its slice";
}

TEST_F(SyncTest, APreemptionSoonAfterSaysNothing) {
  Run(kSoon, false);
  EXPECT_EQ(waker_.sync_kept, 0u);
  EarnTrust();
  Run(kSoon, false);
  EXPECT_TRUE(schedd_sync_trusted(&waker_));
}

TEST_F(SyncTest, ARunWithoutSuchAWakeupSaysNothing) {
  EarnTrust();
  schedd_sync_end(&cpu_, &waker_, 1, now_);
  schedd_sync_end(&cpu_, &waker_, 0, now_ + 10 * kSoon);
  EXPECT_TRUE(schedd_sync_trusted(&waker_));
}

TEST_F(SyncTest, OneWakeupCountsInARun) {
  EXPECT_TRUE(schedd_sync_begin(&cpu_, now_));
  EXPECT_FALSE(schedd_sync_begin(&cpu_, now_ + kSoon));
  EXPECT_FALSE(schedd_sync_broken(&cpu_, now_ + kSoon));
  EXPECT_TRUE(schedd_sync_broken(&cpu_, now_ + kSoon + 1)) << "since the first one";
  schedd_sync_end(&cpu_, &waker_, 1, now_ + 2 * kSoon);
  EXPECT_FALSE(schedd_sync_broken(&cpu_, now_ + 10 * kSoon)) << "the run is over";
  EXPECT_TRUE(schedd_sync_begin(&cpu_, now_));
}

}  // namespace
