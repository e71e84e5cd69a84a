// SPDX-License-Identifier: Apache-2.0
//
// What is tried again, how often, and what never is.
#include <gtest/gtest.h>

#include <memory>

#include "absl/time/clock.h"
#include "client/lib/client.h"
#include "client/lib/errors.h"
#include "tests/unit/client/fake_server.h"
#include "tests/unit/client/lib/client_fixture.h"

namespace schedd::client {
namespace {

using RetryTest = ClientTest;

TEST_F(RetryTest, AReadIsTriedAgainWhenTheDaemonIsUnavailable) {
  int calls = 0;
  server_.get_policy.handler = [&](const auto&) -> absl::StatusOr<v1::Policy> {
    if (++calls < 3) return absl::UnavailableError("restarting");
    return v1::Policy();
  };
  EXPECT_TRUE(client_->GetPolicy().ok());
  EXPECT_EQ(calls, 3);
}

TEST_F(RetryTest, AReadIsTriedThreeTimesAndNotMore) {
  server_.get_policy.Returns(DetailedError(absl::StatusCode::kUnavailable, "bye", "DRAINING"));
  EXPECT_EQ(ErrorReason(client_->GetPolicy().status()), "DRAINING");
  EXPECT_EQ(server_.get_policy.requests.size(), 3u);
}

TEST_F(RetryTest, AChangeIsSentOnce) {
  const absl::Status gone = absl::UnavailableError("restarting");
  server_.update_policy.Returns(gone);
  server_.create_override.Returns(gone);
  server_.update_override.Returns(gone);
  server_.delete_override.Returns(gone);
  server_.attach_scheduler.Returns(gone);
  server_.detach_scheduler.Returns(gone);
  server_.create_policy.Returns(gone);
  server_.delete_policy.Returns(gone);
  server_.rollback_policy.Returns(gone);
  EXPECT_FALSE(client_->UpdatePolicy({}).ok());
  EXPECT_FALSE(client_->CreateTaskOverride({}).ok());
  EXPECT_FALSE(client_->UpdateTaskOverride({}).ok());
  EXPECT_FALSE(client_->DeleteTaskOverride({}).ok());
  EXPECT_FALSE(client_->AttachScheduler({}).ok());
  EXPECT_FALSE(client_->DetachScheduler({}).ok());
  EXPECT_FALSE(client_->CreatePolicy({}).ok());
  EXPECT_FALSE(client_->DeletePolicy({}).ok());
  EXPECT_FALSE(client_->RollbackPolicy({}).ok());
  EXPECT_EQ(server_.update_policy.requests.size(), 1u);
  EXPECT_EQ(server_.create_override.requests.size(), 1u);
  EXPECT_EQ(server_.update_override.requests.size(), 1u);
  EXPECT_EQ(server_.delete_override.requests.size(), 1u);
  EXPECT_EQ(server_.attach_scheduler.requests.size(), 1u);
  EXPECT_EQ(server_.detach_scheduler.requests.size(), 1u);
  EXPECT_EQ(server_.create_policy.requests.size(), 1u);
  EXPECT_EQ(server_.delete_policy.requests.size(), 1u);
  EXPECT_EQ(server_.rollback_policy.requests.size(), 1u);
}

TEST_F(RetryTest, ARetryDoesNotOutlastTheDeadline) {
  server_.get_policy.Returns(DetailedError(absl::StatusCode::kUnavailable, "bye", "DRAINING"));
  ClientOptions options;
  options.deadline = absl::Seconds(5);
  options.retry_pause = absl::Seconds(6);
  EXPECT_EQ(ErrorReason((*Client::Connect(server_.endpoint(), options))->GetPolicy().status()),
            "DRAINING");
  EXPECT_EQ(server_.get_policy.requests.size(), 1u);
}

TEST_F(RetryTest, ARetryCanBeTurnedOff) {
  server_.get_policy.Returns(absl::UnavailableError("restarting"));
  for (int attempts : {1, 0, -1}) {
    server_.get_policy.requests.clear();
    ClientOptions options;
    options.read_attempts = attempts;
    EXPECT_FALSE((*Client::Connect(server_.endpoint(), options))->GetPolicy().ok());
    EXPECT_EQ(server_.get_policy.requests.size(), 1u) << attempts;
  }
}

TEST_F(RetryTest, EveryReadIsTriedAgain) {
  const absl::Status gone = absl::UnavailableError("restarting");
  server_.get_scheduler.Returns(gone);
  server_.get_task.Returns(gone);
  server_.list_tasks.Returns(gone);
  server_.get_override.Returns(gone);
  server_.list_overrides.Returns(gone);
  server_.list_specs.Returns(gone);
  server_.list_policies.Returns(gone);
  server_.list_revisions.Returns(gone);
  server_.list_audit.Returns(gone);
  EXPECT_FALSE(client_->GetScheduler().ok());
  EXPECT_FALSE(client_->GetTask("tasks/1-1").ok());
  EXPECT_FALSE(client_->ListTasks({}).ok());
  EXPECT_FALSE(client_->GetTaskOverride("taskOverrides/a").ok());
  EXPECT_FALSE(client_->ListAllTaskOverrides().ok());
  EXPECT_FALSE(client_->ListAllParameterSpecs().ok());
  EXPECT_FALSE(client_->ListAllPolicies().ok());
  EXPECT_FALSE(client_->ListAllPolicyRevisions().ok());
  EXPECT_FALSE(client_->ListAuditEntries({}).ok());
  EXPECT_EQ(server_.get_scheduler.requests.size(), 3u);
  EXPECT_EQ(server_.get_task.requests.size(), 3u);
  EXPECT_EQ(server_.list_tasks.requests.size(), 3u);
  EXPECT_EQ(server_.get_override.requests.size(), 3u);
  EXPECT_EQ(server_.list_overrides.requests.size(), 3u);
  EXPECT_EQ(server_.list_specs.requests.size(), 3u);
  EXPECT_EQ(server_.list_policies.requests.size(), 3u);
  EXPECT_EQ(server_.list_revisions.requests.size(), 3u);
  EXPECT_EQ(server_.list_audit.requests.size(), 3u);
}

TEST_F(RetryTest, OtherErrorsAreNotTriedAgain) {
  for (int code = 1; code <= static_cast<int>(absl::StatusCode::kUnauthenticated); ++code) {
    const auto wanted = static_cast<absl::StatusCode>(code);
    if (wanted == absl::StatusCode::kUnavailable) continue;
    server_.get_policy.requests.clear();
    server_.get_policy.Returns(DetailedError(wanted, "no", "REASON"));
    EXPECT_EQ(client_->GetPolicy().status().code(), wanted);
    EXPECT_EQ(server_.get_policy.requests.size(), 1u) << wanted;
  }
}

TEST_F(RetryTest, AnotherErrorEndsTheAttempts) {
  int calls = 0;
  server_.get_policy.handler = [&](const auto&) -> absl::StatusOr<v1::Policy> {
    if (++calls == 1) return absl::UnavailableError("restarting");
    return absl::NotFoundError("no such policy");
  };
  EXPECT_EQ(client_->GetPolicy().status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(calls, 2);
}

TEST_F(RetryTest, TheNumberOfAttemptsIsTheOptions) {
  server_.get_policy.Returns(absl::UnavailableError("restarting"));
  ClientOptions options = Fast();
  options.read_attempts = 5;
  EXPECT_FALSE((*Client::Connect(server_.endpoint(), options))->GetPolicy().ok());
  EXPECT_EQ(server_.get_policy.requests.size(), 5u);
}

// 10 ms and 20 ms between three attempts.
TEST_F(RetryTest, ThePausesDouble) {
  server_.get_policy.Returns(absl::UnavailableError("restarting"));
  ClientOptions options;
  options.retry_pause = absl::Milliseconds(10);
  const auto client = *Client::Connect(server_.endpoint(), options);
  const absl::Time before = absl::Now();
  EXPECT_FALSE(client->GetPolicy().ok());
  EXPECT_GE(absl::Now() - before, absl::Milliseconds(30));
}

// A walk begins each page anew: an attempt of one page does not use up those of the next.
TEST_F(RetryTest, EachPageHasItsOwnAttempts) {
  int calls = 0;
  server_.list_tasks.handler =
      [&](const v1::ListTasksRequest& request) -> absl::StatusOr<v1::ListTasksResponse> {
    if (++calls % 3 != 0) return absl::UnavailableError("restarting");
    v1::ListTasksResponse reply;
    reply.add_tasks();
    if (request.page_token() != "b") reply.set_next_page_token(calls == 3 ? "a" : "b");
    return reply;
  };
  const auto tasks = client_->ListAllTasks({});
  ASSERT_TRUE(tasks.ok()) << tasks.status();
  EXPECT_EQ(tasks->size(), 3u);
  EXPECT_EQ(calls, 9);
}

TEST_F(RetryTest, FindsTheDaemonAgainAfterARestart) {
  server_.get_policy.Returns(v1::Policy());
  // The pauses between the attempts are longer than the transport's own before it connects again.
  const auto patient = *Client::Connect(server_.endpoint());
  ASSERT_TRUE(patient->GetPolicy().ok());
  server_.Stop();
  EXPECT_EQ(client_->GetPolicy().status().code(), absl::StatusCode::kUnavailable);
  server_.Start();
  EXPECT_TRUE(patient->GetPolicy().ok());
}

}  // namespace
}  // namespace schedd::client
