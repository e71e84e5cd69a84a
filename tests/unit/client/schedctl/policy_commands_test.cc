// SPDX-License-Identifier: Apache-2.0
//
// schedctl policy get, set, specs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/client/schedctl/harness.h"

namespace schedd::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class PolicyTest : public SchedctlTest {
 protected:
  PolicyTest() {
    policy_.set_name("policies/default");
    auto& parameters = *policy_.mutable_parameters();
    parameters.mutable_base_slice()->set_nanos(10'000'000);
    parameters.mutable_min_slice()->set_nanos(1'000'000);
    parameters.mutable_max_slice()->set_nanos(40'000'000);
    parameters.mutable_sleeper_credit()->set_nanos(20'000'000);
    parameters.mutable_starvation_bound()->set_nanos(500'000'000);
    parameters.mutable_wakeup_preempt_margin()->set_nanos(2'000'000);
    parameters.mutable_decision_budget()->set_nanos(20'000'000);
    parameters.set_dispatch_batch_count(256);
    parameters.set_placement_mode(v1::PLACEMENT_MODE_IDLE_BYPASS);
    policy_.set_generation(4);
    policy_.set_applied_generation(5);
    policy_.mutable_apply_time()->set_seconds(kNowSeconds);
    policy_.set_etag("e4");
    server_.get_policy.Returns(policy_);
    // schedd's part: merge what the mask names, count on.
    server_.update_policy.handler =
        [this](const v1::UpdatePolicyRequest& request) -> absl::StatusOr<v1::Policy> {
      v1::Policy after = policy_;
      after.mutable_parameters()->MergeFrom(request.policy().parameters());
      if (!request.validate_only()) after.set_generation(6);
      after.set_applied_generation(applied_);
      return after;
    };
  }

  Result Set(std::vector<std::string> words) {
    words.insert(words.begin(), {"policy", "set"});
    return Run(words);
  }

  const v1::UpdatePolicyRequest& request() { return server_.update_policy.requests.at(0); }

  v1::Policy policy_;
  int64_t applied_ = 6;
};

TEST_F(PolicyTest, GetGolden) {
  const Result result = Run({"policy", "get"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out,
            "PARAMETER              VALUE\n"
            "base_slice             10ms\n"
            "min_slice              1ms\n"
            "max_slice              40ms\n"
            "sleeper_credit         20ms\n"
            "starvation_bound       500ms\n"
            "wakeup_preempt_margin  2ms\n"
            "decision_budget        20ms\n"
            "dispatch_batch_count   256\n"
            "placement_mode         idle-bypass\n"
            "generation 4, in force (applied generation 5) since 2026-11-22 20:31:05, etag e4\n");
  EXPECT_EQ(server_.get_policy.requests.at(0).name(), "policies/default");
}

TEST_F(PolicyTest, GetAsDocuments) {
  EXPECT_THAT(Run({"policy", "get", "-o", "json"}).out,
              StartsWith("{\n  \"name\": \"policies/default\",\n  \"parameters\": {\n    "));
  EXPECT_THAT(Run({"policy", "get", "-o", "yaml"}).out, HasSubstr("  baseSlice: \"0.010s\"\n"));
}

TEST_F(PolicyTest, GetOfAnotherPolicyShowsWhatIsInForceAndWhatItSetsItself) {
  v1::Policy web;
  web.set_name("policies/web");
  web.mutable_selector()->set_cgroup_path("/web");
  *web.mutable_effective_parameters() = policy_.parameters();
  web.mutable_effective_parameters()->mutable_base_slice()->set_nanos(3'000'000);
  web.mutable_parameters()->mutable_base_slice()->set_nanos(3'000'000);
  web.mutable_expire_time()->set_seconds(kNowSeconds + 60);
  web.set_generation(7);
  server_.get_policy.Returns(web);
  const Result result = Run({"policy", "get", "web"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("PARAMETER              VALUE        SET\n"
                                     "base_slice             3ms          here\n"
                                     "min_slice              1ms          inherited\n"));
  EXPECT_THAT(result.out,
              HasSubstr("\nfor the tasks of /web and below\n"
                        "generation 7, in force as soon as the scheduler is attached, temporary "
                        "values until 2026-11-22 20:32:05, etag \n"));
  EXPECT_EQ(server_.get_policy.requests.at(0).name(), "policies/web");
  EXPECT_EQ(Run({"policy", "get", "policies/web"}).code, 0);
  EXPECT_EQ(server_.get_policy.requests.at(1).name(), "policies/web");
}

TEST_F(PolicyTest, SetShowsOldAndNewAndTheGenerations) {
  const Result result = Set({"base_slice=5ms", "placement_mode=all-decisions", "--reason", "test"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            "base_slice: 10ms -> 5ms\n"
            "placement_mode: idle-bypass -> all-decisions\n"
            "generation 6, in force (applied generation 6) since 2026-11-22 20:31:05\n");
  EXPECT_EQ(request().policy().name(), "policies/default");
  EXPECT_EQ(request().policy().parameters().base_slice().nanos(), 5'000'000);
  EXPECT_EQ(request().policy().etag(), "");
  EXPECT_THAT(request().update_mask().paths(),
              ElementsAre("parameters.base_slice", "parameters.placement_mode"));
  EXPECT_EQ(request().reason(), "test");
  EXPECT_FALSE(request().validate_only());
}

TEST_F(PolicyTest, SetOfAnotherPolicy) {
  policy_.mutable_selector()->set_cgroup_path("/web");
  policy_.mutable_parameters()->clear_base_slice();
  server_.get_policy.Returns(policy_);
  const Result result = Set({"web", "base_slice=5ms", "max_slice=default"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("base_slice: inherited -> 5ms\nmax_slice: 40ms -> "));
  EXPECT_EQ(request().policy().name(), "policies/web");
  EXPECT_EQ(server_.get_policy.requests.at(0).name(), "policies/web");
  EXPECT_THAT(request().update_mask().paths(),
              ElementsAre("parameters.base_slice", "parameters.max_slice"));
}

TEST_F(PolicyTest, SetForATime) {
  server_.update_policy.handler =
      [this](const v1::UpdatePolicyRequest&) -> absl::StatusOr<v1::Policy> {
    policy_.mutable_expire_time()->set_seconds(kNowSeconds + 600);
    return policy_;
  };
  EXPECT_THAT(Set({"base_slice=5ms", "--ttl", "10m"}).out,
              HasSubstr(", temporary values until 2026-11-22 20:41:05\n"));
  EXPECT_EQ(request().ttl().seconds(), 600);
  const Result result = Set({"base_slice=5ms", "--ttl", "10"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("--ttl: duration \"10\" has no unit"));
  EXPECT_EQ(server_.update_policy.requests.size(), 1u);
}

TEST_F(PolicyTest, SetWithoutATtlIsForGood) {
  EXPECT_EQ(Set({"base_slice=5ms"}).code, 0);
  EXPECT_FALSE(request().has_ttl());
}

TEST_F(PolicyTest, AWordThatIsNoChangeNamesThePolicyUnlessItIsAParameter) {
  EXPECT_THAT(Set({"web"}).err, HasSubstr("change is required"));
  EXPECT_THAT(Set({"base_slice"}).err, HasSubstr("\"base_slice\" is no change; write name=value"));
  EXPECT_THAT(Set({"web", "base_slice", "5ms"}).err, HasSubstr("is no change"));
  EXPECT_THAT(server_.update_policy.requests, IsEmpty());
}

TEST_F(PolicyTest, SetSaysWhenItIsNotYetInForce) {
  applied_ = 5;
  EXPECT_THAT(Set({"base_slice=5ms"}).out,
              HasSubstr("generation 6, not yet in force: the scheduling thread works with "
                        "generation 5\n"));
  applied_ = 0;
  EXPECT_THAT(Set({"base_slice=5ms"}).out,
              HasSubstr("generation 6, in force as soon as the scheduler is attached\n"));
}

TEST_F(PolicyTest, SetDryRun) {
  EXPECT_EQ(Set({"base_slice=5ms", "--dry-run"}).out,
            "base_slice: 10ms -> 5ms\nvalid; nothing was changed\n");
  EXPECT_TRUE(request().validate_only());
}

TEST_F(PolicyTest, SetWithAnEtagThatNoLongerHolds) {
  server_.update_policy.Returns(DetailedError(
      absl::StatusCode::kAborted, "the policy has changed; read it again", "ETAG_MISMATCH"));
  const Result result = Set({"base_slice=5ms", "--etag", "e3"});
  EXPECT_EQ(result.code, 6);
  EXPECT_EQ(result.err, "schedctl: the policy has changed; read it again (ETAG_MISMATCH)\n");
  EXPECT_EQ(request().policy().etag(), "e3");
}

TEST_F(PolicyTest, SetOutOfRange) {
  server_.update_policy.Returns(DetailedError(absl::StatusCode::kInvalidArgument,
                                              "base_slice must be 100us to 1s",
                                              "PARAMETER_OUT_OF_RANGE"));
  const Result result = Set({"base_slice=5h"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_EQ(result.err, "schedctl: base_slice must be 100us to 1s (PARAMETER_OUT_OF_RANGE)\n");
}

TEST_F(PolicyTest, SetOfAnUnknownParameterSendsNothing) {
  const Result result = Set({"base_slice=5ms", "color=red"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("there is no parameter \"color\""));
  EXPECT_THAT(server_.update_policy.requests, IsEmpty());
  EXPECT_THAT(server_.get_policy.requests, IsEmpty());
}

TEST_F(PolicyTest, SetAsJsonAndQuietly) {
  EXPECT_THAT(Set({"base_slice=5ms", "-o", "json"}).out, HasSubstr("\"generation\": \"6\""));
  const Result quiet = Set({"base_slice=5ms", "-q"});
  EXPECT_EQ(quiet.code, 0);
  EXPECT_THAT(quiet.out, IsEmpty());
}

TEST_F(PolicyTest, SetThatCannotReadChangesNothing) {
  server_.get_policy.Returns(DetailedError(absl::StatusCode::kPermissionDenied, "no", "DENIED"));
  EXPECT_EQ(Set({"base_slice=5ms"}).code, 4);
  EXPECT_THAT(server_.update_policy.requests, IsEmpty());
}

TEST_F(PolicyTest, WhatIsNotSetIsADash) {
  server_.get_policy.Returns(v1::Policy());
  const std::string out = Run({"policy", "get"}).out;
  EXPECT_THAT(out, HasSubstr("\nbase_slice             -\n"));
  EXPECT_THAT(out, HasSubstr("\ndispatch_batch_count   -\n"));
  EXPECT_THAT(out, HasSubstr("\nplacement_mode         -\n"));
  EXPECT_THAT(out, HasSubstr("\ngeneration 0, in force (applied generation 0), etag \n"));
}

TEST_F(PolicyTest, AnEtagCannotPlayWithTheTerminal) {
  policy_.set_etag("e\033[2J");
  server_.get_policy.Returns(policy_);
  EXPECT_THAT(Run({"policy", "get"}).out, HasSubstr("etag e\\x1b[2J\n"));
}

TEST_F(PolicyTest, SetToTheDefaultSendsTheNameAlone) {
  EXPECT_EQ(Set({"base_slice=default"}).code, 0);
  EXPECT_THAT(request().update_mask().paths(), ElementsAre("parameters.base_slice"));
  EXPECT_FALSE(request().policy().parameters().has_base_slice());
}

TEST_F(PolicyTest, Specs) {
  v1::ListParameterSpecsResponse reply;
  auto* slice = reply.add_parameter_specs();
  slice->set_name("parameterSpecs/base_slice");
  slice->set_field_path("base_slice");
  slice->set_description("Time slice.");
  slice->set_unit("ns");
  slice->mutable_int64_domain()->set_min_value(100'000);
  slice->mutable_int64_domain()->set_max_value(1'000'000'000);
  slice->mutable_int64_domain()->set_default_value(10'000'000);
  slice->set_scale(v1::ParameterSpec::SCALE_LOG);
  auto* mode = reply.add_parameter_specs();
  mode->set_field_path("placement_mode");
  mode->set_description("Which wakeups.");
  mode->mutable_categorical_domain()->add_values("PLACEMENT_MODE_IDLE_BYPASS");
  mode->mutable_categorical_domain()->add_values("A_NEWER_ONE");
  mode->mutable_categorical_domain()->set_default_value("PLACEMENT_MODE_IDLE_BYPASS");
  server_.list_specs.Returns(reply);
  EXPECT_EQ(Run({"policy", "specs"}).out,
            "PARAMETER         MIN  MAX      DEFAULT  SCALE        DESCRIPTION\n"
            "base_slice      100us   1s         10ms  log          Time slice.\n"
            "placement_mode              idle-bypass  unspecified  Which wakeups. One of: "
            "idle-bypass, A_NEWER_ONE\n");
  EXPECT_THAT(Run({"policy", "specs", "-o", "json"}).out,
              StartsWith("{\n  \"parameterSpecs\": [\n    {\n      \"name\": "
                         "\"parameterSpecs/base_slice\",\n"));
}

}  // namespace
}  // namespace schedd::client
