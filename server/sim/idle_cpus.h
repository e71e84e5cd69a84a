// SPDX-License-Identifier: Apache-2.0
//
// Which CPUs are idle, and which of them a waking task is best put on.
//
// Owned by the machine, under its thread rule. The order of choice is that of the kernel's built-in
// one (scx_select_cpu_dfl): a core with nobody on it before a thread beside somebody, and each of
// these near the task's last CPU first. Cannot fail.
#ifndef SCHEDD_SIM_IDLE_CPUS_H_
#define SCHEDD_SIM_IDLE_CPUS_H_

#include <vector>

#include "server/sim/cpu_mask.h"
#include "server/sim/topology.h"

namespace schedd {

class IdleCpus {
 public:
  // All are idle.
  explicit IdleCpus(const SimTopology& topology);

  bool Has(int cpu) const { return idle_.Has(cpu); }
  void Set(int cpu, bool idle);
  int count() const { return count_; }
  // An idle CPU, always the same one while they do not change; -1 for none.
  int Any() const { return count_ > 0 ? idle_.Last() : -1; }
  // An idle CPU among `allowed` for a task that ran on `last`, which is marked busy; -1 for none.
  int Claim(const CpuMask& allowed, int last);

 private:
  int Find(const CpuMask& among, const CpuMask& allowed, int last) const;

  const SimTopology topology_;
  const int cpus_per_llc_;
  const int cpus_per_node_;
  CpuMask idle_;
  CpuMask idle_cores_;        // CPUs whose core has nobody on it
  std::vector<int> busy_of_;  // busy threads of each core
  int count_;
};

}  // namespace schedd

#endif  // SCHEDD_SIM_IDLE_CPUS_H_
