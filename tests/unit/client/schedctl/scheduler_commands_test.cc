// SPDX-License-Identifier: Apache-2.0
//
// schedctl scheduler attach, detach, watch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/unit/client/schedctl/harness.h"

namespace schedd::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class AttachTest : public SchedctlTest {
 protected:
  AttachTest() {
    v1::Scheduler attached;
    attached.set_state(v1::Scheduler::STATE_ATTACHED);
    attached.set_ops_name("schedd_0_1_0");
    server_.attach_scheduler.Returns(attached);
    v1::Scheduler detached;
    detached.set_state(v1::Scheduler::STATE_DETACHED);
    server_.detach_scheduler.Returns(detached);
  }

  const v1::AttachSchedulerRequest& request() { return server_.attach_scheduler.requests.back(); }
};

TEST_F(AttachTest, Attach) {
  const Result result = Run({"scheduler", "attach"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "attached: schedd_0_1_0 schedules all normal tasks\n");
  EXPECT_EQ(request().name(), "schedulers/default");
  EXPECT_EQ(request().scope(), v1::Scheduler::SCOPE_UNSPECIFIED);
  EXPECT_FALSE(request().validate_only());
}

TEST_F(AttachTest, DryRunSaysThatNothingWasAttached) {
  for (const char* option : {"--dry-run", "--validate-only"}) {
    EXPECT_THAT(Run({"scheduler", "attach", option}).out,
                StartsWith("valid: the dispatcher loads"));
    EXPECT_TRUE(request().validate_only()) << option;
  }
}

TEST_F(AttachTest, Scope) {
  EXPECT_EQ(Run({"scheduler", "attach", "--scope", "ext-only"}).code, 0);
  EXPECT_EQ(request().scope(), v1::Scheduler::SCOPE_EXT_ONLY);
  EXPECT_EQ(Run({"scheduler", "attach", "--scope", "all"}).code, 0);
  EXPECT_EQ(request().scope(), v1::Scheduler::SCOPE_ALL);
}

TEST_F(AttachTest, AnUnknownScopeSendsNothing) {
  const Result result = Run({"scheduler", "attach", "--scope", "some"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("--scope cannot be \"some\"; choose one of: all, ext-only"));
  EXPECT_THAT(server_.attach_scheduler.requests, IsEmpty());
}

TEST_F(AttachTest, AnotherSchedulerIsAttached) {
  server_.attach_scheduler.Returns(DetailedError(absl::StatusCode::kFailedPrecondition,
                                                 "scx_lavd is attached; stop it first",
                                                 "SCHEDULER_BUSY"));
  const Result result = Run({"scheduler", "attach"});
  EXPECT_EQ(result.code, 5);
  EXPECT_EQ(result.err, "schedctl: scx_lavd is attached; stop it first (SCHEDULER_BUSY)\n");
}

TEST_F(AttachTest, TheKernelHasNoSchedExt) {
  server_.attach_scheduler.Returns(DetailedError(
      absl::StatusCode::kUnimplemented, "this kernel has no sched_ext", "SCHED_EXT_UNSUPPORTED"));
  EXPECT_EQ(Run({"scheduler", "attach"}).code, 10);
}

TEST_F(AttachTest, Detach) {
  const Result result = Run({"scheduler", "detach", "--reason", "update"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, "detached: the kernel's own class schedules all tasks\n");
  EXPECT_EQ(server_.detach_scheduler.requests.at(0).reason(), "update");
  EXPECT_EQ(server_.detach_scheduler.requests.at(0).name(), "schedulers/default");
}

TEST_F(AttachTest, DocumentsAndQuiet) {
  EXPECT_THAT(Run({"scheduler", "detach", "-o", "json"}).out,
              HasSubstr("\"state\": \"STATE_DETACHED\""));
  EXPECT_THAT(Run({"scheduler", "attach", "-o", "yaml"}).out, HasSubstr("state: STATE_ATTACHED\n"));
  EXPECT_THAT(Run({"scheduler", "attach", "-q"}).out, IsEmpty());
}

// --- watch ---

class SchedulerWatchTest : public SchedctlTest {
 protected:
  SchedulerWatchTest() {
    server_.watch_scheduler.endless = true;
    auto& scheduler = *Add().mutable_scheduler();
    scheduler.set_state(v1::Scheduler::STATE_ATTACHED);
    scheduler.set_ops_name("schedd_0_1_0");
    scheduler.set_policy_generation(4);
    Add().mutable_heartbeat();
    Add().mutable_generation_applied()->set_policy_generation(5);
    Add().mutable_events_lost()->set_lost_event_count(1200);
  }

  v1::WatchSchedulerResponse& Add() {
    auto& messages = server_.watch_scheduler.messages;
    auto& message = messages.emplace_back();
    message.set_sequence_number(static_cast<int64_t>(messages.size()));
    message.mutable_event_time()->set_seconds(kNowSeconds);
    return message;
  }
};

TEST_F(SchedulerWatchTest, SaysWhatHappenedButNotThatNothingDid) {
  const Result result = Run({"scheduler", "watch", "--count", "3"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            "2026-11-22 20:31:05  attached: schedd_0_1_0 schedules all normal tasks, generation "
            "4\n"
            "2026-11-22 20:31:05  generation 5 is in force\n"
            "2026-11-22 20:31:05  1,200 events were lost\n");
}

TEST_F(SchedulerWatchTest, AsJsonEveryMessageIsALine) {
  const Result result = Run({"scheduler", "watch", "--count", "2", "-o", "json"});
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 2);
  EXPECT_THAT(result.out, HasSubstr("\n{\"sequenceNumber\":\"2\",\"heartbeat\":{},"
                                    "\"eventTime\":\"2026-11-22T20:31:05Z\"}\n"));
}

TEST_F(SchedulerWatchTest, AsYamlEveryMessageIsADocument) {
  EXPECT_THAT(Run({"scheduler", "watch", "--count", "2", "-o", "yaml"}).out,
              AllOf(StartsWith("---\n"), HasSubstr("\n---\nsequenceNumber: \"2\"\n")));
}

// An event of a newer schedd, which this schedctl does not know.
TEST_F(SchedulerWatchTest, AnEventWithoutContentIsNotShown) {
  server_.watch_scheduler.endless = false;
  server_.watch_scheduler.messages.clear();
  Add();
  EXPECT_THAT(Run({"scheduler", "watch"}).out, IsEmpty());
}

TEST_F(SchedulerWatchTest, AnEndWithoutAnErrorIsSuccess) {
  server_.watch_scheduler.endless = false;
  const Result result = Run({"scheduler", "watch"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 3);
}

TEST_F(SchedulerWatchTest, EndsWithTheErrorOfTheStream) {
  server_.watch_scheduler.endless = false;
  server_.watch_scheduler.end =
      DetailedError(absl::StatusCode::kUnavailable, "schedd is ending", "DRAINING");
  const Result result = Run({"scheduler", "watch"});
  EXPECT_EQ(result.code, 7);
  EXPECT_EQ(result.err, "schedctl: schedd is ending (DRAINING)\n");
}

}  // namespace
}  // namespace schedd::client
