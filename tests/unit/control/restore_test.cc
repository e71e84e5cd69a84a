// SPDX-License-Identifier: Apache-2.0
#include "server/control/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/control/parameter_specs.h"

namespace schedd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kMs = 1'000'000;
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

PolicyParameters WithBaseSlice(int64_t base_slice_ns) {
  PolicyParameters parameters;
  parameters.base_slice_ns = base_slice_ns;
  return parameters;
}

StoredOverride Entry(const std::string& id, const OverrideSpec& spec) {
  return {.id = id, .spec = spec, .process_start_ns = {}, .creation = 1, .create_time = kNow};
}

// Generation 9: begun with the defaults, then base_slice was changed to 5 ms as generation 7.
StoredState Stored() {
  return {.run = 77,
          .generation = 9,
          .created = 4,
          .configured = ValuesOf(PolicyParameters()),
          .parameters = ValuesOf(WithBaseSlice(5 * kMs)),
          .policy_generation = 7};
}

std::vector<std::string> IdsOf(const Restored& restored) {
  std::vector<std::string> ids;
  for (const StoredOverride& entry : restored.state.overrides) ids.push_back(entry.id);
  return ids;
}

TEST(RestoreTest, ValuesHoldEveryParameter) {
  PolicyParameters parameters = WithBaseSlice(7 * kMs);
  parameters.placement_mode = PlacementMode::kAllDecisions;
  parameters.dispatch_batch_count = 17;
  EXPECT_EQ(ValuesOf(parameters).size(), ParameterSpecs().size());
  EXPECT_EQ(*ParametersOf(ValuesOf(parameters)), parameters);
}

TEST(RestoreTest, ValuesOfAnotherVersion) {
  EXPECT_EQ(*ParametersOf({{"base_slice", 7 * kMs}, {"of_the_future", 3}}), WithBaseSlice(7 * kMs));
  EXPECT_EQ(*ParametersOf({}), PolicyParameters());
  EXPECT_FALSE(ParametersOf({{"dispatch_batch_count", int64_t{1} << 40}}).ok());
}

TEST(RestoreTest, ANewStoreBeginsWithTheConfiguration) {
  const ControlOptions options{.parameters = WithBaseSlice(7 * kMs)};
  const Restored restored = Restore(std::nullopt, options, kNow);
  EXPECT_TRUE(restored.differs);
  EXPECT_EQ(restored.state.run, absl::ToUnixNanos(kNow));
  EXPECT_EQ(restored.state.generation, 1);
  EXPECT_EQ(restored.state.policy_generation, 1);
  EXPECT_EQ(restored.state.created, 0);
  EXPECT_EQ(restored.state.parameters, ValuesOf(options.parameters));
  EXPECT_EQ(restored.state.configured, ValuesOf(options.parameters));
  EXPECT_THAT(restored.log, ElementsAre());
}

TEST(RestoreTest, WhatCallersChangedIsNewerThanTheConfiguration) {
  StoredState stored = Stored();
  stored.overrides = {Entry("x", {.selector = {.comm = "x"}, .weight = 5})};
  const Restored restored = Restore(stored, {}, kNow);
  EXPECT_FALSE(restored.differs);
  EXPECT_EQ(restored.state.run, 77);
  EXPECT_EQ(restored.state.generation, 9);
  EXPECT_EQ(restored.state.policy_generation, 7);
  EXPECT_EQ(restored.state.created, 4);
  EXPECT_EQ(restored.state.parameters, stored.parameters);
  EXPECT_THAT(IdsOf(restored), ElementsAre("x"));
  EXPECT_THAT(restored.log, ElementsAre("restored generation 9 with 1 overrides"));
}

TEST(RestoreTest, AChangedConfigurationIsNewerThanWhatCallersChanged) {
  const ControlOptions options{.parameters = WithBaseSlice(6 * kMs)};
  const Restored restored = Restore(Stored(), options, kNow);
  EXPECT_TRUE(restored.differs);
  EXPECT_EQ(restored.state.run, 77);
  EXPECT_EQ(restored.state.generation, 10);
  EXPECT_EQ(restored.state.policy_generation, 10);
  EXPECT_EQ(restored.state.parameters, ValuesOf(options.parameters));
  EXPECT_EQ(restored.state.configured, ValuesOf(options.parameters));
  EXPECT_EQ(restored.log.back(),
            "generation 10: the configured parameters, because the configuration has changed: "
            "base_slice 5ms -> 6ms");
  // Only once.
  EXPECT_FALSE(Restore(restored.state, options, kNow).differs);
}

TEST(RestoreTest, AParameterThatTheStoredConfigurationDoesNotKnowIsNoChange) {
  StoredState stored = Stored();
  stored.configured.erase("decision_budget");
  EXPECT_FALSE(Restore(stored, {}, kNow).differs);
}

TEST(RestoreTest, ParametersThatAreNotAllowedAnyMoreAreLeft) {
  StoredState stored = Stored();
  stored.parameters["starvation_bound"] = 900 * kMs;
  ControlOptions options;
  options.load.watchdog_timeout_ms = 5'000;
  EXPECT_FALSE(Restore(stored, options, kNow).differs);
  options.load.watchdog_timeout_ms = 1'000;
  const Restored restored = Restore(stored, options, kNow);
  EXPECT_EQ(restored.state.parameters, ValuesOf(PolicyParameters()));
  EXPECT_EQ(restored.state.policy_generation, 10);
  EXPECT_THAT(restored.log.back(), HasSubstr("those stored are not allowed: "));
}

TEST(RestoreTest, OverridesThatExpiredMeanwhileAreOneGeneration) {
  StoredState stored = Stored();
  const TaskSelector selector = {.comm = "x"};
  stored.overrides = {
      Entry("past", {.selector = selector, .weight = 5, .expire_time = kNow - absl::Hours(1)}),
      Entry("now", {.selector = selector, .weight = 5, .expire_time = kNow}),
      Entry("soon",
            {.selector = selector, .weight = 5, .expire_time = kNow + absl::Nanoseconds(1)}),
      Entry("always", {.selector = selector, .weight = 5})};
  const Restored restored = Restore(stored, {}, kNow);
  EXPECT_TRUE(restored.differs);
  EXPECT_THAT(IdsOf(restored), ElementsAre("soon", "always"));
  EXPECT_EQ(restored.state.generation, 10);
  EXPECT_EQ(restored.state.policy_generation, 7);
  EXPECT_THAT(restored.log,
              ElementsAre("restored generation 9 with 4 overrides",
                          "generation 10: taskOverrides/past expired while schedd was not running",
                          "generation 10: taskOverrides/now expired while schedd was not running"));
}

TEST(RestoreTest, OverridesThatNoCallerCouldHaveMadeAreDropped) {
  StoredState stored = Stored();
  stored.overrides = {Entry("Bad Id", {.selector = {.comm = "x"}, .weight = 5}),
                      Entry("no-selector", {.selector = {}, .weight = 5}),
                      Entry("heavy", {.selector = {.comm = "x"}, .weight = 20'000}),
                      Entry("nothing", {.selector = {.comm = "x"}}),
                      Entry("good", {.selector = {.comm = "x"}, .weight = 5})};
  const Restored restored = Restore(stored, {}, kNow);
  EXPECT_THAT(IdsOf(restored), ElementsAre("good"));
  EXPECT_EQ(restored.state.generation, 10);
  EXPECT_THAT(restored.log[3], HasSubstr("taskOverrides/heavy cannot be used: "));
}

// The policy's bounds may have become narrower after the override was made.
TEST(RestoreTest, ASliceThatThePolicyWouldRefuseNowIsKept) {
  StoredState stored = Stored();
  stored.overrides = {Entry("long", {.selector = {.comm = "x"}, .slice_ns = 90 * kMs})};
  EXPECT_THAT(IdsOf(Restore(stored, {}, kNow)), ElementsAre("long"));
}

}  // namespace
}  // namespace schedd
