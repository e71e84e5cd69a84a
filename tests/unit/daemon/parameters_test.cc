// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace schedd::daemon {
namespace {

using ::testing::HasSubstr;

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

TEST(ParametersTest, RulesBetweenParametersHold) {
  const auto parameters = Make({{"min_slice", "10ms"}, {"base_slice", "5ms"}});
  ASSERT_FALSE(parameters.ok());
  EXPECT_THAT(std::string(parameters.status().message()), HasSubstr("min_slice"));
}

}  // namespace
}  // namespace schedd::daemon
