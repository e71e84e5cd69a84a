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
  return {
      .run = 77,
      .generation = 9,
      .created = 4,
      .configured = ValuesOf(PolicyParameters()),
      .policies = {{.id = "default",
                    .revisions = {{.generation = 7, .values = ValuesOf(WithBaseSlice(5 * kMs))}}}}};
}

// Of all tasks, as it begins with.
const StoredRevision& Default(const Restored& restored) {
  for (const StoredPolicy& policy : restored.state.policies) {
    if (policy.id == "default") return policy.newest();
  }
  static const StoredRevision none;
  ADD_FAILURE() << "there is no default policy";
  return none;
}
ParameterValues& ValuesIn(StoredState& state) { return state.policies[0].revisions[0].values; }

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
  EXPECT_EQ(Default(restored).generation, 1);
  EXPECT_EQ(restored.state.created, 0);
  EXPECT_EQ(Default(restored).values, ValuesOf(options.parameters));
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
  EXPECT_EQ(Default(restored).generation, 7);
  EXPECT_EQ(restored.state.created, 4);
  EXPECT_EQ(Default(restored).values, ValuesIn(stored));
  EXPECT_THAT(IdsOf(restored), ElementsAre("x"));
  EXPECT_THAT(restored.log, ElementsAre("restored generation 9 with 1 overrides"));
}

TEST(RestoreTest, AChangedConfigurationIsNewerThanWhatCallersChanged) {
  const ControlOptions options{.parameters = WithBaseSlice(6 * kMs)};
  const Restored restored = Restore(Stored(), options, kNow);
  EXPECT_TRUE(restored.differs);
  EXPECT_EQ(restored.state.run, 77);
  EXPECT_EQ(restored.state.generation, 10);
  EXPECT_EQ(Default(restored).generation, 10);
  EXPECT_EQ(Default(restored).values, ValuesOf(options.parameters));
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
  ValuesIn(stored)["starvation_bound"] = 900 * kMs;
  ControlOptions options;
  options.load.watchdog_timeout_ms = 5'000;
  EXPECT_FALSE(Restore(stored, options, kNow).differs);
  options.load.watchdog_timeout_ms = 1'000;
  const Restored restored = Restore(stored, options, kNow);
  EXPECT_EQ(Default(restored).values, ValuesOf(PolicyParameters()));
  EXPECT_EQ(Default(restored).generation, 10);
  EXPECT_THAT(restored.log.back(), HasSubstr("those stored are not allowed: "));
}

// --- policies of control groups ---

StoredPolicy Group(const std::string& id, const std::string& path, const ParameterValues& values) {
  return {.id = id, .cgroup_path = path, .revisions = {{.generation = 3, .values = values}}};
}

std::vector<std::string> PoliciesOf(const Restored& restored) {
  std::vector<std::string> ids;
  for (const StoredPolicy& policy : restored.state.policies) ids.push_back(policy.id);
  return ids;
}

TEST(RestoreTest, PoliciesAreAsTheyWere) {
  StoredState stored = Stored();
  stored.policies.push_back(Group("b", "/a/b", {{"base_slice", 3 * kMs}, {"of_the_future", 7}}));
  stored.policies.push_back(Group("a", "/a", {{"min_slice", 2 * kMs}}));
  const Restored restored = Restore(stored, {}, kNow);
  EXPECT_FALSE(restored.differs);
  EXPECT_THAT(PoliciesOf(restored), ElementsAre("default", "a", "b"));
  EXPECT_TRUE(restored.state.policies[2] == stored.policies[1]);
  EXPECT_THAT(restored.log, ElementsAre("restored generation 9 with 0 overrides and 3 policies"));
}

TEST(RestoreTest, TemporaryValuesThatLapsedMeanwhileAreOver) {
  StoredState stored = Stored();
  StoredPolicy& all = stored.policies[0];
  all.baseline = ValuesOf(WithBaseSlice(8 * kMs));
  all.expire_time = kNow;
  StoredPolicy later = Group("a", "/a", {{"min_slice", 2 * kMs}});
  later.expire_time = kNow + absl::Nanoseconds(1);
  stored.policies.push_back(later);
  const Restored restored = Restore(stored, {}, kNow);
  EXPECT_TRUE(restored.differs);
  EXPECT_EQ(restored.state.generation, 10);
  const StoredPolicy& now = restored.state.policies[0];
  EXPECT_EQ(now.newest().values, ValuesOf(WithBaseSlice(8 * kMs)));
  EXPECT_EQ(now.newest().generation, 10);
  EXPECT_FALSE(now.expire_time.has_value());
  EXPECT_THAT(now.baseline, ::testing::IsEmpty());
  EXPECT_EQ(now.revisions[0].end_cause, RevisionEnd::kExpired);
  EXPECT_EQ(restored.state.policies[1].expire_time, later.expire_time);
  EXPECT_EQ(restored.log.back(),
            "generation 10: policies/default lapsed while schedd was not running");
  EXPECT_FALSE(Restore(restored.state, {}, kNow).differs);
}

TEST(RestoreTest, AChangedConfigurationEndsTemporaryValues) {
  StoredState stored = Stored();
  stored.policies[0].baseline = ValuesOf(WithBaseSlice(8 * kMs));
  stored.policies[0].expire_time = kNow + absl::Hours(1);
  const Restored restored = Restore(stored, {.parameters = WithBaseSlice(6 * kMs)}, kNow);
  EXPECT_EQ(Default(restored).values, ValuesOf(WithBaseSlice(6 * kMs)));
  EXPECT_EQ(Default(restored).writer, "configuration");
  EXPECT_FALSE(restored.state.policies[0].expire_time.has_value());
}

TEST(RestoreTest, APolicyThatDoesNotFitAnyMoreSetsNothingAndKeepsItsHistory) {
  StoredState stored = Stored();
  stored.policies.push_back(Group("fits", "/fits", {{"min_slice", 2 * kMs}}));
  stored.policies.push_back(Group("long", "/long", {{"base_slice", 30 * kMs}}));
  stored.policies.push_back(Group("wide", "/wide", {{"min_slice", -1}}));
  PolicyParameters configured;
  configured.max_slice_ns = 20 * kMs;
  const Restored restored = Restore(stored, {.parameters = configured}, kNow);
  EXPECT_THAT(PoliciesOf(restored), ElementsAre("default", "fits", "long", "wide"));
  EXPECT_EQ(restored.state.generation, 12);
  EXPECT_EQ(restored.state.policies[1].newest().generation, 3);
  for (const size_t cleared : {2u, 3u}) {
    const StoredPolicy& policy = restored.state.policies[cleared];
    EXPECT_THAT(policy.newest().values, ::testing::IsEmpty());
    EXPECT_EQ(policy.newest().generation, 9 + static_cast<int64_t>(cleared));
    EXPECT_EQ(policy.revisions.size(), 2u);
    EXPECT_THAT(policy.newest().reason, HasSubstr("not allowed"));
  }
  EXPECT_THAT(restored.log.back(), HasSubstr("policies/wide sets nothing any more: "));
}

TEST(RestoreTest, PoliciesThatNoCallerCouldHaveMadeAreDropped) {
  StoredState stored = Stored();
  stored.policies.push_back(Group("Bad", "/x", {}));
  stored.policies.push_back(Group("twice", "/a", {}));
  stored.policies.push_back(Group("second", "/a", {}));
  stored.policies.push_back(Group("root", "/", {}));
  stored.policies.push_back(Group("odd", "a//b", {}));
  stored.policies.push_back({.id = "empty", .cgroup_path = "/empty"});
  for (int i = 0; i < 70; ++i) {
    stored.policies.push_back(Group(absl::StrCat("p", i), absl::StrCat("/long/path/", i), {}));
  }
  const Restored restored = Restore(stored, {}, kNow);
  EXPECT_EQ(restored.state.policies.size(), kMaxPolicies);
  EXPECT_THAT(PoliciesOf(restored), ::testing::Contains("twice"));
  for (const char* id : {"Bad", "second", "root", "odd", "empty"}) {
    EXPECT_THAT(PoliciesOf(restored), ::testing::Not(::testing::Contains(id)));
  }
  EXPECT_TRUE(restored.differs);
}

TEST(RestoreTest, WithoutADefaultPolicyThereIsTheConfiguredOne) {
  StoredState stored = Stored();
  stored.policies = {Group("a", "/a", {})};
  const Restored restored = Restore(stored, {.parameters = WithBaseSlice(6 * kMs)}, kNow);
  EXPECT_THAT(PoliciesOf(restored), ElementsAre("default", "a"));
  EXPECT_EQ(Default(restored).values, ValuesOf(WithBaseSlice(6 * kMs)));
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
  EXPECT_EQ(Default(restored).generation, 7);
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
