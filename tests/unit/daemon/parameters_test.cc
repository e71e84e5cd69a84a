// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/control/parameter_specs.h"

namespace schedd::daemon {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

absl::StatusOr<PolicyParameters> Make(std::vector<ParameterSetting> settings) {
  Config config;
  config.watchdog_timeout_ns = 5'000'000'000;
  config.parameters = std::move(settings);
  return MakeParameters(config);
}

std::string ErrorOf(const std::string& name, const std::string& value) {
  const auto parameters = Make({{name, value}});
  EXPECT_FALSE(parameters.ok()) << name << "=" << value;
  EXPECT_EQ(parameters.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(parameters.status().message());
}

TEST(ParametersTest, NothingSetIsTheDefaults) {
  const auto parameters = Make({});
  ASSERT_TRUE(parameters.ok()) << parameters.status();
  EXPECT_EQ(*parameters, PolicyParameters());
}

TEST(ParametersTest, EveryKindOfValue) {
  const auto parameters = Make({{"base_slice", "5ms"},
                                {"dispatch_batch_count", "64"},
                                {"placement_mode", "PLACEMENT_MODE_ALL_DECISIONS"}});
  ASSERT_TRUE(parameters.ok()) << parameters.status();
  PolicyParameters expected;
  expected.base_slice_ns = 5'000'000;
  expected.dispatch_batch_count = 64;
  expected.placement_mode = PlacementMode::kAllDecisions;
  EXPECT_EQ(*parameters, expected);
}

TEST(ParametersTest, UnknownNameListsTheNames) {
  const std::string error = ErrorOf("base_slize", "5ms");
  EXPECT_THAT(error, HasSubstr("--set base_slize=5ms"));
  EXPECT_THAT(error, HasSubstr("base_slice, min_slice"));
}

TEST(ParametersTest, WrongFormIsExplained) {
  EXPECT_THAT(ErrorOf("base_slice", "5"), HasSubstr("duration with its unit"));
  EXPECT_THAT(ErrorOf("dispatch_batch_count", "5ms"), HasSubstr("whole number"));
  EXPECT_THAT(ErrorOf("placement_mode", "fast"),
              HasSubstr("PLACEMENT_MODE_IDLE_BYPASS or PLACEMENT_MODE_ALL_DECISIONS"));
}

TEST(ParametersTest, OutOfRangeIsRefused) {
  EXPECT_THAT(ErrorOf("base_slice", "1h"), HasSubstr("--set base_slice=1h"));
  // 2^32 + 256: would be 256 if it were cut to 32 bits before the check.
  EXPECT_THAT(ErrorOf("dispatch_batch_count", "4294967552"), HasSubstr("dispatch_batch_count"));
}

TEST(ParametersTest, EachParameterTakesItsBoundsAndNothingBeyondThem) {
  for (const ParameterSpec& spec : ParameterSpecs()) {
    if (spec.categorical()) continue;
    const std::string name(spec.field_path);
    const std::string unit = spec.is_duration() ? "ns" : "";
    for (const int64_t beyond : {spec.min_value - 1, spec.max_value + 1}) {
      const std::string value = absl::StrCat(beyond, unit);
      EXPECT_THAT(ErrorOf(name, value), HasSubstr(absl::StrCat("--set ", name, "=", value, ": ")));
    }
    // An end may break a rule between parameters, but is in the range.
    for (const int64_t end : {spec.min_value, spec.max_value}) {
      const auto parameters = Make({{name, absl::StrCat(end, unit)}});
      if (parameters.ok()) {
        EXPECT_EQ(spec.get(*parameters), end) << name;
      } else {
        EXPECT_THAT(std::string(parameters.status().message()), StartsWith("--set: ")) << name;
      }
    }
  }
}

TEST(ParametersTest, EachChoiceIsTakenByItsWholeName) {
  for (const ParameterSpec& spec : ParameterSpecs()) {
    for (const ParameterChoice& choice : spec.choices) {
      const auto parameters = Make({{std::string(spec.field_path), std::string(choice.name)}});
      ASSERT_TRUE(parameters.ok()) << parameters.status();
      EXPECT_EQ(spec.get(*parameters), choice.value) << choice.name;
    }
  }
}

struct FormCase {
  const char* name;
  const char* value;
};

TEST(ParametersTest, WhatIsNeitherNumberNorDurationIsRefused) {
  const FormCase cases[] = {
      {"base_slice", ""},
      {"base_slice", "ms"},
      {"base_slice", "5 ms"},
      {"base_slice", "5ms5"},
      {"base_slice", "inf"},
      {"base_slice", "-5ms"},
      {"dispatch_batch_count", ""},
      {"dispatch_batch_count", "1.5"},
      {"dispatch_batch_count", "0x40"},
      {"placement_mode", ""},
      {"placement_mode", "placement_mode_idle_bypass"},
      {"Base_slice", "5ms"},
      {"", "5ms"},
  };
  for (const FormCase& c : cases) {
    EXPECT_THAT(ErrorOf(c.name, c.value),
                StartsWith(absl::StrCat("--set ", c.name, "=", c.value, ": ")));
  }
}

// The watchdog must not take for a hang what the parameters allow.
TEST(ParametersTest, TheWatchdogBoundsTheParameters) {
  Config config;
  config.watchdog_timeout_ns = 1'000'000'000;
  config.parameters = {{"starvation_bound", "900ms"}};
  const auto parameters = MakeParameters(config);
  ASSERT_FALSE(parameters.ok());
  EXPECT_THAT(std::string(parameters.status().message()),
              AllOf(StartsWith("--set: "), HasSubstr("starvation_bound")));
  config.watchdog_timeout_ns = 30'000'000'000;
  EXPECT_TRUE(MakeParameters(config).ok()) << MakeParameters(config).status();
}

TEST(ParametersTest, RulesBetweenParametersHold) {
  const auto parameters = Make({{"min_slice", "10ms"}, {"base_slice", "5ms"}});
  ASSERT_FALSE(parameters.ok());
  EXPECT_THAT(std::string(parameters.status().message()), HasSubstr("min_slice"));
}

// --- safe ranges ---

absl::StatusOr<SafeRanges> MakeRanges(std::vector<ParameterSetting> settings) {
  Config config;
  config.watchdog_timeout_ns = 5'000'000'000;
  config.safe_ranges = std::move(settings);
  return MakeSafeRanges(config);
}

TEST(SafeRangeOptionsTest, BothBoundsOrOne) {
  const auto ranges = MakeRanges(
      {{"base_slice", "2ms..20ms"}, {"min_slice", "..5ms"}, {"dispatch_batch_count", "32.."}});
  ASSERT_TRUE(ranges.ok()) << ranges.status();
  const SafeRanges expected = {
      {"base_slice", {2'000'000, 20'000'000}},
      {"min_slice", {FindParameterSpec("min_slice")->min_value, 5'000'000}},
      {"dispatch_batch_count", {32, FindParameterSpec("dispatch_batch_count")->max_value}}};
  EXPECT_EQ(*ranges, expected);
}

TEST(SafeRangeOptionsTest, WhatIsWrongIsNamed) {
  for (const auto& [name, value, says] :
       {std::tuple("base_slize", "1ms..2ms", "base_slice, min_slice"),
        std::tuple("base_slice", "1ms", "MIN..MAX"), std::tuple("base_slice", "..", "MIN..MAX"),
        std::tuple("base_slice", "1ms..2ms..3ms", "MIN..MAX"),
        std::tuple("base_slice", "1..2ms", "duration with its unit"),
        std::tuple("dispatch_batch_count", "1..x", "whole number"),
        std::tuple("placement_mode", "1..2", "has no range"),
        std::tuple("base_slice", "3ms..2ms", "larger than the upper one"),
        std::tuple("base_slice", "1ns..2ms", "use 100us to 100ms")}) {
    const absl::Status status = MakeRanges({{name, value}}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("--safe-range"), HasSubstr(says)));
  }
}

}  // namespace
}  // namespace schedd::daemon
