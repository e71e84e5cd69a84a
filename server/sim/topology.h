// SPDX-License-Identifier: Apache-2.0
//
// The CPUs of a simulated machine: how they share caches and memory, how fast they are, and what it
// costs to move between them.
//
// Plain values; copied. CPUs are numbered node by node, in it cache by cache, in it core by core;
// the threads of a core are neighbours. Times in ns. Nothing here can fail.
#ifndef SCHEDD_SIM_TOPOLOGY_H_
#define SCHEDD_SIM_TOPOLOGY_H_

#include <cstdint>
#include <vector>

namespace schedd {

// Most CPUs that a simulated machine has.
inline constexpr int kMostSimCpus = 4'096;

struct SimTopology {
  int nodes = 1;
  int llcs_per_node = 1;  // last-level caches
  int cores_per_llc = 4;
  int threads_per_core = 1;
  // Of each core in turn, as the kernel's cpu_capacity is: 1024 is the fastest. Short: the list
  // begins anew; empty: all are as fast.
  std::vector<int> capacities = {};
  // What each thread of a core does in percent of what it does alone while another one of that core
  // is busy.
  int shared_core_percent = 65;

  int nr_cpus() const { return nodes * llcs_per_node * cores_per_llc * threads_per_core; }
  int CoreOf(int cpu) const { return cpu / threads_per_core; }
  int LlcOf(int cpu) const { return CoreOf(cpu) / cores_per_llc; }
  int NodeOf(int cpu) const { return LlcOf(cpu) / llcs_per_node; }
  int CapacityOf(int cpu) const {
    if (capacities.empty()) return 1'024;
    return capacities[static_cast<size_t>(CoreOf(cpu)) % capacities.size()];
  }
  // CPUs that are all alike.
  static SimTopology Flat(int nr_cpus) { return {.cores_per_llc = nr_cpus}; }
};

// What a change costs the CPU it happens on, as time in which no task comes forward. 0: nothing.
struct SimCosts {
  int64_t switch_ns = 0;      // from one task to another
  int64_t wake_idle_ns = 0;   // from the kick of an idle CPU by another until it looks for work
  int64_t interrupt_ns = 0;   // from the kick of a busy one by another until it does
  int64_t move_core_ns = 0;   // a task comes from another core with the same cache
  int64_t move_cache_ns = 0;  // from another cache of the node
  int64_t move_node_ns = 0;   // from another node
};

}  // namespace schedd

#endif  // SCHEDD_SIM_TOPOLOGY_H_
