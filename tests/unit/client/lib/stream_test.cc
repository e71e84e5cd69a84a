// SPDX-License-Identifier: Apache-2.0
//
// Streams: their messages, their ends, and who may end them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "client/lib/client.h"
#include "client/lib/errors.h"
#include "tests/unit/client/fake_server.h"
#include "tests/unit/client/lib/client_fixture.h"

namespace schedd::client {
namespace {

using ::testing::ElementsAre;

using StreamTest = ClientTest;

std::vector<v1::WatchTasksResponse> Updates(int count) {
  std::vector<v1::WatchTasksResponse> updates(count);
  for (int i = 0; i < count; ++i) updates[i].set_sequence_number(i + 1);
  return updates;
}

TEST_F(StreamTest, AStreamBringsAllMessagesInOrderAndItsEnd) {
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

TEST_F(StreamTest, AStreamThatEndsByItselfIsOk) {
  server_.watch_tasks.messages = Updates(1);
  EXPECT_TRUE(client_->WatchTasks({}, [](const auto&) { return true; }).ok());
}

TEST_F(StreamTest, TheReceiverEndsTheStream) {
  server_.watch_tasks.messages = Updates(3);
  server_.watch_tasks.endless = true;
  int seen = 0;
  EXPECT_TRUE(client_->WatchTasks({}, [&](const auto&) { return ++seen < 2; }).ok());
  EXPECT_EQ(seen, 2);
}

TEST_F(StreamTest, AStopRequestEndsAStreamThatWaits) {
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

TEST_F(StreamTest, AStopBeforeTheBeginningIsNoError) {
  server_.watch_tasks.messages = Updates(3);
  server_.watch_tasks.endless = true;
  std::stop_source stop;
  stop.request_stop();
  int seen = 0;
  const absl::Status status =
      client_->WatchTasks({}, [&](const auto&) { return ++seen > 0; }, stop.get_token());
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(seen, 0);
}

// A stream may be silent for as long as nothing happens.
TEST_F(StreamTest, TheDeadlineOfCallsIsNotThatOfStreams) {
  server_.get_scheduler.Returns(v1::Scheduler());
  server_.watch_scheduler.messages.resize(2);
  ClientOptions options;
  options.deadline = -absl::Seconds(1);  // over before it begins
  const auto client = *Client::Connect(server_.endpoint(), options);
  EXPECT_EQ(client->GetScheduler().status().code(), absl::StatusCode::kDeadlineExceeded);
  int seen = 0;
  const absl::Status status = client->WatchScheduler([&](const auto&) { return ++seen > 0; });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(seen, 2);
}

TEST_F(StreamTest, AStreamIsNotTriedAgain) {
  server_.watch_tasks.end = absl::UnavailableError("restarting");
  EXPECT_FALSE(client_->WatchTasks({}, [](const auto&) { return true; }).ok());
  EXPECT_EQ(server_.watch_tasks.requests.size(), 1u);
}

TEST_F(StreamTest, AnErrorWithoutAMessageIsTheResult) {
  server_.watch_tasks.end = DetailedError(absl::StatusCode::kInvalidArgument,
                                          "filter: no such field", "INVALID_FILTER", "filter");
  int seen = 0;
  const absl::Status status = client_->WatchTasks({}, [&](const auto&) { return ++seen > 0; });
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorReason(status), "INVALID_FILTER");
  EXPECT_EQ(seen, 0);
}

// What the receiver had enough of is no error, whatever schedd says afterwards.
TEST_F(StreamTest, AnErrorBehindTheLastWantedMessageIsNotSeen) {
  server_.watch_tasks.messages = Updates(1);
  server_.watch_tasks.end = absl::InternalError("broken");
  EXPECT_TRUE(client_->WatchTasks({}, [](const auto&) { return false; }).ok());
}

}  // namespace
}  // namespace schedd::client
