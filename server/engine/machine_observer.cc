// SPDX-License-Identifier: Apache-2.0
#include "server/engine/machine_observer.h"

#include <algorithm>

#include "server/engine/shared_access.h"

namespace schedd {

MachineView MachineObserver::Observe(int64_t now_ns) {
  now_ns_ = now_ns;
  ++pass_;
  return {.now_ns = now_ns, .cpus = views_, .lookout = this};
}

const CpuView& MachineObserver::Look(uint32_t cpu) {
  if (passes_[cpu] != pass_) {
    views_[cpu] = LookAnew(cpus_[cpu]);
    passes_[cpu] = pass_;
  }
  return views_[cpu];
}

CpuView MachineObserver::LookAnew(const schedd_cpu& cpu) {
  if (LoadShared(cpu.offline) != 0) return {.kind = CpuView::Kind::kProtected};
  if (LoadShared(cpu.idle) != 0) return {.kind = CpuView::Kind::kIdle};
  const uint32_t slot = LoadSharedAcquire(cpu.slot);
  const uint32_t key = LoadShared(cpu.slot_key);
  if (LoadShared(cpu.protected_task) != 0 || slot >= tasks_->size()) {
    return {.kind = CpuView::Kind::kProtected};
  }
  if (tasks_->HasOtherOwner(slot, key)) {
    // Not now: the policy is in the middle of something.
    strangers_.push_back(slot);
    return {.kind = CpuView::Kind::kProtected};
  }
  const int64_t since_ns = static_cast<int64_t>(LoadShared(cpu.since_ns));
  return {
      .kind = CpuView::Kind::kTask,
      .task = slot,
      .since_ns = since_ns,
      .taken_ns = static_cast<int64_t>(LoadShared(cpu.taken_ns)),
      .out_of_turn = tasks_->IsOutOfTurn(slot),
      .unbilled_ns = tasks_->UnreportedRun(slot, key) + std::max<int64_t>(0, now_ns_ - since_ns)};
}

void MachineObserver::ForgetFormerOwners(Policy& policy) {
  for (const uint32_t slot : strangers_) {
    policy.OnExit(slot);
    tasks_->Forget(slot);
  }
  strangers_.clear();
}

}  // namespace schedd
