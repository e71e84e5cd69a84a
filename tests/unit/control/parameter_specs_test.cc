// SPDX-License-Identifier: Apache-2.0
#include "server/control/parameter_specs.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "server/control/error.h"
#include "server/control/page_token.h"

namespace schedd {
namespace {

constexpr absl::Duration kWatchdog = absl::Seconds(5);

int64_t Value(absl::string_view path, const PolicyParameters& parameters) {
  return FindParameterSpec(path)->get(parameters);
}

TEST(ParameterSpecsTest, EveryFieldOfTheProtoIsThereOnce) {
  const std::vector<std::string> expected = {"base_slice",       "min_slice",
                                             "max_slice",        "sleeper_credit",
                                             "starvation_bound", "wakeup_preempt_margin",
                                             "decision_budget",  "dispatch_batch_count",
                                             "placement_mode"};
  std::vector<std::string> paths;
  for (const ParameterSpec& spec : ParameterSpecs()) paths.emplace_back(spec.field_path);
  EXPECT_EQ(paths, expected);
}

TEST(ParameterSpecsTest, DefaultsAreThoseOfThePolicyAndPassTheChecks) {
  const PolicyParameters defaults;
  for (const ParameterSpec& spec : ParameterSpecs()) {
    EXPECT_EQ(spec.get(defaults), spec.default_value) << spec.field_path;
    EXPECT_LT(spec.min_value, spec.max_value) << spec.field_path;
    EXPECT_FALSE(spec.description.empty()) << spec.field_path;
    if (spec.scale == ParameterSpec::Scale::kLog) {
      EXPECT_GT(spec.min_value, 0) << spec.field_path;
    }
  }
  EXPECT_TRUE(CheckParameters(defaults, kWatchdog).ok());
}

TEST(ParameterSpecsTest, SetChangesItsOwnFieldOnly) {
  for (const ParameterSpec& spec : ParameterSpecs()) {
    PolicyParameters changed;
    spec.set(changed, spec.max_value);
    for (const ParameterSpec& other : ParameterSpecs()) {
      const int64_t expected = &other == &spec ? spec.max_value : other.default_value;
      EXPECT_EQ(other.get(changed), expected) << spec.field_path << " and " << other.field_path;
    }
  }
}

TEST(ParameterSpecsTest, BoundsAreInclusive) {
  for (const ParameterSpec& spec : ParameterSpecs()) {
    EXPECT_TRUE(CheckParameterRange(spec, spec.min_value).ok()) << spec.field_path;
    EXPECT_TRUE(CheckParameterRange(spec, spec.max_value).ok()) << spec.field_path;
    for (const int64_t bad : {spec.min_value - 1, spec.max_value + 1, INT64_MIN, INT64_MAX}) {
      const absl::Status status = CheckParameterRange(spec, bad);
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << spec.field_path;
      EXPECT_EQ(GetErrorReason(status), reason::kParameterOutOfRange) << spec.field_path;
      EXPECT_EQ(GetErrorMetadata(status)["field"], "parameters." + std::string(spec.field_path));
    }
  }
}

TEST(ParameterSpecsTest, RangeErrorsSayWhatIsAllowed) {
  EXPECT_EQ(CheckParameterRange(*FindParameterSpec("base_slice"), 1).message(),
            "parameters.base_slice is 1ns: use 100us to 100ms");
  EXPECT_EQ(CheckParameterRange(*FindParameterSpec("dispatch_batch_count"), 0).message(),
            "parameters.dispatch_batch_count is 0: use 1 to 1024");
  EXPECT_EQ(CheckParameterRange(*FindParameterSpec("placement_mode"), 9).message(),
            "parameters.placement_mode has no value 9: use PLACEMENT_MODE_IDLE_BYPASS, "
            "PLACEMENT_MODE_ALL_DECISIONS");
  const ErrorMetadata metadata =
      GetErrorMetadata(CheckParameterRange(*FindParameterSpec("starvation_bound"), 1));
  EXPECT_EQ(metadata.at("minimum"), "20ms");
  EXPECT_EQ(metadata.at("maximum"), "10s");
}

// One row a rule: the change that breaks it, and the field that is blamed.
struct RuleCase {
  const char* name;
  void (*change)(PolicyParameters& p);
  const char* field;
  const char* words;
};

class RuleTest : public ::testing::TestWithParam<RuleCase> {};

TEST_P(RuleTest, IsRefused) {
  PolicyParameters parameters;
  GetParam().change(parameters);
  const absl::Status status = CheckParameters(parameters, kWatchdog);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(GetErrorReason(status), reason::kParameterOutOfRange);
  EXPECT_EQ(GetErrorMetadata(status)["field"], GetParam().field);
  EXPECT_NE(std::string(status.message()).find(GetParam().words), std::string::npos)
      << status.message();
}

INSTANTIATE_TEST_SUITE_P(
    Rules, RuleTest,
    ::testing::Values(
        RuleCase{"BaseBelowMin", [](PolicyParameters& p) { p.base_slice_ns = 999'999; },
                 "parameters.base_slice",
                 "would be 999.999us, but it must be at least min_slice (1ms)"},
        RuleCase{"BaseAboveMax", [](PolicyParameters& p) { p.base_slice_ns = 40'000'001; },
                 "parameters.base_slice", "must be at most max_slice (40ms)"},
        RuleCase{"BoundBelowTwoSlices",
                 [](PolicyParameters& p) { p.starvation_bound_ns = 79'999'999; },
                 "parameters.starvation_bound", "must be at least twice max_slice (80ms)"},
        RuleCase{"BoundBelowBudget",
                 [](PolicyParameters& p) { p.decision_budget_ns = 500'000'001; },
                 "parameters.starvation_bound", "must be at least decision_budget"},
        RuleCase{"BoundAboveHalfTheWatchdog",
                 [](PolicyParameters& p) { p.starvation_bound_ns = 2'500'000'001; },
                 "parameters.starvation_bound",
                 "must be at most half the kernel's watchdog timeout (2.5s)"}),
    [](const ::testing::TestParamInfo<RuleCase>& info) { return std::string(info.param.name); });

TEST(ParameterSpecsTest, RulesHoldExactlyAtTheirLimits) {
  PolicyParameters p;
  p.base_slice_ns = p.min_slice_ns;
  EXPECT_TRUE(CheckParameters(p, kWatchdog).ok());
  p.base_slice_ns = p.max_slice_ns;
  EXPECT_TRUE(CheckParameters(p, kWatchdog).ok());
  p.starvation_bound_ns = 2 * p.max_slice_ns;
  EXPECT_TRUE(CheckParameters(p, kWatchdog).ok());
  p.decision_budget_ns = p.starvation_bound_ns;
  EXPECT_TRUE(CheckParameters(p, kWatchdog).ok());
  p.starvation_bound_ns = 2'500'000'000;
  EXPECT_TRUE(CheckParameters(p, kWatchdog).ok());
  p.starvation_bound_ns = 10'000'000'000;
  EXPECT_TRUE(CheckParameters(p, absl::Seconds(20)).ok());
}

TEST(ParameterSpecsTest, ValuesAreShownWithTheirUnit) {
  EXPECT_EQ(FormatParameterValue(*FindParameterSpec("base_slice"), 5'000'000), "5ms");
  EXPECT_EQ(FormatParameterValue(*FindParameterSpec("dispatch_batch_count"), 256), "256");
  EXPECT_EQ(FormatParameterValue(*FindParameterSpec("placement_mode"), 2),
            "PLACEMENT_MODE_ALL_DECISIONS");
}

TEST(ParameterSpecsTest, PlacementModeIsTheNumberOfTheApi) {
  PolicyParameters parameters;
  EXPECT_EQ(Value("placement_mode", parameters), 1);
  FindParameterSpec("placement_mode")->set(parameters, 2);
  EXPECT_EQ(parameters.placement_mode, PlacementMode::kAllDecisions);
  FindParameterSpec("placement_mode")->set(parameters, 1);
  EXPECT_EQ(parameters.placement_mode, PlacementMode::kIdleBypass);
}

TEST(ListParameterSpecsTest, PagesHaveEachSpecOnce) {
  std::vector<std::string> paths;
  std::string token;
  int pages = 0;
  do {
    const absl::StatusOr<ParameterSpecPage> page = ListParameterSpecs(4, token);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_LE(page->specs.size(), 4u);
    for (const ParameterSpec& spec : page->specs) paths.emplace_back(spec.field_path);
    token = page->next_page_token;
    ++pages;
  } while (!token.empty());
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(paths.size(), ParameterSpecs().size());
  EXPECT_EQ(std::set<std::string>(paths.begin(), paths.end()).size(), paths.size());
}

TEST(ListParameterSpecsTest, APageThatJustFitsIsTheLast) {
  const absl::StatusOr<ParameterSpecPage> page =
      ListParameterSpecs(static_cast<int32_t>(ParameterSpecs().size()), "");
  EXPECT_EQ(page->next_page_token, "");
}

TEST(ListParameterSpecsTest, RefusesBadSizesAndTokens) {
  EXPECT_EQ(GetErrorReason(ListParameterSpecs(-1, "").status()), reason::kInvalidPageSize);
  EXPECT_EQ(GetErrorReason(ListParameterSpecs(1, "???").status()), reason::kInvalidPageToken);
}

TEST(ListParameterSpecsTest, ATokenMustNameAParameterOfThisList) {
  for (const std::string& token :
       {EncodePageToken("parameterSpecs", "nonsense"), EncodePageToken("parameterSpecs", ""),
        EncodePageToken("tasks", "base_slice")}) {
    EXPECT_EQ(GetErrorReason(ListParameterSpecs(1, token).status()), reason::kInvalidPageToken);
  }
  // The token names where the page begins.
  const absl::StatusOr<ParameterSpecPage> page =
      ListParameterSpecs(1, EncodePageToken("parameterSpecs", "placement_mode"));
  EXPECT_EQ(page->specs.front().field_path, "placement_mode");
  EXPECT_EQ(page->next_page_token, "");
}

}  // namespace
}  // namespace schedd
