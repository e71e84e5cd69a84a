// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/task_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/control/error.h"
#include "server/rpc/status.h"
#include "tests/unit/control/manual_time.h"
#include "tests/unit/rpc/fake_sink.h"

namespace schedd::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Request = v1::WatchTasksRequest;
using Response = v1::WatchTasksResponse;

constexpr absl::Duration kSecond = absl::Seconds(1);

std::vector<int> Tids(const Response& message) {
  std::vector<int> tids;
  for (const v1::Task& task : message.tasks()) tids.push_back(task.tid());
  return tids;
}

class TaskStreamTest : public ::testing::Test {
 protected:
  // The tasks that the next snapshots have, all of them changed.
  void SetTasks(const std::vector<int>& tids) {
    tasks_.clear();
    for (int tid : tids) {
      TaskInfo task;
      task.key = {tid, static_cast<uint64_t>(tid) * 1000};
      task.name = FormatTaskName(task.key);
      task.comm = absl::StrCat("task", tid);
      task.stats.run_time_ns = tid * 10;
      tasks_.push_back({.key = task.key,
                        .version = version_ + 1,
                        .info = std::make_shared<TaskInfo>(std::move(task))});
    }
  }

  // Of the next snapshots.
  void SetRunTime(int tid, int64_t run_time_ns) {
    for (TaskEntry& entry : tasks_) {
      if (entry.key.tid != tid) continue;
      auto task = std::make_shared<TaskInfo>(*entry.info);
      task->stats.run_time_ns = run_time_ns;
      entry.info = std::move(task);
      entry.version = version_ + 1;
    }
  }
  void EndTask(int tid) {
    std::erase_if(tasks_, [tid](const TaskEntry& entry) { return entry.key.tid == tid; });
  }

  SnapshotSource Source() {
    return [this](absl::Duration max_age) -> absl::StatusOr<std::shared_ptr<const TaskSnapshot>> {
      max_ages_.push_back(max_age);
      if (!failure_.ok()) return failure_;
      auto snapshot = std::make_shared<TaskSnapshot>();
      snapshot->collect_time = absl::FromUnixSeconds(100);
      snapshot->version = ++version_;
      snapshot->policy_generation = 7;
      snapshot->lost_event_count = lost_;
      snapshot->tasks = tasks_;
      last_snapshot_ = snapshot;
      return snapshot;
    };
  }

  void Start(const Request& request = {}, size_t max_message_bytes = TaskStream::kMaxMessageBytes) {
    auto stream = TaskStream::Create(request, Source(), &sequence_, &sink_, max_message_bytes);
    ASSERT_TRUE(stream.ok()) << stream.status();
    stream_ = *std::move(stream);
    stream_->Start();
  }

  void Read() { sink_.Read(stream_.get()); }

  absl::Status CreateError(const Request& request) {
    return TaskStream::Create(request, Source(), &sequence_, &sink_).status();
  }

  std::vector<TaskEntry> tasks_;
  int64_t version_ = 0;
  int64_t lost_ = 0;
  absl::Status failure_;
  std::vector<absl::Duration> max_ages_;
  std::weak_ptr<const TaskSnapshot> last_snapshot_;
  ManualClock clock_;
  ManualSequence sequence_{&clock_};
  FakeSink<Response> sink_;
  std::unique_ptr<TaskStream> stream_;
};

TEST_F(TaskStreamTest, FirstUpdateComesAtOnce) {
  SetTasks({1, 2});
  Start();
  ASSERT_EQ(sink_.written.size(), 1u);
  const Response& message = sink_.last();
  EXPECT_EQ(message.sequence_number(), 1);
  EXPECT_EQ(message.collect_time().seconds(), 100);
  EXPECT_EQ(message.policy_generation(), 7);
  EXPECT_THAT(Tids(message), ElementsAre(1, 2));
  EXPECT_FALSE(message.partial());
  EXPECT_EQ(message.skipped_update_count(), 0);
}

TEST_F(TaskStreamTest, NextUpdatesComeEachInterval) {
  SetTasks({1});
  Request request;
  request.mutable_update_interval()->set_nanos(200'000'000);
  Start(request);
  Read();
  sequence_.Advance(absl::Milliseconds(199));
  EXPECT_EQ(sink_.written.size(), 1u);
  sequence_.Advance(absl::Milliseconds(1));
  ASSERT_EQ(sink_.written.size(), 2u);
  EXPECT_EQ(sink_.last().sequence_number(), 2);
}

TEST_F(TaskStreamTest, IntervalIsOneSecondUnlessSaid) {
  Start();
  Read();
  sequence_.Advance(kSecond - absl::Nanoseconds(1));
  EXPECT_EQ(sink_.written.size(), 1u);
  sequence_.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(sink_.written.size(), 2u);
}

TEST_F(TaskStreamTest, SnapshotsAreSharedOnlyWhileYoung) {
  Request request;
  request.mutable_update_interval()->set_seconds(60);
  Start(request);
  EXPECT_LE(max_ages_.back(), absl::Milliseconds(50));
}

// --- slow readers ---

TEST_F(TaskStreamTest, SlowReaderGetsTheNewestStateAndTheNumberMissed) {
  SetTasks({1});
  Start();
  sequence_.Advance(3 * kSecond);  // the first is still under way
  EXPECT_EQ(sink_.written.size(), 1u);
  EXPECT_EQ(max_ages_.size(), 1u) << "updates that nobody can get must cost nothing";
  SetTasks({1, 2});
  Read();
  EXPECT_EQ(sink_.written.size(), 1u) << "nothing was queued";
  sequence_.Advance(kSecond);
  ASSERT_EQ(sink_.written.size(), 2u);
  EXPECT_THAT(Tids(sink_.last()), ElementsAre(1, 2));
  EXPECT_EQ(sink_.last().skipped_update_count(), 3);
  EXPECT_EQ(sink_.last().sequence_number(), 5) << "1, then 2 to 4 were skipped";
}

TEST_F(TaskStreamTest, SkippedUpdatesAreToldOnce) {
  Start();
  sequence_.Advance(kSecond);
  Read();
  sequence_.Advance(kSecond);
  EXPECT_EQ(sink_.last().skipped_update_count(), 1);
  Read();
  sequence_.Advance(kSecond);
  EXPECT_EQ(sink_.last().skipped_update_count(), 0);
  EXPECT_EQ(sink_.last().sequence_number(), 4);
}

TEST_F(TaskStreamTest, ReaderThatNeverReadsHoldsNoSnapshot) {
  SetTasks({1, 2, 3});
  Start();
  sequence_.Advance(100 * kSecond);
  EXPECT_EQ(sink_.written.size(), 1u);
  EXPECT_TRUE(last_snapshot_.expired());
}

TEST_F(TaskStreamTest, CloseModeEndsWithOverflowAndWhenToTryAgain) {
  Request request;
  request.set_overflow_mode(Request::OVERFLOW_MODE_CLOSE);
  Start(request);
  sequence_.Advance(kSecond);
  EXPECT_FALSE(sink_.finished.has_value()) << "a write is under way";
  Read();
  ASSERT_TRUE(sink_.finished.has_value());
  EXPECT_EQ(sink_.finished->code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(GetErrorReason(*sink_.finished), "STREAM_OVERFLOW");
  const google::rpc::Status status = ToRpcStatus(*sink_.finished);
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(status.details(status.details_size() - 1).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
  sequence_.Advance(10 * kSecond);
  EXPECT_EQ(sink_.written.size(), 1u);
}

TEST_F(TaskStreamTest, CloseModeDoesNotMindAReaderThatKeepsUp) {
  Request request;
  request.set_overflow_mode(Request::OVERFLOW_MODE_CLOSE);
  Start(request);
  for (int i = 0; i < 5; ++i) {
    Read();
    sequence_.Advance(kSecond);
  }
  EXPECT_FALSE(sink_.finished.has_value());
  EXPECT_EQ(sink_.written.size(), 6u);
}

// --- large updates ---

TEST_F(TaskStreamTest, LargeUpdateIsSplitAndNothingIsLost) {
  std::vector<int> tids;
  for (int tid = 1; tid <= 100; ++tid) tids.push_back(tid);
  SetTasks(tids);
  Start({}, 1000);
  std::vector<int> got;
  int messages = 0;
  while (true) {
    const Response& message = sink_.last();
    EXPECT_LE(message.ByteSizeLong(), 1000u);
    EXPECT_EQ(message.sequence_number(), ++messages);
    for (int tid : Tids(message)) got.push_back(tid);
    const bool more = message.partial();
    Read();
    if (!more) break;
  }
  EXPECT_GT(messages, 3);
  EXPECT_EQ(got, tids);
  EXPECT_EQ(sink_.written.size(), static_cast<size_t>(messages));
}

TEST_F(TaskStreamTest, UpdateThatIsSplitIsOneMoment) {
  SetTasks({1, 2, 3, 4});
  Start({}, 100);
  ASSERT_TRUE(sink_.last().partial());
  SetTasks({9});
  Read();
  for (int tid : Tids(sink_.last())) EXPECT_NE(tid, 9);
  EXPECT_EQ(max_ages_.size(), 1u);
}

TEST_F(TaskStreamTest, TaskLargerThanTheLimitStillGoesOut) {
  SetTasks({1, 2});
  Start({}, 1);
  EXPECT_THAT(Tids(sink_.last()), ElementsAre(1));
  Read();
  EXPECT_THAT(Tids(sink_.last()), ElementsAre(2));
  EXPECT_FALSE(sink_.last().partial());
}

TEST_F(TaskStreamTest, SplitUpdateCountsTicksMissedMeanwhile) {
  SetTasks({1, 2});
  Start({}, 1);
  sequence_.Advance(kSecond);
  Read();
  Read();
  sequence_.Advance(kSecond);
  EXPECT_EQ(sink_.last().skipped_update_count(), 1);
  EXPECT_EQ(sink_.last().sequence_number(), 4) << "two messages, one skipped";
}

// --- what changed ---

TEST_F(TaskStreamTest, EndedTasksAreNamedOnce) {
  SetTasks({1, 2, 3});
  Start();
  EXPECT_THAT(sink_.last().exited_tasks(), IsEmpty());
  SetTasks({2});
  Read();
  sequence_.Advance(kSecond);
  EXPECT_THAT(sink_.last().exited_tasks(), ElementsAre("tasks/1-1000", "tasks/3-3000"));
  Read();
  sequence_.Advance(kSecond);
  EXPECT_THAT(sink_.last().exited_tasks(), IsEmpty());
}

TEST_F(TaskStreamTest, OnlyTasksThatTheReaderSawAreNamed) {
  SetTasks({1, 2});
  Request request;
  request.set_filter("tid = 1");
  Start(request);
  SetTasks({});
  Read();
  sequence_.Advance(kSecond);
  EXPECT_THAT(sink_.last().exited_tasks(), ElementsAre("tasks/1-1000"));
}

// A task that fell out of the first N is not over.
TEST_F(TaskStreamTest, TaskThatIsNoLongerAmongTheFirstIsNotEnded) {
  SetTasks({1, 2});
  Request request;
  request.set_max_task_count(1);
  request.set_order_by("stats.run_time_nanos desc");
  Start(request);
  EXPECT_THAT(Tids(sink_.last()), ElementsAre(2));
  SetRunTime(1, 1000);
  Read();
  sequence_.Advance(kSecond);
  EXPECT_THAT(Tids(sink_.last()), ElementsAre(1));
  EXPECT_THAT(sink_.last().exited_tasks(), IsEmpty());
  SetTasks({1});
  Read();
  sequence_.Advance(kSecond);
  EXPECT_THAT(sink_.last().exited_tasks(), ElementsAre("tasks/2-2000"));
}

TEST_F(TaskStreamTest, LostEventsAreThoseSinceThePreviousMessage) {
  lost_ = 10;
  Start();
  EXPECT_EQ(sink_.last().dropped_event_count(), 10);
  lost_ = 14;
  Read();
  sequence_.Advance(kSecond);
  EXPECT_EQ(sink_.last().dropped_event_count(), 4);
  lost_ = 3;  // attached anew
  Read();
  sequence_.Advance(kSecond);
  EXPECT_EQ(sink_.last().dropped_event_count(), 3);
}

TEST_F(TaskStreamTest, ReadMaskIsApplied) {
  SetTasks({1});
  Request request;
  request.mutable_read_mask()->add_paths("comm");
  request.mutable_read_mask()->add_paths("stats.run_time_nanos");
  Start(request);
  const v1::Task& task = sink_.last().tasks(0);
  EXPECT_EQ(task.comm(), "task1");
  EXPECT_EQ(task.stats().run_time_nanos(), 10);
  EXPECT_EQ(task.name(), "");
  EXPECT_EQ(task.tid(), 0);
}

// --- changed tasks only ---

class ChangedTasksTest : public TaskStreamTest {
 protected:
  static Request Changed(const std::string& filter = "", const std::string& order_by = "") {
    Request request;
    request.set_changed_tasks_only(true);
    request.set_filter(filter);
    request.set_order_by(order_by);
    return request;
  }

  // Reads the message under way and waits for the next update.
  const Response& Next() {
    Read();
    sequence_.Advance(kSecond);
    return sink_.last();
  }
};

TEST_F(ChangedTasksTest, FirstUpdateHasAllAndLaterOnesWhatChanged) {
  SetTasks({1, 2, 3});
  Start(Changed());
  EXPECT_THAT(Tids(sink_.last()), ElementsAre(1, 2, 3));
  SetRunTime(2, 77);
  EXPECT_THAT(Tids(Next()), ElementsAre(2));
  EXPECT_EQ(sink_.last().tasks(0).stats().run_time_nanos(), 77);
  EXPECT_EQ(sink_.last().tasks(0).comm(), "task2") << "a task is sent whole";
}

TEST_F(ChangedTasksTest, UpdateWithoutAChangeComesAsWell) {
  SetTasks({1, 2});
  Start(Changed());
  EXPECT_THAT(Tids(Next()), IsEmpty());
  EXPECT_EQ(sink_.last().sequence_number(), 2);
  EXPECT_EQ(sink_.last().collect_time().seconds(), 100);
  EXPECT_FALSE(sink_.last().partial());
}

TEST_F(ChangedTasksTest, SnapshotThatIsSharedIsNoChange) {
  SetTasks({1, 2});
  Start(Changed());
  --version_;  // the next snapshot is the one that was sent
  EXPECT_THAT(Tids(Next()), IsEmpty());
}

TEST_F(ChangedTasksTest, SkippedUpdatesLoseNoChange) {
  SetTasks({1, 2, 3, 4});
  Start(Changed());
  SetRunTime(2, 77);
  sequence_.Advance(kSecond);                    // skipped: the first is under way
  Source()(absl::ZeroDuration()).IgnoreError();  // a snapshot of somebody else
  SetRunTime(3, 78);
  EndTask(4);
  EXPECT_THAT(Tids(Next()), ElementsAre(2, 3));
  EXPECT_EQ(sink_.last().skipped_update_count(), 1);
  EXPECT_THAT(sink_.last().exited_tasks(), ElementsAre("tasks/4-4000"));
  EXPECT_THAT(Tids(Next()), IsEmpty());
}

TEST_F(ChangedTasksTest, ChangeWhileALargeUpdateGoesOutComesInTheNext) {
  SetTasks({1, 2, 3});
  Start(Changed(), 1);
  SetRunTime(1, 77);
  SetRunTime(3, 78);
  Read();
  Read();
  EXPECT_THAT(Tids(sink_.last()), ElementsAre(3));
  EXPECT_EQ(sink_.last().tasks(0).stats().run_time_nanos(), 30) << "an update is one moment";
  EXPECT_THAT(Tids(Next()), ElementsAre(1));
  Read();
  EXPECT_THAT(Tids(sink_.last()), ElementsAre(3));
  EXPECT_EQ(sink_.last().tasks(0).stats().run_time_nanos(), 78);
}

TEST_F(ChangedTasksTest, NewAndEndedTasks) {
  SetTasks({2, 3, 5});
  Start(Changed());
  const std::vector<TaskEntry> before = tasks_;
  SetTasks({1, 2, 4, 6});
  tasks_[1] = before[0];
  EXPECT_THAT(Tids(Next()), ElementsAre(1, 4, 6));
  EXPECT_THAT(sink_.last().exited_tasks(), ElementsAre("tasks/3-3000", "tasks/5-5000"));
  EXPECT_THAT(sink_.last().unmatched_tasks(), IsEmpty());
  EXPECT_THAT(Tids(Next()), IsEmpty());
  EXPECT_THAT(sink_.last().exited_tasks(), IsEmpty());
  tasks_.clear();
  EXPECT_THAT(Next().exited_tasks(),
              ElementsAre("tasks/1-1000", "tasks/2-2000", "tasks/4-4000", "tasks/6-6000"));
}

TEST_F(ChangedTasksTest, TaskThatMatchesNoMoreIsNamedOnceAndComesBackWhole) {
  SetTasks({1, 2, 3});
  Start(Changed("stats.run_time_nanos < 100"));
  EXPECT_THAT(Tids(sink_.last()), ElementsAre(1, 2, 3));
  SetRunTime(2, 200);
  EXPECT_THAT(Tids(Next()), IsEmpty());
  EXPECT_THAT(sink_.last().unmatched_tasks(), ElementsAre("tasks/2-2000"));
  EXPECT_THAT(sink_.last().exited_tasks(), IsEmpty());
  SetRunTime(2, 300);
  EXPECT_THAT(Tids(Next()), IsEmpty());
  EXPECT_THAT(sink_.last().unmatched_tasks(), IsEmpty());
  SetRunTime(2, 50);
  EXPECT_THAT(Tids(Next()), ElementsAre(2));
}

TEST_F(ChangedTasksTest, EndOfATaskThatMatchesNoMoreIsNotNamed) {
  SetTasks({1, 2});
  Start(Changed("stats.run_time_nanos < 100"));
  SetRunTime(2, 200);
  Next();
  EndTask(2);
  EXPECT_THAT(Next().exited_tasks(), IsEmpty());
}

TEST_F(ChangedTasksTest, TaskThatNeverMatchedIsNeverNamed) {
  SetTasks({1, 2});
  Start(Changed("tid = 1"));
  SetRunTime(2, 200);
  EXPECT_THAT(Next().unmatched_tasks(), IsEmpty());
  EndTask(2);
  EXPECT_THAT(Next().exited_tasks(), IsEmpty());
}

TEST_F(ChangedTasksTest, OrderHoldsInsideAnUpdate) {
  SetTasks({1, 2, 3});
  Start(Changed("", "stats.run_time_nanos desc"));
  EXPECT_THAT(Tids(sink_.last()), ElementsAre(3, 2, 1));
  SetRunTime(1, 5);
  SetRunTime(2, 6);
  EXPECT_THAT(Tids(Next()), ElementsAre(2, 1));
}

TEST_F(ChangedTasksTest, ReaderThatNeverReadsHoldsNoSnapshot) {
  SetTasks({1, 2, 3});
  Start(Changed());
  sequence_.Advance(100 * kSecond);
  EXPECT_EQ(sink_.written.size(), 1u);
  EXPECT_TRUE(last_snapshot_.expired());
}

// --- ends ---

TEST_F(TaskStreamTest, DetachedSchedulerEndsTheStream) {
  Start();
  Read();
  failure_ = MakeError(absl::StatusCode::kFailedPrecondition, reason::kSchedulerDetached, "gone");
  sequence_.Advance(kSecond);
  ASSERT_TRUE(sink_.finished.has_value());
  EXPECT_EQ(*sink_.finished, failure_);
  EXPECT_EQ(sequence_.timer_count(), 0u);
}

TEST_F(TaskStreamTest, EndWaitsForTheWriteUnderWay) {
  Start();
  stream_->End(absl::UnavailableError("x"));
  EXPECT_FALSE(sink_.finished.has_value());
  Read();
  EXPECT_EQ(sink_.finished->code(), absl::StatusCode::kUnavailable);
}

TEST_F(TaskStreamTest, FirstEndCounts) {
  Start();
  stream_->End(absl::UnavailableError("x"));
  stream_->End(absl::CancelledError("y"));
  Read();
  EXPECT_EQ(sink_.finished->code(), absl::StatusCode::kUnavailable);
}

TEST_F(TaskStreamTest, ReaderThatDoesNotReadIsGivenUpInTheEnd) {
  Start();
  stream_->End(absl::UnavailableError("x"));
  sequence_.Advance(TaskStream::kAbortDelay - absl::Nanoseconds(1));
  EXPECT_EQ(sink_.aborts, 0);
  sequence_.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(sink_.aborts, 1);
  sink_.Fail(stream_.get());
  EXPECT_EQ(sink_.finished->code(), absl::StatusCode::kUnavailable);
}

TEST_F(TaskStreamTest, ReaderThatIsGoneEndsTheStream) {
  Start();
  sink_.Fail(stream_.get());
  EXPECT_EQ(sink_.finished->code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(sequence_.timer_count(), 0u);
}

TEST_F(TaskStreamTest, EndInTheMiddleOfALargeUpdate) {
  SetTasks({1, 2, 3});
  Start({}, 1);
  stream_->End(absl::UnavailableError("x"));
  EXPECT_TRUE(last_snapshot_.expired());
  Read();
  EXPECT_EQ(sink_.written.size(), 1u);
  EXPECT_TRUE(sink_.finished.has_value());
}

// --- requests that are refused ---

struct BadRequest {
  const char* name;
  Request request;
  const char* reason;
  const char* says;
};

Request WithInterval(int64_t seconds, int32_t nanos) {
  Request request;
  request.mutable_update_interval()->set_seconds(seconds);
  request.mutable_update_interval()->set_nanos(nanos);
  return request;
}

std::vector<BadRequest> BadRequests() {
  std::vector<BadRequest> bad;
  bad.push_back({"interval", WithInterval(0, 99'999'999), "INVALID_INTERVAL", "100ms to 1m"});
  bad.push_back({"interval", WithInterval(60, 1), "INVALID_INTERVAL", "100ms to 1m"});
  bad.push_back({"interval", WithInterval(-1, 0), "INVALID_INTERVAL", "100ms to 1m"});
  bad.push_back({"interval", WithInterval(315'576'000'000, 0), "INVALID_INTERVAL", "100ms to 1m"});
  Request request;
  request.set_filter("comm =");
  bad.push_back({"filter", request, "INVALID_FILTER", ""});
  request.Clear();
  request.set_order_by("no_such_field");
  bad.push_back({"order", request, "INVALID_ORDER", "no_such_field"});
  request.Clear();
  request.mutable_read_mask()->add_paths("no_such_field");
  bad.push_back({"mask", request, "UNKNOWN_FIELD", "no_such_field"});
  request.Clear();
  request.set_max_task_count(-1);
  bad.push_back({"count", request, "INVALID_PAGE_SIZE", "max_task_count: -1"});
  request.set_max_task_count(1);
  request.set_changed_tasks_only(true);
  bad.push_back({"changed", request, "INVALID_PAGE_SIZE",
                 "max_task_count: with changed_tasks_only it must be 0"});
  return bad;
}

TEST_F(TaskStreamTest, BadRequestsAreRefusedWithReasonAndSentence) {
  for (const BadRequest& bad : BadRequests()) {
    const absl::Status status = CreateError(bad.request);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad.name;
    EXPECT_EQ(GetErrorReason(status), bad.reason) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(bad.says));
  }
  EXPECT_TRUE(max_ages_.empty());
}

TEST_F(TaskStreamTest, BoundsOfTheIntervalAreAllowed) {
  EXPECT_TRUE(CreateError(WithInterval(0, 100'000'000)).ok());
  EXPECT_TRUE(CreateError(WithInterval(60, 0)).ok());
}

}  // namespace
}  // namespace schedd::rpc
