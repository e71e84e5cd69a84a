// SPDX-License-Identifier: Apache-2.0
//
// The simulated machine's own scheduler: what runs its tasks while schedd is not attached.
//
// Owned by the machine. One queue ordered by weighted run time; simple on purpose. Times in ns.
// Cannot fail.
#ifndef SCHEDD_SIM_FAIR_CLASS_H_
#define SCHEDD_SIM_FAIR_CLASS_H_

#include "server/sim/scheduler_class.h"
#include "server/sim/vtime_queue.h"

namespace schedd {

class FairClass : public SchedulerClass {
 public:
  explicit FairClass(CpuControl* cpus) : cpus_(cpus) {}

  void Enable(SimTask& task) override { task.fair_vruntime = floor_; }
  void Disable(SimTask&) override {}
  bool SelectCpu(SimTask& task) override;
  void Runnable(SimTask&, bool) override {}
  void Enqueue(SimTask& task, bool woke) override;
  void Dequeue(SimTask& task) override { queue_.Remove(task); }
  SimTask* Dispatch(int cpu, const SimTask* previous) override;
  int64_t Refill(SimTask&) override { return kSliceNs; }
  void Running(SimTask& task) override { task.running_since_ns = cpus_->now_ns(); }
  void Stopping(SimTask& task, bool runnable) override;
  void Quiescent(SimTask&, bool) override {}
  void AffinityChanged(SimTask&) override {}
  void WeightChanged(SimTask&) override {}
  void IdleChanged(int, bool) override {}
  void OnlineChanged(int, bool) override {}

 private:
  static constexpr int64_t kSliceNs = 3'000'000;

  uint64_t VruntimeNow(const SimTask& running) const;

  CpuControl* const cpus_;
  VtimeQueue queue_;
  uint64_t floor_ = 0;
};

}  // namespace schedd

#endif  // SCHEDD_SIM_FAIR_CLASS_H_
