// SPDX-License-Identifier: Apache-2.0
//
// schedctl policy history, rollback, diff.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/client/schedctl/harness.h"

namespace schedd::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using Revision = v1::PolicyRevision;

class PolicyHistoryTest : public SchedctlTest {
 protected:
  PolicyHistoryTest() {
    // Revisions 9 (current), 7 and 4 of "policies/web".
    Add(9, 3, Revision::END_CAUSE_UNSPECIFIED).set_reason("less jitter");
    Add(7, 5, Revision::END_CAUSE_SCHEDULER_EJECTED);
    revisions_.mutable_policy_revisions(1)->mutable_end_time()->set_seconds(kNowSeconds);
    Add(4, 0, Revision::END_CAUSE_SUPERSEDED).set_known_good(true);
    server_.list_revisions.Returns(revisions_);
    v1::Policy policy;
    policy.set_name("policies/web");
    policy.mutable_selector()->set_cgroup_path("/web");
    policy.mutable_parameters()->mutable_base_slice()->set_nanos(3'000'000);
    server_.get_policy.Returns(policy);
    policy.mutable_parameters()->clear_base_slice();
    policy.mutable_parameters()->set_dispatch_batch_count(8);
    policy.set_generation(10);
    policy.set_applied_generation(10);
    server_.rollback_policy.Returns(policy);
  }

  // base_slice is not set when `base_slice_ms` is 0.
  Revision& Add(int64_t generation, int base_slice_ms, Revision::EndCause end) {
    Revision& revision = *revisions_.add_policy_revisions();
    revision.set_generation(generation);
    revision.set_writer("uid:0 pid:1");
    revision.mutable_create_time()->set_seconds(kNowSeconds - 100 + generation);
    revision.set_end_cause(end);
    if (base_slice_ms > 0) {
      revision.mutable_parameters()->mutable_base_slice()->set_nanos(base_slice_ms * 1'000'000);
    }
    return revision;
  }

  const v1::RollbackPolicyRequest& rollback() { return server_.rollback_policy.requests.at(0); }

  v1::ListPolicyRevisionsResponse revisions_;
};

TEST_F(PolicyHistoryTest, HistoryGolden) {
  const Result result = Run({"policy", "history", "web"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(
      result.out,
      "REVISION  SINCE                STATE              KNOWN-GOOD  WRITER       REASON\n"
      "       9  2026-11-22 20:29:34  current            no          uid:0 pid:1  less jitter\n"
      "       7  2026-11-22 20:29:32  scheduler-ejected  no          uid:0 pid:1  -\n"
      "       4  2026-11-22 20:29:29  superseded         yes         uid:0 pid:1  -\n");
  EXPECT_EQ(server_.list_revisions.requests.at(0).parent(), "policies/web");
}

TEST_F(PolicyHistoryTest, WideHistoryShowsTheEndAndTheValues) {
  EXPECT_THAT(Run({"policy", "history", "-o", "wide"}).out,
              AllOf(HasSubstr("  2026-11-22 20:31:05  base_slice=5ms  -\n"),
                    HasSubstr("  -                    base_slice=3ms  less jitter\n")));
  EXPECT_EQ(server_.list_revisions.requests.at(0).parent(), "policies/default");
}

TEST_F(PolicyHistoryTest, HistoryAsADocument) {
  EXPECT_THAT(Run({"policy", "history", "-o", "json"}).out,
              StartsWith("{\n  \"policyRevisions\": [\n    {\n"));
}

// --- rollback ---

TEST_F(PolicyHistoryTest, RollbackShowsWhatChanges) {
  const Result result = Run({"policy", "rollback", "web", "4", "--reason", "worse", "--etag", "e"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            "base_slice: 3ms -> inherited\n"
            "dispatch_batch_count: inherited -> 8\n"
            "generation 10, in force (applied generation 10)\n");
  EXPECT_EQ(rollback().name(), "policies/web");
  EXPECT_EQ(rollback().revision_id(), "4");
  EXPECT_EQ(rollback().reason(), "worse");
  EXPECT_EQ(rollback().etag(), "e");
  EXPECT_FALSE(rollback().validate_only());
}

TEST_F(PolicyHistoryTest, RollbackOfTheDefaultPolicyNeedsNoName) {
  EXPECT_EQ(Run({"policy", "rollback", "known-good"}).code, 0);
  EXPECT_EQ(rollback().name(), "policies/default");
  EXPECT_EQ(rollback().revision_id(), "known-good");
}

TEST_F(PolicyHistoryTest, RollbackToANumberOfTheDefaultPolicy) {
  EXPECT_EQ(Run({"policy", "rollback", "17"}).code, 0);
  EXPECT_EQ(rollback().name(), "policies/default");
  EXPECT_EQ(rollback().revision_id(), "17");
}

TEST_F(PolicyHistoryTest, RollbackDryRun) {
  EXPECT_THAT(Run({"policy", "rollback", "web", "4", "--dry-run"}).out,
              HasSubstr("dispatch_batch_count: inherited -> 8\nvalid; nothing was changed\n"));
  EXPECT_TRUE(rollback().validate_only());
}

TEST_F(PolicyHistoryTest, RollbackNeedsARevision) {
  EXPECT_THAT(Run({"policy", "rollback", "web"}).err, HasSubstr("revision is required"));
  EXPECT_THAT(server_.rollback_policy.requests, IsEmpty());
}

TEST_F(PolicyHistoryTest, RollbackToTheSameSaysSo) {
  server_.get_policy.Returns(*server_.rollback_policy.handler({}));
  EXPECT_THAT(Run({"policy", "rollback", "web", "4"}).out,
              StartsWith("no parameter differs\ngeneration 10"));
}

// --- diff ---

TEST_F(PolicyHistoryTest, DiffWithTheCurrentOne) {
  const Result result = Run({"policy", "diff", "web", "7"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            "PARAMETER   REVISION-7  REVISION-9\n"
            "base_slice  5ms         3ms\n");
  EXPECT_EQ(server_.list_revisions.requests.at(0).parent(), "policies/web");
}

TEST_F(PolicyHistoryTest, DiffOfTwoByNumberAndByName) {
  EXPECT_EQ(Run({"policy", "diff", "web", "known-good", "7"}).out,
            "PARAMETER   REVISION-4  REVISION-7\n"
            "base_slice  inherited   5ms\n");
  // Two revisions and no name: of the default policy, which has nothing to inherit from.
  EXPECT_THAT(Run({"policy", "diff", "4", "7"}).out, HasSubstr("\nbase_slice  -           5ms\n"));
  EXPECT_EQ(server_.list_revisions.requests.at(1).parent(), "policies/default");
}

TEST_F(PolicyHistoryTest, DiffAsADocument) {
  EXPECT_EQ(Run({"policy", "diff", "web", "4", "-o", "json"}).out,
            "{\n  \"policy\": \"policies/web\",\n  \"from\": \"4\",\n  \"to\": \"9\",\n"
            "  \"differences\": [\n    {\n      \"parameter\": \"base_slice\",\n"
            "      \"from\": null,\n      \"to\": \"3ms\"\n    }\n  ]\n}\n");
}

TEST_F(PolicyHistoryTest, TheExitCodeSaysThatSomethingDiffersOnRequest) {
  const Result result = Run({"policy", "diff", "web", "7", "--exit-code"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("base_slice"));
  EXPECT_EQ(result.err, "schedctl: 1 parameter differs\n");
  const Result same = Run({"policy", "diff", "web", "9", "--exit-code"});
  EXPECT_EQ(same.code, 0);
  EXPECT_THAT(same.out, IsEmpty());
  EXPECT_EQ(same.err, "schedctl: revisions 9 and 9 set the same\n");
}

TEST_F(PolicyHistoryTest, DiffOfARevisionThatIsNotThere) {
  const Result result = Run({"policy", "diff", "web", "5"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.err,
            "schedctl: policies/web has no revision 5 any more, or never had; see schedctl policy "
            "history\n");
  const Result word = Run({"policy", "diff", "web", "newest"});
  EXPECT_EQ(word.code, 2);
  EXPECT_THAT(word.err, HasSubstr("\"newest\" is no revision: give a number"));
}

TEST_F(PolicyHistoryTest, TheCurrentRevisionIsNotTheKnownGoodOneToGoBackTo) {
  revisions_.mutable_policy_revisions(0)->set_known_good(true);
  revisions_.mutable_policy_revisions(2)->set_known_good(false);
  server_.list_revisions.Returns(revisions_);
  const Result result = Run({"policy", "diff", "known-good"});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("no earlier revision of policies/default is known to be good"));
}

TEST_F(PolicyHistoryTest, DiffTakesTwoRevisionsAtMost) {
  const Result three = Run({"policy", "diff", "web", "4", "7", "9"});
  EXPECT_EQ(three.code, 2);
  EXPECT_EQ(three.err, "schedctl: two revisions can be compared, not 3: 4, 7, 9\n");
  EXPECT_EQ(Run({"policy", "diff", "web"}).code, 2);
  EXPECT_THAT(server_.list_revisions.requests, IsEmpty());
}

}  // namespace
}  // namespace schedd::client
