// SPDX-License-Identifier: Apache-2.0
//
// The whole scheduler on a simulated machine with random work: what the property tests run.
//
// Owned by a test, one thread, virtual time in ns. All that is random comes from a seed.
#ifndef SCHEDD_TESTS_PROPERTIES_WORLD_H_
#define SCHEDD_TESTS_PROPERTIES_WORLD_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "server/engine/engine.h"
#include "server/sim/sim_kernel.h"

namespace schedd {

inline constexpr int64_t kMs = 1'000'000;

struct WorldOptions {
  SimTopology topology = SimTopology::Flat(1);
  SimCosts costs = {};
  int64_t tick_ns = 4 * kMs;
  uint64_t seed = 1;
  std::string policy = "vruntime";
  uint32_t max_tasks = 64;
  int64_t call_cost_ns = 500;
  PolicyParameters parameters = {};
  // Where virtual time begins, in the policy and in the kernel.
  uint64_t virtual_start = 0;
  // Slots are given out in another order; 0: in the usual one.
  uint64_t slot_order = 0;
  // Wraps the policy.
  std::function<std::unique_ptr<Policy>(std::unique_ptr<Policy>)> around = {};
  SimTrace* trace = nullptr;
};

class World : private SimObserver {
 public:
  explicit World(const WorldOptions& options);

  void RunFor(int64_t ns);
  // The machine goes on, the scheduling thread does not.
  void StallFor(int64_t ns);

  const schedd_slot& slot(const SimTask& task) const { return kernel.memory().slots[task.slot]; }
  uint64_t Count(schedd_counter counter) const;
  int64_t Busy() const;
  std::vector<const SimTask*> Living() const;

  // Tasks that ever started and ended, and the longest wait that has ended.
  int64_t spawned() const { return spawned_; }
  int64_t ended() const { return ended_; }
  int64_t longest_wait_ns() const { return longest_wait_ns_; }
  // Also of those that wait now.
  int64_t LongestWaitSoFar() const;

 private:
  void OnWaited(const SimTask& task, int64_t wait_ns, bool woke) override;
  void OnSpawned(const SimTask& task) override;
  void OnEnding(const SimTask& task) override;

  int64_t spawned_ = 0;
  int64_t ended_ = 0;
  int64_t longest_wait_ns_ = 0;

 public:
  SimMachine machine;
  SimKernel kernel;
  Engine engine;
};

// --- chance --------------------------------------------------------------------------------------

using Random = std::mt19937_64;  // the same numbers everywhere

inline int64_t Below(Random& random, int64_t limit) {
  return static_cast<int64_t>(random() % static_cast<uint64_t>(limit));
}

// 1 to `most_cpus` CPUs in nodes, caches, cores and threads; some of them slower.
SimTopology RandomTopology(Random& random, int most_cpus);
// Some tasks of every kind: hogs, sleepers, messages, parents; some bound to CPUs.
std::vector<SimTaskSpec> RandomTasks(Random& random, int nr_cpus, int most);

// Calls `run(seed)` for `count` seeds from `first` on and says how many there were; stops at the
// first that fails and says how to run it alone (SCHEDD_SEED).
void ForEachSeed(uint64_t first, uint64_t count, const std::function<void(uint64_t)>& run);

}  // namespace schedd

#endif  // SCHEDD_TESTS_PROPERTIES_WORLD_H_
