// SPDX-License-Identifier: Apache-2.0
//
// What many commands share in showing things: -o jsonpath, -o wide, --watch.
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
using ::testing::Not;
using ::testing::StartsWith;

class OutputTest : public SchedctlTest {
 protected:
  OutputTest() {
    v1::Scheduler scheduler;
    scheduler.set_name("schedulers/default");
    scheduler.set_state(v1::Scheduler::STATE_ATTACHED);
    scheduler.mutable_counters()->set_decision_count(42);
    server_.get_scheduler.Returns(scheduler);
    v1::ListTasksResponse tasks;
    for (int tid : {7, 8}) {
      v1::Task& task = *tasks.add_tasks();
      task.set_tid(tid);
      task.set_name("tasks/" + std::to_string(tid) + "-1");
      task.set_comm("hog");
    }
    server_.list_tasks.Returns(tasks);
    server_.get_task.Returns(tasks.tasks(0));
    v1::ListTaskOverridesResponse overrides;
    v1::TaskOverride& change = *overrides.add_task_overrides();
    change.set_name("taskOverrides/web");
    change.mutable_selector()->set_comm("nginx");
    change.set_weight(400);
    change.set_etag("e7");
    change.mutable_create_time()->set_seconds(kNowSeconds);
    server_.list_overrides.Returns(overrides);
    v1::ListParameterSpecsResponse specs;
    v1::ParameterSpec& spec = *specs.add_parameter_specs();
    spec.set_name("parameterSpecs/base_slice");
    spec.set_field_path("base_slice");
    spec.set_unit("ns");
    spec.mutable_int64_domain()->set_min_value(100'000);
    spec.mutable_int64_domain()->set_max_value(100'000'000);
    spec.mutable_int64_domain()->set_default_value(10'000'000);
    server_.list_specs.Returns(specs);
    server_.get_policy.handler = [this](const auto&) {
      v1::Policy policy;
      policy.set_generation(++generation_ / 2);
      return policy;
    };
    server_.watch_scheduler.endless = true;
  }

  // The daemon tells of so many events.
  void Events(int count) {
    for (int i = 0; i < count; ++i) server_.watch_scheduler.messages.emplace_back();
  }

  int64_t generation_ = 1;  // every second call shows a new one
};

// --- jsonpath ---

TEST_F(OutputTest, JsonPathOfAMessage) {
  const Result result = Run({"status", "-o", "jsonpath={.state} {.counters.decisionCount}"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "STATE_ATTACHED 42\n");
}

TEST_F(OutputTest, JsonPathOfAList) {
  EXPECT_EQ(
      Run({"task", "list", "-o", "jsonpath={range .tasks[*]}{.tid} {.comm}{\"\\n\"}{end}"}).out,
      "7 hog\n8 hog\n");
  EXPECT_EQ(Run({"task", "list", "--output=jsonpath={.tasks[*].tid}"}).out, "7 8\n");
}

TEST_F(OutputTest, JsonPathOfWhatIsNotSetIsEmptyButATypingErrorIsAnError) {
  EXPECT_EQ(Run({"status", "-o", "jsonpath=[{.lastExit.reason}]"}).out, "[]\n");
  EXPECT_EQ(Run({"task", "overrides", "-o", "jsonpath=[{.taskOverrides[0].expireTime}]"}).out,
            "[]\n");
  const Result result = Run({"status", "-o", "jsonpath={.sate}"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, HasSubstr("there is no \"sate\" here; there are: name, state"));
}

TEST_F(OutputTest, ABadTemplateAsksNothing) {
  const Result result = Run({"status", "-o", "jsonpath={.a"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("'}' is missing"));
  EXPECT_THAT(server_.get_scheduler.requests, IsEmpty());
}

TEST_F(OutputTest, AnItemThatIsNotThereIsExitCode3) {
  EXPECT_EQ(Run({"task", "list", "-o", "jsonpath={.tasks[5].tid}"}).code, 3);
}

// --- wide ---

TEST_F(OutputTest, WideShowsMoreOfOverrides) {
  EXPECT_THAT(Run({"task", "overrides"}).out, Not(HasSubstr("ETAG")));
  EXPECT_EQ(
      Run({"task", "overrides", "-o", "wide"}).out,
      "ID   WEIGHT  SLICE  TASKS  EXPIRES-IN  GENERATION  CREATED              EXPIRES  ETAG  "
      "SELECTOR\n"
      "web     400      -      0       never           0  2026-11-22 20:31:05  -        e7    "
      "comm=nginx\n");
}

TEST_F(OutputTest, WideShowsMoreOfSpecs) {
  EXPECT_THAT(Run({"policy", "specs"}).out, Not(HasSubstr("parameterSpecs/")));
  EXPECT_THAT(Run({"policy", "specs", "-o", "wide"}).out,
              AllOf(HasSubstr("UNIT"), HasSubstr("ns    parameterSpecs/base_slice")));
}

TEST_F(OutputTest, WideShowsTheBoundsOfParameters) {
  EXPECT_THAT(Run({"policy", "get"}).out, Not(HasSubstr("100ms")));
  EXPECT_THAT(server_.list_specs.requests, IsEmpty());
  const Result result = Run({"policy", "get", "-o", "wide"});
  EXPECT_THAT(result.out, StartsWith("PARAMETER"));
  EXPECT_THAT(result.out, HasSubstr("100us  100ms  10ms\n"));
}

// --- watch ---

TEST_F(OutputTest, WatchShowsItAgainWhenItChanged) {
  Events(7);
  const Result result =
      Run({"policy", "get", "--watch", "--count", "3", "-o", "jsonpath={.generation}"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "1\n2\n3\n");
}

TEST_F(OutputTest, WatchedJsonIsALineEach) {
  Events(4);
  const Result result = Run({"policy", "get", "-w", "--count", "2", "-o", "json"});
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 2) << result.out;
}

TEST_F(OutputTest, WatchAppendsWhenNobodyLooksAndRedrawsOnATerminal) {
  Events(4);
  EXPECT_THAT(Run({"policy", "get", "-w", "--count", "2"}).out,
              AllOf(HasSubstr("etag \n\nPARAMETER"), Not(HasSubstr("\033["))));
  environment_.terminal = true;
  EXPECT_THAT(Run({"policy", "get", "-w", "--count", "1"}).out,
              AllOf(StartsWith("\033[H"), HasSubstr("\033[K\n")));
}

TEST_F(OutputTest, EachCommandThatShowsSomethingCanWatch) {
  Events(1);
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"status"}, {"policy", "get"}, {"task", "overrides"}}) {
    std::vector<std::string> command = words;
    command.insert(command.end(), {"--watch", "--count", "1"});
    const Result result = Run(command);
    EXPECT_EQ(result.code, 0) << words.back() << result.err;
    EXPECT_FALSE(result.out.empty()) << words.back();
  }
}

TEST_F(OutputTest, WatchEndsWithTheErrorOfTheStream) {
  server_.watch_scheduler.endless = false;
  server_.watch_scheduler.end =
      DetailedError(absl::StatusCode::kUnavailable, "schedd ends", "DRAINING");
  Events(1);
  const Result result = Run({"status", "--watch"});
  EXPECT_EQ(result.code, 7);
  EXPECT_EQ(result.err, "schedctl: schedd ends (DRAINING)\n");
}

TEST_F(OutputTest, WatchEndsWithTheErrorOfWhatItShows) {
  Events(1);
  server_.get_policy.Returns(DetailedError(absl::StatusCode::kNotFound, "gone", "GONE"));
  const Result result = Run({"policy", "get", "--watch"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.err, "schedctl: gone (GONE)\n");
}

TEST_F(OutputTest, CountNeedsWatch) {
  const Result result = Run({"policy", "get", "--count", "2"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("--count needs --watch"));
}

TEST_F(OutputTest, AWatchedTaskListIsAStreamOfItsOwn) {
  server_.watch_tasks.endless = true;
  server_.watch_tasks.messages.emplace_back().add_tasks()->set_tid(77);
  const Result result =
      Run({"task", "list", "--watch", "--count", "1", "--filter", "nice = 0", "--sort", "tid"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("77"));
  EXPECT_EQ(server_.watch_tasks.requests.at(0).filter(), "nice = 0");
  EXPECT_EQ(server_.watch_tasks.requests.at(0).order_by(), "tid");
  EXPECT_THAT(server_.list_tasks.requests, IsEmpty());
}

TEST_F(OutputTest, AWatchedTaskIsShownUntilItEnds) {
  server_.watch_tasks.endless = true;
  server_.watch_tasks.messages.emplace_back().add_tasks()->set_comm("hog");
  server_.watch_tasks.messages.emplace_back().add_exited_tasks("tasks/7-1");
  const Result result = Run({"task", "get", "tasks/7-1", "--watch", "-o", "jsonpath={.comm}"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, "hog\n");
  EXPECT_EQ(result.err, "schedctl: tasks/7-1 has ended\n");
  EXPECT_EQ(server_.watch_tasks.requests.at(0).filter(), "name = \"tasks/7-1\"");
}

}  // namespace
}  // namespace schedd::client
