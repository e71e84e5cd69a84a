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

// Wherever the counter stands, what comes within half its range after it is later.
TEST(WrapTest, OrderDoesNotDependOnWhereTheCounterStands) {
  const uint64_t half = uint64_t{1} << 63;
  for (const uint64_t base : {uint64_t{0}, uint64_t{1}, half - 1, half, UINT64_MAX}) {
    for (const uint64_t step : {uint64_t{1}, uint64_t{1'000'000'000}, half - 1}) {
      const uint64_t later = base + step;
      EXPECT_TRUE(WrapLess(base, later)) << base << " " << step;
      EXPECT_FALSE(WrapLess(later, base)) << base << " " << step;
      EXPECT_EQ(WrapMax(base, later), later);
      EXPECT_EQ(WrapMax(later, base), later);
      EXPECT_EQ(WrapDifference(later, base), static_cast<int64_t>(step));
      EXPECT_EQ(WrapDifference(base, later), -static_cast<int64_t>(step));
    }
    EXPECT_EQ(WrapDifference(base, base), 0);
    EXPECT_EQ(WrapMax(base, base), base);
  }
}

struct SaturatingCase {
  int64_t a;
  int64_t b;
  int64_t sum;
  int64_t difference;
};

TEST(SaturatingTest, EveryEnd) {
  constexpr int64_t kMin = INT64_MIN;
  constexpr int64_t kMax = INT64_MAX;
  const SaturatingCase cases[] = {
      {0, 0, 0, 0},
      {kMax, 0, kMax, kMax},
      {kMin, 0, kMin, kMin},
      {kMax, kMax, kMax, 0},
      {kMin, kMin, kMin, 0},
      {kMax, kMin, -1, kMax},
      {kMin, kMax, -1, kMin},
      {kMax - 1, 1, kMax, kMax - 2},
      {kMin + 1, -1, kMin, kMin + 2},
      {kMax, -1, kMax - 1, kMax},
      {-1, kMin, kMin, kMax},
  };
  for (const SaturatingCase& c : cases) {
    EXPECT_EQ(SaturatingAdd(c.a, c.b), c.sum) << c.a << " + " << c.b;
    EXPECT_EQ(SaturatingAdd(c.b, c.a), c.sum) << c.b << " + " << c.a;
    EXPECT_EQ(SaturatingSubtract(c.a, c.b), c.difference) << c.a << " - " << c.b;
  }
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
