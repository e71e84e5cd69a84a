// SPDX-License-Identifier: Apache-2.0
//
// Shows the policy what the CPUs do at this moment.
//
// Owned by the engine, used by the scheduling thread alone. Reads the CPUs' records in shared
// memory without stopping them: what it shows may have changed already, and the dispatcher checks
// every decision again. Allocates in the constructor only. Times in ns. Cannot fail: what it cannot
// make sense of is shown as protected, so that nobody preempts it.
#ifndef SCHEDD_ENGINE_MACHINE_OBSERVER_H_
#define SCHEDD_ENGINE_MACHINE_OBSERVER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "bpf/abi.h"
#include "server/engine/task_table.h"
#include "server/policy/policy.h"

namespace schedd {

class MachineObserver {
 public:
  MachineObserver(std::span<schedd_cpu> cpus, TaskTable* tasks)
      : cpus_(cpus), tasks_(tasks), views_(cpus.size()) {}

  // Valid until the next call. `policy` is told to forget the former owner of a slot before that
  // slot is shown with a new one.
  MachineView Observe(int64_t now_ns, Policy& policy);

 private:
  CpuView ObserveCpu(const schedd_cpu& cpu, int64_t now_ns, Policy& policy);

  const std::span<schedd_cpu> cpus_;
  TaskTable* const tasks_;
  std::vector<CpuView> views_;
};

}  // namespace schedd

#endif  // SCHEDD_ENGINE_MACHINE_OBSERVER_H_
