// SPDX-License-Identifier: Apache-2.0
#include "server/sim/idle_cpus.h"

namespace schedd {

IdleCpus::IdleCpus(const SimTopology& topology)
    : topology_(topology),
      cpus_per_llc_(topology.cores_per_llc * topology.threads_per_core),
      cpus_per_node_(cpus_per_llc_ * topology.llcs_per_node),
      busy_of_(static_cast<size_t>(topology.nr_cpus() / topology.threads_per_core), 0),
      count_(topology.nr_cpus()) {
  for (int cpu = 0; cpu < count_; ++cpu) {
    idle_.Add(cpu);
    idle_cores_.Add(cpu);
  }
}

void IdleCpus::Set(int cpu, bool idle) {
  if (idle_.Has(cpu) == idle) return;
  count_ += idle ? 1 : -1;
  if (idle) {
    idle_.Add(cpu);
  } else {
    idle_.Remove(cpu);
  }
  const int core = topology_.CoreOf(cpu);
  int& busy = busy_of_[static_cast<size_t>(core)];
  busy += idle ? -1 : 1;
  const int first = core * topology_.threads_per_core;
  for (int thread = first; thread < first + topology_.threads_per_core; ++thread) {
    if (busy == 0) {
      idle_cores_.Add(thread);
    } else {
      idle_cores_.Remove(thread);
    }
  }
}

// In the cache of `last`, then on its node, then anywhere.
int IdleCpus::Find(const CpuMask& among, const CpuMask& allowed, int last) const {
  const int llc = last / cpus_per_llc_ * cpus_per_llc_;
  int cpu = among.FirstCommon(allowed, llc, llc + cpus_per_llc_);
  if (cpu >= 0) return cpu;
  const int node = last / cpus_per_node_ * cpus_per_node_;
  if (topology_.llcs_per_node > 1) {
    cpu = among.FirstCommon(allowed, node, node + cpus_per_node_);
    if (cpu >= 0) return cpu;
  }
  return topology_.nodes > 1 ? among.FirstCommon(allowed, 0, topology_.nr_cpus()) : -1;
}

int IdleCpus::Claim(const CpuMask& allowed, int last) {
  if (count_ == 0) return -1;
  int cpu = -1;
  const bool may_stay = allowed.Has(last);
  if (may_stay && idle_cores_.Has(last)) cpu = last;
  if (cpu < 0 && topology_.threads_per_core > 1) cpu = Find(idle_cores_, allowed, last);
  if (cpu < 0 && may_stay && idle_.Has(last)) cpu = last;
  if (cpu < 0) cpu = Find(idle_, allowed, last);
  if (cpu >= 0) Set(cpu, false);
  return cpu;
}

}  // namespace schedd
