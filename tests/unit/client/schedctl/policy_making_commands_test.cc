// SPDX-License-Identifier: Apache-2.0
//
// schedctl policy list, create, delete.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/client/schedctl/harness.h"

namespace schedd::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class PolicyMakingTest : public SchedctlTest {
 protected:
  PolicyMakingTest() {
    v1::ListPoliciesResponse policies;
    v1::Policy& db = *policies.add_policies();
    db.set_name("policies/db");
    db.set_generation(7);
    db.set_etag("e7");
    db.set_writer("uid:0 pid:4711");
    db.mutable_selector()->set_cgroup_path("/system.slice/db");
    db.mutable_parameters()->mutable_base_slice()->set_nanos(3'000'000);
    db.mutable_parameters()->mutable_max_slice()->set_nanos(20'000'000);
    db.mutable_create_time()->set_seconds(kNowSeconds);
    db.mutable_expire_time()->set_seconds(kNowSeconds + 90);
    v1::Policy& empty = *policies.add_policies();
    empty.set_name("policies/empty");
    empty.set_generation(8);
    empty.mutable_selector()->set_cgroup_path("/e");
    v1::Policy& preset = *policies.add_policies();
    preset.set_name("policies/default");
    preset.set_generation(1);
    preset.mutable_parameters()->mutable_base_slice()->set_nanos(10'000'000);
    server_.list_policies.Returns(policies);
    server_.delete_policy.Returns(google::protobuf::Empty());
    // schedd's part: the policy with a name and a generation.
    server_.create_policy.handler =
        [](const v1::CreatePolicyRequest& request) -> absl::StatusOr<v1::Policy> {
      v1::Policy made = request.policy();
      made.set_name("policies/" + request.policy_id());
      made.set_generation(9);
      made.set_applied_generation(9);
      return made;
    };
  }

  Result Create(std::vector<std::string> words) {
    words.insert(words.begin(), {"policy", "create"});
    return Run(words);
  }

  const v1::CreatePolicyRequest& created() { return server_.create_policy.requests.at(0); }
  const v1::DeletePolicyRequest& deleted() { return server_.delete_policy.requests.at(0); }
};

TEST_F(PolicyMakingTest, ListGolden) {
  const Result result = Run({"policy", "list"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            "ID       CGROUP            GENERATION  EXPIRES-IN  SETS\n"
            "db       /system.slice/db           7       1m30s  base_slice=3ms max_slice=20ms\n"
            "empty    /e                         8       never  -\n"
            "default  /                          1       never  all\n");
}

TEST_F(PolicyMakingTest, WideListShowsWhoAndWhen) {
  EXPECT_THAT(Run({"policy", "list", "-o", "wide"}).out,
              AllOf(HasSubstr("CREATED"), HasSubstr("2026-11-22 20:31:05  uid:0 pid:4711  e7 ")));
}

TEST_F(PolicyMakingTest, ListAsADocument) {
  EXPECT_THAT(Run({"policy", "list", "-o", "json"}).out,
              StartsWith("{\n  \"policies\": [\n    {\n      \"name\": \"policies/db\",\n"));
  EXPECT_EQ(Run({"policy", "list", "-o", "jsonpath={.policies[*].name}"}).out,
            "policies/db policies/empty policies/default\n");
}

TEST_F(PolicyMakingTest, CreateSendsSelectorAndParameters) {
  const Result result =
      Create({"web", "--cgroup", "/web", "base_slice=5ms", "max_slice=9ms", "--reason", "why"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            "web: base_slice=5ms max_slice=9ms for the tasks of /web and below\n"
            "generation 9, in force (applied generation 9)\n");
  EXPECT_EQ(created().policy_id(), "web");
  EXPECT_EQ(created().policy().selector().cgroup_path(), "/web");
  EXPECT_EQ(created().policy().parameters().base_slice().nanos(), 5'000'000);
  EXPECT_EQ(created().reason(), "why");
  EXPECT_FALSE(created().validate_only());
}

TEST_F(PolicyMakingTest, CreateTakesPathsAndNamesAsPeopleCopyThem) {
  EXPECT_EQ(Create({"policies/web", "--cgroup", "/sys/fs/cgroup/web"}).code, 0);
  EXPECT_EQ(created().policy_id(), "web");
  EXPECT_EQ(created().policy().selector().cgroup_path(), "/web");
}

TEST_F(PolicyMakingTest, CreateDryRunAndQuietly) {
  EXPECT_EQ(Create({"web", "--cgroup", "/web", "--dry-run"}).out,
            "web: - for the tasks of /web and below\nvalid; nothing was changed\n");
  EXPECT_TRUE(created().validate_only());
  EXPECT_EQ(Create({"web", "--cgroup", "/web", "-q"}).out, "web\n");
}

TEST_F(PolicyMakingTest, CreateWithoutACgroupOrWithABadChangeSendsNothing) {
  EXPECT_THAT(Create({"web", "base_slice=5ms"}).err, HasSubstr("--cgroup is required"));
  const Result result = Create({"web", "--cgroup", "/web", "bas_slice=5ms"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("did you mean \"base_slice\"?"));
  EXPECT_THAT(server_.create_policy.requests, IsEmpty());
}

TEST_F(PolicyMakingTest, CreateOfOneThatExistsIsExitCode6) {
  server_.create_policy.Returns(
      DetailedError(absl::StatusCode::kAlreadyExists, "policies/web exists", "POLICY_EXISTS"));
  const Result result = Create({"web", "--cgroup", "/web"});
  EXPECT_EQ(result.code, 6);
  EXPECT_EQ(result.err, "schedctl: policies/web exists (POLICY_EXISTS)\n");
}

TEST_F(PolicyMakingTest, Delete) {
  const Result result = Run({"policy", "delete", "db", "--reason", "moved", "--etag", "e7"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "db: removed\n");
  EXPECT_EQ(deleted().name(), "policies/db");
  EXPECT_EQ(deleted().reason(), "moved");
  EXPECT_EQ(deleted().etag(), "e7");
  EXPECT_FALSE(deleted().validate_only());
}

TEST_F(PolicyMakingTest, DeleteDryRunAndQuietly) {
  EXPECT_EQ(Run({"policy", "delete", "policies/db", "--dry-run"}).out,
            "db: valid; nothing was changed\n");
  EXPECT_TRUE(deleted().validate_only());
  EXPECT_EQ(deleted().name(), "policies/db");
  EXPECT_THAT(Run({"policy", "delete", "db", "-q"}).out, IsEmpty());
}

TEST_F(PolicyMakingTest, DeleteNeedsAName) {
  EXPECT_THAT(Run({"policy", "delete"}).err, HasSubstr("policy is required"));
  EXPECT_THAT(server_.delete_policy.requests, IsEmpty());
}

}  // namespace
}  // namespace schedd::client
