// SPDX-License-Identifier: Apache-2.0
#include "server/base/wrap.h"

#include <gtest/gtest.h>

namespace schedd {
namespace {

TEST(WrapTest, OrderIsThatOfTheSignedDifference) {
  EXPECT_TRUE(WrapLess(1, 2));
  EXPECT_FALSE(WrapLess(2, 1));
  EXPECT_FALSE(WrapLess(7, 7));
  EXPECT_TRUE(WrapLess(UINT64_MAX, 0));
  EXPECT_FALSE(WrapLess(0, UINT64_MAX));
  EXPECT_TRUE(WrapLess(uint64_t{1} << 63, (uint64_t{1} << 63) + 1));
}

TEST(WrapTest, DifferenceAcrossTheWrap) {
  EXPECT_EQ(WrapDifference(3, UINT64_MAX - 1), 5);
  EXPECT_EQ(WrapDifference(UINT64_MAX - 1, 3), -5);
}

TEST(WrapTest, MaxIsTheLaterOne) {
  EXPECT_EQ(WrapMax(5, 9), 9u);
  EXPECT_EQ(WrapMax(UINT64_MAX, 4), 4u);
}

TEST(SaturatingTest, StopsAtTheEnds) {
  EXPECT_EQ(SaturatingAdd(2, 3), 5);
  EXPECT_EQ(SaturatingAdd(INT64_MAX, 1), INT64_MAX);
  EXPECT_EQ(SaturatingAdd(INT64_MIN, -1), INT64_MIN);
  EXPECT_EQ(SaturatingSubtract(2, 3), -1);
  EXPECT_EQ(SaturatingSubtract(INT64_MIN, 1), INT64_MIN);
  EXPECT_EQ(SaturatingSubtract(0, INT64_MIN), INT64_MAX);
}

}  // namespace
}  // namespace schedd
