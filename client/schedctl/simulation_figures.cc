// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/simulation_figures.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/schedctl/format.h"

namespace schedd::client {
namespace {

using Unit = Metric::Unit;
using Better = Metric::Better;
using Run = SimulationReport;
using Group = TaskGroupReport;

// Differences that nobody would feel.
constexpr double kSame = 0.05;

double PerSecond(int64_t count, const Run& run) {
  if (run.duration_ns <= 0) return 0;
  return static_cast<double>(count) * 1e9 / static_cast<double>(run.duration_ns);
}

double Number(int64_t value) { return static_cast<double>(value); }

double OfWakeups(const WakeupLatency& wakeups, int64_t value) {
  return wakeups.count > 0 ? Number(value) : std::nan("");
}

constexpr Metric kMachineMetrics[] = {
    {"roundsPerSecond", "rounds", Unit::kRate, Better::kMore, false,
     [](const Run& run, const Group&) { return PerSecond(run.rounds, run); }},
    {"busy", "busy", Unit::kPercent, Better::kNeither, false,
     [](const Run& run, const Group&) { return 100 * run.busy; }},
    {"wakeupMeanNanos", "wakeup mean", Unit::kNanos, Better::kLess, true,
     [](const Run& run, const Group&) { return OfWakeups(run.wakeups, run.wakeups.mean_ns); }},
    {"wakeupP50Nanos", "wakeup p50", Unit::kNanos, Better::kLess, false,
     [](const Run& run, const Group&) { return OfWakeups(run.wakeups, run.wakeups.p50_ns); }},
    {"wakeupP99Nanos", "wakeup p99", Unit::kNanos, Better::kLess, false,
     [](const Run& run, const Group&) { return OfWakeups(run.wakeups, run.wakeups.p99_ns); }},
    {"wakeupMaxNanos", "wakeup max", Unit::kNanos, Better::kLess, false,
     [](const Run& run, const Group&) { return OfWakeups(run.wakeups, run.wakeups.max_ns); }},
    {"longestWaitNanos", "longest wait", Unit::kNanos, Better::kLess, false,
     [](const Run& run, const Group&) { return Number(run.longest_wait_ns); }},
    {"jain", "fairness", Unit::kIndex, Better::kMore, false,
     [](const Run& run, const Group&) { return run.jain; }},
    {"migrations", "migrations", Unit::kCount, Better::kLess, false,
     [](const Run& run, const Group&) { return Number(run.migrations); }},
    {"contextSwitches", "context switches", Unit::kCount, Better::kLess, false,
     [](const Run& run, const Group&) { return Number(run.context_switches); }},
    {"preemptions", "preemptions", Unit::kCount, Better::kNeither, false,
     [](const Run& run, const Group&) { return Number(run.preemptions); }},
    {"idleWhileRunnableNanos", "idle while runnable", Unit::kNanos, Better::kLess, false,
     [](const Run& run, const Group&) { return Number(run.idle_while_runnable_ns); }},
    {"wakeups", "wakeups", Unit::kCount, Better::kNeither, true,
     [](const Run& run, const Group&) { return Number(run.wakeups.count); }},
    {"events", "events", Unit::kCount, Better::kNeither, true,
     [](const Run& run, const Group&) { return Number(run.events); }},
    {"decisions", "decisions", Unit::kCount, Better::kNeither, true,
     [](const Run& run, const Group&) { return Number(run.decisions); }},
    {"urgentDecisions", "urgent decisions", Unit::kCount, Better::kLess, true,
     [](const Run& run, const Group&) { return Number(run.urgent_decisions); }},
};

constexpr Metric kCpuShare = {"cpuSharePercent",
                              "CPU share",
                              Unit::kPercent,
                              Better::kNeither,
                              false,
                              [](const Run&, const Group& group) { return 100 * group.cpu_share; }};

constexpr Metric kWakeupP50 = {
    "wakeupP50Nanos",
    "wakeup p50",
    Unit::kNanos,
    Better::kLess,
    true,
    [](const Run&, const Group& group) { return OfWakeups(group.wakeups, group.wakeups.p50_ns); }};

constexpr Metric kWakeupP99 = {
    "wakeupP99Nanos",
    "wakeup p99",
    Unit::kNanos,
    Better::kLess,
    false,
    [](const Run&, const Group& group) { return OfWakeups(group.wakeups, group.wakeups.p99_ns); }};

constexpr Metric kGroupMetrics[] = {
    {"tasks", "tasks", Unit::kCount, Better::kNeither, true,
     [](const Run&, const Group& group) { return Number(group.tasks); }},
    {"weight", "weight", Unit::kCount, Better::kNeither, true,
     [](const Run&, const Group& group) { return Number(group.weight); }},
    kCpuShare,
    {"roundsPerSecond", "rounds", Unit::kRate, Better::kMore, false,
     [](const Run& run, const Group& group) { return PerSecond(group.rounds, run); }},
    kWakeupP50,
    kWakeupP99,
    {"wakeupMaxNanos", "wakeup max", Unit::kNanos, Better::kLess, true,
     [](const Run&, const Group& group) { return OfWakeups(group.wakeups, group.wakeups.max_ns); }},
    {"longestWaitNanos", "longest wait", Unit::kNanos, Better::kLess, false,
     [](const Run&, const Group& group) { return Number(group.longest_wait_ns); }},
    {"jain", "fairness", Unit::kIndex, Better::kMore, true,
     [](const Run&, const Group& group) { return group.jain; }},
    {"migrations", "migrations", Unit::kCount, Better::kLess, true,
     [](const Run&, const Group& group) { return Number(group.migrations); }},
};

std::string ValueText(Unit unit, double value) {
  switch (unit) {
    case Unit::kNanos:
      return ShortNanos(std::llround(value));
    case Unit::kCount:
      return Count(std::llround(value));
    case Unit::kRate:
      return value < 99.95 ? absl::StrFormat("%.1f/s", value)
                           : absl::StrCat(Count(std::llround(value)), "/s");
    case Unit::kPercent:
      return absl::StrFormat("%.1f %%", value);
    case Unit::kIndex:
      break;
  }
  return absl::StrFormat("%.3f", value);
}

std::string FigureText(Unit unit, const Figure& figure) {
  const std::string median = ValueText(unit, figure.median);
  const std::string least = ValueText(unit, figure.least);
  const std::string most = ValueText(unit, figure.most);
  if (least == most) return median;
  return absl::StrCat(median, " (", least, "–", most, ")");
}

Judgement Judge(Better better, double ratio) {
  if (better == Better::kNeither || std::abs(ratio - 1) < kSame) return Judgement::kSame;
  return (ratio > 1) == (better == Better::kMore) ? Judgement::kBetter : Judgement::kWorse;
}

ComparedFigure ComparedWith(const Metric& metric, const std::optional<Figure>& first,
                            const std::optional<Figure>& figure) {
  ComparedFigure compared = {.text = figure ? FigureText(metric.unit, *figure) : "-", .ratio = "-"};
  if (!first || !figure) return compared;
  if (first->median == figure->median) {
    compared.ratio = "×1.00";
  } else if (first->median > 0) {
    const double ratio = figure->median / first->median;
    compared.ratio = ratio < 99.95 ? absl::StrFormat("×%.2f", ratio)
                                   : absl::StrCat("×", Count(std::llround(ratio)));
    compared.judgement = Judge(metric.better, ratio);
  }
  return compared;
}

std::string SeedsText(const std::vector<SimulationReport>& runs) {
  if (runs.size() == 1) return absl::StrCat("seed ", runs.front().seed);
  const bool in_a_row = runs.back().seed - runs.front().seed + 1 == runs.size() &&
                        std::is_sorted(runs.begin(), runs.end(),
                                       [](const Run& a, const Run& b) { return a.seed < b.seed; });
  const std::string seeds =
      in_a_row && runs.size() > 2
          ? absl::StrCat(runs.front().seed, " to ", runs.back().seed)
          : absl::StrJoin(runs, ", ", [](std::string* out, const SimulationReport& run) {
              absl::StrAppend(out, run.seed);
            });
  return absl::StrCat("seeds ", seeds, ": median (least–most)");
}

}  // namespace

std::span<const Metric> MachineMetrics() { return kMachineMetrics; }

std::span<const Metric> GroupMetrics() { return kGroupMetrics; }

const Metric& CpuShareMetric() { return kCpuShare; }
const Metric& WakeupP50Metric() { return kWakeupP50; }
const Metric& WakeupP99Metric() { return kWakeupP99; }

const TaskGroupReport* FindGroup(const SimulationReport& run, const std::string& name) {
  const auto found = std::ranges::find(run.groups, name, &TaskGroupReport::name);
  return found == run.groups.end() ? nullptr : &*found;
}

std::vector<std::string> GroupNames(const SimulationComparison& comparison) {
  std::vector<std::string> names;
  for (const SimulatedPolicy& policy : comparison.policies) {
    for (const SimulationReport& run : policy.runs) {
      for (const TaskGroupReport& group : run.groups) {
        if (std::ranges::find(names, group.name) == names.end()) names.push_back(group.name);
      }
    }
  }
  return names;
}

std::optional<Figure> FigureOf(const Metric& metric, const SimulatedPolicy& policy,
                               const std::string* group) {
  static const TaskGroupReport kNoGroup;
  std::vector<double> values;
  for (const SimulationReport& run : policy.runs) {
    const TaskGroupReport* found = group == nullptr ? &kNoGroup : FindGroup(run, *group);
    const double value = found == nullptr ? std::nan("") : metric.get(run, *found);
    if (!std::isnan(value)) values.push_back(value);
  }
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  const size_t half = values.size() / 2;
  return Figure{
      .median = values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2,
      .least = values.front(),
      .most = values.back()};
}

std::vector<ComparedFigure> Compare(const Metric& metric, const SimulationComparison& comparison,
                                    const std::string* group) {
  const auto first = FigureOf(metric, comparison.policies.front(), group);
  std::vector<ComparedFigure> compared;
  for (const SimulatedPolicy& policy : comparison.policies) {
    compared.push_back(ComparedWith(metric, first, FigureOf(metric, policy, group)));
  }
  compared.front().ratio.clear();
  return compared;
}

std::string RunsText(const SimulationComparison& comparison) {
  const SimulationReport& run = comparison.first_run();
  return absl::StrCat(Count(run.nr_cpus), run.nr_cpus == 1 ? " CPU, " : " CPUs, ",
                      ExactDuration(absl::Nanoseconds(run.duration_ns)), ", ",
                      SeedsText(comparison.policies.front().runs));
}

}  // namespace schedd::client
