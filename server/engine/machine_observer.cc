// SPDX-License-Identifier: Apache-2.0
#include "server/engine/machine_observer.h"

#include <algorithm>

#include "server/engine/shared_access.h"

namespace schedd {

MachineView MachineObserver::Observe(int64_t now_ns, Policy& policy) {
  for (size_t i = 0; i < cpus_.size(); ++i) views_[i] = ObserveCpu(cpus_[i], now_ns, policy);
  return {.now_ns = now_ns, .cpus = views_};
}

CpuView MachineObserver::ObserveCpu(const schedd_cpu& cpu, int64_t now_ns, Policy& policy) {
  if (LoadShared(cpu.offline) != 0) return {.kind = CpuView::Kind::kProtected};
  if (LoadShared(cpu.idle) != 0) return {.kind = CpuView::Kind::kIdle};
  const uint32_t slot = LoadSharedAcquire(cpu.slot);
  const uint32_t key = LoadShared(cpu.slot_key);
  if (LoadShared(cpu.protected_task) != 0 || slot >= tasks_->size()) {
    return {.kind = CpuView::Kind::kProtected};
  }
  if (tasks_->HasOtherOwner(slot, key)) {
    policy.OnExit(slot);
    tasks_->Forget(slot);
  }
  const int64_t since_ns = static_cast<int64_t>(LoadShared(cpu.since_ns));
  return {
      .kind = CpuView::Kind::kTask,
      .task = slot,
      .since_ns = since_ns,
      .out_of_turn = tasks_->IsOutOfTurn(slot),
      .unbilled_ns = tasks_->UnreportedRun(slot, key) + std::max<int64_t>(0, now_ns - since_ns)};
}

}  // namespace schedd
