// SPDX-License-Identifier: Apache-2.0
#include "server/sim/fair_class.h"

#include <algorithm>

namespace schedd {

bool FairClass::SelectCpu(SimTask& task) {
  const int cpu = cpus_->ClaimIdleCpu(task);
  if (cpu < 0) return false;
  cpus_->InsertLocal(cpu, task, kSliceNs);
  cpus_->Kick(cpu, /*preempt=*/false);
  return true;
}

void FairClass::Enqueue(SimTask& task, bool woke) {
  // A sleeper comes back level with the others.
  if (woke && static_cast<int64_t>(task.fair_vruntime - floor_) < 0) task.fair_vruntime = floor_;
  queue_.Insert(task, task.fair_vruntime);
  const int cpu = cpus_->ClaimIdleCpu(task);
  if (cpu >= 0) cpus_->Kick(cpu, /*preempt=*/false);
}

SimTask* FairClass::Dispatch(int cpu, const SimTask* previous) {
  const SimTask* first = queue_.FirstFor(cpu);
  if (first == nullptr) return nullptr;
  if (previous != nullptr &&
      static_cast<int64_t>(VruntimeNow(*previous) - first->fair_vruntime) < 0) {
    return nullptr;
  }
  SimTask* task = queue_.TakeFor(cpu);
  if (static_cast<int64_t>(task->fair_vruntime - floor_) > 0) floor_ = task->fair_vruntime;
  task->slice_ns = kSliceNs;
  return task;
}

uint64_t FairClass::VruntimeNow(const SimTask& running) const {
  const int64_t ran_ns = cpus_->now_ns() - running.running_since_ns;
  return running.fair_vruntime + static_cast<uint64_t>(ran_ns * 100 / std::max(running.weight, 1));
}

void FairClass::Stopping(SimTask& task, bool) { task.fair_vruntime = VruntimeNow(task); }

}  // namespace schedd
