// SPDX-License-Identifier: Apache-2.0
#include "tests/scenarios/summary.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace schedd::scenarios {
namespace {

constexpr size_t kContext = 2;  // lines shown around a difference

std::string GroupLine(const TaskGroupReport& group) {
  return absl::StrFormat("  %-15s %6d %6d %6.1f%% %5.3f %8d %8s %8s %8s %8s %6d\n", group.name,
                         group.tasks, group.weight, group.cpu_share * 100, group.jain, group.rounds,
                         ShortDuration(group.wakeups.p50_ns), ShortDuration(group.wakeups.p99_ns),
                         ShortDuration(group.wakeups.max_ns), ShortDuration(group.longest_wait_ns),
                         group.migrations);
}

// lengths[i][j]: lines in common from a[i] and b[j] on.
using Lengths = std::vector<std::vector<size_t>>;
using Lines = std::vector<absl::string_view>;

Lengths CommonLengths(const Lines& a, const Lines& b) {
  Lengths lengths(a.size() + 1, std::vector<size_t>(b.size() + 1, 0));
  for (size_t i = a.size(); i-- > 0;) {
    for (size_t j = b.size(); j-- > 0;) {
      lengths[i][j] =
          a[i] == b[j] ? lengths[i + 1][j + 1] + 1 : std::max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  return lengths;
}

using Marked = std::pair<char, absl::string_view>;

std::vector<Marked> Merge(const Lines& a, const Lines& b) {
  const Lengths lengths = CommonLengths(a, b);
  std::vector<Marked> merged;
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      merged.emplace_back(' ', a[i++]);
      ++j;
    } else if (j == b.size() || (i < a.size() && lengths[i + 1][j] >= lengths[i][j + 1])) {
      merged.emplace_back('-', a[i++]);
    } else {
      merged.emplace_back('+', b[j++]);
    }
  }
  return merged;
}

}  // namespace

std::string ShortDuration(int64_t ns) {
  constexpr std::pair<int64_t, const char*> kUnits[] = {
      {1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}};
  for (const auto& [unit, name] : kUnits) {
    if (ns < unit) continue;
    const double value = static_cast<double>(ns) / static_cast<double>(unit);
    return absl::StrFormat("%.*f%s", value < 10 ? 2 : value < 100 ? 1 : 0, value, name);
  }
  return ns == 0 ? "0" : absl::StrCat(ns, "ns");
}

std::string Summarize(const SimulationReport& report) {
  std::string text = absl::StrFormat(
      "== %s: %d CPUs, %s\n"
      "busy %.1f%%, idle while runnable %s, %d rounds, %d switches, %d migrations, %d preemptions\n"
      "longest wait %s, wake-ups %s %s %s (p50 p99 max), fairness %.3f\n"
      "%d events, %d decisions, %d urgent\n",
      report.policy, report.nr_cpus, ShortDuration(report.duration_ns), report.busy * 100,
      ShortDuration(report.idle_while_runnable_ns), report.rounds, report.context_switches,
      report.migrations, report.preemptions, ShortDuration(report.longest_wait_ns),
      ShortDuration(report.wakeups.p50_ns), ShortDuration(report.wakeups.p99_ns),
      ShortDuration(report.wakeups.max_ns), report.jain, report.events, report.decisions,
      report.urgent_decisions);
  absl::StrAppend(
      &text,
      "  task             count weight   share  jain   rounds      p50      p99      max "
      "    wait  moves\n");
  for (const TaskGroupReport& group : report.groups) absl::StrAppend(&text, GroupLine(group));
  return text;
}

std::string Diff(absl::string_view before, absl::string_view after) {
  if (before == after) return "";
  const std::vector<Marked> merged =
      Merge(absl::StrSplit(before, '\n'), absl::StrSplit(after, '\n'));
  std::vector<bool> shown(merged.size(), false);
  for (size_t i = 0; i < merged.size(); ++i) {
    if (merged[i].first == ' ') continue;
    const size_t end = std::min(merged.size(), i + kContext + 1);
    for (size_t near = i - std::min(i, kContext); near < end; ++near) shown[near] = true;
  }
  std::string text;
  for (size_t i = 0; i < merged.size(); ++i) {
    if (!shown[i]) continue;
    if (i > 0 && !shown[i - 1]) absl::StrAppend(&text, "@@ line ", i + 1, "\n");
    absl::StrAppend(&text, std::string(1, merged[i].first), merged[i].second, "\n");
  }
  return text;
}

}  // namespace schedd::scenarios
