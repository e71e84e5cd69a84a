// SPDX-License-Identifier: Apache-2.0
//
// One run of a workload under one policy, as fast as the host can: the whole scheduler (engine,
// policy, dispatcher's contract) on the simulated machine with a virtual clock.
//
// Simulate() is a function of its arguments: the same ones give the same report, byte for byte, on
// any host. Any thread; no state is shared. Times in ns of the simulated clock. Errors:
// INVALID_ARGUMENT for a policy that does not exist.
#ifndef SCHEDD_SIMULATE_SIMULATION_H_
#define SCHEDD_SIMULATE_SIMULATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/policy/parameters.h"
#include "server/sim/trace.h"
#include "server/sim/workload.h"

namespace schedd {

struct SimulationOptions {
  // A name of registry.h; "rustland": the rule of scx_rustland, to compare with
  // (rustland_policy.h); "fair": the machine's own simple fair class instead of schedd.
  std::string policy = "vruntime";
  PolicyParameters parameters = {};
  // What happened; outlives the run. nullptr: not kept.
  SimTrace* trace = nullptr;
};

// Of the waits of a group of tasks from wake-up to running.
struct WakeupLatency {
  int64_t count = 0;
  int64_t mean_ns = 0;
  int64_t p50_ns = 0;
  int64_t p99_ns = 0;
  int64_t max_ns = 0;
};

// Tasks of one name (comm), those that have ended included.
struct TaskGroupReport {
  std::string name = {};
  int64_t tasks = 0;            // that there were
  int32_t weight = 0;           // of the first one, at the end
  int64_t run_ns = 0;           // CPU time of all
  double cpu_share = 0;         // of all CPU time used, 0 to 1
  double jain = 1;              // Jain's index of the CPU time of those that lived all the time
  int64_t rounds = 0;           // programs done from start to end: the throughput
  int64_t wait_ns = 0;          // runnable, not running; of all
  int64_t longest_wait_ns = 0;  // of a single wait
  int64_t migrations = 0;
  WakeupLatency wakeups = {};
};

struct SimulationReport {
  std::string workload = {};
  std::string policy = {};
  uint64_t seed = 0;
  int nr_cpus = 0;
  int64_t duration_ns = 0;
  // Fraction of the CPUs' time, 0 to 1.
  double busy = 0;
  // CPU time lost while a task waited that could have used it: summed over CPUs.
  int64_t idle_while_runnable_ns = 0;
  int64_t context_switches = 0;
  int64_t migrations = 0;
  int64_t preemptions = 0;
  int64_t rounds = 0;
  int64_t longest_wait_ns = 0;
  WakeupLatency wakeups = {};  // of all tasks
  // Weighted fairness over tasks that were runnable all the time: Jain's index of run time by
  // weight.
  double jain = 1;
  int64_t events = 0;            // to the engine
  int64_t decisions = 0;         // by it
  int64_t urgent_decisions = 0;  // starvation_bound reached
  int64_t engine_ns = 0;         // CPU time of the scheduling thread, spinning included
  int64_t machine_events = 0;    // things that happened on the machine: how much was simulated
  std::vector<TaskGroupReport> groups = {};  // in the workload's order
};

absl::StatusOr<SimulationReport> Simulate(const SimWorkload& workload,
                                          const SimulationOptions& options);

}  // namespace schedd

#endif  // SCHEDD_SIMULATE_SIMULATION_H_
