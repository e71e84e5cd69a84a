// SPDX-License-Identifier: Apache-2.0
//
// Simulates a workload file on a machine that costs what the guest's does.
//
//     simulate_run FILE [NAME=NANOSECONDS]…
//
// NAME is a parameter of the policy (base_slice, …) or a cost of the machine (task_switch, …).
// Prints a line of JSON: what each task did. Exit code: 0, or 2 for arguments that mean nothing.
#include <cstdint>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/simulate/simulation.h"
#include "server/simulate/workload_file.h"

namespace schedd {
namespace {

int Refuse(const std::string& why) {
  std::cerr << "simulate_run: " << why << '\n';
  return 2;
}

// The numbers that can be set, by name.
std::map<std::string, int64_t*> Settings(SimWorkload* workload, PolicyParameters* parameters) {
  return {{"base_slice", &parameters->base_slice_ns},
          {"min_slice", &parameters->min_slice_ns},
          {"max_slice", &parameters->max_slice_ns},
          {"sleeper_credit", &parameters->sleeper_credit_ns},
          {"starvation_bound", &parameters->starvation_bound_ns},
          {"wakeup_preempt_margin", &parameters->wakeup_preempt_margin_ns},
          {"task_switch", &workload->costs.switch_ns},
          {"wake_idle", &workload->costs.wake_idle_ns},
          {"interrupt", &workload->costs.interrupt_ns},
          {"move_core", &workload->costs.move_core_ns},
          {"engine_call", &workload->engine_call_ns},
          {"doorbell_delay", &workload->adversity.doorbell_delay_ns}};
}

// Each task under a name of its own, so that the report has the wake-up latencies of each, as
// schedd itself reports them. Returns what each was called before.
std::vector<std::string> NameEach(SimWorkload* workload) {
  std::vector<std::string> groups;
  std::vector<SimWorkloadTasks> each;
  for (const SimWorkloadTasks& tasks : workload->tasks) {
    for (int i = 0; i < tasks.count; ++i) {
      SimWorkloadTasks one = tasks;
      one.count = 1;
      one.start_ns += tasks.count > 1 ? tasks.start_spread_ns / (tasks.count - 1) * i : int64_t{0};
      one.spec.comm = absl::StrCat(tasks.spec.comm, "#", i);
      each.push_back(one);
      groups.push_back(tasks.spec.comm);
    }
  }
  workload->tasks = each;
  return groups;
}

// As workload_run does: its channels are futexes.
void UseFutexes(SimTaskSpec* spec) {
  for (SimStep& step : spec->program) {
    step.sync = false;
    if (step.kind != SimStep::Kind::kSpawn) continue;
    auto child = std::make_shared<SimTaskSpec>(*step.child);
    UseFutexes(child.get());
    step.child = child;
  }
}

int Main(const std::string& path, const std::vector<std::string>& settings) {
  absl::StatusOr<SimWorkload> workload = ReadWorkloadFile(path);
  if (!workload.ok()) return Refuse(std::string(workload.status().message()));
  SimulationOptions options;
  const std::map<std::string, int64_t*> known = Settings(&*workload, &options.parameters);
  for (const std::string& setting : settings) {
    const std::vector<std::string> parts = absl::StrSplit(setting, absl::MaxSplits('=', 1));
    const auto found = known.find(parts[0]);
    if (parts.size() != 2 || found == known.end() || !absl::SimpleAtoi(parts[1], found->second)) {
      return Refuse(setting + ": not NAME=NANOSECONDS of what can be set");
    }
  }
  for (SimWorkloadTasks& tasks : workload->tasks) UseFutexes(&tasks.spec);
  const std::vector<std::string> groups = NameEach(&*workload);
  const absl::StatusOr<SimulationReport> report = Simulate(*workload, options);
  if (!report.ok()) return Refuse(std::string(report.status().message()));
  nlohmann::json line = {{"busy", report->busy}, {"tasks", nlohmann::json::array()}};
  for (size_t i = 0; i < report->groups.size(); ++i) {
    const TaskGroupReport& task = report->groups[i];
    line["tasks"].push_back({{"group", i < groups.size() ? groups[i] : task.name},
                             {"run_ns", task.run_ns},
                             {"rounds", task.rounds},
                             {"wakeups", task.wakeups.count},
                             {"p50_ns", task.wakeups.p50_ns},
                             {"p99_ns", task.wakeups.p99_ns},
                             {"mean_ns", task.wakeups.mean_ns}});
  }
  std::cout << line.dump() << '\n';
  return 0;
}

}  // namespace
}  // namespace schedd

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: simulate_run FILE [NAME=NANOSECONDS]...\n");
    return 2;
  }
  return schedd::Main(argv[1], std::vector<std::string>(argv + 2, argv + argc));
}
