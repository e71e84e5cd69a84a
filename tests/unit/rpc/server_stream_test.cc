// SPDX-License-Identifier: Apache-2.0
//
// Streams over real gRPC: limits, slow readers, health, and how all ends.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "tests/unit/rpc/server_fixture.h"

namespace schedd::rpc {
namespace {

using TaskReader = std::unique_ptr<grpc::ClientReader<v1::WatchTasksResponse>>;
using SchedulerReader = std::unique_ptr<grpc::ClientReader<v1::WatchSchedulerResponse>>;

class ServerStreamTest : public ServerFixture {
 protected:
  // The fastest stream there is.
  static v1::WatchTasksRequest Fast() {
    v1::WatchTasksRequest request;
    request.mutable_update_interval()->set_nanos(100'000'000);
    return request;
  }

  SchedulerReader WatchScheduler(grpc::ClientContext* context) {
    v1::WatchSchedulerRequest request;
    request.set_name("schedulers/default");
    return scheduler_->WatchScheduler(context, request);
  }

  // Many tasks, and a connection that takes few bytes before it is read: updates get stuck soon.
  std::unique_ptr<v1::TaskService::Stub> NarrowStub() {
    host_.slots = 4096;
    Attach();
    for (uint32_t i = 0; i < 4000; ++i) {
      host_.kernel->PutTask(i, {.tid = 10 + static_cast<int32_t>(i), .comm = "some-long-name"});
    }
    grpc::ChannelArguments narrow;
    narrow.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    return v1::TaskService::NewStub(Channel(narrow));
  }

  // Status of health as a client sees it; 0 when it cannot be asked.
  int Health() {
    grpc::GenericStub stub(channel_);
    const auto context = Context();
    grpc::Slice nothing;
    const grpc::ByteBuffer request(&nothing, 1);
    grpc::ByteBuffer reply;
    absl::Notification done;
    stub.UnaryCall(context.get(), "/grpc.health.v1.Health/Check", grpc::StubOptions(), &request,
                   &reply, [&done](const grpc::Status&) { done.Notify(); });
    done.WaitForNotification();
    grpc::Slice answer;
    // Field 1, an enum: 1 is SERVING.
    if (!reply.TrySingleSlice(&answer).ok() || answer.size() != 2) return 0;
    return answer.begin()[1];
  }
};

TEST_F(ServerStreamTest, HealthSaysServing) { EXPECT_EQ(Health(), 1); }

TEST_F(ServerStreamTest, TasksComeAgainAndAgain) {
  Attach();
  host_.kernel->PutTask(0, {.tid = 10});
  auto context = Context();
  const TaskReader reader = tasks_->WatchTasks(context.get(), Fast());
  for (int i = 1; i <= 3; ++i) {
    v1::WatchTasksResponse update;
    ASSERT_TRUE(reader->Read(&update));
    EXPECT_EQ(update.sequence_number(), i);
    EXPECT_EQ(update.tasks_size(), 1);
  }
  context->TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(ServerStreamTest, SchedulerStreamTellsOfAnAttach) {
  auto context = Context();
  const SchedulerReader reader = WatchScheduler(context.get());
  v1::WatchSchedulerResponse event;
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_EQ(event.scheduler().state(), v1::Scheduler::STATE_DETACHED);
  Attach();
  ASSERT_TRUE(reader->Read(&event));
  EXPECT_EQ(event.scheduler().state(), v1::Scheduler::STATE_ATTACHED);
  context->TryCancel();
  reader->Finish();
}

TEST_F(ServerStreamTest, RefusedRequestsEndAtOnceWithTheirReason) {
  auto context = Context();
  v1::WatchTasksRequest request = Fast();
  request.set_filter("comm =");
  v1::WatchTasksResponse update;
  const TaskReader tasks = tasks_->WatchTasks(context.get(), request);
  EXPECT_FALSE(tasks->Read(&update));
  EXPECT_EQ(CodeAndReason(tasks->Finish()), "INVALID_ARGUMENT INVALID_FILTER");

  context = Context();
  const TaskReader detached = tasks_->WatchTasks(context.get(), Fast());
  EXPECT_FALSE(detached->Read(&update));
  EXPECT_EQ(CodeAndReason(detached->Finish()), "FAILED_PRECONDITION SCHEDULER_DETACHED");

  context = Context();
  const SchedulerReader other = scheduler_->WatchScheduler(context.get(), {});
  v1::WatchSchedulerResponse event;
  EXPECT_FALSE(other->Read(&event));
  EXPECT_EQ(CodeAndReason(other->Finish()), "INVALID_ARGUMENT INVALID_NAME");
}

TEST_F(ServerStreamTest, DetachEndsTheStreamOfTasks) {
  Attach();
  auto context = Context();
  const TaskReader reader = tasks_->WatchTasks(context.get(), Fast());
  v1::WatchTasksResponse update;
  ASSERT_TRUE(reader->Read(&update));
  ASSERT_TRUE(control_->DetachScheduler("test").ok());
  while (reader->Read(&update)) {
  }
  EXPECT_EQ(CodeAndReason(reader->Finish()), "FAILED_PRECONDITION SCHEDULER_DETACHED");
}

TEST_F(ServerStreamTest, SeventeenthStreamOfACallerIsRefusedUntilOneEnds) {
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<SchedulerReader> readers;
  v1::WatchSchedulerResponse event;
  for (int i = 0; i < 16; ++i) {
    contexts.push_back(Context());
    readers.push_back(WatchScheduler(contexts.back().get()));
    ASSERT_TRUE(readers.back()->Read(&event)) << i;
  }
  auto context = Context();
  SchedulerReader reader = WatchScheduler(context.get());
  EXPECT_FALSE(reader->Read(&event));
  EXPECT_EQ(CodeAndReason(reader->Finish()), "RESOURCE_EXHAUSTED TOO_MANY_STREAMS");

  contexts[0]->TryCancel();
  EXPECT_EQ(readers[0]->Finish().error_code(), grpc::StatusCode::CANCELLED);
  // The server hears of it a moment later.
  bool accepted = false;
  for (const absl::Time end = absl::Now() + absl::Seconds(10); !accepted && absl::Now() < end;) {
    contexts.push_back(Context());
    readers.push_back(WatchScheduler(contexts.back().get()));
    accepted = readers.back()->Read(&event);
  }
  EXPECT_TRUE(accepted);
  for (auto& each : contexts) each->TryCancel();
  for (size_t i = 1; i < readers.size(); ++i) readers[i]->Finish();
}

// A caller is a user, not a connection: more of these are no way round the limit.
TEST_F(ServerStreamTest, StreamsOfAllConnectionsOfAUserCount) {
  options_.stream_limits = {.per_caller = 2, .total = 256};
  Start();
  const auto other = v1::SchedulerService::NewStub(Channel());
  auto first = Context();
  auto second = Context();
  auto third = Context();
  v1::WatchSchedulerRequest request;
  request.set_name("schedulers/default");
  const SchedulerReader readers[] = {WatchScheduler(first.get()),
                                     other->WatchScheduler(second.get(), request)};
  v1::WatchSchedulerResponse event;
  for (const SchedulerReader& reader : readers) ASSERT_TRUE(reader->Read(&event));
  const SchedulerReader refused = other->WatchScheduler(third.get(), request);
  EXPECT_FALSE(refused->Read(&event));
  const grpc::Status status = refused->Finish();
  EXPECT_EQ(CodeAndReason(status), "RESOURCE_EXHAUSTED TOO_MANY_STREAMS");
  EXPECT_THAT(status.error_message(),
              ::testing::HasSubstr("one caller may have at most 2 streams"));
  first->TryCancel();
  second->TryCancel();
  for (const SchedulerReader& reader : readers) reader->Finish();
}

TEST_F(ServerStreamTest, StreamsOfAllCallersAreLimited) {
  options_.stream_limits = {.per_caller = 16, .total = 1};
  Start();
  auto first = Context();
  auto second = Context();
  const SchedulerReader reader = WatchScheduler(first.get());
  v1::WatchSchedulerResponse event;
  ASSERT_TRUE(reader->Read(&event));
  const SchedulerReader refused = WatchScheduler(second.get());
  EXPECT_FALSE(refused->Read(&event));
  const grpc::Status status = refused->Finish();
  EXPECT_EQ(CodeAndReason(status), "RESOURCE_EXHAUSTED TOO_MANY_STREAMS");
  EXPECT_THAT(status.error_message(), ::testing::HasSubstr("schedd serves at most 1 streams"));
  first->TryCancel();
  reader->Finish();
}

// What the client takes in without reading is gRPC's window; behind it the server holds one
// message.
TEST_F(ServerStreamTest, ReaderThatDoesNotReadMissesUpdatesAndThenGetsTheNewest) {
  const auto stub = NarrowStub();
  auto context = Context();
  const TaskReader reader = stub->WatchTasks(context.get(), Fast());
  v1::WatchTasksResponse update;
  ASSERT_TRUE(reader->Read(&update));
  // Until updates were surely skipped; the fake kernel has no lock, so nothing else moves.
  absl::SleepFor(absl::Milliseconds(1500));
  int64_t last = update.sequence_number();
  int64_t skipped = 0;
  for (int i = 0; i < 20 && skipped == 0; ++i) {
    ASSERT_TRUE(reader->Read(&update));
    EXPECT_EQ(update.sequence_number(), last + 1 + update.skipped_update_count());
    last = update.sequence_number();
    skipped = update.skipped_update_count();
  }
  EXPECT_GE(skipped, 1);
  EXPECT_EQ(update.tasks_size(), 4000);
  context->TryCancel();
  reader->Finish();
}

TEST_F(ServerStreamTest, CloseModeEndsAReaderThatDoesNotRead) {
  const auto stub = NarrowStub();
  auto context = Context();
  v1::WatchTasksRequest request = Fast();
  request.set_overflow_mode(v1::WatchTasksRequest::OVERFLOW_MODE_CLOSE);
  const TaskReader reader = stub->WatchTasks(context.get(), request);
  absl::SleepFor(absl::Milliseconds(800));
  v1::WatchTasksResponse update;
  int updates = 0;
  while (reader->Read(&update)) ++updates;
  EXPECT_LT(updates, 5);
  EXPECT_EQ(CodeAndReason(reader->Finish()), "RESOURCE_EXHAUSTED STREAM_OVERFLOW");
}

// --- the end ---

TEST_F(ServerStreamTest, WhoWatchesHealthIsToldBeforeTheEnd) {
  grpc::GenericStub stub(channel_);
  const auto context = Context();
  grpc::CompletionQueue queue;
  void* tag = nullptr;
  bool ok = false;
  const auto done = [&] { return queue.Next(&tag, &ok) && ok; };
  const auto call = stub.PrepareCall(context.get(), "/grpc.health.v1.Health/Watch", &queue);
  call->StartCall(nullptr);
  ASSERT_TRUE(done());
  grpc::Slice nothing;
  call->WriteLast(grpc::ByteBuffer(&nothing, 1), grpc::WriteOptions(), nullptr);
  ASSERT_TRUE(done());
  // Field 1, an enum: 1 is SERVING, 2 is NOT_SERVING.
  const auto read = [&] {
    grpc::ByteBuffer reply;
    call->Read(&reply, nullptr);
    grpc::Slice answer;
    return done() && reply.TrySingleSlice(&answer).ok() && answer.size() == 2 ? answer.begin()[1]
                                                                              : 0;
  };
  EXPECT_EQ(read(), 1);
  std::thread drainer([this] { server_->Drain(absl::Milliseconds(500)); });
  EXPECT_EQ(read(), 2);
  drainer.join();
  context->TryCancel();
  grpc::Status status;
  call->Finish(&status, nullptr);
  EXPECT_TRUE(queue.Next(&tag, &ok));
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
}

TEST_F(ServerStreamTest, DrainTellsReadersWhyAndIsQuick) {
  Attach();
  auto task_context = Context();
  const TaskReader tasks = tasks_->WatchTasks(task_context.get(), Fast());
  auto scheduler_context = Context();
  const SchedulerReader scheduler = WatchScheduler(scheduler_context.get());
  v1::WatchTasksResponse update;
  v1::WatchSchedulerResponse event;
  ASSERT_TRUE(tasks->Read(&update));
  ASSERT_TRUE(scheduler->Read(&event));
  const absl::Time begin = absl::Now();
  server_->Drain(absl::Seconds(20));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(10));
  while (tasks->Read(&update)) {
  }
  while (scheduler->Read(&event)) {
  }
  EXPECT_EQ(CodeAndReason(tasks->Finish()), "UNAVAILABLE DRAINING");
  EXPECT_EQ(CodeAndReason(scheduler->Finish()), "UNAVAILABLE DRAINING");
}

TEST_F(ServerStreamTest, DrainDoesNotWaitLongerThanItsGraceForAReader) {
  const auto stub = NarrowStub();
  auto context = Context();
  const TaskReader reader = stub->WatchTasks(context.get(), Fast());
  absl::SleepFor(absl::Milliseconds(500));  // a write is stuck by now
  const absl::Time begin = absl::Now();
  server_->Drain(absl::Milliseconds(300));
  EXPECT_GE(absl::Now() - begin, absl::Milliseconds(250)) << "nothing was stuck";
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  context->TryCancel();
  reader->Finish();
}

TEST_F(ServerStreamTest, HurryEndsTheWaitForAReader) {
  const auto stub = NarrowStub();
  auto context = Context();
  const TaskReader reader = stub->WatchTasks(context.get(), Fast());
  absl::SleepFor(absl::Milliseconds(500));
  absl::Notification drained;
  const absl::Time begin = absl::Now();
  std::thread drainer([&] {
    server_->Drain(absl::Seconds(15));
    drained.Notify();
  });
  while (!drained.WaitForNotificationWithTimeout(absl::Milliseconds(50))) server_->Hurry();
  drainer.join();
  EXPECT_LT(absl::Now() - begin, absl::Seconds(10));
  context->TryCancel();
  reader->Finish();
}

TEST_F(ServerStreamTest, DrainTwiceIsOnce) {
  server_->Drain(absl::ZeroDuration());
  server_->Drain(absl::ZeroDuration());
}

}  // namespace
}  // namespace schedd::rpc
