// SPDX-License-Identifier: Apache-2.0
//
// Shows the policy what the CPUs do at this moment, those that it asks for: to look at all of a
// large machine takes longer than to decide.
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

class MachineObserver final : private CpuLookout {
 public:
  MachineObserver(std::span<schedd_cpu> cpus, TaskTable* tasks)
      : cpus_(cpus), tasks_(tasks), views_(cpus.size()), passes_(cpus.size()) {
    strangers_.reserve(cpus.size());
  }

  // Valid until the next call.
  MachineView Observe(int64_t now_ns);

  // After the policy has decided: it is told to forget the former owners of slots that were seen
  // with another one. Until then whoever runs there is shown as protected.
  void ForgetFormerOwners(Policy& policy);

 private:
  const CpuView& Look(uint32_t cpu) override;
  CpuView LookAnew(const schedd_cpu& cpu);

  const std::span<schedd_cpu> cpus_;
  TaskTable* const tasks_;
  int64_t now_ns_ = 0;
  uint64_t pass_ = 0;
  std::vector<CpuView> views_;
  std::vector<uint64_t> passes_;     // in which pass each of them was made
  std::vector<uint32_t> strangers_;  // slots
};

}  // namespace schedd

#endif  // SCHEDD_ENGINE_MACHINE_OBSERVER_H_
