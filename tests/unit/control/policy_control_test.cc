// SPDX-License-Identifier: Apache-2.0
#include "server/control/policy_control.h"

#include <gtest/gtest.h>

#include "tests/unit/control/control_fixture.h"

namespace schedd {
namespace {

constexpr int64_t kMs = 1'000'000;

class PolicyControlTest : public ControlFixture {
 protected:
  PolicyInfo Get() { return *parts->policy.Get(kPolicyName); }

  // What a refused change must not touch.
  void ExpectUnchanged() {
    const PolicyInfo info = Get();
    EXPECT_EQ(info.parameters, PolicyParameters());
    EXPECT_EQ(info.generation, 1);
    if (host.engine != nullptr) {
      EXPECT_TRUE(host.engine->applied.empty());
    }
  }
};

TEST_F(PolicyControlTest, BeginsWithTheConfiguration) {
  options.parameters.base_slice_ns = 7 * kMs;
  Build();
  const PolicyInfo info = Get();
  EXPECT_EQ(info.name, "policies/default");
  EXPECT_EQ(info.parameters.base_slice_ns, 7 * kMs);
  EXPECT_EQ(info.generation, 1);
  EXPECT_EQ(info.applied_generation, 0);
  EXPECT_FALSE(info.apply_time.has_value());
  EXPECT_FALSE(info.etag.empty());
}

TEST_F(PolicyControlTest, AnUpdateIsInForceWhenItIsAnswered) {
  Attach();
  const absl::StatusOr<PolicyInfo> info =
      UpdatePolicy({.values = {{"base_slice", 5 * kMs}, {"max_slice", 30 * kMs}}});
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->parameters.base_slice_ns, 5 * kMs);
  EXPECT_EQ(info->generation, 2);
  EXPECT_EQ(info->applied_generation, 2);
  EXPECT_EQ(host.engine->parameters.base_slice_ns, 5 * kMs);
  EXPECT_EQ(host.engine->parameters.max_slice_ns, 30 * kMs);
  EXPECT_EQ(host.engine->parameters.min_slice_ns, PolicyParameters().min_slice_ns);
}

TEST_F(PolicyControlTest, GenerationsAndEtagsGoUp) {
  Attach();
  const std::string before = Get().etag;
  const PolicyInfo first = *UpdatePolicy({.values = {{"base_slice", 5 * kMs}}});
  const PolicyInfo second = *UpdatePolicy({.values = {{"base_slice", 6 * kMs}}});
  EXPECT_EQ(second.generation, first.generation + 1);
  EXPECT_NE(first.etag, before);
  EXPECT_NE(second.etag, first.etag);
}

TEST_F(PolicyControlTest, TheAnswerWaitsForTheSchedulingThread) {
  host.automatic_engine = false;
  Attach();
  std::optional<PolicyInfo> answer;
  parts->policy.Update({.values = {{"base_slice", 5 * kMs}}},
                       [&](absl::StatusOr<PolicyInfo> a) { answer = *a; });
  sequence.Advance(absl::Milliseconds(20));
  EXPECT_FALSE(answer.has_value());
  host.engine->Step();
  const absl::Time applied = clock.Now();
  sequence.Advance(absl::Milliseconds(1));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->applied_generation, answer->generation);
  EXPECT_EQ(*answer->apply_time, applied);
}

TEST_F(PolicyControlTest, ASilentSchedulingThreadIsReportedAfterASecond) {
  host.automatic_engine = false;
  Attach();
  std::optional<PolicyInfo> answer;
  parts->policy.Update({.values = {{"base_slice", 5 * kMs}}},
                       [&](absl::StatusOr<PolicyInfo> a) { answer = *a; });
  sequence.Advance(absl::Milliseconds(999));
  EXPECT_FALSE(answer.has_value());
  sequence.Advance(absl::Milliseconds(1));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->generation, 2);
  EXPECT_EQ(answer->applied_generation, 1);
  EXPECT_EQ(answer->parameters.base_slice_ns, 5 * kMs);
}

TEST_F(PolicyControlTest, WhileDetachedAChangeIsKeptForTheNextAttach) {
  const absl::StatusOr<PolicyInfo> info = UpdatePolicy({.values = {{"base_slice", 5 * kMs}}});
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->generation, 2);
  EXPECT_EQ(info->applied_generation, 0);
  Attach();
  EXPECT_EQ(host.engine->parameters.base_slice_ns, 5 * kMs);
  EXPECT_EQ(Get().applied_generation, 2);
}

TEST_F(PolicyControlTest, AFieldInTheMaskThatIsNotSetGetsItsDefault) {
  ASSERT_TRUE(UpdatePolicy({.values = {{"base_slice", 5 * kMs}, {"min_slice", 2 * kMs}}}).ok());
  const absl::StatusOr<PolicyInfo> info =
      UpdatePolicy({.values = {}, .update_mask = {"parameters.base_slice"}});
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->parameters.base_slice_ns, 10 * kMs);
  EXPECT_EQ(info->parameters.min_slice_ns, 2 * kMs);
}

TEST_F(PolicyControlTest, AFieldOutsideTheMaskIsNotTouched) {
  const absl::StatusOr<PolicyInfo> info =
      UpdatePolicy({.values = {{"base_slice", 5 * kMs}, {"min_slice", 2 * kMs}},
                    .update_mask = {"parameters.min_slice"}});
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->parameters.base_slice_ns, 10 * kMs);
  EXPECT_EQ(info->parameters.min_slice_ns, 2 * kMs);
}

TEST_F(PolicyControlTest, StarAndParametersMeanAll) {
  for (const char* all : {"*", "parameters"}) {
    ASSERT_TRUE(UpdatePolicy({.values = {{"min_slice", 2 * kMs}}}).ok());
    const absl::StatusOr<PolicyInfo> info =
        UpdatePolicy({.values = {{"base_slice", 5 * kMs}}, .update_mask = {all}});
    ASSERT_TRUE(info.ok());
    PolicyParameters expected;
    expected.base_slice_ns = 5 * kMs;
    EXPECT_EQ(info->parameters, expected) << all;
  }
}

TEST_F(PolicyControlTest, AllOrNothing) {
  Attach();
  const absl::StatusOr<PolicyInfo> info =
      UpdatePolicy({.values = {{"base_slice", 5 * kMs}, {"sleeper_credit", -1}}});
  EXPECT_EQ(ErrorOf(info), "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE");
  EXPECT_EQ(FieldOf(info.status()), "parameters.sleeper_credit");
  ExpectUnchanged();
}

TEST_F(PolicyControlTest, ANumberTooWideForItsFieldIsOutOfRange) {
  const absl::StatusOr<PolicyInfo> info =
      UpdatePolicy({.values = {{"dispatch_batch_count", (int64_t{1} << 32) + 5}}});
  EXPECT_EQ(ErrorOf(info), "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE");
  ExpectUnchanged();
}

TEST_F(PolicyControlTest, ABrokenRuleChangesNothing) {
  Attach();
  const absl::StatusOr<PolicyInfo> info = UpdatePolicy({.values = {{"base_slice", 50 * kMs}}});
  EXPECT_EQ(ErrorOf(info), "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE");
  ExpectUnchanged();
  // The same value with room for it is accepted: rules look at the whole.
  EXPECT_TRUE(UpdatePolicy({.values = {{"base_slice", 50 * kMs}, {"max_slice", 60 * kMs}}}).ok());
}

TEST_F(PolicyControlTest, TheWatchdogOfTheConfigurationLimitsTheStarvationBound) {
  EXPECT_EQ(ErrorOf(UpdatePolicy({.values = {{"starvation_bound", 3'000 * kMs}}})),
            "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE");
  options.load.watchdog_timeout_ms = 6'000;
  EXPECT_TRUE(UpdatePolicy({.values = {{"starvation_bound", 3'000 * kMs}}}).ok());
}

TEST_F(PolicyControlTest, UnknownPathsAreRefusedWithTheKnownOnes) {
  for (const char* path : {"parameters.nonsense", "base_slice", "generation", "", "parameters."}) {
    const absl::StatusOr<PolicyInfo> info =
        UpdatePolicy({.values = {{"base_slice", 5 * kMs}}, .update_mask = {path}});
    EXPECT_EQ(ErrorOf(info), "INVALID_ARGUMENT UNKNOWN_PARAMETER") << path;
    EXPECT_NE(std::string(info.status().message()).find("parameters.placement_mode"),
              std::string::npos);
  }
  ExpectUnchanged();
}

TEST_F(PolicyControlTest, AnUnknownValueIsRefusedEvenOutsideTheMask) {
  EXPECT_EQ(ErrorOf(UpdatePolicy({.values = {{"nonsense", 1}}, .update_mask = {"*"}})),
            "INVALID_ARGUMENT UNKNOWN_PARAMETER");
}

TEST_F(PolicyControlTest, NothingToChangeIsAnError) {
  EXPECT_EQ(ErrorOf(UpdatePolicy({})), "INVALID_ARGUMENT EMPTY_UPDATE");
  ExpectUnchanged();
}

TEST_F(PolicyControlTest, OtherPoliciesAreNotFound) {
  EXPECT_EQ(ErrorOf(parts->policy.Get("policies/other")), "NOT_FOUND POLICY_NOT_FOUND");
  EXPECT_EQ(ErrorOf(UpdatePolicy({.name = "", .values = {{"base_slice", 5 * kMs}}})),
            "NOT_FOUND POLICY_NOT_FOUND");
  ExpectUnchanged();
}

TEST_F(PolicyControlTest, TheSecondOfTwoWritersWithOneEtagLoses) {
  Attach();
  const std::string etag = Get().etag;
  EXPECT_TRUE(UpdatePolicy({.values = {{"base_slice", 5 * kMs}}, .etag = etag}).ok());
  const absl::StatusOr<PolicyInfo> late =
      UpdatePolicy({.values = {{"base_slice", 6 * kMs}}, .etag = etag});
  EXPECT_EQ(ErrorOf(late), "ABORTED ETAG_MISMATCH");
  EXPECT_EQ(Get().parameters.base_slice_ns, 5 * kMs);
  EXPECT_EQ(Get().generation, 2);
  EXPECT_TRUE(UpdatePolicy({.values = {{"base_slice", 6 * kMs}}, .etag = Get().etag}).ok());
}

TEST_F(PolicyControlTest, AnEtagOfAFormerDaemonDoesNotMatch) {
  const std::string etag = Get().etag;
  sequence.Advance(absl::Seconds(1));
  Build();
  EXPECT_EQ(Get().generation, 1);
  EXPECT_EQ(ErrorOf(UpdatePolicy({.values = {{"base_slice", 5 * kMs}}, .etag = etag})),
            "ABORTED ETAG_MISMATCH");
}

TEST_F(PolicyControlTest, AnOverridesGenerationDoesNotSpoilThePoliciesEtag) {
  const std::string etag = Get().etag;
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "x"}, .weight = 5}}).ok());
  EXPECT_TRUE(UpdatePolicy({.values = {{"base_slice", 5 * kMs}}, .etag = etag}).ok());
  EXPECT_EQ(Get().generation, 3);
}

TEST_F(PolicyControlTest, ValidateOnlyShowsAndChangesNothing) {
  Attach();
  const absl::StatusOr<PolicyInfo> info =
      UpdatePolicy({.values = {{"base_slice", 5 * kMs}}, .validate_only = true});
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->parameters.base_slice_ns, 5 * kMs);
  ExpectUnchanged();
  EXPECT_EQ(ErrorOf(UpdatePolicy({.values = {{"base_slice", 0}}, .validate_only = true})),
            "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE");
}

TEST_F(PolicyControlTest, TheReasonIsLogged) {
  ASSERT_TRUE(
      UpdatePolicy({.values = {{"base_slice", 5 * kMs}}, .context = {.reason = "batch night"}})
          .ok());
  ASSERT_FALSE(log.empty());
  EXPECT_EQ(log.back(), "generation 2: base_slice 10ms -> 5ms because: batch night");
}

TEST_F(PolicyControlTest, AnEjectionWhileItWaitsIsAnswered) {
  host.automatic_engine = false;
  Attach();
  std::optional<PolicyInfo> answer;
  parts->policy.Update({.values = {{"base_slice", 5 * kMs}}},
                       [&](absl::StatusOr<PolicyInfo> a) { answer = *a; });
  host.kernel->Eject(Stall());
  sequence.Advance(absl::Milliseconds(150));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->generation, 2);
  EXPECT_EQ(answer->applied_generation, 0);
}

TEST_F(PolicyControlTest, AStaleEtagIsSaidBeforeAnythingElse) {
  const std::string etag = Get().etag;
  ASSERT_TRUE(UpdatePolicy({.values = {{"base_slice", 5 * kMs}}}).ok());
  for (const bool validate_only : {false, true}) {
    const absl::Status status =
        UpdatePolicy({.values = {{"nonsense", -1}}, .etag = etag, .validate_only = validate_only})
            .status();
    EXPECT_EQ(ErrorOf(status), "ABORTED ETAG_MISMATCH");
    EXPECT_EQ(FieldOf(status), "policy.etag");
    EXPECT_NE(status.message().find("policies/default has changed since you read it (generation 2"),
              std::string::npos)
        << status;
  }
}

TEST_F(PolicyControlTest, TheSameValuesAreAChangeTooAndSaidToBeNone) {
  const std::string etag = Get().etag;
  const absl::StatusOr<PolicyInfo> info = UpdatePolicy({.values = {{"base_slice", 10 * kMs}}});
  EXPECT_EQ(info->generation, 2);
  EXPECT_NE(info->etag, etag);
  EXPECT_EQ(log.back(), "generation 2: no value differs");
}

TEST_F(PolicyControlTest, TheLogHasEachChangeInTheOrderOfTheTable) {
  ASSERT_TRUE(UpdatePolicy({.values = {{"placement_mode", 2},
                                       {"dispatch_batch_count", 7},
                                       {"min_slice", 2 * kMs},
                                       {"max_slice", 40 * kMs}}})
                  .ok());
  EXPECT_EQ(log.back(), absl::StrCat("generation 2: min_slice 1ms -> 2ms, dispatch_batch_count ",
                                     PolicyParameters().dispatch_batch_count,
                                     " -> 7, placement_mode PLACEMENT_MODE_IDLE_BYPASS -> "
                                     "PLACEMENT_MODE_ALL_DECISIONS"));
}

TEST_F(PolicyControlTest, AParameterNamedTwiceIsOne) {
  const absl::StatusOr<PolicyInfo> info =
      UpdatePolicy({.values = {{"base_slice", 5 * kMs}},
                    .update_mask = {"parameters.base_slice", "*", "parameters.base_slice"}});
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->parameters.base_slice_ns, 5 * kMs);
  EXPECT_EQ(info->generation, 2);
}

TEST_F(PolicyControlTest, BackToTheDefaultsFromAnyState) {
  ASSERT_TRUE(UpdatePolicy({.values = {{"min_slice", 50 * kMs},
                                       {"base_slice", 60 * kMs},
                                       {"max_slice", 100 * kMs},
                                       {"placement_mode", 2}}})
                  .ok());
  // One by one the rules between them would be in the way.
  EXPECT_FALSE(UpdatePolicy({.update_mask = {"parameters.base_slice"}}).ok());
  ASSERT_TRUE(UpdatePolicy({.update_mask = {"*"}}).ok());
  EXPECT_EQ(Get().parameters, PolicyParameters());
}

}  // namespace
}  // namespace schedd
