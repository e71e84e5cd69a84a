// SPDX-License-Identifier: Apache-2.0
#include "server/policy/virtual_time.h"

#include <gtest/gtest.h>

namespace schedd {
namespace {

TEST(VirtualNanosTest, DividesByWeight) {
  EXPECT_EQ(VirtualNanos(1000, 100), 1000);
  EXPECT_EQ(VirtualNanos(1000, 1), 100'000);
  EXPECT_EQ(VirtualNanos(1000, 10'000), 10);
}

TEST(VirtualNanosTest, TakesAnyNumber) {
  EXPECT_EQ(VirtualNanos(-5, 100), 0);
  EXPECT_EQ(VirtualNanos(INT64_MIN, 1), 0);
  EXPECT_EQ(VirtualNanos(INT64_MAX, 1), int64_t{100'000} * 1'000'000'000);
  EXPECT_EQ(VirtualNanos(7, 0), 700);
}

TEST(CpuClocksTest, FollowsAndNeverGoesBack) {
  CpuClocks clocks(2, 100);
  clocks.Follow(0, 130, 50, 50);
  EXPECT_EQ(clocks.At(0), 130u);
  for (int i = 0; i < 100; ++i) clocks.Follow(0, 90, 50, 50);
  EXPECT_EQ(clocks.At(0), 130u);
  EXPECT_EQ(clocks.At(1), 100u) << "each CPU has its own";
}

TEST(CpuClocksTest, OneStrangerIsTheException) {
  CpuClocks clocks(1, 1000);
  for (int i = 0; i < 50; ++i) {
    clocks.Follow(0, 5000, 50, 50);
    clocks.Follow(0, 10, 50, 50);
    clocks.Follow(0, 1000, 50, 50);
  }
  EXPECT_EQ(clocks.At(0), 1000u);
}

TEST(CpuClocksTest, ManyStrangersInARowAreTheRule) {
  for (uint64_t v : {5000, 10}) {
    CpuClocks clocks(1, 1000);
    for (int i = 0; i < 8; ++i) clocks.Follow(0, v, 50, 50);
    EXPECT_EQ(clocks.At(0), v);
  }
}

TEST(CpuClocksTest, LeadAndLagHaveTheirOwnLimits) {
  CpuClocks clocks(1, 1000);
  clocks.Follow(0, 1060, 50, 500);
  EXPECT_EQ(clocks.At(0), 1000u);
  for (int i = 0; i < 20; ++i) clocks.Follow(0, 600, 50, 500);
  EXPECT_EQ(clocks.At(0), 1000u) << "a lag within its limit is no stranger";
}

TEST(CpuClocksTest, ARaiseGoesNoFurtherThanItsWindow) {
  CpuClocks clocks(1, static_cast<uint64_t>(-10));
  clocks.Raise(0, 30, 50);  // 40 further, across the wrap
  EXPECT_EQ(clocks.At(0), 30u);
  clocks.Raise(0, 81, 50);
  EXPECT_EQ(clocks.At(0), 30u);
  clocks.Raise(0, 20, 50);
  EXPECT_EQ(clocks.At(0), 30u);
  clocks.Raise(0, 80, 50);
  EXPECT_EQ(clocks.At(0), 80u);
}

}  // namespace
}  // namespace schedd
