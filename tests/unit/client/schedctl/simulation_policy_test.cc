// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/simulation_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace schedd::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

SimulationOptions Changed(const std::vector<std::string>& changes) {
  auto options = WithChanges({}, changes);
  EXPECT_TRUE(options.ok()) << options.status();
  return options.ok() ? *options : SimulationOptions();
}

std::string ErrorOf(const std::vector<std::string>& changes) {
  return std::string(WithChanges({}, changes).status().message());
}

TEST(SimulationPolicy, TakesDurationsNumbersAndNames) {
  const SimulationOptions options = Changed(
      {"base_slice=5ms", "dispatch_batch_count=64", "placement_mode=all-decisions", "kind=fifo"});
  EXPECT_EQ(options.parameters.base_slice_ns, 5'000'000);
  EXPECT_EQ(options.parameters.dispatch_batch_count, 64);
  EXPECT_EQ(options.parameters.placement_mode, PlacementMode::kAllDecisions);
  EXPECT_EQ(options.policy, "fifo");
}

TEST(SimulationPolicy, WhatIsNotNamedStays) {
  SimulationOptions base;
  base.policy = "fair";
  base.parameters.min_slice_ns = 2'000'000;
  const auto options = WithChanges(base, {"sleeper_credit=0"});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->policy, "fair");
  EXPECT_EQ(options->parameters.min_slice_ns, 2'000'000);
  EXPECT_EQ(options->parameters.sleeper_credit_ns, 0);
  EXPECT_EQ(options->parameters.base_slice_ns, PolicyParameters().base_slice_ns);
}

TEST(SimulationPolicy, DefaultIsTheDefaultOfANewSchedd) {
  SimulationOptions base;
  base.parameters.base_slice_ns = 5'000'000;
  EXPECT_EQ(WithChanges(base, {"base_slice=default"})->parameters, PolicyParameters());
}

TEST(SimulationPolicy, AWrongNameIsRefusedWithTheNearest) {
  EXPECT_EQ(ErrorOf({"base_slise=5ms"}),
            "there is no parameter \"base_slise\"; did you mean \"base_slice\"? Parameters: kind, "
            "base_slice, min_slice, max_slice, sleeper_credit, starvation_bound, "
            "wakeup_preempt_margin, decision_budget, dispatch_batch_count, placement_mode");
}

TEST(SimulationPolicy, AWrongKindIsRefused) {
  EXPECT_EQ(ErrorOf({"kind=cfs"}),
            "kind cannot be \"cfs\"; choose one of: vruntime, fifo, fair, rustland");
}

TEST(SimulationPolicy, BoundsAreThoseOfSchedd) {
  EXPECT_THAT(ErrorOf({"base_slice=1s"}), HasSubstr("use 100us to 100ms"));
  EXPECT_THAT(ErrorOf({"dispatch_batch_count=0"}), HasSubstr("use 1 to 1024"));
  EXPECT_THAT(ErrorOf({"base_slice=100us"}), HasSubstr("must be at least min_slice"));
  EXPECT_THAT(ErrorOf({"sleeper_credit=1000000h"}), HasSubstr("use 0 to 1s"));
}

TEST(SimulationPolicy, RulesHoldForAllChangesTogether) {
  EXPECT_EQ(Changed({"base_slice=100us", "min_slice=100us"}).parameters.base_slice_ns, 100'000);
}

TEST(SimulationPolicy, WhatIsNoChangeIsRefused) {
  EXPECT_THAT(ErrorOf({"base_slice"}), HasSubstr("is no change; write name=value"));
  EXPECT_THAT(ErrorOf({"base_slice=5"}), HasSubstr("has no unit"));
  EXPECT_THAT(ErrorOf({"base_slice=5ms", "base_slice=6ms"}), HasSubstr("given twice"));
  EXPECT_THAT(ErrorOf({"kind=fifo", "kind=fair"}), HasSubstr("given twice"));
}

TEST(SimulationPolicy, SettingsCanBeGivenBack) {
  const SimulationOptions options = Changed({"base_slice=5ms", "placement_mode=all-decisions"});
  std::vector<std::string> changes;
  for (const auto& [name, value] : PolicySettings(options)) changes.push_back(name + "=" + value);
  EXPECT_EQ(changes.size(), 10);
  EXPECT_EQ(Changed(changes).parameters, options.parameters);
}

TEST(SimulationPolicy, FairHasNoParameters) {
  EXPECT_THAT(PolicySettings(Changed({"kind=fair", "base_slice=5ms"})),
              ElementsAre(std::pair<std::string, std::string>("kind", "fair")));
}

TEST(SimulationPolicy, SummaryHasWhatIsNotTheDefault) {
  EXPECT_EQ(PolicySummary({}), "vruntime");
  EXPECT_EQ(PolicySummary(Changed({"kind=fifo", "base_slice=5ms", "min_slice=1ms"})),
            "fifo, base_slice=5ms");
}

}  // namespace
}  // namespace schedd::client
