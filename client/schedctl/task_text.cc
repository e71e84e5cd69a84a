// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/task_text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/schedctl/format.h"
#include "client/schedctl/suggest.h"

namespace schedd::client {
namespace {

using v1::Task;

std::string State(const Task& task) {
  return EnumText(Task::RunState_descriptor(), task.run_state());
}

Cell StateColored(const Task& task) {
  switch (task.run_state()) {
    case Task::RUN_STATE_RUNNING:
      return Cell(State(task), Color::kGood);
    case Task::RUN_STATE_QUEUED:
      return Cell(State(task), Color::kWarning);
    default:
      return Cell(State(task), Color::kFaint);
  }
}

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

// The one list of columns: what they are called, how a task fills them, which field they show.
struct TaskColumn {
  Table::Column column;
  const char* order_field;
  bool largest_first;
  bool wide_only;
  Cell (*cell)(const Task&);
};

constexpr auto kLeft = Table::Align::kLeft;
constexpr auto kRight = Table::Align::kRight;

const std::vector<TaskColumn>& Columns() {
  // Never destroyed: nothing depends on the order of destruction.
  static const auto* const columns = new std::vector<TaskColumn>{
      {{"TID", kRight},
       "tid",
       false,
       false,
       [](const Task& t) -> Cell { return absl::StrCat(t.tid()); }},
      {{"TGID", kRight},
       "tgid",
       false,
       false,
       [](const Task& t) -> Cell { return absl::StrCat(t.tgid()); }},
      {{"COMM", kLeft}, "comm", false, false, [](const Task& t) -> Cell { return t.comm(); }},
      {{"CPU", kRight},
       "cpu",
       false,
       false,
       [](const Task& t) -> Cell { return absl::StrCat(t.cpu()); }},
      {{"STATE", kLeft}, "run_state", false, false, StateColored},
      {{"WEIGHT", kRight},
       "weight",
       true,
       false,
       [](const Task& t) -> Cell { return absl::StrCat(t.weight()); }},
      {{"NICE", kRight},
       "nice",
       false,
       false,
       [](const Task& t) -> Cell { return absl::StrCat(t.nice()); }},
      {{"RUN", kRight},
       "stats.run_time_nanos",
       true,
       false,
       [](const Task& t) -> Cell { return ShortNanos(t.stats().run_time_nanos()); }},
      {{"WAIT", kRight},
       "stats.wait_time_nanos",
       true,
       false,
       [](const Task& t) -> Cell { return ShortNanos(t.stats().wait_time_nanos()); }},
      {{"WAKE-P50", kRight},
       "stats.wakeup_latency_p50_nanos",
       true,
       false,
       [](const Task& t) -> Cell { return ShortNanos(t.stats().wakeup_latency_p50_nanos()); }},
      {{"P99", kRight},
       "stats.wakeup_latency_p99_nanos",
       true,
       false,
       [](const Task& t) -> Cell { return ShortNanos(t.stats().wakeup_latency_p99_nanos()); }},
      {{"MAX", kRight},
       "stats.wakeup_latency_max_nanos",
       true,
       false,
       [](const Task& t) -> Cell { return ShortNanos(t.stats().wakeup_latency_max_nanos()); }},
      {{"UID", kRight},
       "uid",
       false,
       true,
       [](const Task& t) -> Cell { return absl::StrCat(t.uid()); }},
      {{"CPUS", kRight},
       nullptr,
       true,
       true,
       [](const Task& t) -> Cell { return absl::StrCat(t.allowed_cpu_count()); }},
      {{"WAKEUPS", kRight},
       "stats.wakeup_count",
       true,
       true,
       [](const Task& t) -> Cell { return Count(t.stats().wakeup_count()); }},
      {{"YIELDED", kRight},
       "stats.voluntary_switch_count",
       true,
       true,
       [](const Task& t) -> Cell { return Count(t.stats().voluntary_switch_count()); }},
      {{"PREEMPTED", kRight},
       "stats.involuntary_switch_count",
       true,
       true,
       [](const Task& t) -> Cell { return Count(t.stats().involuntary_switch_count()); }},
      {{"MOVES", kRight},
       "stats.migration_count",
       true,
       true,
       [](const Task& t) -> Cell { return Count(t.stats().migration_count()); }},
      {{"SLICE", kRight},
       "stats.slice_nanos",
       true,
       true,
       [](const Task& t) -> Cell { return ShortNanos(t.stats().slice_nanos()); }},
      {{"LAG", kRight},
       "stats.lag_nanos",
       true,
       true,
       [](const Task& t) -> Cell { return ShortNanos(t.stats().lag_nanos()); }},
      {{"KERNEL", kLeft},
       "kernel_thread",
       false,
       true,
       [](const Task& t) -> Cell { return t.kernel_thread() ? "yes" : "no"; }},
      {{"CGROUP", kLeft},
       "cgroup_path",
       false,
       true,
       [](const Task& t) -> Cell { return OrDash(t.cgroup_path()); }},
      {{"NAME", kLeft}, "name", false, true, [](const Task& t) -> Cell { return t.name(); }},
      {{"OVERRIDE", kLeft},
       nullptr,
       false,
       false,
       [](const Task& t) -> Cell { return OrDash(LastSegment(t.task_override())); }},
  };
  return *columns;
}

}  // namespace

Table TaskTable(bool wide) {
  std::vector<Table::Column> columns;
  for (const TaskColumn& column : Columns()) {
    if (wide || !column.wide_only) columns.push_back(column.column);
  }
  return Table(std::move(columns));
}

void AddTaskRow(const Task& task, bool wide, Table& table) {
  std::vector<Cell> cells;
  for (const TaskColumn& column : Columns()) {
    if (wide || !column.wide_only) cells.push_back(column.cell(task));
  }
  table.AddRow(std::move(cells));
}

Table TaskFacts(const Task& task) {
  const v1::TaskStats& stats = task.stats();
  Table table({{""}, {""}});
  table.AddRow({"name", task.name()});
  table.AddRow({"comm", task.comm()});
  table.AddRow({"tid", absl::StrCat(task.tid())});
  table.AddRow({"process (tgid)", absl::StrCat(task.tgid())});
  table.AddRow({"uid", absl::StrCat(task.uid())});
  table.AddRow({"kernel thread", task.kernel_thread() ? "yes" : "no"});
  table.AddRow({"cgroup", OrDash(task.cgroup_path())});
  table.AddRow({"state", StateColored(task)});
  table.AddRow({"last on CPU", absl::StrCat(task.cpu())});
  table.AddRow({"CPUs allowed", absl::StrCat(task.allowed_cpu_count())});
  table.AddRow({"nice", absl::StrCat(task.nice())});
  table.AddRow({"weight in force", absl::StrCat(task.weight())});
  table.AddRow({"override", OrDash(task.task_override())});
  table.AddRow({"policy", OrDash(task.policy())});
  table.AddRow({"generation", Count(stats.policy_generation())});
  table.AddRow({"run time", ShortNanos(stats.run_time_nanos())});
  table.AddRow({"wait time", ShortNanos(stats.wait_time_nanos())});
  table.AddRow({"slice", ShortNanos(stats.slice_nanos())});
  table.AddRow({"vruntime", ShortNanos(stats.vruntime_nanos())});
  table.AddRow({"lag", ShortNanos(stats.lag_nanos())});
  table.AddRow({"wakeups", Count(stats.wakeup_count())});
  table.AddRow(
      {"wakeup latency", absl::StrCat("mean ", ShortNanos(stats.wakeup_latency_mean_nanos()),
                                      ", p50 ", ShortNanos(stats.wakeup_latency_p50_nanos()),
                                      ", p99 ", ShortNanos(stats.wakeup_latency_p99_nanos()),
                                      ", max ", ShortNanos(stats.wakeup_latency_max_nanos()))});
  table.AddRow({"gave the CPU up", absl::StrCat(Count(stats.voluntary_switch_count()), " times")});
  table.AddRow({"was preempted", absl::StrCat(Count(stats.involuntary_switch_count()), " times")});
  table.AddRow({"moved to another CPU", absl::StrCat(Count(stats.migration_count()), " times")});
  return table;
}

absl::StatusOr<std::string> OrderBy(absl::string_view sort) {
  // The API's own words have a dot, a blank or a comma; schedd checks them.
  if (sort.empty() || sort.find_first_of("., ") != absl::string_view::npos) {
    return std::string(sort);
  }
  std::string word = absl::AsciiStrToLower(sort);
  const bool ascending = absl::EndsWith(word, ":asc"), descending = absl::EndsWith(word, ":desc");
  if (ascending || descending) word.erase(word.rfind(':'));
  std::vector<std::string> known;
  for (const TaskColumn& column : Columns()) {
    if (column.order_field == nullptr) continue;
    known.push_back(absl::AsciiStrToLower(column.column.title));
    if (word != known.back() && word != column.order_field) continue;
    const bool largest_first = descending || (column.largest_first && !ascending);
    return absl::StrCat(column.order_field, largest_first ? " desc" : "");
  }
  return absl::InvalidArgumentError(absl::StrCat("cannot sort by \"", sort, "\"",
                                                 DidYouMean(word, known),
                                                 " Columns: ", absl::StrJoin(known, ", ")));
}

std::string TaskFilter(absl::string_view filter, bool user_only) {
  if (!user_only) return std::string(filter);
  if (filter.empty()) return "kernel_thread = false";
  return absl::StrCat("kernel_thread = false AND (", filter, ")");
}

}  // namespace schedd::client
