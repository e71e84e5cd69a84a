// SPDX-License-Identifier: Apache-2.0
#include "server/policy/slice.h"

#include <gtest/gtest.h>

namespace schedd {
namespace {

constexpr PolicyParameters kDefaults;

TEST(SliceTest, BaseSliceUpToOneWaitingTaskACpu) {
  for (size_t waiting : {0, 1, 4}) EXPECT_EQ(SliceFor(kDefaults, 0, waiting, 4), 10'000'000);
}

TEST(SliceTest, ShrinksInProportionDownToTheMinimum) {
  EXPECT_EQ(SliceFor(kDefaults, 0, 8, 4), 5'000'000);
  EXPECT_EQ(SliceFor(kDefaults, 0, 5, 4), 8'000'000);
  EXPECT_EQ(SliceFor(kDefaults, 0, 40, 4), 1'000'000);
  EXPECT_EQ(SliceFor(kDefaults, 0, 65'536, 1), 1'000'000);
}

TEST(SliceTest, AnOverrideWinsWithinTheLimits) {
  EXPECT_EQ(SliceFor(kDefaults, 3'000'000, 100, 1), 3'000'000);
  EXPECT_EQ(SliceFor(kDefaults, 1, 0, 1), kDefaults.min_slice_ns);
  EXPECT_EQ(SliceFor(kDefaults, INT64_MAX, 0, 1), kDefaults.max_slice_ns);
}

TEST(SliceTest, ContradictoryParametersGiveASliceAllTheSame) {
  EXPECT_EQ(ClampSlice({.min_slice_ns = 9, .max_slice_ns = 5}, 7), 9);
  EXPECT_EQ(ClampSlice({.min_slice_ns = -9, .max_slice_ns = -5}, -7), 1);
  EXPECT_EQ(SliceFor({.base_slice_ns = INT64_MAX, .max_slice_ns = INT64_MAX}, 0, 3, 2),
            INT64_MAX / 3 * 2);
}

}  // namespace
}  // namespace schedd
