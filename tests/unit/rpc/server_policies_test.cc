// SPDX-License-Identifier: Apache-2.0
//
// PolicyService over real gRPC: each call, each error with its code, reason and sentence, and
// repetitions with a request_id.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/rpc/server_fixture.h"

namespace schedd::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kId[] = "6f3c9b1e-2d4a-4c88-9f10-0123456789ab";
constexpr char kCreate[] =
    "policy_id: 'a' reason: 'tenant' "
    "policy { selector { cgroup_path: 'a' } parameters { base_slice { nanos: 5000000 } } } ";

class ServerPoliciesTest : public ServerFixture {
 protected:
  using Policies = v1::PolicyService::Stub;
  using Tasks = v1::TaskService::Stub;

  template <typename Stub, typename Request, typename Reply>
  grpc::Status Call(const std::unique_ptr<Stub>& stub,
                    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                    const std::string& text, Reply* reply) {
    Request request;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request)) << text;
    return (stub.get()->*method)(Context().get(), request, reply);
  }
  template <typename Stub, typename Request, typename Reply>
  Reply Get(const std::unique_ptr<Stub>& stub,
            grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
            const std::string& text) {
    Reply reply;
    const grpc::Status status = Call(stub, method, text, &reply);
    EXPECT_TRUE(status.ok()) << CodeAndReason(status) << ": " << status.error_message();
    return reply;
  }
  template <typename Stub, typename Request, typename Reply>
  void Refused(const std::unique_ptr<Stub>& stub,
               grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
               const std::string& text, const std::string& error, const std::string& says) {
    Reply reply;
    const grpc::Status status = Call(stub, method, text, &reply);
    EXPECT_EQ(CodeAndReason(status), error) << text << ": " << status.error_message();
    EXPECT_THAT(status.error_message(), HasSubstr(says)) << text;
  }
  v1::Policy Policy(const std::string& id) {
    return Get(policies_, &Policies::GetPolicy, absl::StrCat("name: 'policies/", id, "'"));
  }
};

TEST_F(ServerPoliciesTest, ALifeOfAPolicy) {
  Attach();
  const v1::Policy made = Get(policies_, &Policies::CreatePolicy, kCreate);
  EXPECT_EQ(made.name(), "policies/a");
  EXPECT_EQ(made.selector().cgroup_path(), "/a");
  EXPECT_EQ(made.parameters().ShortDebugString(), "base_slice { nanos: 5000000 }");
  EXPECT_EQ(made.effective_parameters().max_slice().nanos(), 40'000'000);
  EXPECT_GE(made.applied_generation(), made.generation());
  EXPECT_NE(made.writer(), "");
  EXPECT_TRUE(made.has_create_time());

  const v1::Policy trial =
      Get(policies_, &Policies::UpdatePolicy,
          absl::StrCat("policy { name: 'policies/a' etag: '", made.etag(),
                       "' parameters { base_slice { nanos: 4000000 } } } ttl { seconds: 600 }"));
  EXPECT_TRUE(trial.has_expire_time());

  const v1::Policy back =
      Get(policies_, &Policies::RollbackPolicy,
          absl::StrCat("name: 'policies/a' reason: 'no' revision_id: '", made.generation(), "'"));
  EXPECT_FALSE(back.has_expire_time());
  EXPECT_EQ(back.parameters().base_slice().nanos(), 5'000'000);

  const auto list = Get(policies_, &Policies::ListPolicies, "page_size: 1");
  ASSERT_EQ(list.policies_size(), 1);
  EXPECT_EQ(list.policies(0).name(), "policies/a");
  const auto rest = Get(policies_, &Policies::ListPolicies,
                        absl::StrCat("page_token: '", list.next_page_token(), "'"));
  ASSERT_EQ(rest.policies_size(), 1);
  EXPECT_EQ(rest.policies(0).name(), "policies/default");
  EXPECT_FALSE(rest.policies(0).has_selector());

  const auto revisions =
      Get(policies_, &Policies::ListPolicyRevisions, "parent: 'policies/a'").policy_revisions();
  ASSERT_EQ(revisions.size(), 3);
  EXPECT_EQ(revisions[0].reason(), "no");
  EXPECT_EQ(revisions[1].end_cause(), v1::PolicyRevision::END_CAUSE_ROLLED_BACK);
  EXPECT_EQ(revisions[2].name(), absl::StrCat("policies/a/revisions/", made.generation()));
  EXPECT_EQ(revisions[2].end_cause(), v1::PolicyRevision::END_CAUSE_SUPERSEDED);

  Get(policies_, &Policies::DeletePolicy,
      absl::StrCat("name: 'policies/a' etag: '", back.etag(), "'"));
  Refused(policies_, &Policies::GetPolicy, "name: 'policies/a'", "NOT_FOUND POLICY_NOT_FOUND",
          "ListPolicies");
}

TEST_F(ServerPoliciesTest, WrongRequests) {
  Get(policies_, &Policies::CreatePolicy, kCreate);
  const auto create = &Policies::CreatePolicy;
  Refused(policies_, create, kCreate, "ALREADY_EXISTS POLICY_EXISTS", "policies/a exists");
  Refused(policies_, create, "policy_id: 'b' policy { selector { cgroup_path: '/a' } }",
          "ALREADY_EXISTS SELECTOR_EXISTS", "policies/a is for /a");
  Refused(policies_, create, "policy_id: 'B' policy { selector { cgroup_path: '/b' } }",
          "INVALID_ARGUMENT INVALID_NAME", "small letters");
  Refused(policies_, create, "policy_id: 'b'", "INVALID_ARGUMENT INVALID_SELECTOR", "is empty");
  Refused(policies_, create,
          "policy_id: 'b' policy { selector { cgroup_path: '/b' } "
          "parameters { placement_mode: PLACEMENT_MODE_ALL_DECISIONS } }",
          "INVALID_ARGUMENT MACHINE_PARAMETER", "set it in policies/default");
  Refused(policies_, create,
          "policy_id: 'b' policy { selector { cgroup_path: '/b' } "
          "parameters { base_slice { seconds: 9 } } }",
          "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE", "100us to 100ms");
  const auto update = &Policies::UpdatePolicy;
  const std::string a = "policy { name: 'policies/a' ";
  Refused(policies_, update, a + "parameters { min_slice { nanos: 9000000 } } }",
          "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE", "at least min_slice");
  Refused(policies_, update, a + "parameters { base_slice { nanos: 5000000 } } } ttl {}",
          "INVALID_ARGUMENT INVALID_EXPIRATION", "longer than 0");
  Refused(policies_, update, a + "etag: 'x' parameters { base_slice { nanos: 5000000 } } }",
          "ABORTED ETAG_MISMATCH", "read it again");
  Refused(policies_, update, a + "selector { cgroup_path: '/z' } parameters { min_slice {} } }",
          "INVALID_ARGUMENT IMMUTABLE_FIELD", "cannot be changed");
  Refused(policies_, &Policies::DeletePolicy, "name: 'policies/default'",
          "FAILED_PRECONDITION DEFAULT_POLICY", "cannot be deleted");
  Refused(policies_, &Policies::DeletePolicy, "name: 'policies/a' etag: 'x'",
          "ABORTED ETAG_MISMATCH", "read it again");
  const auto rollback = &Policies::RollbackPolicy;
  Refused(policies_, rollback, "name: 'policies/a' revision_id: '77'",
          "NOT_FOUND REVISION_NOT_FOUND", "ListPolicyRevisions");
  Refused(policies_, rollback, "name: 'policies/a' revision_id: 'known-good'",
          "NOT_FOUND REVISION_NOT_FOUND", "known to be good");
  Refused(policies_, rollback, "name: 'policies/a' revision_id: '1x'",
          "INVALID_ARGUMENT INVALID_NAME", "known-good");
  Refused(policies_, &Policies::ListPolicies, "page_size: -1", "INVALID_ARGUMENT INVALID_PAGE_SIZE",
          "page_size");
  Refused(policies_, &Policies::ListPolicyRevisions, "parent: 'policies/x'",
          "NOT_FOUND POLICY_NOT_FOUND", "policies/x");
}

TEST_F(ServerPoliciesTest, SpecsSayWhoMaySetThemAndHowFar) {
  const auto reply = Get(policies_, &Policies::ListParameterSpecs, "");
  for (const v1::ParameterSpec& spec : reply.parameter_specs()) {
    const bool machine = spec.field_path() == "decision_budget" ||
                         spec.field_path() == "dispatch_batch_count" ||
                         spec.field_path() == "placement_mode";
    EXPECT_EQ(spec.scope(),
              machine ? v1::ParameterSpec::SCOPE_MACHINE : v1::ParameterSpec::SCOPE_TASK)
        << spec.field_path();
    if (!spec.has_int64_domain()) continue;
    EXPECT_EQ(spec.int64_domain().safe_min_value(), spec.int64_domain().min_value());
    EXPECT_EQ(spec.int64_domain().safe_max_value(), spec.int64_domain().max_value());
  }
}

TEST_F(ServerPoliciesTest, ARefusedChangeIsLogged) {
  Refused(policies_, &Policies::DeletePolicy, "name: 'policies/default'",
          "FAILED_PRECONDITION DEFAULT_POLICY", "");
  EXPECT_THAT(LastLine(), HasSubstr("refused method=/schedd.v1.PolicyService/DeletePolicy"));
  EXPECT_THAT(LastLine(), HasSubstr("reason=DEFAULT_POLICY"));
}

// --- request_id ---

TEST_F(ServerPoliciesTest, ARepeatedChangeIsAnsweredAsBeforeAndChangesNothing) {
  Attach();
  const std::string id = absl::StrCat(" request_id: '", kId, "'");
  const std::string create = kCreate + id;
  const v1::Policy first = Get(policies_, &Policies::CreatePolicy, create);
  const v1::Policy later = Get(policies_, &Policies::UpdatePolicy,
                               "policy { name: 'policies/a' parameters { min_slice { nanos: "
                               "2000000 } } } request_id: 'aaaaaaaa-0000-4000-8000-000000000001'");
  EXPECT_EQ(Get(policies_, &Policies::CreatePolicy, create).SerializeAsString(),
            first.SerializeAsString());
  EXPECT_EQ(Policy("a").generation(), later.generation());
  Refused(policies_, &Policies::CreatePolicy,
          "policy_id: 'b' policy { selector { cgroup_path: 'b' } }" + id,
          "INVALID_ARGUMENT REQUEST_ID_REUSED", "new one");
  // Also by another method.
  Refused(policies_, &Policies::DeletePolicy, "name: 'policies/a'" + id,
          "INVALID_ARGUMENT REQUEST_ID_REUSED", "new one");
  EXPECT_EQ(Policy("a").generation(), later.generation());
  Refused(policies_, &Policies::DeletePolicy, "name: 'policies/a' request_id: 'x'",
          "INVALID_ARGUMENT INVALID_REQUEST_ID", "uuidgen");
}

TEST_F(ServerPoliciesTest, EachChangeTakesARequestId) {
  Attach();
  int number = 0;
  const auto twice = [&](const auto& stub, auto method, const std::string& text) {
    const std::string request =
        absl::StrCat(text, " request_id: 'aaaaaaaa-0000-4000-8000-00000000001", number++, "'");
    const auto reply = Get(stub, method, request);
    EXPECT_EQ(Get(stub, method, request).SerializeAsString(), reply.SerializeAsString()) << text;
    return reply;
  };
  twice(policies_, &Policies::CreatePolicy, kCreate);
  const auto policy =
      twice(policies_, &Policies::UpdatePolicy,
            "policy { name: 'policies/a' parameters { base_slice { nanos: 4000000 } } }");
  EXPECT_EQ(policy.generation(), 3);
  EXPECT_EQ(twice(policies_, &Policies::RollbackPolicy, "name: 'policies/a' revision_id: '2'")
                .generation(),
            4);
  twice(policies_, &Policies::DeletePolicy, "name: 'policies/a'");
  const auto made = twice(tasks_, &Tasks::CreateTaskOverride,
                          "task_override { selector { comm: 'a' } weight: 400 }");
  EXPECT_EQ(Get(tasks_, &Tasks::ListTaskOverrides, "").task_overrides_size(), 1);
  const std::string name = absl::StrCat("name: '", made.name(), "'");
  EXPECT_EQ(twice(tasks_, &Tasks::UpdateTaskOverride,
                  absl::StrCat("task_override { ", name, " weight: 50 }"))
                .generation(),
            7);
  twice(tasks_, &Tasks::DeleteTaskOverride, name);
  EXPECT_EQ(Get(tasks_, &Tasks::ListTaskOverrides, "").task_overrides_size(), 0);
}

// --- races ---

TEST_F(ServerPoliciesTest, OfAHundredWritersWithOneEtagOneWinsEachRound) {
  Attach();
  for (int round = 0; round < 3; ++round) {
    const v1::Policy before = Policy("default");
    std::vector<std::string> answers(100);
    std::vector<std::thread> writers;
    for (size_t i = 0; i < answers.size(); ++i) {
      writers.emplace_back([&, i] {
        v1::UpdatePolicyRequest request;
        request.mutable_policy()->set_name("policies/default");
        request.mutable_policy()->set_etag(before.etag());
        request.mutable_policy()->mutable_parameters()->mutable_base_slice()->set_nanos(
            5'000'000 + static_cast<int>(i));
        v1::Policy reply;
        grpc::Status status;
        do {  // no more than 32 calls at a time
          status = policies_->UpdatePolicy(Context().get(), request, &reply);
        } while (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
        answers[i] = CodeAndReason(status);
      });
    }
    for (std::thread& writer : writers) writer.join();
    EXPECT_EQ(std::ranges::count(answers, "OK"), 1);
    EXPECT_EQ(std::ranges::count(answers, "ABORTED ETAG_MISMATCH"), 99);
    EXPECT_EQ(Policy("default").generation(), before.generation() + 1);
  }
}

}  // namespace
}  // namespace schedd::rpc
