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

void FairClass::Enqueue(SimTask& task, bool) {
  // A sleeper comes back level with the others.
  if (static_cast<int64_t>(task.fair_vruntime - floor_) < 0) task.fair_vruntime = floor_;
  queue_.Insert(task, task.fair_vruntime);
  const int cpu = cpus_->ClaimIdleCpu(task);
  if (cpu >= 0) cpus_->Kick(cpu, /*preempt=*/false);
}

SimTask* FairClass::Dispatch(int cpu) {
  SimTask* task = queue_.TakeFor(cpu);
  if (task == nullptr) return nullptr;
  if (static_cast<int64_t>(task->fair_vruntime - floor_) > 0) floor_ = task->fair_vruntime;
  task->slice_ns = kSliceNs;
  return task;
}

void FairClass::Stopping(SimTask& task, bool) {
  const int64_t ran_ns = cpus_->now_ns() - task.running_since_ns;
  task.fair_vruntime += static_cast<uint64_t>(ran_ns * 100 / std::max(task.spec.weight, 1));
}

}  // namespace schedd
