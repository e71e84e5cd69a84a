// SPDX-License-Identifier: Apache-2.0
#include "server/control/safe_ranges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/control/error.h"

namespace schedd {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMs = 1'000'000;

absl::Status Check(const SafeRanges& ranges, absl::Duration watchdog = absl::Seconds(5)) {
  return CheckSafeRanges(ranges, watchdog);
}

TEST(SafeRangesTest, NoneIsAllThatIsPossible) {
  EXPECT_TRUE(Check({}).ok());
  const ParameterSpec& spec = *FindParameterSpec("base_slice");
  EXPECT_EQ(SafeRangeOf(spec, {}), (ParameterRange{spec.min_value, spec.max_value}));
  EXPECT_EQ(SafeRangeOf(spec, {{"base_slice", {7, 8}}}), (ParameterRange{7, 8}));
}

TEST(SafeRangesTest, ARangeMustBePossible) {
  EXPECT_TRUE(Check({{"base_slice", {2 * kMs, 2 * kMs}}}).ok());
  for (const SafeRanges& ranges :
       {SafeRanges{{"base_slice", {3 * kMs, 2 * kMs}}}, SafeRanges{{"base_slice", {0, 2 * kMs}}},
        SafeRanges{{"base_slice", {2 * kMs, 200 * kMs}}}, SafeRanges{{"placement_mode", {1, 1}}},
        SafeRanges{{"nonsense", {1, 1}}}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Check(ranges))) << ranges.begin()->first;
  }
}

// Else whoever is bound by them could change nothing at all.
TEST(SafeRangesTest, SomeValuesMustKeepTheRules) {
  EXPECT_THAT(
      std::string(
          Check({{"min_slice", {5 * kMs, 9 * kMs}}, {"base_slice", {kMs, 4 * kMs}}}).message()),
      HasSubstr("min_slice would be at least 5ms"));
  EXPECT_TRUE(Check({{"min_slice", {5 * kMs, 9 * kMs}}, {"base_slice", {kMs, 5 * kMs}}}).ok());
  EXPECT_FALSE(Check({{"base_slice", {5 * kMs, 9 * kMs}}, {"max_slice", {kMs, 4 * kMs}}}).ok());
  EXPECT_FALSE(Check({{"min_slice", {5 * kMs, 9 * kMs}}, {"max_slice", {kMs, 4 * kMs}}}).ok());
  EXPECT_FALSE(
      Check({{"max_slice", {50 * kMs, 90 * kMs}}, {"starvation_bound", {20 * kMs, 99 * kMs}}})
          .ok());
  EXPECT_FALSE(Check({{"decision_budget", {100 * kMs, 100 * kMs}},
                      {"starvation_bound", {20 * kMs, 99 * kMs}}})
                   .ok());
  EXPECT_TRUE(Check({{"starvation_bound", {2'500 * kMs, 3'000 * kMs}}}).ok());
  EXPECT_FALSE(Check({{"starvation_bound", {2'501 * kMs, 3'000 * kMs}}}).ok());
}

TEST(SafeRangesTest, OnlyWhatChangesIsChecked) {
  const SafeRanges ranges = {{"base_slice", {2 * kMs, 20 * kMs}}};
  EXPECT_TRUE(CheckWithinSafeRanges({}, {{"base_slice", 20 * kMs}}, ranges).ok());
  EXPECT_TRUE(
      CheckWithinSafeRanges({{"base_slice", 30 * kMs}}, {{"base_slice", 30 * kMs}}, ranges).ok());
  EXPECT_TRUE(CheckWithinSafeRanges({{"base_slice", 30 * kMs}}, {}, ranges).ok());
  EXPECT_TRUE(CheckWithinSafeRanges({}, {{"max_slice", 50 * kMs}}, ranges).ok());
  const absl::Status status =
      CheckWithinSafeRanges({{"base_slice", 30 * kMs}}, {{"base_slice", 21 * kMs}}, ranges);
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_EQ(GetErrorReason(status), reason::kParameterOutOfRange);
  EXPECT_EQ(
      GetErrorMetadata(status),
      (ErrorMetadata{{"field", "parameters.base_slice"}, {"minimum", "2ms"}, {"maximum", "20ms"}}));
  EXPECT_FALSE(CheckWithinSafeRanges({}, {{"base_slice", 2 * kMs - 1}}, ranges).ok());
}

}  // namespace
}  // namespace schedd
