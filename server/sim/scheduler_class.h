// SPDX-License-Identifier: Apache-2.0
//
// What the simulated machine asks of the scheduler in charge: the callbacks of sched_ext, in the
// order in which the kernel makes them.
//
// Implemented by FairClass (the machine's own scheduler) and Dispatcher (schedd's). Called under
// the machine's thread rule. An implementation places tasks by CpuControl and its own queues; it
// cannot fail.
#ifndef SCHEDD_SIM_SCHEDULER_CLASS_H_
#define SCHEDD_SIM_SCHEDULER_CLASS_H_

#include <cstdint>

#include "server/sim/task.h"

namespace schedd {

// What the machine lets a class do to its CPUs.
class CpuControl {
 public:
  virtual ~CpuControl() = default;
  virtual int64_t now_ns() const = 0;
  virtual int nr_cpus() const = 0;
  // An idle CPU that `task` may use, its last one if possible, and takes its idle mark away; -1 for
  // none.
  virtual int ClaimIdleCpu(const SimTask& task) = 0;
  // Lets `cpu` look for work: when it is idle, or (preempt) in any case.
  virtual void Kick(int cpu, bool preempt) = 0;
  // Puts a task into the queue that `cpu` looks into before it asks the class.
  virtual void InsertLocal(int cpu, SimTask& task, int64_t slice_ns) = 0;
  // Tasks in that queue.
  virtual size_t LocalCount(int cpu) const = 0;
  // The CPU whose task wakes another one at this moment, and says that it is about to sleep; -1:
  // nobody does.
  virtual int waking_cpu() const = 0;
};

class SchedulerClass {
 public:
  virtual ~SchedulerClass() = default;

  // The task comes under this class, or leaves it (it ends, or another class takes over).
  virtual void Enable(SimTask& task) = 0;
  virtual void Disable(SimTask& task) = 0;

  // The task wakes. True when the class placed it already, then there is no Enqueue().
  virtual bool SelectCpu(SimTask& task) = 0;
  virtual void Runnable(SimTask& task, bool woke) = 0;
  virtual void Enqueue(SimTask& task, bool woke) = 0;
  // Out of the queue it waits in, not to run.
  virtual void Dequeue(SimTask& task) = 0;

  // The next task for `cpu`, with slice_ns set, out of its queue; nullptr for none. `previous`, if
  // any, ran until now and would go on.
  virtual SimTask* Dispatch(int cpu, const SimTask* previous) = 0;
  // There is no other one: the running task goes on. Returns its new slice.
  virtual int64_t Refill(SimTask& task) = 0;

  virtual void Running(SimTask& task) = 0;
  virtual void Stopping(SimTask& task, bool runnable) = 0;
  // Not runnable any more: it sleeps (or ends), or only changes its affinity.
  virtual void Quiescent(SimTask& task, bool sleeps) = 0;

  virtual void AffinityChanged(SimTask& task) = 0;
  virtual void WeightChanged(SimTask& task) = 0;
  virtual void IdleChanged(int cpu, bool idle) = 0;
  // The CPU is in service from now on, or no more: nothing runs there, and tasks that wait in a
  // queue of that CPU alone must wait elsewhere.
  virtual void OnlineChanged(int cpu, bool online) = 0;
};

}  // namespace schedd

#endif  // SCHEDD_SIM_SCHEDULER_CLASS_H_
