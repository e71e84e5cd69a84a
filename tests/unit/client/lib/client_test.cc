// SPDX-License-Identifier: Apache-2.0
#include "client/lib/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "client/lib/errors.h"
#include "tests/unit/client/fake_server.h"

namespace schedd::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ClientTest : public testing::Test {
 protected:
  ClientTest() : client_(*Client::Connect(server_.endpoint(), Fast())) {}

  // Retries at once.
  static ClientOptions Fast() {
    ClientOptions options;
    options.retry_pause = absl::ZeroDuration();
    return options;
  }

  FakeServer server_;
  std::unique_ptr<Client> client_;
};

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

// --- retries ---

TEST_F(ClientTest, AReadIsTriedAgainWhenTheDaemonIsUnavailable) {
  int calls = 0;
  server_.get_policy.handler = [&](const auto&) -> absl::StatusOr<v1::Policy> {
    if (++calls < 3) return absl::UnavailableError("restarting");
    return v1::Policy();
  };
  EXPECT_TRUE(client_->GetPolicy().ok());
  EXPECT_EQ(calls, 3);
}

TEST_F(ClientTest, AReadIsTriedThreeTimesAndNotMore) {
  server_.get_policy.Returns(DetailedError(absl::StatusCode::kUnavailable, "bye", "DRAINING"));
  EXPECT_EQ(ErrorReason(client_->GetPolicy().status()), "DRAINING");
  EXPECT_EQ(server_.get_policy.requests.size(), 3u);
}

TEST_F(ClientTest, AChangeIsSentOnce) {
  const absl::Status gone = absl::UnavailableError("restarting");
  server_.update_policy.Returns(gone);
  server_.create_override.Returns(gone);
  server_.update_override.Returns(gone);
  server_.delete_override.Returns(gone);
  server_.attach_scheduler.Returns(gone);
  server_.detach_scheduler.Returns(gone);
  EXPECT_FALSE(client_->UpdatePolicy({}).ok());
  EXPECT_FALSE(client_->CreateTaskOverride({}).ok());
  EXPECT_FALSE(client_->UpdateTaskOverride({}).ok());
  EXPECT_FALSE(client_->DeleteTaskOverride({}).ok());
  EXPECT_FALSE(client_->AttachScheduler({}).ok());
  EXPECT_FALSE(client_->DetachScheduler({}).ok());
  EXPECT_EQ(server_.update_policy.requests.size(), 1u);
  EXPECT_EQ(server_.create_override.requests.size(), 1u);
  EXPECT_EQ(server_.update_override.requests.size(), 1u);
  EXPECT_EQ(server_.delete_override.requests.size(), 1u);
  EXPECT_EQ(server_.attach_scheduler.requests.size(), 1u);
  EXPECT_EQ(server_.detach_scheduler.requests.size(), 1u);
}

TEST_F(ClientTest, ARetryDoesNotOutlastTheDeadline) {
  server_.get_policy.Returns(DetailedError(absl::StatusCode::kUnavailable, "bye", "DRAINING"));
  ClientOptions options;
  options.deadline = absl::Seconds(5);
  options.retry_pause = absl::Seconds(6);
  EXPECT_EQ(ErrorReason((*Client::Connect(server_.endpoint(), options))->GetPolicy().status()),
            "DRAINING");
  EXPECT_EQ(server_.get_policy.requests.size(), 1u);
}

TEST_F(ClientTest, ARetryCanBeTurnedOff) {
  server_.get_policy.Returns(absl::UnavailableError("restarting"));
  for (int attempts : {1, 0, -1}) {
    server_.get_policy.requests.clear();
    ClientOptions options;
    options.read_attempts = attempts;
    EXPECT_FALSE((*Client::Connect(server_.endpoint(), options))->GetPolicy().ok());
    EXPECT_EQ(server_.get_policy.requests.size(), 1u) << attempts;
  }
}

TEST_F(ClientTest, EveryReadIsTriedAgain) {
  const absl::Status gone = absl::UnavailableError("restarting");
  server_.get_scheduler.Returns(gone);
  server_.get_task.Returns(gone);
  server_.list_tasks.Returns(gone);
  server_.get_override.Returns(gone);
  server_.list_overrides.Returns(gone);
  server_.list_specs.Returns(gone);
  EXPECT_FALSE(client_->GetScheduler().ok());
  EXPECT_FALSE(client_->GetTask("tasks/1-1").ok());
  EXPECT_FALSE(client_->ListTasks({}).ok());
  EXPECT_FALSE(client_->GetTaskOverride("taskOverrides/a").ok());
  EXPECT_FALSE(client_->ListAllTaskOverrides().ok());
  EXPECT_FALSE(client_->ListAllParameterSpecs().ok());
  EXPECT_EQ(server_.get_scheduler.requests.size(), 3u);
  EXPECT_EQ(server_.get_task.requests.size(), 3u);
  EXPECT_EQ(server_.list_tasks.requests.size(), 3u);
  EXPECT_EQ(server_.get_override.requests.size(), 3u);
  EXPECT_EQ(server_.list_overrides.requests.size(), 3u);
  EXPECT_EQ(server_.list_specs.requests.size(), 3u);
}

TEST_F(ClientTest, OtherErrorsAreNotTriedAgain) {
  server_.get_policy.Returns(absl::NotFoundError("no such policy"));
  EXPECT_EQ(client_->GetPolicy().status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(server_.get_policy.requests.size(), 1u);
}

TEST_F(ClientTest, FindsTheDaemonAgainAfterARestart) {
  server_.get_policy.Returns(v1::Policy());
  // The pauses between the attempts are longer than the transport's own before it connects again.
  const auto patient = *Client::Connect(server_.endpoint());
  ASSERT_TRUE(patient->GetPolicy().ok());
  server_.Stop();
  EXPECT_EQ(client_->GetPolicy().status().code(), absl::StatusCode::kUnavailable);
  server_.Start();
  EXPECT_TRUE(patient->GetPolicy().ok());
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

// --- pages ---

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

TEST_F(ClientTest, WalksAllPages) {
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

TEST_F(ClientTest, ALimitEndsTheWalk) {
  ServePages(server_, /*total=*/9, /*most=*/2);
  EXPECT_THAT(Tids(*client_->ListAllTasks({}, 3)), ElementsAre(1, 2, 3));
  ASSERT_EQ(server_.list_tasks.requests.size(), 2u);
  EXPECT_EQ(server_.list_tasks.requests[0].page_size(), 3);
}

TEST_F(ClientTest, ALimitAboveTheEndIsNoError) {
  ServePages(server_, /*total=*/2, /*most=*/2);
  EXPECT_THAT(Tids(*client_->ListAllTasks({}, 100)), ElementsAre(1, 2));
}

TEST_F(ClientTest, OnePageGivesItsToken) {
  ServePages(server_, /*total=*/5, /*most=*/2);
  EXPECT_EQ(client_->ListTasks({})->next_page_token(), "3");
}

TEST_F(ClientTest, ATokenThatDoesNotMoveIsAnError) {
  v1::ListTasksResponse reply;
  reply.set_next_page_token("again");
  server_.list_tasks.Returns(reply);
  EXPECT_EQ(client_->ListAllTasks({}).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(server_.list_tasks.requests.size(), 2u);
}

TEST_F(ClientTest, AnErrorInTheMiddleOfTheWalkIsTheResult) {
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

TEST_F(ClientTest, WalksOverridesAndSpecs) {
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

// --- streams ---

std::vector<v1::WatchTasksResponse> Updates(int count) {
  std::vector<v1::WatchTasksResponse> updates(count);
  for (int i = 0; i < count; ++i) updates[i].set_sequence_number(i + 1);
  return updates;
}

TEST_F(ClientTest, AStreamBringsAllMessagesInOrderAndItsEnd) {
  server_.watch_tasks.messages = Updates(3);
  server_.watch_tasks.end =
      DetailedError(absl::StatusCode::kUnavailable, "schedd ends", "DRAINING");
  std::vector<int64_t> seen;
  v1::WatchTasksRequest request;
  request.set_filter("cpu = 0");
  const absl::Status status =
      client_->WatchTasks(request, [&](const v1::WatchTasksResponse& update) {
        seen.push_back(update.sequence_number());
        return true;
      });
  EXPECT_THAT(seen, ElementsAre(1, 2, 3));
  EXPECT_EQ(ErrorReason(status), "DRAINING");
  EXPECT_EQ(server_.watch_tasks.requests[0].filter(), "cpu = 0");
}

TEST_F(ClientTest, AStreamThatEndsByItselfIsOk) {
  server_.watch_tasks.messages = Updates(1);
  EXPECT_TRUE(client_->WatchTasks({}, [](const auto&) { return true; }).ok());
}

TEST_F(ClientTest, TheReceiverEndsTheStream) {
  server_.watch_tasks.messages = Updates(3);
  server_.watch_tasks.endless = true;
  int seen = 0;
  EXPECT_TRUE(client_->WatchTasks({}, [&](const auto&) { return ++seen < 2; }).ok());
  EXPECT_EQ(seen, 2);
}

TEST_F(ClientTest, AStopRequestEndsAStreamThatWaits) {
  server_.watch_scheduler.messages.resize(1);
  server_.watch_scheduler.endless = true;
  std::stop_source stop;
  absl::Notification first;
  std::jthread stopper([&] {
    first.WaitForNotification();
    stop.request_stop();
  });
  const absl::Status status = client_->WatchScheduler(
      [&](const auto&) {
        first.Notify();
        return true;
      },
      stop.get_token());
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(server_.watch_scheduler.requests[0].name(), "schedulers/default");
}

}  // namespace
}  // namespace schedd::client
