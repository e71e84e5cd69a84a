// SPDX-License-Identifier: Apache-2.0
//
// What one task costs the policy: its event and the decision for it, while so many others wait.
// Beside it the same loop over std::set of full records, which is how schedulers in user space are
// commonly written.
//
// One thread. Tasks come in random order, so that neither loop profits from neighbours in memory; a
// real machine is no worse.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "server/base/allocation_guard.h"
#include "server/policy/registry.h"

namespace schedd {
namespace {

constexpr uint32_t kCpus = 16;
constexpr int64_t kSliceNs = 3'000'000;

std::vector<uint32_t> RandomOrder(uint32_t count) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(1));
  return order;
}

constexpr int64_t kWeights[] = {25, 100, 100, 100, 300};
int64_t WeightOf(uint32_t task) { return kWeights[task % std::size(kWeights)]; }

// The kernel's side: the wait that each task is in.
class Waits : public WaitQuery {
 public:
  explicit Waits(uint32_t tasks) : waiting_(tasks, 0) {}
  void Begin(TaskId task, uint32_t sequence) { waiting_[task] = sequence; }
  void End(TaskId task) { waiting_[task] = 0; }
  bool IsWaiting(TaskId task, uint32_t sequence) const override {
    return waiting_[task] == sequence;
  }
  bool IsUrgent(TaskId /*task*/, uint32_t /*sequence*/) const override { return false; }

 private:
  std::vector<uint32_t> waiting_;
};

// Arguments: runnable tasks, events in a batch.
void BM_Policy(benchmark::State& state) {
  const auto tasks = static_cast<uint32_t>(state.range(0));
  const auto batch = static_cast<uint32_t>(state.range(1));
  const std::unique_ptr<Policy> policy = *MakePolicy("vruntime", tasks, kCpus);
  const std::vector<uint32_t> order = RandomOrder(tasks);
  Waits waits(tasks);
  std::vector<CpuView> cpus(kCpus, {.kind = CpuView::Kind::kProtected});
  std::vector<Decision> decisions(batch);
  const uint64_t allowed = (1U << kCpus) - 1;
  uint32_t sequence = 0;
  int64_t now_ns = 1'000'000'000;
  const auto arrive = [&](uint32_t task, bool woke) {
    waits.Begin(task, ++sequence);
    policy->OnEvent({.task = task,
                     .sequence = sequence,
                     .time_ns = now_ns,
                     .woke = woke,
                     .ran_ns = kSliceNs,
                     .ran_since_wake_ns = kSliceNs,
                     .weight = WeightOf(task),
                     .cpu = static_cast<int32_t>(task % kCpus),
                     .allowed = &allowed,
                     .allowed_count = kCpus});
  };
  for (const uint32_t task : order) {
    arrive(task, true);
    policy->Schedule({now_ns, cpus}, waits, decisions);
  }
  size_t next = 0;
  int64_t decided = 0;
  const int64_t allocations = ArmedAllocationCount();
  ArmAllocationCount();
  for (auto _ : state) {
    // A round of all tasks takes less than the starvation bound: only the usual order is measured.
    now_ns += 1'000;
    for (uint32_t i = 0; i < batch; ++i) {
      arrive(order[next], false);
      next = next + 1 == order.size() ? 0 : next + 1;
    }
    decided += static_cast<int64_t>(policy->Schedule({now_ns, cpus}, waits, decisions));
    benchmark::DoNotOptimize(decisions.data());
  }
  DisarmAllocationCount();
  state.SetItemsProcessed(state.iterations() * batch);
  state.counters["allocations"] = static_cast<double>(ArmedAllocationCount() - allocations);
  state.counters["decided_each"] =
      static_cast<double>(decided) / static_cast<double>(state.iterations() * batch);
}

// What a scheduler keeps of a task when it keeps all of it in the tree.
struct Record {
  uint64_t deadline = 0;
  uint32_t task = 0;
  uint32_t sequence = 0;
  int64_t vruntime = 0;
  int64_t weight = 0;
  int64_t slice_ns = 0;
  int64_t enqueue_ns = 0;
  uint64_t rest[10] = {};
  bool operator<(const Record& other) const {
    return deadline != other.deadline ? deadline < other.deadline : task < other.task;
  }
};

void BM_StdSet(benchmark::State& state) {
  const auto tasks = static_cast<uint32_t>(state.range(0));
  const std::vector<uint32_t> order = RandomOrder(tasks);
  std::set<Record> queue;
  std::vector<std::set<Record>::iterator> places(tasks);
  std::vector<int64_t> vruntimes(tasks, 0);
  for (const uint32_t task : order) {
    places[task] = queue.insert({.deadline = task, .task = task, .weight = WeightOf(task)}).first;
  }
  for (auto _ : state) {
    Record record = *queue.begin();
    queue.erase(queue.begin());
    vruntimes[record.task] += kSliceNs * 100 / record.weight;
    record.vruntime = vruntimes[record.task];
    record.deadline = static_cast<uint64_t>(record.vruntime);
    places[record.task] = queue.insert(record).first;
    benchmark::DoNotOptimize(record);
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(BM_Policy)
    ->ArgNames({"runnable", "batch"})
    ->ArgsProduct({{100, 10'000, 100'000}, {1, 10}});
BENCHMARK(BM_StdSet)->ArgName("runnable")->Arg(100)->Arg(10'000)->Arg(100'000);

}  // namespace
}  // namespace schedd

BENCHMARK_MAIN();
