// SPDX-License-Identifier: Apache-2.0
//
// schedctl task list, get, watch.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/unit/client/schedctl/harness.h"

namespace schedd::client {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class TaskListTest : public SchedctlTest {
 protected:
  TaskListTest() {
    v1::ListTasksResponse reply;
    for (int tid : {5, 6}) {
      auto* task = reply.add_tasks();
      task->set_tid(tid);
      task->set_name("tasks/" + std::to_string(tid) + "-1");
      task->set_comm("hog");
    }
    server_.list_tasks.Returns(reply);
  }

  const v1::ListTasksRequest& request() { return server_.list_tasks.requests.at(0); }
};

TEST_F(TaskListTest, AsksForAllAndPrintsATable) {
  const Result result = Run({"task", "list"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, IsEmpty());
  EXPECT_THAT(result.out, AllOf(StartsWith("TID  TGID  COMM"), HasSubstr("\n  5     0  hog"),
                                HasSubstr("\n  6     0  hog")));
  EXPECT_EQ(request().filter(), "");
  EXPECT_EQ(request().order_by(), "");
  EXPECT_EQ(request().page_size(), 0);
}

TEST_F(TaskListTest, OptionsGoIntoTheRequest) {
  const Result result = Run(
      {"task", "list", "--filter", "comm = \"hog\"", "--sort", "run", "--limit", "1", "--user"});
  EXPECT_EQ(request().filter(), "kernel_thread = false AND (comm = \"hog\")");
  EXPECT_EQ(request().order_by(), "stats.run_time_nanos desc");
  EXPECT_EQ(request().page_size(), 1);
  EXPECT_THAT(result.out, Not(HasSubstr("\n  6")));
}

TEST_F(TaskListTest, WideInTwoWays) {
  EXPECT_THAT(Run({"task", "list", "-o", "wide"}).out, HasSubstr("tasks/5-1"));
  EXPECT_EQ(Run({"task", "list", "-o", "wide"}).out, Run({"task", "list", "--all-fields"}).out);
}

TEST_F(TaskListTest, AsDocuments) {
  EXPECT_THAT(
      Run({"task", "list", "-o", "json"}).out,
      StartsWith("{\n  \"tasks\": [\n    {\n      \"name\": \"tasks/5-1\",\n      \"tid\": 5,\n"));
  EXPECT_THAT(Run({"task", "list", "-o", "yaml"}).out,
              StartsWith("---\ntasks:\n  - name: tasks/5-1\n    tid: 5\n"));
}

TEST_F(TaskListTest, ABadSortAsksNothing) {
  const Result result = Run({"task", "list", "--sort", "colour"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("cannot sort by \"colour\""));
  EXPECT_THAT(server_.list_tasks.requests, IsEmpty());
}

TEST_F(TaskListTest, AFilterThatScheddRefuses) {
  server_.list_tasks.Returns(DetailedError(absl::StatusCode::kInvalidArgument,
                                           "filter: expected a value at 7", "INVALID_FILTER"));
  const Result result = Run({"task", "list", "--filter", "comm = "});
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.err, "schedctl: filter: expected a value at 7 (INVALID_FILTER)\n");
}

TEST_F(TaskListTest, NothingFoundIsSaidButNotQuietly) {
  server_.list_tasks.Returns(v1::ListTasksResponse());
  const Result result = Run({"task", "list"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, StartsWith("TID  TGID  COMM"));
  EXPECT_EQ(result.err, "schedctl: no task matches\n");
  EXPECT_THAT(Run({"task", "list", "-q"}).err, IsEmpty());
  EXPECT_THAT(Run({"task", "list", "-o", "json"}).err, IsEmpty());
}

// --- get ---

class TaskGetTest : public TaskListTest {
 protected:
  TaskGetTest() {
    v1::Task task;
    task.set_name("tasks/5-1");
    task.set_comm("hog");
    server_.get_task.Returns(task);
  }
};

TEST_F(TaskGetTest, ByName) {
  for (const char* name : {"tasks/5-1", "5-1"}) {
    server_.get_task.requests.clear();
    const Result result = Run({"task", "get", name});
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(server_.get_task.requests.at(0).name(), "tasks/5-1");
    EXPECT_THAT(result.out, HasSubstr("name                  tasks/5-1\n"));
  }
}

TEST_F(TaskGetTest, ByThreadIdTakesTheNewestOfThatNumber) {
  const Result result = Run({"task", "get", "6"});
  EXPECT_EQ(request().filter(), "tid = 6");
  EXPECT_THAT(result.out, HasSubstr("tasks/6-1"));
}

TEST_F(TaskGetTest, AsJson) {
  EXPECT_THAT(Run({"task", "get", "tasks/5-1", "-o", "json"}).out,
              StartsWith("{\n  \"name\": \"tasks/5-1\",\n"));
}

TEST_F(TaskGetTest, NoSuchThreadId) {
  server_.list_tasks.Returns(v1::ListTasksResponse());
  const Result result = Run({"task", "get", "99"});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("no task with thread ID 99: it has ended, or"));
}

TEST_F(TaskGetTest, NoSuchName) {
  server_.get_task.Returns(
      DetailedError(absl::StatusCode::kNotFound, "no such task", "TASK_NOT_FOUND"));
  EXPECT_EQ(Run({"task", "get", "tasks/9-9"}).code, 3);
}

TEST_F(TaskGetTest, WhatNamesNoTask) {
  for (const char* word : {"hog", "0", "12x", "99999999999"}) {
    const Result result = Run({"task", "get", word});
    EXPECT_EQ(result.code, 2) << word;
    EXPECT_THAT(result.err, HasSubstr("is not a task: give a thread ID (1234)"));
  }
  EXPECT_THAT(server_.list_tasks.requests, IsEmpty());
}

// --- watch ---

class TaskWatchTest : public SchedctlTest {
 protected:
  TaskWatchTest() {
    server_.watch_tasks.endless = true;
    for (int i = 1; i <= 3; ++i) {
      v1::WatchTasksResponse update;
      update.set_sequence_number(i);
      update.mutable_collect_time()->set_seconds(kNowSeconds + i);
      update.set_policy_generation(4);
      auto* task = update.add_tasks();
      task->set_tid(70 + i);
      task->set_comm("hog");
      server_.watch_tasks.messages.push_back(update);
    }
  }

  const v1::WatchTasksRequest& request() { return server_.watch_tasks.requests.at(0); }
};

TEST_F(TaskWatchTest, AppendsTablesWhenNobodyLooks) {
  const Result result = Run({"task", "watch", "--count", "2"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(StartsWith("2026-11-22 20:31:06  generation 4  tasks 1\nTID"),
                                HasSubstr("\n\n2026-11-22 20:31:07  generation 4"),
                                Not(HasSubstr("\033")), Not(HasSubstr("20:31:08"))));
}

TEST_F(TaskWatchTest, Defaults) {
  Run({"task", "watch", "--count", "1"});
  EXPECT_EQ(request().update_interval().seconds(), 1);
  EXPECT_EQ(request().order_by(), "stats.run_time_nanos desc");
  EXPECT_EQ(request().filter(), "");
  EXPECT_EQ(request().max_task_count(), 0);
}

TEST_F(TaskWatchTest, OptionsGoIntoTheRequest) {
  Run({"task", "watch", "--count", "1", "--interval", "250ms", "--filter", "cpu = 1", "--user",
       "--sort", "tid", "--limit", "7"});
  EXPECT_EQ(request().update_interval().nanos(), 250'000'000);
  EXPECT_EQ(request().order_by(), "tid");
  EXPECT_EQ(request().filter(), "kernel_thread = false AND (cpu = 1)");
  EXPECT_EQ(request().max_task_count(), 7);
}

TEST_F(TaskWatchTest, RedrawsOnATerminalWhatFitsThere) {
  environment_.terminal = true;
  environment_.rows = 24;
  const Result result = Run({"task", "watch", "--count", "1"});
  EXPECT_EQ(request().max_task_count(), 21);
  EXPECT_THAT(result.out, AllOf(StartsWith("\033[H2026-11-22"), HasSubstr("tasks 1\033[K\n"),
                                EndsWith("\033[J")));
}

TEST_F(TaskWatchTest, ADocumentIsTheSameOnATerminal) {
  environment_.terminal = true;
  environment_.rows = 24;
  const Result result = Run({"task", "watch", "--count", "1", "-o", "json"});
  EXPECT_EQ(request().max_task_count(), 0);
  EXPECT_THAT(result.out, StartsWith("{\"sequenceNumber\":\"1\","));
}

TEST_F(TaskWatchTest, EachJsonUpdateIsALine) {
  const Result result = Run({"task", "watch", "--count", "3", "-o", "json"});
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 3);
  EXPECT_THAT(result.out, HasSubstr("\n{\"sequenceNumber\":\"3\","));
}

TEST_F(TaskWatchTest, EachYamlUpdateIsADocument) {
  EXPECT_THAT(Run({"task", "watch", "--count", "2", "-o", "yaml"}).out,
              AllOf(StartsWith("---\nsequenceNumber: \"1\"\n"),
                    HasSubstr("\n---\nsequenceNumber: \"2\"\n")));
}

TEST_F(TaskWatchTest, JoinsTheMessagesOfALargeUpdate) {
  server_.watch_tasks.messages[0].set_partial(true);
  server_.watch_tasks.messages[0].add_exited_tasks("tasks/1-1");
  server_.watch_tasks.messages[1].add_exited_tasks("tasks/2-1");
  const Result result = Run({"task", "watch", "--count", "1"});
  EXPECT_THAT(result.out, AllOf(StartsWith("2026-11-22 20:31:06  generation 4  tasks 2  ended 2\n"),
                                HasSubstr(" 71  "), HasSubstr(" 72  "), Not(HasSubstr(" 73  "))));
}

TEST_F(TaskWatchTest, SaysWhatWasLost) {
  server_.watch_tasks.messages[0].set_skipped_update_count(2);
  server_.watch_tasks.messages[0].set_dropped_event_count(1000);
  EXPECT_THAT(Run({"task", "watch", "--count", "1"}).out,
              HasSubstr("tasks 1  skipped updates 2  lost events 1,000\n"));
}

TEST_F(TaskWatchTest, EndsWithTheErrorOfTheStream) {
  server_.watch_tasks.endless = false;
  server_.watch_tasks.end =
      DetailedError(absl::StatusCode::kUnavailable, "schedd is ending", "DRAINING");
  const Result result = Run({"task", "watch"});
  EXPECT_EQ(result.code, 7);
  EXPECT_THAT(result.out, HasSubstr("20:31:08"));
  EXPECT_EQ(result.err, "schedctl: schedd is ending (DRAINING)\n");
}

// The rest of the update did not come: half of it would be taken for all.
TEST_F(TaskWatchTest, AnUpdateThatIsCutOffIsNotShown) {
  server_.watch_tasks.endless = false;
  server_.watch_tasks.messages[2].set_partial(true);
  const Result result = Run({"task", "watch"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("20:31:07"), Not(HasSubstr("20:31:08"))));
}

TEST_F(TaskWatchTest, AJoinedUpdateIsOneDocument) {
  server_.watch_tasks.messages[0].set_partial(true);
  const Result result = Run({"task", "watch", "--count", "1", "-o", "json"});
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 1);
  EXPECT_THAT(result.out, AllOf(HasSubstr("\"tid\":71"), HasSubstr("\"tid\":72"),
                                HasSubstr("\"partial\":false")));
}

struct RowsCase {
  int rows;
  const char* limit;
  int asked;
};

TEST_F(TaskWatchTest, AskForWhatFitsUnlessToldOtherwise) {
  const RowsCase cases[] = {{0, "0", 0}, {3, "0", 0}, {4, "0", 1}, {50, "0", 47}, {50, "100", 100}};
  environment_.terminal = true;
  for (const RowsCase& c : cases) {
    server_.watch_tasks.requests.clear();
    environment_.rows = c.rows;
    Run({"task", "watch", "--count", "1", "--limit", c.limit});
    EXPECT_EQ(request().max_task_count(), c.asked) << c.rows << " rows, --limit " << c.limit;
  }
}

TEST_F(TaskWatchTest, OptionsOfTablesHold) {
  EXPECT_THAT(Run({"task", "watch", "--count", "1", "--no-headers"}).out, Not(HasSubstr("TID")));
  EXPECT_THAT(Run({"task", "watch", "--count", "1", "-o", "wide"}).out, HasSubstr("CGROUP"));
  server_.watch_tasks.messages[0].mutable_tasks(0)->set_run_state(v1::Task::RUN_STATE_RUNNING);
  environment_.color = true;
  EXPECT_THAT(Run({"task", "watch", "--count", "1"}).out, HasSubstr("\033[32mrunning\033[0m"));
}

// The name of a task is its owner's choice.
TEST_F(TaskWatchTest, ANameCannotPlayWithTheTerminal) {
  server_.watch_tasks.messages[0].mutable_tasks(0)->set_comm("\033[2Jx\ny");
  environment_.terminal = true;
  const Result result = Run({"task", "watch", "--count", "1"});
  EXPECT_THAT(result.out, AllOf(HasSubstr("\\x1b[2Jx\\x0ay"), Not(HasSubstr("\033[2J"))));
}

TEST_F(TaskWatchTest, BadValuesAskNothing) {
  EXPECT_THAT(Run({"task", "watch", "--interval", "fast"}).err,
              HasSubstr("--interval: \"fast\" is not a duration"));
  EXPECT_EQ(Run({"task", "watch", "--interval", "fast"}).code, 2);
  EXPECT_EQ(Run({"task", "watch", "--sort", "colour"}).code, 2);
  EXPECT_THAT(server_.watch_tasks.requests, IsEmpty());
}

// --- task get --explain ---

class TaskExplainCommandTest : public SchedctlTest {
 protected:
  TaskExplainCommandTest() {
    task_.set_name("tasks/7-1");
    task_.set_comm("hog\n");
    task_.set_cgroup_path("/web");
    task_.set_weight(400);
    task_.set_policy("policies/web");
    task_.set_task_override("taskOverrides/o");
    server_.get_task.Returns(task_);
    v1::TaskOverride change;
    change.set_name("taskOverrides/o");
    change.set_weight(400);
    server_.get_override.Returns(change);
    v1::ListPoliciesResponse policies;
    v1::Policy& policy = *policies.add_policies();
    policy.set_name("policies/web");
    policy.mutable_selector()->set_cgroup_path("/web");
    policy.mutable_parameters()->mutable_base_slice()->set_nanos(3'000'000);
    *policy.mutable_effective_parameters() = policy.parameters();
    server_.list_policies.Returns(policies);
  }

  v1::Task task_;
};

TEST_F(TaskExplainCommandTest, ShowsEachSettingAndWhereItIsFrom) {
  const Result result = Run({"task", "get", "tasks/7-1", "--explain"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("SETTING                VALUE  FROM\n"
                                     "weight                 400    taskOverrides/o\n"
                                     "base_slice             3ms    policies/web\n"));
  EXPECT_THAT(result.out, EndsWith("\ntasks/7-1 (hog\\x0a) is in /web\n"));
  EXPECT_EQ(server_.get_override.requests.at(0).name(), "taskOverrides/o");
}

TEST_F(TaskExplainCommandTest, WithoutAnOverrideNoneIsAskedFor) {
  task_.clear_task_override();
  server_.get_task.Returns(task_);
  EXPECT_THAT(Run({"task", "get", "tasks/7-1", "--explain"}).out,
              HasSubstr("\nweight                 400    nice 0\n"));
  EXPECT_THAT(server_.get_override.requests, IsEmpty());
}

TEST_F(TaskExplainCommandTest, AsADocument) {
  const std::string out = Run({"task", "get", "tasks/7-1", "--explain", "-o", "json"}).out;
  EXPECT_THAT(out, StartsWith("{\n  \"task\": \"tasks/7-1\",\n  \"policy\": \"policies/web\",\n"
                              "  \"taskOverride\": \"taskOverrides/o\",\n  \"settings\": [\n"));
  EXPECT_THAT(out, HasSubstr("\"from\": \"policies/web\""));
}

TEST_F(TaskExplainCommandTest, IsNotForWatching) {
  EXPECT_EQ(Run({"task", "get", "tasks/7-1", "--explain", "--watch"}).code, 2);
}

}  // namespace
}  // namespace schedd::client
