// SPDX-License-Identifier: Apache-2.0
#include "client/lib/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "client/lib/errors.h"
#include "tests/unit/client/fake_server.h"
#include "tests/unit/client/lib/client_fixture.h"

namespace schedd::client {
namespace {

using ::testing::HasSubstr;

TEST(ClientConnect, RefusesWhatIsNoEndpoint) {
  EXPECT_EQ(Client::Connect("nonsense").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ClientTest, KeepsTheEndpointAsWritten) {
  EXPECT_EQ(client_->endpoint(), server_.endpoint());
}

TEST_F(ClientTest, SchedulerCallsNameTheDefault) {
  v1::Scheduler scheduler;
  scheduler.set_ops_name("schedd_test");
  server_.get_scheduler.Returns(scheduler);
  server_.attach_scheduler.Returns(scheduler);
  server_.detach_scheduler.Returns(scheduler);

  EXPECT_EQ(client_->GetScheduler()->ops_name(), "schedd_test");
  v1::AttachSchedulerRequest attach;
  attach.set_validate_only(true);
  EXPECT_TRUE(client_->AttachScheduler(attach).ok());
  v1::DetachSchedulerRequest detach;
  detach.set_name("schedulers/other");
  EXPECT_TRUE(client_->DetachScheduler(detach).ok());

  EXPECT_EQ(server_.get_scheduler.requests[0].name(), "schedulers/default");
  EXPECT_EQ(server_.attach_scheduler.requests[0].name(), "schedulers/default");
  EXPECT_TRUE(server_.attach_scheduler.requests[0].validate_only());
  EXPECT_EQ(server_.detach_scheduler.requests[0].name(), "schedulers/other");
}

TEST_F(ClientTest, PolicyCalls) {
  v1::Policy policy;
  policy.set_generation(7);
  server_.get_policy.Returns(policy);
  server_.update_policy.Returns(policy);
  EXPECT_EQ(client_->GetPolicy()->generation(), 7);
  v1::UpdatePolicyRequest request;
  request.set_reason("test");
  EXPECT_EQ(client_->UpdatePolicy(request)->generation(), 7);
  EXPECT_EQ(server_.get_policy.requests[0].name(), "policies/default");
  EXPECT_EQ(server_.update_policy.requests[0].reason(), "test");
}

TEST_F(ClientTest, CallsForPoliciesOfControlGroups) {
  v1::Policy policy;
  policy.set_name("policies/a");
  server_.create_policy.Returns(policy);
  server_.rollback_policy.Returns(policy);
  server_.delete_policy.Returns(google::protobuf::Empty());

  v1::CreatePolicyRequest create;
  create.set_policy_id("a");
  EXPECT_EQ(client_->CreatePolicy(create)->name(), "policies/a");
  v1::RollbackPolicyRequest rollback;
  rollback.set_revision_id("known-good");
  EXPECT_EQ(client_->RollbackPolicy(rollback)->name(), "policies/a");
  v1::DeletePolicyRequest request;
  request.set_name("policies/a");
  EXPECT_TRUE(client_->DeletePolicy(request).ok());

  EXPECT_EQ(server_.create_policy.requests[0].policy_id(), "a");
  EXPECT_EQ(server_.rollback_policy.requests[0].revision_id(), "known-good");
  EXPECT_EQ(server_.delete_policy.requests[0].name(), "policies/a");
}

TEST_F(ClientTest, TaskAndOverrideCalls) {
  v1::Task task;
  task.set_name("tasks/1-2");
  server_.get_task.Returns(task);
  v1::TaskOverride change;
  change.set_name("taskOverrides/a");
  server_.create_override.Returns(change);
  server_.get_override.Returns(change);
  server_.update_override.Returns(change);
  server_.delete_override.Returns(google::protobuf::Empty());

  EXPECT_EQ(client_->GetTask("tasks/1-2")->name(), "tasks/1-2");
  EXPECT_EQ(client_->CreateTaskOverride({})->name(), "taskOverrides/a");
  EXPECT_EQ(client_->GetTaskOverride("taskOverrides/a")->name(), "taskOverrides/a");
  EXPECT_EQ(client_->UpdateTaskOverride({})->name(), "taskOverrides/a");
  v1::DeleteTaskOverrideRequest request;
  request.set_name("taskOverrides/a");
  EXPECT_TRUE(client_->DeleteTaskOverride(request).ok());

  EXPECT_EQ(server_.get_task.requests[0].name(), "tasks/1-2");
  EXPECT_EQ(server_.get_override.requests[0].name(), "taskOverrides/a");
  EXPECT_EQ(server_.delete_override.requests[0].name(), "taskOverrides/a");
}

TEST_F(ClientTest, ErrorsCarryCodeSentenceAndReason) {
  server_.update_policy.Returns(DetailedError(absl::StatusCode::kAborted, "the etag is stale",
                                              "ETAG_MISMATCH", "policy.etag"));
  const absl::Status status = client_->UpdatePolicy({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(status.message(), "the etag is stale");
  EXPECT_EQ(ErrorReason(status), "ETAG_MISMATCH");
  EXPECT_EQ(ErrorMetadata(status)["field"], "policy.etag");
}

// --- the daemon is not there, or does not answer ---

TEST_F(ClientTest, NobodyAtTheEndpoint) {
  server_.Stop();
  const absl::Status status = client_->GetScheduler().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("Is schedd running?"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(server_.endpoint()));
}

TEST_F(ClientTest, AStreamToNobodySaysSo) {
  server_.Stop();
  const absl::Status status = client_->WatchScheduler([](const auto&) { return true; });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("Is schedd running?"));
}

TEST(ClientTcp, NobodyAtThePort) {
  auto client = Client::Connect("127.0.0.1:1");
  ASSERT_TRUE(client.ok());
  const absl::Status status = (*client)->UpdatePolicy({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("127.0.0.1:1 does not answer"));
}

TEST_F(ClientTest, NoAnswerInTime) {
  // Shared: the handler may still be in it when this test has ended.
  const auto done = std::make_shared<absl::Notification>();
  server_.get_policy.handler = [done](const auto&) {
    done->WaitForNotification();
    return v1::Policy();
  };
  ClientOptions options;
  options.deadline = absl::Milliseconds(30);
  const absl::Status status = (*Client::Connect(server_.endpoint(), options))->GetPolicy().status();
  done->Notify();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(status.message()), HasSubstr("did not answer within 30ms"));
}

TEST_F(ClientTest, AMethodThatTheDaemonDoesNotHave) {
  // No handler: as a daemon that is older than this client.
  EXPECT_EQ(client_->GetPolicy().status().code(), absl::StatusCode::kUnimplemented);
}

// --- threads, sizes, versions ---

TEST_F(ClientTest, ThreadsShareAClient) {
  server_.get_task.handler = [](const v1::GetTaskRequest& request) -> absl::StatusOr<v1::Task> {
    v1::Task task;
    task.set_name(request.name());
    return task;
  };
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([this, thread, &right] {
        for (int i = 0; i < 25; ++i) {
          const std::string name = absl::StrCat("tasks/", thread, "-", i);
          const auto task = client_->GetTask(name);
          if (task.ok() && task->name() == name) ++right;
        }
      });
    }
  }
  EXPECT_EQ(right, 100);
}

TEST_F(ClientTest, ALongListInOneMessageIsReceived) {
  // 8 MiB: more than gRPC takes unless it is told to.
  v1::ListTasksResponse reply;
  for (int i = 0; i < 8; ++i) reply.add_tasks()->set_comm(std::string(1 << 20, 'x'));
  server_.list_tasks.Returns(reply);
  const auto tasks = client_->ListAllTasks({});
  ASSERT_TRUE(tasks.ok()) << tasks.status();
  EXPECT_EQ(tasks->size(), 8u);
}

TEST_F(ClientTest, AValueOfANewerDaemonIsKept) {
  v1::Scheduler scheduler;
  scheduler.set_state(static_cast<v1::Scheduler::State>(77));
  server_.get_scheduler.Returns(scheduler);
  EXPECT_EQ(client_->GetScheduler()->state(), 77);
}

TEST(ClientConnect, WithoutAnArgumentTheVariableHolds) {
  FakeServer server;
  server.get_policy.Returns(v1::Policy());
  setenv("SCHEDD_ENDPOINT", server.endpoint().c_str(), 1);
  const auto client = Client::Connect("");
  unsetenv("SCHEDD_ENDPOINT");
  ASSERT_TRUE(client.ok());
  EXPECT_EQ((*client)->endpoint(), server.endpoint());
  EXPECT_TRUE((*client)->GetPolicy().ok());
  EXPECT_EQ((*Client::Connect(""))->endpoint(), "unix:///run/schedd/schedd.sock");
}

}  // namespace
}  // namespace schedd::client
