// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a policy's values in time: revisions, rollback, what is known to be good,
// temporary values.
#include "server/control/policy_revisions.h"

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
using ::testing::SizeIs;

constexpr int64_t kMs = 1'000'000;
// UpdatePolicy() of the fixture waits for so long.
constexpr absl::Duration kUpdate = absl::Seconds(1);

class PolicyRevisionsTest : public ControlFixture {
 protected:
  PolicyInfo Get(const std::string& name = kPolicyName) { return *parts->policy.Get(name); }
  absl::StatusOr<PolicyInfo> SetBaseSlice(int64_t ms, std::optional<absl::Duration> ttl = {}) {
    return UpdatePolicy({.values = {{"base_slice", ms * kMs}}, .ttl = ttl});
  }
  int64_t BaseSliceMs() { return Get().parameters.base_slice_ns / kMs; }
  std::vector<StoredRevision> Revisions(const std::string& name = kPolicyName) {
    std::vector<StoredRevision> revisions;
    const RevisionPage page = *parts->policy.ListRevisions(name, 1'000, "");
    for (const RevisionInfo& info : page.revisions) revisions.push_back(info.revision);
    return revisions;
  }
  std::vector<RevisionEnd> Ends() {
    std::vector<RevisionEnd> ends;
    for (const StoredRevision& revision : Revisions()) ends.push_back(revision.end_cause);
    return ends;
  }
  std::vector<bool> KnownGood() {
    std::vector<bool> good;
    for (const StoredRevision& revision : Revisions()) good.push_back(revision.known_good);
    return good;
  }
};

TEST_F(PolicyRevisionsTest, EachChangeIsKeptWithWhoAndWhy) {
  const absl::Time begun = clock.Now();
  ASSERT_TRUE(UpdatePolicy({.values = {{"base_slice", 5 * kMs}},
                            .context = {.writer = "uid:7", .reason = "batch night"}})
                  .ok());
  const std::vector<StoredRevision> revisions = Revisions();
  ASSERT_THAT(revisions, SizeIs(2));
  EXPECT_EQ(revisions[0].generation, 2);
  EXPECT_EQ(revisions[0].values.at("base_slice"), 5 * kMs);
  EXPECT_EQ(revisions[0].writer, "uid:7");
  EXPECT_EQ(revisions[0].reason, "batch night");
  EXPECT_EQ(revisions[0].create_time, begun);
  EXPECT_EQ(revisions[0].end_cause, RevisionEnd::kInForce);
  EXPECT_FALSE(revisions[0].end_time.has_value());
  EXPECT_EQ(revisions[1].generation, 1);
  EXPECT_EQ(revisions[1].values.at("base_slice"), 10 * kMs);
  EXPECT_EQ(revisions[1].writer, "configuration");
  EXPECT_EQ(revisions[1].end_cause, RevisionEnd::kSuperseded);
  EXPECT_EQ(revisions[1].end_time, begun);
  EXPECT_EQ(Get().writer, "uid:7");
  const RevisionPage page = *parts->policy.ListRevisions(kPolicyName, 0, "");
  EXPECT_EQ(page.revisions[0].name, "policies/default/revisions/2");
}

TEST_F(PolicyRevisionsTest, TheNewestHundredAreKeptAndComeInPages) {
  for (int i = 0; i < 120; ++i) ASSERT_TRUE(SetBaseSlice(5 + i % 7).ok());
  std::vector<int64_t> generations;
  std::string token;
  do {
    const RevisionPage page = *parts->policy.ListRevisions(kPolicyName, 30, token);
    EXPECT_LE(page.revisions.size(), 30u);
    for (const RevisionInfo& info : page.revisions) {
      generations.push_back(info.revision.generation);
    }
    token = page.next_page_token;
  } while (!token.empty());
  ASSERT_THAT(generations, SizeIs(kMaxRevisions));
  EXPECT_EQ(generations.front(), 121);
  EXPECT_EQ(generations.back(), 22);
  EXPECT_EQ(ErrorOf(RollbackPolicy({.name = kPolicyName, .revision_id = "21"})),
            "NOT_FOUND REVISION_NOT_FOUND");
  EXPECT_EQ(ErrorOf(parts->policy.ListRevisions("policies/x", 0, "")),
            "NOT_FOUND POLICY_NOT_FOUND");
  EXPECT_EQ(ErrorOf(parts->policy.ListRevisions(kPolicyName, -1, "")),
            "INVALID_ARGUMENT INVALID_PAGE_SIZE");
  EXPECT_EQ(ErrorOf(parts->policy.ListRevisions(kPolicyName, 0, "x")),
            "INVALID_ARGUMENT INVALID_PAGE_TOKEN");
}

TEST_F(PolicyRevisionsTest, APageOfOnePolicyIsNoneOfAnother) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(SetBaseSlice(5 + i).ok());
  ASSERT_TRUE(CreatePolicy({.id = "p", .cgroup_path = "/a"}).ok());
  const std::string token = parts->policy.ListRevisions(kPolicyName, 1, "")->next_page_token;
  EXPECT_EQ(ErrorOf(parts->policy.ListRevisions("policies/p", 1, token)),
            "INVALID_ARGUMENT INVALID_PAGE_TOKEN");
}

// --- rollback ---

TEST_F(PolicyRevisionsTest, RollbackIsANewGenerationWithTheOldValues) {
  Attach();
  ASSERT_TRUE(UpdatePolicy({.values = {{"base_slice", 5 * kMs}, {"min_slice", 2 * kMs}}}).ok());
  ASSERT_TRUE(UpdatePolicy({.values = {{"base_slice", 6 * kMs}, {"max_slice", 30 * kMs}}}).ok());
  const absl::StatusOr<PolicyInfo> back =
      RollbackPolicy({.name = kPolicyName,
                      .revision_id = "2",
                      .etag = Get().etag,
                      .context = {.writer = "uid:7", .reason = "too slow"}});
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->generation, 4);
  EXPECT_EQ(back->applied_generation, 4);
  PolicyParameters expected;
  expected.base_slice_ns = 5 * kMs;
  expected.min_slice_ns = 2 * kMs;
  EXPECT_EQ(back->parameters, expected);
  EXPECT_EQ(host.engine->parameters, expected);
  EXPECT_THAT(Ends(), ElementsAre(RevisionEnd::kInForce, RevisionEnd::kRolledBack,
                                  RevisionEnd::kSuperseded, RevisionEnd::kSuperseded));
  EXPECT_EQ(Revisions()[0].reason, "too slow");
  EXPECT_EQ(log.back(),
            "generation 4: policies/default: back to revision 2: base_slice 6ms -> 5ms, max_slice "
            "30ms -> 40ms because: too slow");
}

TEST_F(PolicyRevisionsTest, WrongRollbacksChangeNothing) {
  ASSERT_TRUE(SetBaseSlice(5).ok());
  const auto refused = [this](const RollbackRequest& request, const std::string& error,
                              const std::string& field) {
    const absl::Status status = RollbackPolicy(request).status();
    EXPECT_EQ(ErrorOf(status), error) << status;
    EXPECT_EQ(FieldOf(status), field);
    EXPECT_EQ(parts->generations.current(), 2);
  };
  refused({.name = "policies/x", .revision_id = "1"}, "NOT_FOUND POLICY_NOT_FOUND", "name");
  for (const char* id : {"", "x", "-1", "0", "1.5"}) {
    refused({.name = kPolicyName, .revision_id = id}, "INVALID_ARGUMENT INVALID_NAME",
            "revision_id");
  }
  refused({.name = kPolicyName, .revision_id = "7"}, "NOT_FOUND REVISION_NOT_FOUND", "revision_id");
  refused({.name = kPolicyName, .revision_id = kKnownGood}, "NOT_FOUND REVISION_NOT_FOUND",
          "revision_id");
  refused({.name = kPolicyName, .revision_id = "1", .etag = "old"}, "ABORTED ETAG_MISMATCH",
          "etag");
  refused({.name = kPolicyName, .revision_id = "1", .context = {.reason = std::string(2'000, 'r')}},
          "INVALID_ARGUMENT REASON_TOO_LONG", "reason");
  const absl::StatusOr<PolicyInfo> check =
      RollbackPolicy({.name = kPolicyName, .revision_id = "1", .validate_only = true});
  ASSERT_TRUE(check.ok());
  EXPECT_EQ(check->parameters, PolicyParameters());
  EXPECT_EQ(BaseSliceMs(), 5);
  EXPECT_EQ(parts->generations.current(), 2);
}

TEST_F(PolicyRevisionsTest, ValuesThatWouldBreakARuleByNowDoNotComeBack) {
  ASSERT_TRUE(
      CreatePolicy({.id = "p", .cgroup_path = "/a", .values = {{"base_slice", 35 * kMs}}}).ok());
  ASSERT_TRUE(UpdatePolicy({.name = "policies/p", .values = {{"base_slice", 5 * kMs}}}).ok());
  ASSERT_TRUE(UpdatePolicy({.values = {{"max_slice", 20 * kMs}}}).ok());
  const absl::Status status = RollbackPolicy({.name = "policies/p", .revision_id = "2"}).status();
  EXPECT_EQ(ErrorOf(status), "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE");
  EXPECT_THAT(Get("policies/p").values, ElementsAre(Pair("base_slice", 5 * kMs)));
}

// --- known to be good ---

TEST_F(PolicyRevisionsTest, KnownToBeGoodAfterTheBakeTime) {
  options.bake_time = absl::Seconds(30);
  Build();
  sequence.Advance(absl::Minutes(1));
  EXPECT_THAT(KnownGood(), ElementsAre(false)) << "nothing is attached";
  Attach();
  sequence.Advance(absl::Seconds(30) - absl::Nanoseconds(1));
  EXPECT_THAT(KnownGood(), ElementsAre(false));
  sequence.Advance(absl::Nanoseconds(1));
  EXPECT_THAT(KnownGood(), ElementsAre(true));
  ASSERT_TRUE(SetBaseSlice(5).ok());
  sequence.Advance(absl::Seconds(20));
  ASSERT_TRUE(SetBaseSlice(6).ok());
  sequence.Advance(absl::Seconds(30));
  EXPECT_THAT(KnownGood(), ElementsAre(true, false, true));
  EXPECT_EQ(parts->generations.current(), 3) << "that is no change";
}

TEST_F(PolicyRevisionsTest, ADetachBeginsTheBakeTimeAnew) {
  Attach();
  sequence.Advance(absl::Seconds(50));
  ASSERT_TRUE(parts->scheduler.Detach("").ok());
  sequence.Advance(absl::Seconds(50));
  Attach();
  sequence.Advance(absl::Seconds(59));
  EXPECT_THAT(KnownGood(), ElementsAre(false));
  sequence.Advance(absl::Seconds(1));
  EXPECT_THAT(KnownGood(), ElementsAre(true));
}

TEST_F(PolicyRevisionsTest, WhatTheEngineHasNotTakenUpProvesNothing) {
  Attach();
  host.engine->automatic = false;
  ASSERT_TRUE(SetBaseSlice(5).ok());
  sequence.Advance(absl::Minutes(3));
  EXPECT_THAT(KnownGood(), ElementsAre(false, false));
  host.engine->automatic = true;
  host.engine->Step();
  sequence.Advance(absl::Minutes(1));
  EXPECT_THAT(KnownGood(), ElementsAre(true, false));
}

TEST_F(PolicyRevisionsTest, RollbackToTheNewestKnownGoodOneBefore) {
  Attach();
  sequence.Advance(absl::Minutes(1));
  ASSERT_TRUE(SetBaseSlice(5).ok());
  sequence.Advance(absl::Minutes(1));
  ASSERT_TRUE(SetBaseSlice(6).ok());
  ASSERT_TRUE(SetBaseSlice(7).ok());
  ASSERT_TRUE(RollbackPolicy({.name = kPolicyName, .revision_id = kKnownGood}).ok());
  EXPECT_EQ(BaseSliceMs(), 5);
  // The one in force, though good itself, is not what is asked for.
  sequence.Advance(absl::Minutes(1));
  EXPECT_THAT(KnownGood(), ElementsAre(true, false, false, true, true));
  ASSERT_TRUE(SetBaseSlice(8).ok());
  sequence.Advance(absl::Minutes(1));
  ASSERT_TRUE(RollbackPolicy({.name = kPolicyName, .revision_id = kKnownGood}).ok());
  EXPECT_EQ(BaseSliceMs(), 5);
}

TEST_F(PolicyRevisionsTest, AnEjectionIsNotedAndSpoilsTheRevision) {
  Attach();
  ASSERT_TRUE(SetBaseSlice(5).ok());
  sequence.Advance(absl::Seconds(10));
  host.kernel->Eject(Stall());
  sequence.Advance(absl::Milliseconds(150));
  EXPECT_THAT(Ends(), ElementsAre(RevisionEnd::kEjected, RevisionEnd::kSuperseded));
  EXPECT_TRUE(Revisions()[0].end_time.has_value());
  // Its values are still the policy's, but never proved good.
  EXPECT_EQ(BaseSliceMs(), 5);
  Attach();
  sequence.Advance(absl::Minutes(5));
  EXPECT_THAT(KnownGood(), ElementsAre(false, false));
  ASSERT_TRUE(SetBaseSlice(6).ok());
  EXPECT_THAT(Ends(),
              ElementsAre(RevisionEnd::kInForce, RevisionEnd::kEjected, RevisionEnd::kSuperseded));
  sequence.Advance(absl::Minutes(1));
  EXPECT_THAT(KnownGood(), ElementsAre(true, false, false));
}

TEST_F(PolicyRevisionsTest, WhoeverTakesTheDispatcherOutOnPurposeEjectsNobody) {
  Attach();
  host.kernel->Eject({.kind = 64, .code = 0, .reason = "unregistered", .message = "", .dump = ""});
  sequence.Advance(absl::Milliseconds(150));
  EXPECT_THAT(Ends(), ElementsAre(RevisionEnd::kInForce));
}

// --- temporary values ---

TEST_F(PolicyRevisionsTest, TemporaryValuesLapseToTheExactBaseline) {
  Attach();
  ASSERT_TRUE(UpdatePolicy({.values = {{"base_slice", 7 * kMs}, {"max_slice", 30 * kMs}}}).ok());
  const PolicyInfo before = Get();
  const absl::Time begun = clock.Now();
  const absl::StatusOr<PolicyInfo> trial = UpdatePolicy(
      {.values = {{"base_slice", 5 * kMs}, {"min_slice", 2 * kMs}}, .ttl = absl::Seconds(30)});
  ASSERT_TRUE(trial.ok()) << trial.status();
  EXPECT_EQ(trial->expire_time, begun + absl::Seconds(30));
  EXPECT_THAT(log.back(), HasSubstr("until "));
  sequence.Advance(absl::Seconds(29) - absl::Nanoseconds(1));
  EXPECT_EQ(BaseSliceMs(), 5);
  sequence.Advance(absl::Nanoseconds(1));
  const PolicyInfo after = Get();
  EXPECT_EQ(after.values, before.values);
  EXPECT_EQ(after.parameters, before.parameters);
  EXPECT_EQ(host.engine->parameters, before.parameters);
  EXPECT_EQ(after.generation, 4);
  EXPECT_EQ(after.applied_generation, 4);
  EXPECT_FALSE(after.expire_time.has_value());
  EXPECT_THAT(Ends(), ElementsAre(RevisionEnd::kInForce, RevisionEnd::kExpired,
                                  RevisionEnd::kSuperseded, RevisionEnd::kSuperseded));
  EXPECT_EQ(Revisions()[0].reason, "the ttl of generation 3 has run out");
  EXPECT_EQ(log.back(),
            "generation 4: policies/default lapsed: base_slice 5ms -> 7ms, min_slice 2ms -> 1ms");
  EXPECT_EQ(ErrorOf(UpdatePolicy({.values = {{"base_slice", 6 * kMs}}, .etag = trial->etag})),
            "ABORTED ETAG_MISMATCH");
}

TEST_F(PolicyRevisionsTest, WrittenAgainWithATtlAllLapseByTheNewerOne) {
  ASSERT_TRUE(SetBaseSlice(5, absl::Seconds(30)).ok());
  sequence.Advance(absl::Seconds(20));
  ASSERT_TRUE(UpdatePolicy({.values = {{"min_slice", 2 * kMs}}, .ttl = absl::Seconds(30)}).ok());
  sequence.Advance(absl::Seconds(29) - absl::Nanoseconds(1));
  EXPECT_EQ(BaseSliceMs(), 5);
  sequence.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(Get().parameters, PolicyParameters());
}

TEST_F(PolicyRevisionsTest, WhatIsWrittenAgainWithoutATtlStays) {
  ASSERT_TRUE(UpdatePolicy({.values = {{"base_slice", 5 * kMs}, {"min_slice", 2 * kMs}},
                            .ttl = absl::Seconds(30)})
                  .ok());
  const absl::StatusOr<PolicyInfo> kept = SetBaseSlice(5);
  EXPECT_TRUE(kept->expire_time.has_value()) << "min_slice is temporary still";
  sequence.Advance(absl::Seconds(30));
  EXPECT_EQ(Get().parameters.base_slice_ns, 5 * kMs);
  EXPECT_EQ(Get().parameters.min_slice_ns, 1 * kMs);
}

TEST_F(PolicyRevisionsTest, WhenAllIsWrittenAgainNothingLapses) {
  ASSERT_TRUE(SetBaseSlice(5, absl::Seconds(30)).ok());
  EXPECT_FALSE(SetBaseSlice(6)->expire_time.has_value());
  sequence.Advance(absl::Minutes(1));
  EXPECT_EQ(BaseSliceMs(), 6);
  EXPECT_EQ(parts->generations.current(), 3);
}

TEST_F(PolicyRevisionsTest, ARollbackIsForGood) {
  ASSERT_TRUE(SetBaseSlice(5, absl::Seconds(30)).ok());
  ASSERT_TRUE(SetBaseSlice(6, absl::Seconds(30)).ok());
  const absl::StatusOr<PolicyInfo> back = RollbackPolicy({.name = kPolicyName, .revision_id = "2"});
  EXPECT_FALSE(back->expire_time.has_value());
  sequence.Advance(absl::Minutes(1));
  EXPECT_EQ(BaseSliceMs(), 5);
}

TEST_F(PolicyRevisionsTest, ValuesOfAControlGroupLapseToWhatItSetBefore) {
  ASSERT_TRUE(
      CreatePolicy({.id = "p", .cgroup_path = "/a", .values = {{"min_slice", 2 * kMs}}}).ok());
  ASSERT_TRUE(UpdatePolicy({.name = "policies/p",
                            .values = {{"base_slice", 5 * kMs}},
                            .update_mask = {"parameters.base_slice", "parameters.min_slice"},
                            .ttl = absl::Seconds(30)})
                  .ok());
  EXPECT_THAT(Get("policies/p").values, ElementsAre(Pair("base_slice", 5 * kMs)));
  sequence.Advance(absl::Seconds(30));
  EXPECT_THAT(Get("policies/p").values, ElementsAre(Pair("min_slice", 2 * kMs)));
}

TEST_F(PolicyRevisionsTest, WrongTtls) {
  for (const absl::Duration ttl :
       {absl::ZeroDuration(), -absl::Seconds(1), absl::Hours(200'000), absl::InfiniteDuration()}) {
    const absl::Status status = SetBaseSlice(5, ttl).status();
    EXPECT_EQ(ErrorOf(status), "INVALID_ARGUMENT INVALID_EXPIRATION") << ttl;
    EXPECT_EQ(FieldOf(status), "ttl");
  }
  EXPECT_EQ(parts->generations.current(), 1);
}

// What is to come back must be allowed, too.
TEST_F(PolicyRevisionsTest, AChangeMustFitTheBaselineAsWell) {
  ASSERT_TRUE(UpdatePolicy({.values = {{"max_slice", 80 * kMs}}, .ttl = absl::Seconds(30)}).ok());
  const absl::Status status = SetBaseSlice(60).status();
  EXPECT_EQ(ErrorOf(status), "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE");
  EXPECT_THAT(std::string(status.message()), HasSubstr("once temporary values lapse, "));
  const absl::Status inherits =
      CreatePolicy({.id = "p", .cgroup_path = "/a", .values = {{"base_slice", 60 * kMs}}}).status();
  EXPECT_EQ(ErrorOf(inherits), "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE");
  EXPECT_TRUE(SetBaseSlice(60, absl::Seconds(30)).ok()) << "both lapse together";
}

TEST_F(PolicyRevisionsTest, AWallClockThatJumpsIsNoticed) {
  ASSERT_TRUE(SetBaseSlice(5, absl::Hours(10)).ok());
  clock.Jump(absl::Hours(11));
  sequence.Advance(absl::Seconds(1));
  EXPECT_EQ(BaseSliceMs(), 10);
}

TEST_F(PolicyRevisionsTest, NobodyIsToldOfValuesThatHaveLapsed) {
  ASSERT_TRUE(SetBaseSlice(5, absl::Hours(10)).ok());
  clock.Jump(absl::Hours(11));  // and no timer has run yet
  EXPECT_EQ(BaseSliceMs(), 10);
}

TEST_F(PolicyRevisionsTest, ShutdownEndsAllTimers) {
  Attach();
  ASSERT_TRUE(SetBaseSlice(5, absl::Hours(10)).ok());
  ASSERT_TRUE(CreatePolicy({.id = "p", .cgroup_path = "/a"}).ok());
  parts->policy.Shutdown();
  parts->overrides.Shutdown();
  parts->cgroup_shares.Shutdown();
  ASSERT_TRUE(parts->scheduler.Shutdown().ok());
  EXPECT_EQ(sequence.timer_count(), 0u);
}

}  // namespace
}  // namespace schedd
