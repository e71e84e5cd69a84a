// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/simulation_tally.h"

#include <algorithm>

namespace schedd {
namespace {

WakeupLatency Summarize(const LatencyHistogram& histogram) {
  const LatencySummary summary = SummarizeLatency(histogram);
  return {.count = static_cast<int64_t>(histogram.count()),
          .mean_ns = summary.mean_ns,
          .p50_ns = summary.p50_ns,
          .p99_ns = summary.p99_ns,
          .max_ns = summary.max_ns};
}

void Merge(const LatencyHistogram& from, LatencyHistogram* into) {
  for (size_t i = 0; i < from.buckets.size(); ++i) into->buckets[i] += from.buckets[i];
  into->sum_ns += from.sum_ns;
  into->max_ns = std::max(into->max_ns, from.max_ns);
}

}  // namespace

double JainIndex(const std::vector<double>& values) {
  double sum = 0;
  double squares = 0;
  for (const double value : values) {
    sum += value;
    squares += value * value;
  }
  return squares > 0 ? sum * sum / (static_cast<double>(values.size()) * squares) : 1;
}

SimulationTally::SimulationTally(const SimWorkload& workload) {
  for (const SimWorkloadTasks& tasks : workload.tasks) {
    if (!by_name_.try_emplace(tasks.spec.comm, groups_.size()).second) continue;
    groups_.emplace_back();
    groups_.back().report.name = tasks.spec.comm;
  }
}

SimulationTally::Group& SimulationTally::GroupOf(const SimTask& task) {
  const auto [known, is_new] = by_spec_.try_emplace(task.spec.get(), 0);
  if (is_new) {
    const auto [named, is_first] = by_name_.try_emplace(task.spec->comm, groups_.size());
    if (is_first) {
      groups_.emplace_back();
      groups_.back().report.name = task.spec->comm;
    }
    known->second = named->second;
  }
  return groups_[known->second];
}

void SimulationTally::OnSpawned(const SimTask& task) {
  TaskGroupReport& report = GroupOf(task).report;
  if (report.tasks++ == 0) report.weight = task.weight;
}

void SimulationTally::OnWaited(const SimTask& task, int64_t wait_ns, bool woke) {
  if (woke) GroupOf(task).wakeups.Add(static_cast<uint64_t>(wait_ns));
}

void SimulationTally::Include(const SimTask& task, int64_t run_ns, int64_t wait_ns,
                              int64_t longest_wait_ns, TaskGroupReport* report) {
  report->run_ns += run_ns;
  report->wait_ns += wait_ns;
  report->longest_wait_ns = std::max(report->longest_wait_ns, longest_wait_ns);
  report->rounds += task.rounds;
  report->migrations += task.migrations;
}

void SimulationTally::OnEnding(const SimTask& task) {
  Include(task, task.run_ns, task.wait_ns, task.longest_wait_ns, &GroupOf(task).report);
}

void SimulationTally::Fill(const SimMachine& machine, SimulationReport* report) const {
  std::vector<Group> groups = groups_;
  std::vector<std::vector<double>> run_of(groups.size());
  std::vector<double> by_weight;
  for (const int32_t tid : machine.Tasks()) {
    const SimTask& task = *machine.Find(tid);
    const auto known = by_name_.find(task.spec->comm);
    if (known == by_name_.end()) continue;
    const bool waits = task.state == SimTask::State::kQueued;
    const int64_t waiting_ns = waits ? machine.now_ns() - task.queued_since_ns : 0;
    const int64_t run_ns = machine.RunNanos(tid);
    Group& group = groups[known->second];
    Include(task, run_ns, task.wait_ns + waiting_ns, std::max(task.longest_wait_ns, waiting_ns),
            &group.report);
    group.report.weight = task.weight;
    if (machine.now_ns() - task.start_ns < report->duration_ns) continue;
    run_of[known->second].push_back(static_cast<double>(run_ns));
    // Runnable all the time: it got what there was for it.
    if (run_ns + task.wait_ns + waiting_ns >= report->duration_ns / 100 * 99) {
      by_weight.push_back(static_cast<double>(run_ns) / task.weight);
    }
  }
  int64_t run_ns = 0;
  LatencyHistogram wakeups;
  for (const Group& group : groups) run_ns += group.report.run_ns;
  for (size_t i = 0; i < groups.size(); ++i) {
    TaskGroupReport& of_group = groups[i].report;
    of_group.cpu_share =
        run_ns > 0 ? static_cast<double>(of_group.run_ns) / static_cast<double>(run_ns) : 0;
    of_group.jain = JainIndex(run_of[i]);
    of_group.wakeups = Summarize(groups[i].wakeups);
    Merge(groups[i].wakeups, &wakeups);
    report->rounds += of_group.rounds;
    report->longest_wait_ns = std::max(report->longest_wait_ns, of_group.longest_wait_ns);
    report->groups.push_back(of_group);
  }
  report->wakeups = Summarize(wakeups);
  report->jain = JainIndex(by_weight);
}

}  // namespace schedd
