// SPDX-License-Identifier: Apache-2.0
//
// The dispatcher of bpf/ on the simulated machine: same shared memory, same rings, same queues,
// same order of looking into them.
//
// What holds here holds for the contract of bpf/abi.h, so the engine is tested against it. Not
// modelled: the daemon's own threads, which run outside of the machine. Owned by a simulated
// kernel; under the machine's thread rule, while the engine and readers use the shared memory from
// other threads. Times in ns. Cannot fail: what does not fit is counted, as in the kernel.
#ifndef SCHEDD_SIM_DISPATCHER_H_
#define SCHEDD_SIM_DISPATCHER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "bpf/abi.h"
#include "server/engine/kernel.h"
#include "server/sim/adversity.h"
#include "server/sim/machine.h"
#include "server/sim/scheduler_class.h"
#include "server/sim/vtime_queue.h"

namespace schedd {

class Dispatcher : public SchedulerClass {
 public:
  // `ring_doorbell` wakes the scheduling thread.
  Dispatcher(SimMachine* machine, const SharedMemory& memory, std::function<void()> ring_doorbell);

  // Puts the decisions in the ring into effect, as the commit program does.
  void Commit();

  // The CPU that a thread of the daemon gets when it wakes; `last_cpu`: where it ran last. -1: all
  // owe somebody a turn.
  int CpuForDaemon(int last_cpu) const;

  SimAdversity& adversity() { return adversity_; }

  void Enable(SimTask& task) override;
  void Disable(SimTask& task) override;
  bool SelectCpu(SimTask& task) override;
  void Runnable(SimTask& task, bool woke) override;
  void Enqueue(SimTask& task, bool woke) override;
  void Dequeue(SimTask& task) override;
  SimTask* Dispatch(int cpu, const SimTask* previous) override;
  int64_t Refill(SimTask& task) override;
  void Running(SimTask& task) override;
  void Stopping(SimTask& task, bool runnable) override;
  void Quiescent(SimTask& task, bool sleeps) override;
  void AffinityChanged(SimTask& task) override;
  void WeightChanged(SimTask& task) override;
  void IdleChanged(int cpu, bool idle) override;
  void OnlineChanged(int cpu, bool online) override;

 private:
  schedd_slot* SlotOf(const SimTask& task);
  void ClearSlot(schedd_slot& slot);
  void Count(int cpu, schedd_counter counter, uint64_t n = 1);
  int64_t SliceOf(const SimTask& task);
  bool KickIdle(const SimTask& task);
  bool SomebodyQueued() const;
  VtimeQueue* EarliestQueue(int cpu);
  static void MoveFloor(uint64_t& floor, uint64_t chosen, bool decided);
  bool GoesOn(const SimTask& running, const SimTask& rival);

  bool RunsInWakersPlace(const SimTask& task);
  void CheckWaker(int cpu);
  void ArmNet();
  void LookAfterWaits();
  void HurryStarved(VtimeQueue& queue, bool only_leased);
  static bool MustRunHere(const SimTask& task);
  void EnqueueDirect(SimTask& task);
  void EnqueueLeased(SimTask& task, schedd_slot& slot, bool woke);
  void EnqueueUndecided(SimTask& task, schedd_slot* slot, bool woke);
  bool MayTake(int cpu, uint64_t deadline) const;
  void TakeCpu(int cpu, int by_cpu);
  void ArmTick();
  void LookAtTick();
  bool MayBeTakenByFirstOf(const VtimeQueue& queue, int cpu);
  int CpuToTake(const SimTask& task, uint64_t deadline) const;
  bool OwesATurn(int cpu) const;
  bool IsFresh(int cpu) const;
  void NoteChosen(const SimTask& task, schedd_cpu& cpu, schedd_slot& slot);

  void SendEvent(const SimTask& task, const schedd_slot& slot, uint32_t flags);
  bool IsDegraded(schedd_event_ring& ring);
  void RingDoorbell(int cpu);

  bool ApplyNext(int cpu);
  void ApplyDecision(int cpu, const schedd_decision& decision);
  bool IsCurrent(const schedd_slot& slot, const schedd_decision& decision) const;
  VtimeQueue& Destination(int cpu, const schedd_decision& decision, const SimTask& task);
  void WakeCpuFor(int cpu, const schedd_decision& decision, const SimTask& task,
                  const VtimeQueue& to);

  void AccountRun(SimTask& task);
  void AccountWait(schedd_slot& slot);
  void AccountWakeupLatency(schedd_slot& slot);
  void AccountDecisionLatency(schedd_cpu& cpu, const schedd_slot& slot);

  SimMachine* const machine_;
  const SharedMemory memory_;
  const std::function<void()> ring_doorbell_;
  SimAdversity adversity_;
  uint64_t doorbells_ = 0;
  bool net_armed_ = false;
  bool tick_armed_ = false;
  const std::shared_ptr<int> alive_ = std::make_shared<int>();  // what timers look at first

  VtimeQueue urgent_;
  VtimeQueue ready_;
  VtimeQueue undecided_;
  std::vector<VtimeQueue> own_;    // one a CPU
  std::vector<SimTask*> by_slot_;  // who has a slot
};

}  // namespace schedd

#endif  // SCHEDD_SIM_DISPATCHER_H_
