// SPDX-License-Identifier: Apache-2.0
//
// Policies of control groups: which one applies, what is inherited, how they are made and removed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/unit/control/control_fixture.h"

namespace schedd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr int64_t kMs = 1'000'000;

class PoliciesTest : public ControlFixture {
 protected:
  void SetUp() override {
    ControlFixture::SetUp();
    host.cgroups = {{1, ""}, {2, "a"}, {3, "a/b"}, {4, "ab"}, {5, "a/b/c"}};
  }

  // A task in each control group.
  void AttachTasks() {
    Attach();
    for (uint32_t slot = 0; slot < 5; ++slot) {
      host.kernel->PutTask(slot, {.tid = 10 + static_cast<int32_t>(slot), .cgroup_id = slot + 1});
    }
    sequence.Advance(PolicySync::kInterval);
  }
  absl::StatusOr<PolicyInfo> Make(const std::string& id, const std::string& path,
                                  const ParameterValues& values = {}) {
    return CreatePolicy({.id = id, .cgroup_path = path, .values = values});
  }
  PolicyInfo Get(const std::string& id) { return *parts->policy.Get("policies/" + id); }
  int64_t Generation() const { return parts->generations.current(); }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    const PolicyPage page = *parts->policy.List(0, "");
    for (const PolicyInfo& info : page.policies) names.push_back(info.name);
    return names;
  }
  // base_slice in ms that the engine has for the tasks of a control group.
  int64_t BaseSliceMs(uint64_t cgroup_id) const {
    const PolicyIndex index = host.engine->cgroup_policies.Of(cgroup_id);
    const PolicyParameters& parameters =
        index == kDefaultPolicyIndex ? host.engine->parameters : host.engine->policies.at(index);
    return parameters.base_slice_ns / kMs;
  }
  std::vector<int64_t> BaseSlices() const {
    std::vector<int64_t> slices;
    for (uint64_t id = 1; id <= 5; ++id) slices.push_back(BaseSliceMs(id));
    return slices;
  }
  // Refused, and nothing is other than before.
  void ExpectRefused(const absl::Status& status, int64_t generation_before,
                     const std::string& error, const std::string& field, const std::string& says) {
    EXPECT_EQ(ErrorOf(status), error) << status;
    EXPECT_EQ(FieldOf(status), field) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(says));
    EXPECT_EQ(Generation(), generation_before);
  }
};

TEST_F(PoliciesTest, TheMostSpecificOneApplies) {
  AttachTasks();
  ASSERT_TRUE(Make("outer", "/a", {{"base_slice", 5 * kMs}}).ok());
  EXPECT_THAT(BaseSlices(), ElementsAre(10, 5, 5, 10, 5));
  ASSERT_TRUE(Make("inner", "a/b/", {{"base_slice", 3 * kMs}}).ok());
  EXPECT_THAT(BaseSlices(), ElementsAre(10, 5, 3, 10, 3));
  EXPECT_EQ(Get("inner").cgroup_path, "/a/b");
  ASSERT_TRUE(DeletePolicy({.name = "policies/outer"}).ok());
  EXPECT_THAT(BaseSlices(), ElementsAre(10, 10, 3, 10, 3));
  ASSERT_TRUE(DeletePolicy({.name = "policies/inner"}).ok());
  EXPECT_THAT(BaseSlices(), ElementsAre(10, 10, 10, 10, 10));
}

TEST_F(PoliciesTest, WhatIsNotSetIsInheritedFromTheNextOne) {
  AttachTasks();
  ASSERT_TRUE(Make("inner", "/a/b", {{"min_slice", 2 * kMs}}).ok());
  const PolicyInfo first = Get("inner");
  EXPECT_THAT(first.values, ElementsAre(Pair("min_slice", 2 * kMs)));
  EXPECT_EQ(first.parameters.min_slice_ns, 2 * kMs);
  EXPECT_EQ(first.parameters.base_slice_ns, 10 * kMs);
  // Whoever comes between, and whatever changes there.
  ASSERT_TRUE(Make("outer", "/a", {{"base_slice", 5 * kMs}}).ok());
  EXPECT_EQ(Get("inner").parameters.base_slice_ns, 5 * kMs);
  EXPECT_EQ(BaseSliceMs(3), 5);
  ASSERT_TRUE(UpdatePolicy({.name = "policies/outer", .values = {{"base_slice", 6 * kMs}}}).ok());
  EXPECT_EQ(BaseSliceMs(3), 6);
  ASSERT_TRUE(UpdatePolicy({.values = {{"base_slice", 7 * kMs}, {"max_slice", 50 * kMs}}}).ok());
  EXPECT_THAT(BaseSlices(), ElementsAre(7, 6, 6, 7, 6));
  EXPECT_EQ(Get("inner").parameters.max_slice_ns, 50 * kMs);
  // That is no change of its own.
  EXPECT_EQ(Get("inner").generation, first.generation);
  EXPECT_EQ(Get("inner").etag, first.etag);
}

TEST_F(PoliciesTest, AFieldThatIsNamedAndNotSetIsInheritedAgain) {
  ASSERT_TRUE(Make("p", "/a", {{"base_slice", 5 * kMs}, {"min_slice", 2 * kMs}}).ok());
  const absl::StatusOr<PolicyInfo> one =
      UpdatePolicy({.name = "policies/p", .update_mask = {"parameters.base_slice"}});
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_THAT(one->values, ElementsAre(Pair("min_slice", 2 * kMs)));
  EXPECT_EQ(one->parameters.base_slice_ns, 10 * kMs);
  const absl::StatusOr<PolicyInfo> all = UpdatePolicy({.name = "policies/p", .update_mask = {"*"}});
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_THAT(all->values, IsEmpty());
  EXPECT_EQ(all->parameters, PolicyParameters());
}

TEST_F(PoliciesTest, TheReplySaysWhatIsInForce) {
  AttachTasks();
  const absl::StatusOr<PolicyInfo> made =
      CreatePolicy({.id = "p",
                    .cgroup_path = "/a",
                    .values = {{"base_slice", 5 * kMs}},
                    .context = {.writer = "uid:7", .reason = "tenant"}});
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->name, "policies/p");
  EXPECT_EQ(made->generation, 2);
  EXPECT_EQ(made->applied_generation, 2);
  EXPECT_EQ(made->writer, "uid:7");
  EXPECT_EQ(*made->create_time, absl::FromUnixSeconds(1'800'000'000) + PolicySync::kInterval);
  EXPECT_EQ(log.back(),
            "generation 2: created policies/p for /a: base_slice 10ms -> 5ms because: tenant");
  EXPECT_EQ(made->etag, Get("p").etag);
}

// --- tasks ---

TEST_F(PoliciesTest, ATaskInAKnownGroupHasItsPolicyWithoutAnotherWord) {
  AttachTasks();
  ASSERT_TRUE(Make("p", "/a", {{"base_slice", 5 * kMs}}).ok());
  const size_t sent = host.engine->applied.size();
  host.kernel->PutTask(6, {.tid = 66, .cgroup_id = 2});
  sequence.Advance(4 * PolicySync::kInterval);
  EXPECT_EQ(host.engine->applied.size(), sent);
  EXPECT_EQ(BaseSliceMs(2), 5);
}

TEST_F(PoliciesTest, AGroupThatAppearsHasItsPolicySoon) {
  AttachTasks();
  ASSERT_TRUE(Make("p", "/a", {{"base_slice", 5 * kMs}}).ok());
  host.cgroups[77] = "a/new";
  host.kernel->PutTask(6, {.tid = 66, .cgroup_id = 77});
  EXPECT_EQ(BaseSliceMs(77), 10);
  sequence.Advance(PolicySync::kInterval);
  EXPECT_EQ(BaseSliceMs(77), 5);
  EXPECT_EQ(Generation(), 2) << "nobody has changed anything";
  EXPECT_EQ(host.engine->applied.back().generation, 2);
}

TEST_F(PoliciesTest, AGroupWhosePathIsNotFoundAtFirstIsAskedForAgain) {
  AttachTasks();
  ASSERT_TRUE(Make("p", "/a", {{"base_slice", 5 * kMs}}).ok());
  host.kernel->PutTask(6, {.tid = 66, .cgroup_id = 77});
  sequence.Advance(PolicySync::kInterval);
  EXPECT_EQ(BaseSliceMs(77), 10);
  host.cgroups[77] = "a/new";
  sequence.Advance(CgroupPaths::kNegativeAge + PolicySync::kInterval);
  EXPECT_EQ(BaseSliceMs(77), 5);
}

TEST_F(PoliciesTest, TasksSayWhichPolicyTheyHave) {
  AttachTasks();
  const auto policy_of = [this](int tid) {
    return parts->catalog.Get(absl::StrCat("tasks/", tid, "-100"))->policy;
  };
  const auto snapshot_of = [this](size_t task) {
    return (*parts->catalog.Snapshot(absl::ZeroDuration()))->tasks[task];
  };
  EXPECT_EQ(policy_of(11), "policies/default");
  const int64_t version = snapshot_of(1).version;
  ASSERT_TRUE(Make("p", "/a").ok());
  EXPECT_EQ(policy_of(10), "policies/default");
  EXPECT_EQ(policy_of(11), "policies/p");
  EXPECT_EQ(policy_of(12), "policies/p");
  EXPECT_EQ(snapshot_of(1).info->policy, "policies/p");
  EXPECT_GT(snapshot_of(1).version, version) << "one that sleeps, too";
  // Another one in its place, with the same number in the engine.
  ASSERT_TRUE(DeletePolicy({.name = "policies/p"}).ok());
  ASSERT_TRUE(Make("q", "/a").ok());
  EXPECT_EQ(snapshot_of(1).info->policy, "policies/q");
}

TEST_F(PoliciesTest, EachAttachmentBeginsWithAllPolicies) {
  ASSERT_TRUE(Make("p", "/a", {{"base_slice", 5 * kMs}}).ok());
  EXPECT_EQ(Get("p").applied_generation, 0);
  AttachTasks();
  EXPECT_THAT(BaseSlices(), ElementsAre(10, 5, 5, 10, 5));
  ASSERT_TRUE(parts->scheduler.Detach("").ok());
  ASSERT_TRUE(UpdatePolicy({.name = "policies/p", .values = {{"base_slice", 4 * kMs}}}).ok());
  AttachTasks();
  EXPECT_THAT(BaseSlices(), ElementsAre(10, 4, 4, 10, 4));
  EXPECT_EQ(Get("p").applied_generation, Generation());
}

TEST_F(PoliciesTest, WithoutPoliciesNobodyLooksAtGroups) {
  AttachTasks();
  ASSERT_TRUE(Make("p", "/a").ok());
  ASSERT_TRUE(DeletePolicy({.name = "policies/p"}).ok());
  const size_t sent = host.engine->applied.size();
  host.cgroups[77] = "a/new";
  host.kernel->PutTask(6, {.tid = 66, .cgroup_id = 77});
  const int asked = host.cgroup_questions;
  // The groups' weights are looked at, too, and ask each path once.
  sequence.Advance(absl::Milliseconds(300));
  EXPECT_LE(host.cgroup_questions, asked + 1);
  EXPECT_THAT(host.engine->cgroup_policies.indexes, IsEmpty());
  for (size_t i = sent; i < host.engine->applied.size(); ++i) {
    EXPECT_EQ(host.engine->applied[i].cgroup_policies, nullptr);
  }
}

// --- the list ---

TEST_F(PoliciesTest, TheListBeginsWithTheMostSpecific) {
  EXPECT_THAT(Names(), ElementsAre("policies/default"));
  for (const auto& [id, path] : {std::pair("x", "/bb"), std::pair("y", "/aa/cc"),
                                 std::pair("z", "/aa"), std::pair("w", "/aa/cc/d")}) {
    ASSERT_TRUE(Make(id, path).ok());
  }
  EXPECT_THAT(Names(), ElementsAre("policies/w", "policies/y", "policies/z", "policies/x",
                                   "policies/default"));
}

TEST_F(PoliciesTest, TheListComesInPages) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Make(absl::StrCat("p", i), absl::StrCat("/p", i)).ok());
  std::vector<std::string> names;
  std::string token;
  do {
    const PolicyPage page = *parts->policy.List(2, token);
    EXPECT_LE(page.policies.size(), 2u);
    for (const PolicyInfo& info : page.policies) names.push_back(info.name);
    token = page.next_page_token;
    // One that goes in between takes nobody along.
    if (names.size() == 2) {
      ASSERT_TRUE(DeletePolicy({.name = "policies/p1"}).ok());
    }
  } while (!token.empty());
  EXPECT_EQ(names, (std::vector<std::string>{"policies/p0", "policies/p1", "policies/p2",
                                             "policies/p3", "policies/p4", "policies/default"}));
  EXPECT_EQ(ErrorOf(parts->policy.List(-1, "")), "INVALID_ARGUMENT INVALID_PAGE_SIZE");
  EXPECT_EQ(ErrorOf(parts->policy.List(0, "nonsense")), "INVALID_ARGUMENT INVALID_PAGE_TOKEN");
}

// --- refused ---

TEST_F(PoliciesTest, WrongRequestsToCreate) {
  ASSERT_TRUE(Make("there", "/there").ok());
  const std::string invalid = "INVALID_ARGUMENT ";
  const std::string path = "policy.selector.cgroup_path";
  const auto refused = [&](const CreatePolicyRequest& request, const std::string& error,
                           const std::string& field, const std::string& says) {
    ExpectRefused(CreatePolicy(request).status(), 2, error, field, says);
    CreatePolicyRequest check = request;
    check.validate_only = true;
    ExpectRefused(CreatePolicy(check).status(), 2, error, field, says);
  };
  for (const char* id : {"", "Big", "1st", "a_b", "a/b"}) {
    refused({.id = id, .cgroup_path = "/x"}, invalid + "INVALID_NAME", "policy_id", "letters");
  }
  refused({.id = std::string(64, 'a'), .cgroup_path = "/x"}, invalid + "INVALID_NAME", "policy_id",
          "63");
  refused({.id = "p"}, invalid + "INVALID_SELECTOR", path, "is empty");
  refused({.id = "p", .cgroup_path = "/x/../y"}, invalid + "INVALID_SELECTOR", path, "..");
  refused({.id = "p", .cgroup_path = "//"}, invalid + "INVALID_SELECTOR", path, kPolicyName);
  refused({.id = "p", .cgroup_path = std::string(5'000, 'x')}, invalid + "INVALID_SELECTOR", path,
          "4095");
  refused({.id = "there", .cgroup_path = "/x"}, "ALREADY_EXISTS POLICY_EXISTS", "policy_id",
          "UpdatePolicy");
  refused({.id = "default", .cgroup_path = "/x"}, "ALREADY_EXISTS POLICY_EXISTS", "policy_id",
          "UpdatePolicy");
  refused({.id = "p", .cgroup_path = "there/"}, "ALREADY_EXISTS SELECTOR_EXISTS", path,
          "policies/there is for /there");
  refused({.id = "p", .cgroup_path = "/x", .values = {{"nonsense", 1}}},
          invalid + "UNKNOWN_PARAMETER", "parameters.nonsense", "parameters.base_slice");
  refused({.id = "p", .cgroup_path = "/x", .values = {{"base_slice", 1}}},
          invalid + "PARAMETER_OUT_OF_RANGE", "parameters.base_slice", "100us to 100ms");
  refused({.id = "p", .cgroup_path = "/x", .values = {{"base_slice", 90 * kMs}}},
          invalid + "PARAMETER_OUT_OF_RANGE", "parameters.base_slice", "max_slice (40ms)");
  refused({.id = "p", .cgroup_path = "/x", .context = {.reason = std::string(1'025, 'r')}},
          invalid + "REASON_TOO_LONG", "reason", "1024");
  for (const char* name : {"decision_budget", "dispatch_batch_count", "placement_mode"}) {
    refused({.id = "p", .cgroup_path = "/x", .values = {{name, 2}}}, invalid + "MACHINE_PARAMETER",
            absl::StrCat("parameters.", name), "set it in policies/default");
  }
  EXPECT_THAT(Names(), ElementsAre("policies/there", "policies/default"));
}

TEST_F(PoliciesTest, NoMoreThanTheEngineHasRoomFor) {
  AttachTasks();
  for (size_t i = 1; i < kMaxPolicies; ++i) {
    ASSERT_TRUE(Make(absl::StrCat("p", i), absl::StrCat("/p", i)).ok()) << i;
  }
  const int64_t generation = Generation();
  ExpectRefused(Make("more", "/more").status(), generation, "RESOURCE_EXHAUSTED TOO_MANY_POLICIES",
                "", "64");
  // A place that is given up is taken again.
  ASSERT_TRUE(DeletePolicy({.name = "policies/p7"}).ok());
  ASSERT_TRUE(Make("more", "/a", {{"base_slice", 5 * kMs}}).ok());
  EXPECT_THAT(BaseSlices(), ElementsAre(10, 5, 5, 10, 5));
}

TEST_F(PoliciesTest, WrongRequestsToUpdate) {
  ASSERT_TRUE(Make("p", "/a", {{"base_slice", 5 * kMs}}).ok());
  const auto refused = [&](PolicyUpdate update, const std::string& error, const std::string& field,
                           const std::string& says) {
    update.name = "policies/p";
    ExpectRefused(UpdatePolicy(update).status(), 2, error, field, says);
  };
  refused({.values = {{"placement_mode", 2}}}, "INVALID_ARGUMENT MACHINE_PARAMETER",
          "parameters.placement_mode", "policies/default");
  refused({.values = {{"min_slice", 6 * kMs}}}, "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE",
          "parameters.base_slice", "at least min_slice");
  refused({.values = {{"base_slice", 4 * kMs}}, .cgroup_path = "/b"},
          "INVALID_ARGUMENT IMMUTABLE_FIELD", "policy.selector", "it is /a");
  refused({.update_mask = {"selector"}}, "INVALID_ARGUMENT IMMUTABLE_FIELD", "policy.selector",
          "leave selector out");
  refused({.update_mask = {"*"}, .cgroup_path = "/b"}, "INVALID_ARGUMENT IMMUTABLE_FIELD",
          "policy.selector", "it is /a");
  refused({.update_mask = {"selector"}, .cgroup_path = "/a"}, "INVALID_ARGUMENT EMPTY_UPDATE",
          "update_mask", "nothing to change");
  refused({.values = {{"base_slice", 4 * kMs}}, .etag = "old"}, "ABORTED ETAG_MISMATCH",
          "policy.etag", "policies/p has changed");
  refused({.values = {{"base_slice", 4 * kMs}}, .context = {.reason = std::string(1'025, 'r')}},
          "INVALID_ARGUMENT REASON_TOO_LONG", "reason", "1024");
  ExpectRefused(UpdatePolicy({.values = {{"base_slice", 4 * kMs}}, .cgroup_path = "/a"}).status(),
                2, "INVALID_ARGUMENT IMMUTABLE_FIELD", "policy.selector", "matches all tasks");
  // Its own selector is no change of it.
  EXPECT_TRUE(UpdatePolicy({.name = "policies/p",
                            .values = {{"base_slice", 4 * kMs}},
                            .update_mask = {"selector", "parameters.base_slice"},
                            .cgroup_path = "a"})
                  .ok());
}

TEST_F(PoliciesTest, AChangeMustLeaveTheOthersWithinTheRules) {
  ASSERT_TRUE(Make("outer", "/a", {{"max_slice", 80 * kMs}}).ok());
  ASSERT_TRUE(Make("inner", "/a/b", {{"base_slice", 60 * kMs}}).ok());
  ExpectRefused(
      UpdatePolicy({.name = "policies/outer", .values = {{"max_slice", 50 * kMs}}}).status(), 3,
      "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE", "parameters.base_slice",
      "in policies/inner, which inherits, parameters.base_slice would be 60ms");
  ExpectRefused(UpdatePolicy({.values = {{"starvation_bound", 100 * kMs}}}).status(), 3,
                "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE", "parameters.starvation_bound",
                "which inherits");
  ExpectRefused(DeletePolicy({.name = "policies/outer"}), 3, "FAILED_PRECONDITION POLICY_INHERITED",
                "parameters.base_slice", "without policies/outer, in policies/inner");
  ASSERT_TRUE(DeletePolicy({.name = "policies/inner"}).ok());
  EXPECT_TRUE(DeletePolicy({.name = "policies/outer"}).ok());
}

TEST_F(PoliciesTest, WrongRequestsToDelete) {
  ASSERT_TRUE(Make("p", "/a").ok());
  ExpectRefused(DeletePolicy({.name = "policies/default"}), 2, "FAILED_PRECONDITION DEFAULT_POLICY",
                "name", "cannot be deleted");
  for (const char* name : {"policies/other", "p", "", "policies/"}) {
    ExpectRefused(DeletePolicy({.name = name}), 2, "NOT_FOUND POLICY_NOT_FOUND", "name",
                  "ListPolicies");
  }
  ExpectRefused(DeletePolicy({.name = "policies/p", .etag = "old"}), 2, "ABORTED ETAG_MISMATCH",
                "etag", "has changed");
  EXPECT_TRUE(DeletePolicy({.name = "policies/p", .validate_only = true}).ok());
  EXPECT_EQ(Generation(), 2);
  EXPECT_TRUE(
      DeletePolicy(
          {.name = "policies/p", .etag = Get("p").etag, .context = {.reason = "the tenant left"}})
          .ok());
  EXPECT_EQ(log.back(), "generation 3: deleted policies/p because: the tenant left");
  EXPECT_EQ(ErrorOf(parts->policy.Get("policies/p")), "NOT_FOUND POLICY_NOT_FOUND");
}

TEST_F(PoliciesTest, ValidateOnlyShowsAndChangesNothing) {
  AttachTasks();
  const absl::StatusOr<PolicyInfo> made = CreatePolicy(
      {.id = "p", .cgroup_path = "/a", .values = {{"base_slice", 5 * kMs}}, .validate_only = true});
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->parameters.base_slice_ns, 5 * kMs);
  EXPECT_EQ(made->generation, 0);
  EXPECT_EQ(made->etag, "");
  EXPECT_THAT(Names(), ElementsAre("policies/default"));
  ASSERT_TRUE(Make("p", "/a").ok());
  const absl::StatusOr<PolicyInfo> changed = UpdatePolicy(
      {.name = "policies/p", .values = {{"base_slice", 5 * kMs}}, .validate_only = true});
  EXPECT_EQ(changed->parameters.base_slice_ns, 5 * kMs);
  EXPECT_EQ(changed->etag, Get("p").etag);
  EXPECT_THAT(Get("p").values, IsEmpty());
  EXPECT_THAT(BaseSlices(), ElementsAre(10, 10, 10, 10, 10));
}

// --- safe ranges ---

TEST_F(PoliciesTest, TheSafeRangeBindsThoseWhoMayNotLeaveIt) {
  options.safe_ranges = {{"base_slice", {2 * kMs, 20 * kMs}}};
  Build();
  const ChangeContext bound = {.may_leave_safe_range = false};
  const ParameterValues outside = {{"base_slice", 30 * kMs}};
  const std::string error = "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE";
  const absl::Status status = UpdatePolicy({.values = outside, .context = bound}).status();
  ExpectRefused(status, 1, error, "parameters.base_slice", "safe range");
  EXPECT_EQ(GetErrorMetadata(status).at("minimum"), "2ms");
  EXPECT_EQ(GetErrorMetadata(status).at("maximum"), "20ms");
  ExpectRefused(
      CreatePolicy({.id = "p", .cgroup_path = "/a", .values = outside, .context = bound}).status(),
      1, error, "parameters.base_slice", "use 2ms to 20ms");
  EXPECT_TRUE(UpdatePolicy({.values = {{"base_slice", 20 * kMs}}, .context = bound}).ok());
  // Another value that stays outside, where somebody put it who may, is not theirs.
  EXPECT_TRUE(UpdatePolicy({.values = outside}).ok());
  EXPECT_TRUE(UpdatePolicy({.values = {{"min_slice", 2 * kMs}}, .context = bound}).ok());
  EXPECT_TRUE(UpdatePolicy({.values = {{"base_slice", 5 * kMs}}, .context = bound}).ok());
  ExpectRefused(
      RollbackPolicy({.name = kPolicyName, .revision_id = "3", .context = bound}).status(), 5,
      error, "parameters.base_slice", "safe range");
  EXPECT_TRUE(RollbackPolicy({.name = kPolicyName, .revision_id = "3"}).ok());
}

}  // namespace
}  // namespace schedd
