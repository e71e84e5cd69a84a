// SPDX-License-Identifier: Apache-2.0
//
// Policy and overrides with a store: stored before they are made, there again after a new start.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/control/fake_store.h"
#include "tests/unit/control/override_fixture.h"

namespace schedd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kRefused[] = "UNAVAILABLE STORE_UNAVAILABLE";

class StoredChangesTest : public OverrideFixture {
 protected:
  void SetUp() override {
    store = &kept;
    OverrideFixture::SetUp();
    kept.written.clear();
  }

  PolicyInfo Policy() { return *parts->policy.Get(kPolicyName); }
  // As after kill -9: nothing is told to the store.
  void Restart() {
    Build();
    host.state = {};
    log.clear();
  }
  // The same tasks, but for a process 20 that may be another one.
  void AttachAgain(uint64_t start_ns_of_20 = 200) {
    Attach();
    PutTasks(start_ns_of_20);
    sequence.Advance(absl::Milliseconds(50));
  }
  void Refuse() { kept.refusal = absl::UnavailableError("the disk is full"); }

  FakeStore kept;
};

TEST_F(StoredChangesTest, EachChangeIsOneWrite) {
  ASSERT_TRUE(UpdatePolicy({.values = {{"base_slice", 5 * kMs}}}).ok());
  ASSERT_TRUE(Create(Request({.comm = "hog"}, 9, "x")).ok());
  ASSERT_TRUE(Update({.name = "taskOverrides/x", .spec = {.weight = 7}}).ok());
  ASSERT_TRUE(Delete("taskOverrides/x").ok());
  EXPECT_THAT(kept.written,
              ElementsAre("policy default 2", "override x 3", "override x 4", "remove x 5"));
  EXPECT_EQ(kept.state->generation, Generation());
}

TEST_F(StoredChangesTest, WhatOnlyAsksIsNotWritten) {
  ASSERT_TRUE(UpdatePolicy({.values = {{"base_slice", 5 * kMs}}, .validate_only = true}).ok());
  ASSERT_TRUE(
      Create({.spec = {.selector = {.comm = "hog"}, .weight = 9}, .validate_only = true}).ok());
  EXPECT_FALSE(Create(Request({.comm = "hog"}, 99'999)).ok());
  EXPECT_FALSE(Delete("taskOverrides/none").ok());
  EXPECT_THAT(kept.written, IsEmpty());
}

// --- refused ---

TEST_F(StoredChangesTest, ARefusedPolicyIsNotInForce) {
  const std::string etag = Policy().etag;
  Refuse();
  const absl::Status status = UpdatePolicy({.values = {{"base_slice", 5 * kMs}}}).status();
  EXPECT_EQ(ErrorOf(status), kRefused);
  EXPECT_THAT(std::string(status.message()), HasSubstr("the disk is full"));
  EXPECT_EQ(Policy().parameters, PolicyParameters());
  EXPECT_EQ(Policy().etag, etag);
  EXPECT_EQ(Generation(), 1);
  EXPECT_TRUE(host.engine->applied.empty());
  EXPECT_THAT(log, Not(::testing::Contains(HasSubstr("base_slice"))));
}

TEST_F(StoredChangesTest, RefusedOverridesChangeNothing) {
  ASSERT_TRUE(Create(Request({.comm = "hog"}, 9, "x")).ok());
  const std::string etag = Get("x")->etag;
  Refuse();
  EXPECT_EQ(ErrorOf(Create(Request({.comm = "web"}, 9, "y"))), kRefused);
  EXPECT_EQ(ErrorOf(Create(Request({.comm = "web"}, 9))), kRefused);
  EXPECT_EQ(ErrorOf(Update({.name = "taskOverrides/x", .spec = {.weight = 7}})), kRefused);
  EXPECT_EQ(ErrorOf(Delete("taskOverrides/x")), kRefused);
  EXPECT_THAT(Weights(), ElementsAre(0, 0, 9));
  EXPECT_EQ(Count(), 1u);
  EXPECT_EQ(Get("x")->spec.weight, 9);
  EXPECT_EQ(Get("x")->etag, etag);
  EXPECT_EQ(Generation(), 2);
}

TEST_F(StoredChangesTest, AfterARefusalTheNumbersGoOnWithoutAGap) {
  Refuse();
  EXPECT_FALSE(Create(Request({.comm = "web"}, 9)).ok());
  kept.refusal = absl::OkStatus();
  const absl::StatusOr<OverrideInfo> made = Create(Request({.comm = "web"}, 9));
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->name, "taskOverrides/override-1");
  EXPECT_EQ(made->generation, 2);
}

TEST_F(StoredChangesTest, AnExpiryGoesOnWhenTheStoreRefuses) {
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "hog"}, .weight = 9, .ttl = absl::Seconds(5)},
                      .id = "x"})
                  .ok());
  Refuse();
  sequence.Advance(absl::Seconds(5));
  EXPECT_THAT(Weights(), ElementsAre(0, 0, 0));
  EXPECT_EQ(Generation(), 3);
  EXPECT_THAT(log.back(), HasSubstr("ended, but still stored: taskOverrides/x: "));
  ASSERT_NE(kept.Find("x"), nullptr);
  // And at the next start.
  kept.refusal = absl::OkStatus();
  Restart();
  EXPECT_EQ(Count(), 0u);
  EXPECT_EQ(Generation(), 3);
  EXPECT_EQ(kept.Find("x"), nullptr);
}

TEST_F(StoredChangesTest, SeveralThatExpireTogetherAreOneWrite) {
  for (const char* id : {"a", "b"}) {
    ASSERT_TRUE(Create({.spec = {.selector = {.comm = "hog"}, .weight = 9, .ttl = absl::Seconds(5)},
                        .id = id})
                    .ok());
  }
  kept.written.clear();
  sequence.Advance(absl::Seconds(5));
  EXPECT_THAT(kept.written, ElementsAre("remove a,b 4"));
}

// --- policies of control groups ---

TEST_F(StoredChangesTest, EachChangeOfAPolicyIsOneWrite) {
  ASSERT_TRUE(CreatePolicy({.id = "p", .cgroup_path = "/a"}).ok());
  ASSERT_TRUE(UpdatePolicy({.name = "policies/p", .values = {{"base_slice", 5 * kMs}}}).ok());
  ASSERT_TRUE(RollbackPolicy({.name = "policies/p", .revision_id = "2"}).ok());
  ASSERT_TRUE(DeletePolicy({.name = "policies/p"}).ok());
  EXPECT_THAT(kept.written,
              ElementsAre("policy p 2", "policy p 3", "policy p 4", "remove policy p 5"));
}

TEST_F(StoredChangesTest, RefusedPoliciesChangeNothing) {
  ASSERT_TRUE(
      CreatePolicy({.id = "p", .cgroup_path = "/a", .values = {{"base_slice", 5 * kMs}}}).ok());
  const PolicyInfo before = *parts->policy.Get("policies/p");
  const size_t sent = host.engine->applied.size();
  Refuse();
  EXPECT_EQ(ErrorOf(CreatePolicy({.id = "q", .cgroup_path = "/a/b"})), kRefused);
  EXPECT_EQ(ErrorOf(UpdatePolicy({.name = "policies/p", .values = {{"base_slice", 4 * kMs}}})),
            kRefused);
  EXPECT_EQ(ErrorOf(RollbackPolicy({.name = "policies/p", .revision_id = "2"})), kRefused);
  EXPECT_EQ(ErrorOf(DeletePolicy({.name = "policies/p"})), kRefused);
  EXPECT_EQ(parts->policy.Get("policies/p")->etag, before.etag);
  EXPECT_EQ(parts->policy.Get("policies/p")->values, before.values);
  EXPECT_EQ(parts->policy.ListRevisions("policies/p", 0, "")->revisions.size(), 1u);
  EXPECT_EQ(parts->policy.List(0, "")->policies.size(), 2u);
  EXPECT_EQ(Generation(), 2);
  EXPECT_EQ(host.engine->applied.size(), sent);
}

TEST_F(StoredChangesTest, ALapseGoesOnWhenTheStoreRefuses) {
  ASSERT_TRUE(UpdatePolicy({.values = {{"base_slice", 5 * kMs}}, .ttl = absl::Seconds(5)}).ok());
  Refuse();
  sequence.Advance(absl::Seconds(5));
  EXPECT_EQ(Policy().parameters, PolicyParameters());
  EXPECT_EQ(host.engine->parameters, PolicyParameters());
  EXPECT_THAT(log.back(), HasSubstr("not stored: what became of policies/default: "));
  kept.refusal = absl::OkStatus();
  Restart();
  EXPECT_EQ(Policy().parameters, PolicyParameters());
  EXPECT_EQ(Generation(), 3);
}

TEST_F(StoredChangesTest, TemporaryValuesOutlastARestartAndLapseInTime) {
  const absl::Time begun = clock.Now();
  ASSERT_TRUE(UpdatePolicy({.values = {{"base_slice", 5 * kMs}}, .ttl = absl::Seconds(60)}).ok());
  Restart();
  EXPECT_EQ(Policy().expire_time, begun + absl::Seconds(60));
  EXPECT_EQ(Policy().parameters.base_slice_ns, 5 * kMs);
  sequence.Advance(absl::Seconds(59));
  EXPECT_EQ(Policy().parameters, PolicyParameters());
  EXPECT_EQ(kept.written.back(), "policy default 3");
}

TEST_F(StoredChangesTest, WhatIsFoundOutOfRevisionsIsKept) {
  sequence.Advance(absl::Minutes(1));
  EXPECT_TRUE(kept.FindPolicy("default")->newest().known_good);
  ASSERT_TRUE(UpdatePolicy({.values = {{"base_slice", 5 * kMs}}}).ok());
  host.kernel->Eject(Stall());
  sequence.Advance(absl::Milliseconds(150));
  EXPECT_EQ(kept.FindPolicy("default")->newest().end_cause, RevisionEnd::kEjected);
  Restart();
  const std::vector<RevisionInfo> revisions =
      parts->policy.ListRevisions(kPolicyName, 0, "")->revisions;
  EXPECT_EQ(revisions[0].revision.end_cause, RevisionEnd::kEjected);
  EXPECT_TRUE(revisions[1].revision.known_good);
  ASSERT_TRUE(RollbackPolicy({.name = kPolicyName, .revision_id = kKnownGood}).ok());
  EXPECT_EQ(Policy().parameters, PolicyParameters());
}

TEST_F(StoredChangesTest, PoliciesAreInForceAgainAfterARestart) {
  ASSERT_TRUE(
      CreatePolicy({.id = "p", .cgroup_path = "/a", .values = {{"base_slice", 5 * kMs}}}).ok());
  const PolicyInfo before = *parts->policy.Get("policies/p");
  Restart();
  const PolicyInfo after = *parts->policy.Get("policies/p");
  EXPECT_EQ(after.etag, before.etag);
  EXPECT_EQ(after.create_time, before.create_time);
  EXPECT_EQ(after.parameters, before.parameters);
  AttachAgain();
  const PolicyIndex index = host.engine->cgroup_policies.Of(3);  // a/b
  EXPECT_NE(index, kDefaultPolicyIndex);
  EXPECT_EQ(host.engine->policies.at(index).base_slice_ns, 5 * kMs);
}

// --- restored ---

TEST_F(StoredChangesTest, ThePolicyIsAsItWas) {
  const PolicyInfo before = *UpdatePolicy({.values = {{"base_slice", 5 * kMs}}});
  ASSERT_TRUE(Create(Request({.comm = "hog"}, 9)).ok());
  Restart();
  EXPECT_EQ(Policy().parameters, before.parameters);
  EXPECT_EQ(Policy().generation, before.generation);
  EXPECT_EQ(Policy().etag, before.etag);
  EXPECT_EQ(Generation(), 3);
  Attach();
  EXPECT_EQ(host.engine->parameters.base_slice_ns, 5 * kMs);
  EXPECT_EQ(Policy().applied_generation, 3);
  EXPECT_TRUE(UpdatePolicy({.values = {{"base_slice", 6 * kMs}}, .etag = before.etag}).ok());
  EXPECT_EQ(ErrorOf(UpdatePolicy({.values = {{"base_slice", 7 * kMs}}, .etag = before.etag})),
            "ABORTED ETAG_MISMATCH");
}

TEST_F(StoredChangesTest, OverridesAreAsTheyWereAndInForceAgain) {
  const OverrideInfo before = *Create({.spec = {.selector = {.comm = "hog", .uid = 0},
                                                .weight = 9,
                                                .slice_ns = 3 * kMs,
                                                .ttl = absl::Hours(1)},
                                       .id = "x"});
  Restart();
  const OverrideInfo after = *Get("x");
  EXPECT_EQ(after.spec.selector, before.spec.selector);
  EXPECT_EQ(after.spec.weight, 9);
  EXPECT_EQ(after.spec.slice_ns, 3 * kMs);
  EXPECT_EQ(after.spec.expire_time, before.spec.expire_time);
  EXPECT_EQ(after.create_time, before.create_time);
  EXPECT_EQ(after.etag, before.etag);
  EXPECT_EQ(after.generation, before.generation);
  AttachAgain();
  EXPECT_THAT(Weights(), ElementsAre(0, 0, 9));
  EXPECT_TRUE(Update({.name = "taskOverrides/x", .spec = {.weight = 7}, .etag = before.etag}).ok());
}

TEST_F(StoredChangesTest, TheOrderOfCreationIsKept) {
  ASSERT_TRUE(Create(Request({.comm = "hog"}, 1, "z")).ok());
  ASSERT_TRUE(Create(Request({.comm = "hog"}, 2, "y")).ok());
  // A change does not make it a newer one.
  ASSERT_TRUE(Update({.name = "taskOverrides/z", .spec = {.weight = 3}}).ok());
  EXPECT_THAT(Weights(), ElementsAre(0, 0, 2));
  Restart();
  AttachAgain();
  EXPECT_THAT(Weights(), ElementsAre(0, 0, 2));
  ASSERT_TRUE(Create(Request({.comm = "hog"}, 4, "a")).ok());
  EXPECT_THAT(Weights(), ElementsAre(0, 0, 4));
}

TEST_F(StoredChangesTest, AChosenIdIsNotGivenTwice) {
  ASSERT_EQ(Create(Request({.comm = "hog"}, 1))->name, "taskOverrides/override-1");
  ASSERT_TRUE(Delete("taskOverrides/override-1").ok());
  Restart();
  EXPECT_EQ(Create(Request({.comm = "hog"}, 1))->name, "taskOverrides/override-2");
}

TEST_F(StoredChangesTest, ARestoredOverrideExpiresEvenWhileDetached) {
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "hog"}, .weight = 9, .ttl = absl::Seconds(5)},
                      .id = "x"})
                  .ok());
  Restart();
  sequence.Advance(absl::Seconds(4));
  EXPECT_EQ(kept.written.back(), "override x 2");
  sequence.Advance(absl::Seconds(1));
  EXPECT_EQ(kept.written.back(), "remove x 3");
  EXPECT_THAT(log, ElementsAre("generation 3: taskOverrides/x expired"));
}

TEST_F(StoredChangesTest, OverridesOfTasksThatEndedMeanwhileEnd) {
  ASSERT_TRUE(Create(Request({.task = "tasks/20-200"}, 9, "ended-task")).ok());
  ASSERT_TRUE(Create(Request({.task = "tasks/11-110"}, 8, "task")).ok());
  ASSERT_TRUE(Create(Request({.tgid = 20}, 7, "ended-process")).ok());
  ASSERT_TRUE(Create(Request({.tgid = 10}, 6, "process")).ok());
  EXPECT_EQ(kept.Find("ended-process")->process_start_ns, 200u);
  Restart();
  EXPECT_EQ(Count(), 4u) << "while detached nobody knows";
  kept.written.clear();
  AttachAgain(/*start_ns_of_20=*/999);  // another process with the number
  EXPECT_THAT(Weights(), ElementsAre(6, 8, 0));
  EXPECT_EQ(Count(), 2u);
  EXPECT_THAT(kept.written, ElementsAre("remove ended-process,ended-task 5"));
  EXPECT_EQ(Generation(), 5);
}

TEST_F(StoredChangesTest, ANewTgidIsStoredWithTheStartOfItsProcess) {
  ASSERT_TRUE(Create(Request({.tgid = 10}, 9, "x")).ok());
  EXPECT_EQ(kept.Find("x")->process_start_ns, 100u);
  ASSERT_TRUE(Update({.name = "taskOverrides/x", .spec = {.selector = {.tgid = 20}}}).ok());
  EXPECT_EQ(kept.Find("x")->process_start_ns, 200u);
  ASSERT_TRUE(parts->scheduler.Detach("").ok());
  ASSERT_TRUE(Update({.name = "taskOverrides/x", .spec = {.weight = 7}}).ok());
  EXPECT_EQ(kept.Find("x")->process_start_ns, 200u);
}

TEST_F(StoredChangesTest, AChangedConfigurationIsANewGeneration) {
  ASSERT_TRUE(UpdatePolicy({.values = {{"base_slice", 5 * kMs}}}).ok());
  const std::string etag = Policy().etag;
  options.parameters.base_slice_ns = 6 * kMs;
  Build();
  EXPECT_EQ(Policy().parameters.base_slice_ns, 6 * kMs);
  EXPECT_EQ(Policy().generation, 3);
  EXPECT_NE(Policy().etag, etag);
  EXPECT_EQ(kept.written.back(), "replace");
}

}  // namespace
}  // namespace schedd
