// SPDX-License-Identifier: Apache-2.0
//
// How much a simulation gets done: events of the simulated machine (wake-ups, ends of runs and
// slices, kicks) a second of this host, the whole scheduler's work for them included.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "server/simulate/simulation.h"

namespace schedd {
namespace {

constexpr int64_t kMs = 1'000'000;

SimWorkloadTasks Tasks(std::string name, int count, std::vector<SimStep> program) {
  return {.start_spread_ns = 100 * kMs,
          .count = count,
          .spec = {.comm = std::move(name), .program = std::move(program)}};
}

SimStep RunAbout(int64_t mean_ns) {
  return {.kind = SimStep::Kind::kRun,
          .span = {.kind = SimSpan::Kind::kExponential, .least_ns = mean_ns}};
}
SimStep SleepAbout(int64_t mean_ns) {
  return {.kind = SimStep::Kind::kSleep,
          .span = {.kind = SimSpan::Kind::kExponential, .least_ns = mean_ns}};
}

// A machine that is busy for nine tenths of its time with tasks that come and go, beside hogs.
SimWorkload Busy(int nr_cpus, int tasks, int64_t duration_ns) {
  constexpr int64_t kRunNs = 500'000;
  const int64_t cycle_ns = kRunNs * tasks / nr_cpus * 10 / 9;
  SimWorkload workload = {.topology = {.nodes = nr_cpus >= 64 ? 2 : 1,
                                       .llcs_per_node = nr_cpus >= 64 ? nr_cpus / 32 : 1,
                                       .cores_per_llc = nr_cpus >= 64 ? 8 : nr_cpus / 2,
                                       .threads_per_core = 2},
                          .duration_ns = duration_ns};
  workload.tasks = {
      Tasks("worker", tasks, {RunAbout(kRunNs), SleepAbout(cycle_ns - kRunNs)}),
      Tasks("hog", nr_cpus / 8, {RunFor(10 * kMs)}),
  };
  return workload;
}

// A large host: 100,000 tasks, each of which wakes up twice in four seconds for some 10 ms, beside
// hogs: 1,024 CPUs have work for three quarters of their time.
SimWorkload LargeHost() {
  SimWorkload workload = {
      .topology = {.nodes = 4, .llcs_per_node = 16, .cores_per_llc = 8, .threads_per_core = 2},
      .duration_ns = 60'000 * kMs};
  workload.tasks = {
      Tasks("worker", 100'000, {RunAbout(10 * kMs), SleepAbout(2'000 * kMs)}),
      Tasks("hog", 256, {RunFor(10 * kMs)}),
  };
  workload.tasks[0].start_spread_ns = 2'000 * kMs;
  return workload;
}

void Simulate(const SimWorkload& workload, benchmark::State& state) {
  int64_t events = 0;
  for (auto _ : state) {
    const absl::StatusOr<SimulationReport> report = Simulate(workload, SimulationOptions());
    events += report.value().machine_events;
    state.counters["busy"] = report->busy;
  }
  state.SetItemsProcessed(events);
}

void BM_Simulate(benchmark::State& state) {
  Simulate(Busy(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)),
                state.range(2) * 1'000 * kMs),
           state);
}
BENCHMARK(BM_Simulate)
    ->ArgNames({"cpus", "tasks", "seconds"})
    ->Args({4, 40, 20})
    ->Args({16, 1'000, 5})
    ->Args({128, 10'000, 2})
    ->Unit(benchmark::kMillisecond);

// A minute of 1,024 CPUs, once.
void BM_SimulateLargeHost(benchmark::State& state) { Simulate(LargeHost(), state); }
BENCHMARK(BM_SimulateLargeHost)->Unit(benchmark::kSecond)->Iterations(1);

}  // namespace
}  // namespace schedd

BENCHMARK_MAIN();
