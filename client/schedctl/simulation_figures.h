// SPDX-License-Identifier: Apache-2.0
//
// What simulations of one workload under several policies say, as figures to compare: which figures
// there are, in which order, in which unit, and which way is better.
//
// Plain values and pure functions; any thread. Figures of several runs (seeds) of a policy are the
// median, the least and the most. Nothing here fails: what no run has is absent.
#ifndef SCHEDD_CLIENT_SCHEDCTL_SIMULATION_FIGURES_H_
#define SCHEDD_CLIENT_SCHEDCTL_SIMULATION_FIGURES_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/simulate/simulation.h"

namespace schedd::client {

// A policy and the runs of the workload under it, one for each seed.
struct SimulatedPolicy {
  std::string label;
  SimulationOptions options;
  std::vector<SimulationReport> runs;
};

// The first policy is the one that the others are compared with. All have runs with the same seeds,
// at least one.
struct SimulationComparison {
  std::string workload;
  std::string description;
  std::vector<SimulatedPolicy> policies;

  const SimulationReport& first_run() const { return policies.front().runs.front(); }
};

struct Metric {
  enum class Unit { kNanos, kCount, kRate, kPercent, kIndex };
  enum class Better { kMore, kLess, kNeither };

  const char* key;   // in documents
  const char* name;  // for people
  Unit unit;
  Better better;
  bool wide;  // with -o wide only
  // Of the whole machine: `group` is not looked at. NaN: the run has no such figure.
  double (*get)(const SimulationReport& run, const TaskGroupReport& group);
};

std::span<const Metric> MachineMetrics();
std::span<const Metric> GroupMetrics();

// Those of a group that are drawn.
const Metric& CpuShareMetric();
const Metric& WakeupP50Metric();
const Metric& WakeupP99Metric();

// Names of the groups of tasks that any run has, in the order of the workload.
std::vector<std::string> GroupNames(const SimulationComparison& comparison);

// nullptr when the run has no such group.
const TaskGroupReport* FindGroup(const SimulationReport& run, const std::string& name);

struct Figure {
  double median = 0;
  double least = 0;
  double most = 0;
};

// `group` nullptr: the whole machine. Absent when no run has the figure.
std::optional<Figure> FigureOf(const Metric& metric, const SimulatedPolicy& policy,
                               const std::string* group);

enum class Judgement { kSame, kBetter, kWorse };

// A figure of one policy as text, and how it compares with the first policy's.
struct ComparedFigure {
  std::string text;   // "1.23ms", "1.23ms (1.10ms–1.40ms)", "-"
  std::string ratio;  // "×1.05"; "-" when there is none; empty for the first policy
  Judgement judgement = Judgement::kSame;  // what is within 5 % is the same
};

// One for each policy.
std::vector<ComparedFigure> Compare(const Metric& metric, const SimulationComparison& comparison,
                                    const std::string* group);

// "4 CPUs, 10s, seed 1".
std::string RunsText(const SimulationComparison& comparison);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_SIMULATION_FIGURES_H_
