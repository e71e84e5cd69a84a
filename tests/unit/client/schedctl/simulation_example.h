// SPDX-License-Identifier: Apache-2.0
//
// Two policies compared, with reports made by hand: figures that are easy to check.
#ifndef SCHEDD_TESTS_UNIT_CLIENT_SCHEDCTL_SIMULATION_EXAMPLE_H_
#define SCHEDD_TESTS_UNIT_CLIENT_SCHEDCTL_SIMULATION_EXAMPLE_H_

#include "client/schedctl/simulation_figures.h"

namespace schedd::client {

// A run of 10 s: "web" wakes, "hog" does not. Latencies are multiples of `unit_ns`.
inline SimulationReport ExampleRun(uint64_t seed, int64_t unit_ns) {
  const WakeupLatency wakeups = {.count = 5'000,
                                 .mean_ns = 2 * unit_ns,
                                 .p50_ns = unit_ns,
                                 .p99_ns = 100 * unit_ns,
                                 .max_ns = 400 * unit_ns};
  return {.workload = "web and hogs",
          .policy = "vruntime",
          .seed = seed,
          .nr_cpus = 4,
          .duration_ns = 10'000'000'000,
          .busy = 0.975,
          .idle_while_runnable_ns = 1'500'000,
          .context_switches = 12'345,
          .migrations = 678,
          .preemptions = 90,
          .rounds = 6'000,
          .longest_wait_ns = 500 * unit_ns,
          .wakeups = wakeups,
          .jain = 0.9876,
          .events = 40'000,
          .decisions = 30'000,
          .urgent_decisions = 3,
          .machine_events = 100'000,
          .groups = {{.name = "web",
                      .tasks = 8,
                      .weight = 100,
                      .run_ns = 9'750'000'000,
                      .cpu_share = 0.25,
                      .jain = 0.99,
                      .rounds = 5'000,
                      .wait_ns = 1'000'000'000,
                      .longest_wait_ns = 400 * unit_ns,
                      .migrations = 600,
                      .wakeups = wakeups},
                     {.name = "hog",
                      .tasks = 4,
                      .weight = 400,
                      .run_ns = 29'250'000'000,
                      .cpu_share = 0.75,
                      .jain = 1,
                      .rounds = 1'000,
                      .wait_ns = 2'000'000'000,
                      .longest_wait_ns = 500 * unit_ns,
                      .migrations = 78,
                      .wakeups = {}}}};
}

// With base_slice=3ms all latencies are half.
inline SimulationComparison ExampleComparison() {
  SimulationComparison comparison = {
      .workload = "web and hogs", .description = "Requests beside hogs.", .policies = {}};
  comparison.policies.push_back(
      {.label = "baseline", .options = {}, .runs = {ExampleRun(1, 100'000)}});
  SimulationOptions shorter;
  shorter.parameters.base_slice_ns = 3'000'000;
  comparison.policies.push_back(
      {.label = "base_slice=3ms", .options = shorter, .runs = {ExampleRun(1, 50'000)}});
  return comparison;
}

}  // namespace schedd::client

#endif  // SCHEDD_TESTS_UNIT_CLIENT_SCHEDCTL_SIMULATION_EXAMPLE_H_
