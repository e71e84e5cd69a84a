// SPDX-License-Identifier: Apache-2.0
#include "tests/properties/world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "server/policy/registry.h"
#include "server/policy/vruntime.h"

namespace {

schedd_slot* SlotAt(void* memory, uint32_t index) {
  const auto& slots = static_cast<const schedd::SharedMemory*>(memory)->slots;
  return index < slots.size() ? &slots[index] : nullptr;
}

}  // namespace

#define SCHEDD_SLOT_AT(context, index) SlotAt(context, index)
#include "bpf/slot_list.h"

namespace schedd {
namespace {

std::unique_ptr<Policy> PolicyFor(const WorldOptions& options) {
  const auto nr_cpus = static_cast<uint32_t>(options.topology.nr_cpus());
  std::unique_ptr<Policy> policy;
  if (options.policy == kDefaultPolicy) {
    policy = std::make_unique<VruntimePolicy>(options.max_tasks, nr_cpus, options.virtual_start);
  } else {
    policy = MakePolicy(options.policy, options.max_tasks, nr_cpus).value();
  }
  return options.around ? options.around(std::move(policy)) : std::move(policy);
}

// All slots are taken, and given back in the order in which they are not to be taken.
void Shuffle(SharedMemory memory, uint64_t seed) {
  std::vector<uint32_t> slots;
  for (size_t i = 0; i < memory.slots.size(); ++i) {
    slots.push_back(schedd_slot_take(memory.header, &memory));
  }
  Random random(seed);
  for (size_t i = slots.size(); i > 1; --i) std::swap(slots[i - 1], slots[random() % i]);
  for (const uint32_t slot : slots) schedd_slot_give(memory.header, &memory, slot);
}

}  // namespace

World::World(const WorldOptions& options)
    : machine({.topology = options.topology,
               .costs = options.costs,
               .tick_ns = options.tick_ns,
               .seed = options.seed,
               .trace = options.trace,
               .observer = this}),
      kernel(&machine, {.max_tasks = options.max_tasks, .call_cost_ns = options.call_cost_ns}),
      engine(&kernel, PolicyFor(options), EngineOptions(), options.parameters,
             /*initial_generation=*/1) {
  if (options.slot_order != 0) Shuffle(kernel.memory(), options.slot_order);
  for (schedd_cpu& cpu : kernel.memory().cpus) cpu.vtime_floor = options.virtual_start;
  engine.Step();  // alive before the first event, as in the daemon
  kernel.Attach().IgnoreError();
}

void World::RunFor(int64_t ns) {
  kernel.RunUntil(machine.now_ns() + ns, [this] { engine.RunOnce(); });
  machine.AdvanceTo(machine.now_ns());  // what is due at this very moment
}

void World::StallFor(int64_t ns) {
  kernel.StallUntil(machine.now_ns() + ns);
  machine.AdvanceTo(machine.now_ns());
}

uint64_t World::Count(schedd_counter counter) const {
  uint64_t sum = 0;
  for (const schedd_cpu& cpu : kernel.memory().cpus) sum += cpu.counters[counter];
  return sum;
}

int64_t World::Busy() const {
  int64_t sum = 0;
  for (int cpu = 0; cpu < machine.nr_cpus(); ++cpu) sum += machine.BusyNanos(cpu);
  return sum;
}

std::vector<const SimTask*> World::Living() const {
  std::vector<const SimTask*> tasks;
  for (const int32_t tid : machine.Tasks()) tasks.push_back(machine.Find(tid));
  return tasks;
}

int64_t World::LongestWaitSoFar() const {
  int64_t longest_ns = longest_wait_ns_;
  for (const SimTask* task : Living()) {
    if (task->state != SimTask::State::kQueued) continue;
    longest_ns = std::max(longest_ns, machine.now_ns() - task->queued_since_ns);
  }
  return longest_ns;
}

void World::OnWaited(const SimTask& /*task*/, int64_t wait_ns, bool /*woke*/) {
  longest_wait_ns_ = std::max(longest_wait_ns_, wait_ns);
}

void World::OnSpawned(const SimTask& /*task*/) { ++spawned_; }

void World::OnEnding(const SimTask& /*task*/) { ++ended_; }

// --- chance --------------------------------------------------------------------------------------

SimTopology RandomTopology(Random& random, int most_cpus) {
  SimTopology topology;
  do {
    topology = {.nodes = static_cast<int>(1 + Below(random, 3)),
                .llcs_per_node = static_cast<int>(1 + Below(random, 3)),
                .cores_per_llc = static_cast<int>(1 + Below(random, 5)),
                .threads_per_core = static_cast<int>(1 + Below(random, 3))};
  } while (topology.nr_cpus() > most_cpus);
  if (random() % 4 == 0) topology.capacities = {1'024, static_cast<int>(200 + random() % 800)};
  return topology;
}

std::vector<SimTaskSpec> RandomTasks(Random& random, int nr_cpus, int most) {
  std::vector<SimTaskSpec> tasks;
  for (int64_t i = 0, count = 1 + Below(random, most); i < count; ++i) {
    constexpr int32_t kMostWeights[] = {3, 100, 1'000, 10'000};
    SimTaskSpec spec = {.weight = static_cast<int32_t>(1 + Below(random, kMostWeights[i % 4]))};
    const int64_t run_ns = 1 + Below(random, 5 * kMs);
    const int64_t sleep_ns = Below(random, 10 * kMs);
    const int channel = static_cast<int>(random() % 3);
    switch (random() % 5) {
      case 0:
        spec.program = {RunFor(1'000 * kMs)};
        break;
      case 1:
        spec.program = {RunFor(run_ns, run_ns), SleepFor(sleep_ns, kMs)};
        break;
      case 2:
        spec.program = {RunFor(run_ns), Post(channel), Take(channel + 1), SleepFor(sleep_ns)};
        break;
      case 3:
        spec.program = {Take(channel), RunFor(run_ns), Post(channel + 1)};
        break;
      default:
        spec.program = {RunFor(kMs), Spawn({.program = {RunFor(run_ns), Exit()}}),
                        SleepFor(sleep_ns + 3 * kMs)};
        break;
    }
    if (random() % 4 == 0) spec.cpus = {static_cast<int>(Below(random, nr_cpus))};
    tasks.push_back(spec);
  }
  return tasks;
}

void ForEachSeed(uint64_t first, uint64_t count, const std::function<void(uint64_t)>& run) {
  if (const char* alone = std::getenv("SCHEDD_SEED")) {
    first = std::strtoull(alone, nullptr, 10);
    count = 1;
  }
  uint64_t done = 0;
  while (done < count && !::testing::Test::HasFailure()) run(first + done++);
  std::cout << done << " runs" << std::endl;
  ::testing::Test::RecordProperty("runs", static_cast<int>(done));
  if (!::testing::Test::HasFailure()) return;
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  ADD_FAILURE() << "seed " << first + done - 1
                << "; alone: bazel test --test_env=SCHEDD_SEED=" << first + done - 1
                << " --test_filter=" << test->test_suite_name() << "." << test->name()
                << " //tests/properties:all";
}

}  // namespace schedd
