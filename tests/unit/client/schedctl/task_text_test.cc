// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/task_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace schedd::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// --- --sort ---

struct SortCase {
  const char* sort;
  const char* order_by;
};

class Sort : public testing::TestWithParam<SortCase> {};

TEST_P(Sort, IsAnOrder) {
  const auto order = OrderBy(GetParam().sort);
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_EQ(*order, GetParam().order_by);
}

INSTANTIATE_TEST_SUITE_P(
    All, Sort,
    testing::Values(SortCase{"", ""}, SortCase{"tid", "tid"}, SortCase{"TID", "tid"},
                    SortCase{"tid:desc", "tid desc"}, SortCase{"comm", "comm"},
                    SortCase{"state", "run_state"}, SortCase{"run_state", "run_state"},
                    SortCase{"weight", "weight desc"}, SortCase{"weight:asc", "weight"},
                    SortCase{"run", "stats.run_time_nanos desc"},
                    SortCase{"run:asc", "stats.run_time_nanos"},
                    SortCase{"wait", "stats.wait_time_nanos desc"},
                    SortCase{"wake-p50", "stats.wakeup_latency_p50_nanos desc"},
                    SortCase{"p99", "stats.wakeup_latency_p99_nanos desc"},
                    SortCase{"max", "stats.wakeup_latency_max_nanos desc"},
                    SortCase{"moves", "stats.migration_count desc"},
                    SortCase{"cgroup", "cgroup_path"}, SortCase{"override", "task_override"},
                    // The API's own words are schedd's to judge.
                    SortCase{"stats.run_time_nanos desc, tid", "stats.run_time_nanos desc, tid"},
                    SortCase{"cpu, tid desc", "cpu, tid desc"}));

TEST(OrderBy, RefusesWhatIsNoColumn) {
  const auto order = OrderBy("wieght");
  EXPECT_EQ(order.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(order.status().message()),
              AllOf(HasSubstr("cannot sort by \"wieght\"; did you mean \"weight\"?"),
                    HasSubstr("Columns: tid, tgid, comm")));
  EXPECT_FALSE(OrderBy("run:up").ok());
  EXPECT_FALSE(OrderBy("colour").ok());
}

// --- --user ---

TEST(TaskFilter, JoinsWithTheOwnFilter) {
  EXPECT_EQ(TaskFilter("", false), "");
  EXPECT_EQ(TaskFilter("cpu = 1", false), "cpu = 1");
  EXPECT_EQ(TaskFilter("", true), "kernel_thread = false");
  EXPECT_EQ(TaskFilter("cpu = 1 OR cpu = 2", true),
            "kernel_thread = false AND (cpu = 1 OR cpu = 2)");
}

// --- the table ---

v1::Task Example() {
  v1::Task task;
  task.set_name("tasks/77-123456");
  task.set_tid(77);
  task.set_tgid(70);
  task.set_comm("hog");
  task.set_cgroup_path("/user.slice");
  task.set_nice(-5);
  task.set_weight(400);
  task.set_effective_weight(37.5);
  task.set_run_state(v1::Task::RUN_STATE_RUNNING);
  task.set_cpu(3);
  task.set_policy("policies/default");
  task.set_task_override("taskOverrides/batch");
  task.set_uid(1000);
  task.set_allowed_cpu_count(4);
  v1::TaskStats& stats = *task.mutable_stats();
  stats.set_policy_generation(6);
  stats.set_run_time_nanos(12'300'000'000);
  stats.set_wait_time_nanos(4'560'000);
  stats.set_vruntime_nanos(3'000'000'000);
  stats.set_lag_nanos(-2'000'000);
  stats.set_slice_nanos(5'000'000);
  stats.set_voluntary_switch_count(10);
  stats.set_involuntary_switch_count(2'000);
  stats.set_wakeup_count(11);
  stats.set_migration_count(2);
  stats.set_wakeup_latency_mean_nanos(20'000);
  stats.set_wakeup_latency_p50_nanos(15'000);
  stats.set_wakeup_latency_p99_nanos(900'000);
  stats.set_wakeup_latency_max_nanos(1'000'000);
  return task;
}

std::string Rendered(bool wide, bool color = false) {
  Table table = TaskTable(wide);
  AddTaskRow(Example(), wide, table);
  v1::Task other;
  other.set_tid(1234567);
  other.set_run_state(v1::Task::RUN_STATE_SLEEPING);
  other.set_kernel_thread(true);
  AddTaskRow(other, wide, table);
  return table.Render({.color = color});
}

TEST(TaskTable, Golden) {
  EXPECT_EQ(Rendered(/*wide=*/false),
            "    TID  TGID  COMM  CPU  STATE     WEIGHT  NICE    RUN    WAIT  WAKE-P50    P99     "
            "MAX  OVERRIDE\n"
            "     77    70  hog     3  running      400    -5  12.3s  4.56ms    15.0µs  900µs  "
            "1.00ms  batch\n"
            "1234567     0  -       0  sleeping       0     0      0       0         0      0     "
            "  0  -\n");
}

TEST(TaskTable, WideHasAllColumns) {
  EXPECT_THAT(Rendered(/*wide=*/true),
              AllOf(HasSubstr("UID  CPUS  WAKEUPS  YIELDED  PREEMPTED  MOVES   SLICE      LAG  "
                              "KERNEL  CGROUP       NAME             OVERRIDE\n"),
                    HasSubstr("1000     4       11       10      2,000      2  5.00ms  -2.00ms  "
                              "no      /user.slice  tasks/77-123456  batch\n"),
                    HasSubstr("yes     -")));
}

TEST(TaskTable, StatesHaveColors) {
  EXPECT_THAT(Rendered(false, /*color=*/true),
              AllOf(HasSubstr("\033[32mrunning\033[0m"), HasSubstr("\033[2msleeping\033[0m")));
  v1::Task queued;
  queued.set_run_state(v1::Task::RUN_STATE_QUEUED);
  Table table = TaskTable(false);
  AddTaskRow(queued, false, table);
  EXPECT_THAT(table.Render({.color = true}), HasSubstr("\033[33mqueued\033[0m"));
}

// Sets a field to a value that no default has.
void SetSome(google::protobuf::Message& message, const google::protobuf::FieldDescriptor* field) {
  const auto* reflection = message.GetReflection();
  using Field = google::protobuf::FieldDescriptor;
  switch (field->cpp_type()) {
    case Field::CPPTYPE_INT32:
      return reflection->SetInt32(&message, field, 7);
    case Field::CPPTYPE_INT64:
      return reflection->SetInt64(&message, field, 7'000'000);
    case Field::CPPTYPE_DOUBLE:
      return reflection->SetDouble(&message, field, 7.5);
    case Field::CPPTYPE_BOOL:
      return reflection->SetBool(&message, field, true);
    case Field::CPPTYPE_STRING:
      return reflection->SetString(&message, field, "a/text");
    case Field::CPPTYPE_ENUM:
      return reflection->SetEnumValue(&message, field, 1);
    default:
      FAIL() << field->full_name() << " has a type that this test does not know";
  }
}

TEST(TaskFacts, ShowsEveryFieldOfTheApi) {
  const std::string nothing = TaskFacts(v1::Task()).Render({.headers = false});
  const auto* task_type = v1::Task::descriptor();
  for (int i = 0; i < task_type->field_count(); ++i) {
    if (task_type->field(i)->message_type() == v1::TaskStats::descriptor()) continue;
    v1::Task task;
    SetSome(task, task_type->field(i));
    EXPECT_NE(TaskFacts(task).Render({.headers = false}), nothing) << task_type->field(i)->name();
  }
  const auto* stats_type = v1::TaskStats::descriptor();
  for (int i = 0; i < stats_type->field_count(); ++i) {
    v1::Task task;
    SetSome(*task.mutable_stats(), stats_type->field(i));
    EXPECT_NE(TaskFacts(task).Render({.headers = false}), nothing) << stats_type->field(i)->name();
  }
}

// The fields of the API by their paths.
bool IsTaskField(const std::string& path) {
  const auto* type = v1::Task::descriptor();
  constexpr char kStats[] = "stats.";
  if (path.rfind(kStats, 0) == 0) {
    return v1::TaskStats::descriptor()->FindFieldByName(path.substr(sizeof(kStats) - 1)) != nullptr;
  }
  return type->FindFieldByName(path) != nullptr;
}

TEST(OrderBy, EachColumnIsAFieldOfTheApi) {
  // The message that refuses a column lists all.
  const std::string message(OrderBy("?").status().message());
  std::istringstream columns(message.substr(message.find("Columns: ") + 9));
  int count = 0;
  for (std::string column; columns >> column; ++count) {
    if (column.back() == ',') column.pop_back();
    const auto order = OrderBy(column + ":asc");
    ASSERT_TRUE(order.ok()) << column;
    EXPECT_TRUE(IsTaskField(*order)) << *order;
    EXPECT_EQ(*OrderBy(column + ":desc"), *order + " desc");
  }
  EXPECT_GT(count, 20);
}

TEST(TaskFacts, Golden) {
  EXPECT_EQ(TaskFacts(Example()).Render({.headers = false}),
            "name                  tasks/77-123456\n"
            "comm                  hog\n"
            "tid                   77\n"
            "process (tgid)        70\n"
            "uid                   1000\n"
            "kernel thread         no\n"
            "cgroup                /user.slice\n"
            "state                 running\n"
            "last on CPU           3\n"
            "CPUs allowed          4\n"
            "nice                  -5\n"
            "weight in force       400\n"
            "effective weight      37.5\n"
            "override              taskOverrides/batch\n"
            "policy                policies/default\n"
            "generation            6\n"
            "run time              12.3s\n"
            "wait time             4.56ms\n"
            "slice                 5.00ms\n"
            "vruntime              3.00s\n"
            "lag                   -2.00ms\n"
            "wakeups               11\n"
            "wakeup latency        mean 20.0µs, p50 15.0µs, p99 900µs, max 1.00ms\n"
            "gave the CPU up       10 times\n"
            "was preempted         2,000 times\n"
            "moved to another CPU  2 times\n");
}

}  // namespace
}  // namespace schedd::client
