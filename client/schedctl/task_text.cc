// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/task_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
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

// How a cell is filled from a field.
template <auto kField>
Cell Number(const Task& task) {
  return absl::StrCat((task.*kField)());
}
template <auto kField>
Cell Text(const Task& task) {
  return OrDash((task.*kField)());
}
template <auto kField>
Cell Nanos(const Task& task) {
  return ShortNanos((task.stats().*kField)());
}
template <auto kField>
Cell Times(const Task& task) {
  return Count((task.stats().*kField)());
}
Cell KernelThread(const Task& task) { return task.kernel_thread() ? "yes" : "no"; }
Cell Override(const Task& task) { return OrDash(LastSegment(task.task_override())); }

using Stats = v1::TaskStats;
enum class Order { kUp, kDown };
enum class Shown { kAlways, kWide };
constexpr auto kLeft = Table::Align::kLeft;
constexpr auto kRight = Table::Align::kRight;

// The one list of columns: title, the field behind it, which end --sort shows first, when it is
// shown, how it is filled.
struct TaskColumn {
  const char* title;
  Table::Align align;
  const char* field;
  Order order;
  Shown shown;
  Cell (*cell)(const Task&);
};

using enum Order;
using enum Shown;

constexpr TaskColumn kColumns[] = {
    {"TID", kRight, "tid", kUp, kAlways, Number<&Task::tid>},
    {"TGID", kRight, "tgid", kUp, kAlways, Number<&Task::tgid>},
    {"COMM", kLeft, "comm", kUp, kAlways, Text<&Task::comm>},
    {"CPU", kRight, "cpu", kUp, kAlways, Number<&Task::cpu>},
    {"STATE", kLeft, "run_state", kUp, kAlways, StateColored},
    {"WEIGHT", kRight, "weight", kDown, kAlways, Number<&Task::weight>},
    {"NICE", kRight, "nice", kUp, kAlways, Number<&Task::nice>},
    {"RUN", kRight, "stats.run_time_nanos", kDown, kAlways, Nanos<&Stats::run_time_nanos>},
    {"WAIT", kRight, "stats.wait_time_nanos", kDown, kAlways, Nanos<&Stats::wait_time_nanos>},
    {"WAKE-P50", kRight, "stats.wakeup_latency_p50_nanos", kDown, kAlways,
     Nanos<&Stats::wakeup_latency_p50_nanos>},
    {"P99", kRight, "stats.wakeup_latency_p99_nanos", kDown, kAlways,
     Nanos<&Stats::wakeup_latency_p99_nanos>},
    {"MAX", kRight, "stats.wakeup_latency_max_nanos", kDown, kAlways,
     Nanos<&Stats::wakeup_latency_max_nanos>},
    {"UID", kRight, "uid", kUp, kWide, Number<&Task::uid>},
    {"CPUS", kRight, "allowed_cpu_count", kDown, kWide, Number<&Task::allowed_cpu_count>},
    {"WAKEUPS", kRight, "stats.wakeup_count", kDown, kWide, Times<&Stats::wakeup_count>},
    {"YIELDED", kRight, "stats.voluntary_switch_count", kDown, kWide,
     Times<&Stats::voluntary_switch_count>},
    {"PREEMPTED", kRight, "stats.involuntary_switch_count", kDown, kWide,
     Times<&Stats::involuntary_switch_count>},
    {"MOVES", kRight, "stats.migration_count", kDown, kWide, Times<&Stats::migration_count>},
    {"SLICE", kRight, "stats.slice_nanos", kDown, kWide, Nanos<&Stats::slice_nanos>},
    {"LAG", kRight, "stats.lag_nanos", kDown, kWide, Nanos<&Stats::lag_nanos>},
    {"KERNEL", kLeft, "kernel_thread", kUp, kWide, KernelThread},
    {"CGROUP", kLeft, "cgroup_path", kUp, kWide, Text<&Task::cgroup_path>},
    {"NAME", kLeft, "name", kUp, kWide, Text<&Task::name>},
    {"OVERRIDE", kLeft, "task_override", kUp, kAlways, Override},
};

}  // namespace

Table TaskTable(bool wide) {
  std::vector<Table::Column> columns;
  for (const TaskColumn& column : kColumns) {
    if (wide || column.shown == Shown::kAlways) columns.push_back({column.title, column.align});
  }
  return Table(std::move(columns));
}

void AddTaskRow(const Task& task, bool wide, Table& table) {
  std::vector<Cell> cells;
  for (const TaskColumn& column : kColumns) {
    if (wide || column.shown == Shown::kAlways) cells.push_back(column.cell(task));
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
  table.AddRow({"effective weight", absl::StrFormat("%.4g", task.effective_weight())});
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
  for (const TaskColumn& column : kColumns) {
    if (word != absl::AsciiStrToLower(column.title) && word != column.field) continue;
    const bool largest_first = descending || (column.order == Order::kDown && !ascending);
    return absl::StrCat(column.field, largest_first ? " desc" : "");
  }
  const std::vector<std::string> known = SortWords();
  return absl::InvalidArgumentError(absl::StrCat("cannot sort by \"", sort, "\"",
                                                 DidYouMean(word, known),
                                                 " Columns: ", absl::StrJoin(known, ", ")));
}

std::string SelectorText(const v1::TaskSelector& selector) {
  std::vector<std::string> parts;
  if (!selector.task().empty()) parts.push_back(absl::StrCat("task=", selector.task()));
  if (selector.tgid() != 0) parts.push_back(absl::StrCat("tgid=", selector.tgid()));
  if (!selector.comm().empty()) parts.push_back(absl::StrCat("comm=", selector.comm()));
  if (!selector.cgroup_path().empty()) {
    parts.push_back(absl::StrCat("cgroup=", selector.cgroup_path()));
  }
  if (selector.has_uid()) parts.push_back(absl::StrCat("uid=", selector.uid()));
  return absl::StrJoin(parts, " ");
}

std::vector<std::string> SortWords() {
  std::vector<std::string> words;
  for (const TaskColumn& column : kColumns) words.push_back(absl::AsciiStrToLower(column.title));
  return words;
}

std::string TaskFilter(absl::string_view filter, bool user_only) {
  if (!user_only) return std::string(filter);
  if (filter.empty()) return "kernel_thread = false";
  return absl::StrCat("kernel_thread = false AND (", filter, ")");
}

}  // namespace schedd::client
