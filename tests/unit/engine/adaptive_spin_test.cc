// SPDX-License-Identifier: Apache-2.0
#include "server/engine/adaptive_spin.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace schedd {
namespace {

constexpr int64_t kMost = 16'000;

// Looks and finds nothing until it looks no more. Returns how often it looked.
int GiveUp(AdaptiveSpin& spin) {
  int looks = 0;
  for (int64_t ns = spin.NextNanos(); ns > 0 && looks < 100; ns = spin.NextNanos(), ++looks) {
    spin.Note(ns, false, ns);
  }
  return looks;
}

TEST(AdaptiveSpinTest, BeginsWithTheLongestLook) {
  EXPECT_EQ(AdaptiveSpin(kMost).NextNanos(), kMost);
}

TEST(AdaptiveSpinTest, LooksShorterEachTimeItFindsNothing) {
  AdaptiveSpin spin(kMost);
  spin.Note(kMost, false, kMost);
  EXPECT_EQ(spin.NextNanos(), kMost / 2);
  spin.Note(kMost / 2, false, kMost / 2);
  EXPECT_EQ(spin.NextNanos(), kMost / 4);
}

TEST(AdaptiveSpinTest, GivesUpAndTriesAgainNowAndThen) {
  AdaptiveSpin spin(kMost);
  EXPECT_EQ(GiveUp(spin), 4);
  int looks = 0;
  for (int chance = 0; chance < 320; ++chance) {
    const int64_t ns = spin.NextNanos();
    if (ns == 0) continue;
    ++looks;
    EXPECT_LT(ns, kMost) << "it does not spend much on a try";
    spin.Note(ns, false, ns);
  }
  EXPECT_EQ(looks, 10);
}

TEST(AdaptiveSpinTest, ComesBackWhenATryFindsWork) {
  AdaptiveSpin spin(kMost);
  GiveUp(spin);
  int64_t ns = 0;
  while (ns == 0) ns = spin.NextNanos();
  for (int i = 0; i < 10; ++i) {
    spin.Note(ns, true, ns / 2);
    ns = spin.NextNanos();
  }
  EXPECT_EQ(ns, kMost) << "and no further than that";
}

TEST(AdaptiveSpinTest, WorkThatCameTooLateDoesNotCount) {
  AdaptiveSpin spin(kMost);
  spin.Note(kMost, true, kMost + 1);
  EXPECT_EQ(spin.NextNanos(), kMost / 2);
}

TEST(AdaptiveSpinTest, NoneIsNoneForEver) {
  AdaptiveSpin spin(0);
  for (int chance = 0; chance < 100; ++chance) {
    EXPECT_EQ(spin.NextNanos(), 0);
  }
}

}  // namespace
}  // namespace schedd
