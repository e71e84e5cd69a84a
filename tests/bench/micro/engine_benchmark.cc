// SPDX-License-Identifier: Apache-2.0
//
// What one task costs the engine: from its event in a CPU's ring to its decision in the decision
// ring, through the memory that the dispatcher shares (bpf/abi.h). Only Step() is measured; the
// other side of the rings is played between two steps.
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <vector>

#include "bpf/ring.h"
#include "server/engine/engine.h"
#include "server/policy/registry.h"
#include "server/sim/sim_memory.h"

namespace schedd {
namespace {

// Nobody behind the memory; the clock is the real one.
class MemoryKernel : public Kernel {
 public:
  MemoryKernel(int cpus, uint32_t slots) : memory_(cpus, slots) {}

  const SharedMemory& memory() const override { return memory_.shared(); }
  int64_t NowNanos() const override {
    timespec now = {};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
  }
  void Commit() override {}
  void Wait(int64_t) override {}
  void Wake() override {}
  absl::Status Attach() override { return absl::OkStatus(); }
  absl::Status Detach() override { return absl::OkStatus(); }
  std::optional<KernelExit> Exit() const override { return std::nullopt; }

 private:
  SimMemory memory_;
};

// Arguments: tasks, CPUs (each with an event ring of its own), events in a batch.
void BM_Engine(benchmark::State& state) {
  const auto tasks = static_cast<uint32_t>(state.range(0));
  const auto cpus = static_cast<uint32_t>(state.range(1));
  const auto batch = static_cast<uint32_t>(state.range(2));
  MemoryKernel kernel(static_cast<int>(cpus), tasks);
  const SharedMemory& memory = kernel.memory();
  Engine engine(&kernel, *MakePolicy("vruntime", tasks, cpus), EngineOptions(), PolicyParameters(),
                1);
  for (schedd_slot& slot : memory.slots) {
    slot.key = 2;
    slot.weight = 100;
    slot.nr_allowed = cpus;
    for (uint32_t cpu = 0; cpu < cpus; ++cpu) slot.allowed[cpu / 64] |= uint64_t{1} << cpu % 64;
    slot.wakeups = 1;
  }
  std::vector<uint32_t> order(tasks);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(1));
  size_t next = 0;
  uint64_t taken = 0;
  const auto queue = [&](int64_t now_ns) {
    for (uint32_t i = 0; i < batch; ++i) {
      const uint32_t index = order[next];
      next = next + 1 == order.size() ? 0 : next + 1;
      const uint32_t cpu = index % cpus;
      schedd_slot& slot = memory.slots[index];
      slot.run_ns += 3'000'000;
      slot.awake_run_ns += 3'000'000;
      slot.waiting_since_ns = static_cast<uint64_t>(now_ns);
      slot.cpu = static_cast<int32_t>(cpu);
      slot.state = SCHEDD_TASK_UNDECIDED;
      ++slot.seq;
      schedd_event* event = schedd_event_reserve(&memory.events[cpu]);
      *event = {.slot = index,
                .seq = slot.seq,
                .key = slot.key,
                .flags = 0,
                .time_ns = static_cast<uint64_t>(now_ns),
                .cpu = slot.cpu,
                .reserved = 0};
      schedd_event_publish(&memory.events[cpu]);
    }
  };
  const auto take = [&] {
    schedd_decision decision;
    while (schedd_decision_take(memory.decisions, &decision) == 1) {
      memory.slots[decision.slot].state = SCHEDD_TASK_DECIDED;  // waits on, until its next turn
      ++taken;
    }
  };
  for (uint32_t i = 0; i < tasks; i += batch) {  // every record was touched once
    queue(kernel.NowNanos());
    engine.Step();
    take();
  }
  taken = 0;
  for (auto _ : state) {
    queue(kernel.NowNanos());
    const auto begin = std::chrono::steady_clock::now();
    engine.Step();
    state.SetIterationTime(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    take();
  }
  state.SetItemsProcessed(state.iterations() * batch);
  state.counters["decided_each"] =
      static_cast<double>(taken) / static_cast<double>(state.iterations() * batch);
}

BENCHMARK(BM_Engine)
    ->ArgNames({"tasks", "cpus", "batch"})
    ->ArgsProduct({{100, 10'000}, {16}, {1, 10, 100}})
    ->Args({1'000, 512, 10})
    ->Args({100'000, 16, 10})
    ->UseManualTime();

}  // namespace
}  // namespace schedd

BENCHMARK_MAIN();
