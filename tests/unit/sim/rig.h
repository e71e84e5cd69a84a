// SPDX-License-Identifier: Apache-2.0
//
// The whole scheduler on a simulated machine: what the scenario tests run.
//
// Owned by a test, one thread, virtual time.
#ifndef SCHEDD_TESTS_UNIT_SIM_RIG_H_
#define SCHEDD_TESTS_UNIT_SIM_RIG_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/engine/engine.h"
#include "server/policy/registry.h"
#include "server/sim/sim_kernel.h"

namespace schedd {

inline constexpr int64_t kMs = 1'000'000;

struct RigOptions {
  int nr_cpus = 1;
  uint64_t seed = 1;
  const char* policy = "vruntime";
  uint32_t max_tasks = 64;
  int64_t call_cost_ns = 500;
  PolicyParameters parameters = {};
  SimTrace* trace = nullptr;
};

class Rig {
 public:
  explicit Rig(const RigOptions& options)
      : machine({.nr_cpus = options.nr_cpus, .seed = options.seed, .trace = options.trace}),
        kernel(&machine, {.max_tasks = options.max_tasks, .call_cost_ns = options.call_cost_ns}),
        engine(&kernel,
               MakePolicy(options.policy, options.max_tasks, static_cast<uint32_t>(options.nr_cpus))
                   .value(),
               EngineOptions(), options.parameters, /*initial_generation=*/1) {
    engine.Step();  // alive before the first event, as in the daemon
    kernel.Attach().IgnoreError();
  }

  void RunFor(int64_t ns) {
    kernel.RunUntil(machine.now_ns() + ns, [this] { engine.RunOnce(); });
  }
  // The machine goes on, the scheduling thread does not.
  void StallFor(int64_t ns) { kernel.StallUntil(machine.now_ns() + ns); }

  int32_t Hog(int32_t weight = 100, std::vector<int> cpus = {}) {
    return machine.Spawn({.comm = "hog",
                          .weight = weight,
                          .cpus = std::move(cpus),
                          .program = {schedd::RunFor(1'000 * kMs)}});
  }

  bool Submit(int64_t generation, std::vector<TaskSetting> settings) {
    auto directive = std::make_unique<Directive>();
    directive->generation = generation;
    directive->settings = std::move(settings);
    return engine.Submit(directive);
  }

  schedd_header& header() const { return *kernel.memory().header; }
  schedd_slot& slot(int32_t tid) const { return kernel.memory().slots[machine.Find(tid)->slot]; }
  TaskSetting SettingFor(int32_t tid) const {
    return {.slot = machine.Find(tid)->slot, .key = slot(tid).key};
  }

  uint64_t Count(schedd_counter counter) const {
    uint64_t sum = 0;
    for (const schedd_cpu& cpu : kernel.memory().cpus) sum += cpu.counters[counter];
    return sum;
  }

  int64_t Busy() const {
    int64_t sum = 0;
    for (int cpu = 0; cpu < machine.nr_cpus(); ++cpu) sum += machine.BusyNanos(cpu);
    return sum;
  }

  // Longest that any task waits at this moment.
  int64_t LongestWait() const {
    int64_t longest = 0;
    for (const int32_t tid : machine.Tasks()) {
      const SimTask& task = *machine.Find(tid);
      if (task.state != SimTask::State::kQueued || task.slot == SCHEDD_NO_SLOT) continue;
      longest =
          std::max(longest, machine.now_ns() - static_cast<int64_t>(slot(tid).waiting_since_ns));
    }
    return longest;
  }

  // Of the CPU time that two tasks used since `before`, the share of the first.
  double Share(int32_t first, int32_t second, std::pair<int64_t, int64_t> before = {0, 0}) const {
    const auto a = static_cast<double>(machine.RunNanos(first) - before.first);
    const auto b = static_cast<double>(machine.RunNanos(second) - before.second);
    return a / (a + b);
  }

  SimMachine machine;
  SimKernel kernel;
  Engine engine;
};

}  // namespace schedd

#endif  // SCHEDD_TESTS_UNIT_SIM_RIG_H_
