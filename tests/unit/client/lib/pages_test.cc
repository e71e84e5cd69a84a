// SPDX-License-Identifier: Apache-2.0
//
// Lists in pages: walked to their end, to a limit, and never for ever.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/lib/client.h"
#include "tests/unit/client/fake_server.h"
#include "tests/unit/client/lib/client_fixture.h"

namespace schedd::client {
namespace {

using ::testing::ElementsAre;

using PagesTest = ClientTest;

// Tasks 1 to `total`, in pages of at most `most`.
void ServePages(FakeServer& server, int total, int most) {
  server.list_tasks.handler =
      [total, most](const v1::ListTasksRequest& request) -> absl::StatusOr<v1::ListTasksResponse> {
    v1::ListTasksResponse reply;
    int next = request.page_token().empty() ? 1 : atoi(request.page_token().c_str());
    const int size = request.page_size() == 0 ? most : std::min(most, request.page_size());
    for (int i = 0; i < size && next <= total; ++i, ++next) reply.add_tasks()->set_tid(next);
    if (next <= total) reply.set_next_page_token(absl::StrCat(next));
    return reply;
  };
}

std::vector<int> Tids(const std::vector<v1::Task>& tasks) {
  std::vector<int> tids;
  for (const v1::Task& task : tasks) tids.push_back(task.tid());
  return tids;
}

TEST_F(PagesTest, WalksAllPages) {
  ServePages(server_, /*total=*/5, /*most=*/2);
  v1::ListTasksRequest request;
  request.set_filter("cpu = 1");
  const auto tasks = client_->ListAllTasks(request);
  ASSERT_TRUE(tasks.ok());
  EXPECT_THAT(Tids(*tasks), ElementsAre(1, 2, 3, 4, 5));
  ASSERT_EQ(server_.list_tasks.requests.size(), 3u);
  EXPECT_EQ(server_.list_tasks.requests[2].filter(), "cpu = 1");
  EXPECT_EQ(server_.list_tasks.requests[2].page_token(), "5");
}

TEST_F(PagesTest, ALimitEndsTheWalk) {
  ServePages(server_, /*total=*/9, /*most=*/2);
  EXPECT_THAT(Tids(*client_->ListAllTasks({}, 3)), ElementsAre(1, 2, 3));
  ASSERT_EQ(server_.list_tasks.requests.size(), 2u);
  EXPECT_EQ(server_.list_tasks.requests[0].page_size(), 3);
}

TEST_F(PagesTest, ALimitAboveTheEndIsNoError) {
  ServePages(server_, /*total=*/2, /*most=*/2);
  EXPECT_THAT(Tids(*client_->ListAllTasks({}, 100)), ElementsAre(1, 2));
}

TEST_F(PagesTest, ALimitInTheMiddleOfAPageCutsIt) {
  ServePages(server_, /*total=*/9, /*most=*/4);
  v1::ListTasksRequest request;
  request.set_page_size(4);
  EXPECT_THAT(Tids(*client_->ListAllTasks(request, 6)), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(server_.list_tasks.requests.size(), 2u);
}

struct SizeCase {
  int asked;
  int limit;
  int sent;
};

// A page is never larger than what is wanted, and never larger than what the caller said.
TEST_F(PagesTest, ThePageSizeIsTheSmallerOne) {
  const SizeCase cases[] = {{0, 0, 0}, {7, 0, 7}, {0, 3, 3}, {7, 3, 3},
                            {2, 3, 2}, {3, 3, 3}, {0, -1, 0}};
  ServePages(server_, /*total=*/1, /*most=*/100);
  for (const SizeCase& c : cases) {
    server_.list_tasks.requests.clear();
    v1::ListTasksRequest request;
    request.set_page_size(c.asked);
    ASSERT_TRUE(client_->ListAllTasks(request, c.limit).ok());
    EXPECT_EQ(server_.list_tasks.requests[0].page_size(), c.sent) << c.asked << ", " << c.limit;
  }
}

TEST_F(PagesTest, TheWalkBeginsAtTheTokenGiven) {
  ServePages(server_, /*total=*/5, /*most=*/2);
  v1::ListTasksRequest request;
  request.set_page_token("4");
  EXPECT_THAT(Tids(*client_->ListAllTasks(request)), ElementsAre(4, 5));
}

TEST_F(PagesTest, AnEmptyPageIsNoEnd) {
  server_.list_tasks.handler =
      [](const v1::ListTasksRequest& request) -> absl::StatusOr<v1::ListTasksResponse> {
    v1::ListTasksResponse reply;
    if (request.page_token().empty()) {
      reply.set_next_page_token("2");
    } else {
      reply.add_tasks()->set_tid(2);
    }
    return reply;
  };
  EXPECT_THAT(Tids(*client_->ListAllTasks({})), ElementsAre(2));
}

TEST_F(PagesTest, AListOfNothingIsEmpty) {
  server_.list_tasks.Returns(v1::ListTasksResponse());
  server_.list_overrides.Returns(v1::ListTaskOverridesResponse());
  server_.list_specs.Returns(v1::ListParameterSpecsResponse());
  EXPECT_TRUE(client_->ListAllTasks({})->empty());
  EXPECT_TRUE(client_->ListAllTaskOverrides()->empty());
  EXPECT_TRUE(client_->ListAllParameterSpecs()->empty());
  server_.list_policies.Returns(v1::ListPoliciesResponse());
  server_.list_revisions.Returns(v1::ListPolicyRevisionsResponse());
  EXPECT_TRUE(client_->ListAllPolicies()->empty());
  EXPECT_TRUE(client_->ListAllPolicyRevisions()->empty());
}

TEST_F(PagesTest, OnePageGivesItsToken) {
  ServePages(server_, /*total=*/5, /*most=*/2);
  EXPECT_EQ(client_->ListTasks({})->next_page_token(), "3");
}

TEST_F(PagesTest, ATokenThatDoesNotMoveIsAnError) {
  v1::ListTasksResponse reply;
  reply.set_next_page_token("again");
  server_.list_tasks.Returns(reply);
  EXPECT_EQ(client_->ListAllTasks({}).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(server_.list_tasks.requests.size(), 2u);
}

TEST_F(PagesTest, NoListIsWalkedForEver) {
  v1::ListTaskOverridesResponse overrides;
  overrides.set_next_page_token("again");
  server_.list_overrides.Returns(overrides);
  v1::ListParameterSpecsResponse specs;
  specs.set_next_page_token("again");
  server_.list_specs.Returns(specs);
  EXPECT_EQ(client_->ListAllTaskOverrides().status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(client_->ListAllParameterSpecs().status().code(), absl::StatusCode::kInternal);
  v1::ListPoliciesResponse policies;
  policies.set_next_page_token("again");
  server_.list_policies.Returns(policies);
  v1::ListPolicyRevisionsResponse revisions;
  revisions.set_next_page_token("again");
  server_.list_revisions.Returns(revisions);
  EXPECT_EQ(client_->ListAllPolicies().status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(client_->ListAllPolicyRevisions().status().code(), absl::StatusCode::kInternal);
}

TEST_F(PagesTest, AnErrorInTheMiddleOfTheWalkIsTheResult) {
  server_.list_tasks.handler =
      [](const v1::ListTasksRequest& request) -> absl::StatusOr<v1::ListTasksResponse> {
    if (!request.page_token().empty()) return absl::InvalidArgumentError("token expired");
    v1::ListTasksResponse reply;
    reply.add_tasks();
    reply.set_next_page_token("2");
    return reply;
  };
  EXPECT_EQ(client_->ListAllTasks({}).status().message(), "token expired");
}

TEST_F(PagesTest, WalksOverridesAndSpecs) {
  server_.list_overrides.handler = [](const v1::ListTaskOverridesRequest& request)
      -> absl::StatusOr<v1::ListTaskOverridesResponse> {
    v1::ListTaskOverridesResponse reply;
    const bool first = request.page_token().empty();
    reply.add_task_overrides()->set_name(first ? "taskOverrides/a" : "taskOverrides/b");
    if (first) reply.set_next_page_token("b");
    return reply;
  };
  v1::ListParameterSpecsResponse specs;
  specs.add_parameter_specs()->set_field_path("base_slice");
  server_.list_specs.Returns(specs);
  const auto overrides = client_->ListAllTaskOverrides();
  ASSERT_EQ(overrides->size(), 2u);
  EXPECT_EQ((*overrides)[1].name(), "taskOverrides/b");
  EXPECT_EQ(client_->ListAllParameterSpecs()->at(0).field_path(), "base_slice");
}

TEST_F(PagesTest, WalksPoliciesAndRevisions) {
  server_.list_policies.handler =
      [](const v1::ListPoliciesRequest& request) -> absl::StatusOr<v1::ListPoliciesResponse> {
    v1::ListPoliciesResponse reply;
    const bool first = request.page_token().empty();
    reply.add_policies()->set_name(first ? "policies/a" : "policies/default");
    if (first) reply.set_next_page_token("b");
    return reply;
  };
  server_.list_revisions.handler = [](const v1::ListPolicyRevisionsRequest& request)
      -> absl::StatusOr<v1::ListPolicyRevisionsResponse> {
    v1::ListPolicyRevisionsResponse reply;
    const bool first = request.page_token().empty();
    reply.add_policy_revisions()->set_generation(first ? 9 : 8);
    if (first) reply.set_next_page_token("b");
    return reply;
  };
  const auto policies = client_->ListAllPolicies();
  ASSERT_EQ(policies->size(), 2u);
  EXPECT_EQ((*policies)[0].name(), "policies/a");
  EXPECT_EQ((*policies)[1].name(), "policies/default");
  const auto revisions = client_->ListAllPolicyRevisions("policies/a");
  ASSERT_EQ(revisions->size(), 2u);
  EXPECT_EQ((*revisions)[0].generation(), 9);
  EXPECT_EQ((*revisions)[1].generation(), 8);
  // The second page is of the same policy.
  ASSERT_EQ(server_.list_revisions.requests.size(), 2u);
  EXPECT_EQ(server_.list_revisions.requests[1].parent(), "policies/a");
  ASSERT_TRUE(client_->ListAllPolicyRevisions().ok());
  EXPECT_EQ(server_.list_revisions.requests[2].parent(), "policies/default");
}

TEST_F(PagesTest, OnePageOfTheAuditLogGivesItsToken) {
  v1::ListAuditEntriesResponse reply;
  reply.add_audit_entries()->set_name("auditEntries/7");
  reply.set_next_page_token("6");
  server_.list_audit.Returns(reply);
  v1::ListAuditEntriesRequest request;
  request.set_page_size(1);
  request.set_page_token("8");
  const auto page = client_->ListAuditEntries(request);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->audit_entries(0).name(), "auditEntries/7");
  EXPECT_EQ(page->next_page_token(), "6");
  ASSERT_EQ(server_.list_audit.requests.size(), 1u);
  EXPECT_EQ(server_.list_audit.requests[0].page_size(), 1);
  EXPECT_EQ(server_.list_audit.requests[0].page_token(), "8");
}

// Pages of three audit entries, of generations from 1.
void ServeAudit(FakeServer& server, int total) {
  server.list_audit.handler = [total](const v1::ListAuditEntriesRequest& request)
      -> absl::StatusOr<v1::ListAuditEntriesResponse> {
    v1::ListAuditEntriesResponse reply;
    int next = request.page_token().empty() ? 1 : std::atoi(request.page_token().c_str());
    for (int i = 0; i < 3 && next <= total; ++i, ++next) {
      reply.add_audit_entries()->set_policy_generation(next);
    }
    if (next <= total) reply.set_next_page_token(absl::StrCat(next));
    return reply;
  };
}

std::vector<int> Generations(const std::vector<v1::AuditEntry>& entries) {
  std::vector<int> numbers;
  for (const v1::AuditEntry& entry : entries) {
    numbers.push_back(static_cast<int>(entry.policy_generation()));
  }
  return numbers;
}

TEST_F(PagesTest, ALimitEndsTheWalkOfTheAuditLog) {
  ServeAudit(server_, /*total=*/9);
  EXPECT_THAT(Generations(*client_->ListAllAuditEntries(4)), ElementsAre(1, 2, 3, 4));
  ASSERT_EQ(server_.list_audit.requests.size(), 2u);
  EXPECT_EQ(server_.list_audit.requests[0].page_size(), 4);
  EXPECT_EQ(client_->ListAllAuditEntries()->size(), 9u);
}

TEST_F(PagesTest, TheLimitCountsTheEntriesThatAreWanted) {
  ServeAudit(server_, /*total=*/12);
  const auto even = [](const v1::AuditEntry& entry) { return entry.policy_generation() % 2 == 0; };
  EXPECT_THAT(Generations(*client_->ListAllAuditEntries(3, even)), ElementsAre(2, 4, 6));
  EXPECT_EQ(server_.list_audit.requests.size(), 2u);
  EXPECT_EQ(server_.list_audit.requests[0].page_size(), 0);
  EXPECT_EQ(client_->ListAllAuditEntries(0, even)->size(), 6u);
}

}  // namespace
}  // namespace schedd::client
