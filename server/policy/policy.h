// SPDX-License-Identifier: Apache-2.0
//
// The interface of a scheduling policy: what to implement to try another one.
//
// Owned by the engine and called on the scheduling thread only. Pure: time and the machine's state
// are arguments, there is no clock, kernel, lock, allocation (after construction) or system call in
// it. It cannot fail: it must take any sequence of calls.
//
// Division of labour: the policy says in what order, for how long and with what urgency tasks run;
// the kernel holds the queue. A task that Schedule() hands over waits in a kernel queue ordered by
// its deadline, and runs when a CPU takes it.
#ifndef SCHEDD_POLICY_POLICY_H_
#define SCHEDD_POLICY_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "server/policy/parameters.h"

namespace schedd {

// Index of a task's slot, 0 to capacity - 1. Unique among living tasks; OnExit() comes before it is
// used for another one.
using TaskId = uint32_t;

inline constexpr int32_t kAnyCpu = -1;
// Weight of nice 0, and the one in which virtual time is counted.
inline constexpr int64_t kDefaultWeight = 100;
inline constexpr int64_t kMinWeight = 1;
inline constexpr int64_t kMaxWeight = 10'000;
inline constexpr int64_t kMaxLeaseNanos = 1'000'000'000;

// A task became runnable and waits for a decision.
struct TaskEvent {
  TaskId task = 0;
  uint32_t sequence = 0;          // names this wait; a decision repeats it
  int64_t time_ns = 0;            // when it became runnable, CLOCK_MONOTONIC
  bool woke = false;              // it slept (or is new) since its previous event
  bool affinity_changed = false;  // since its previous event: `allowed` is another set of CPUs
  // That CPU time was granted before its turn, because it had come to the starvation bound.
  bool out_of_turn = false;
  bool unasked = false;  // … or by the dispatcher alone, before a decision came
  int64_t ran_ns = 0;    // CPU time used since its previous event; each nanosecond is reported once
  int64_t solo_ran_ns = 0;  // the part of ran_ns that was granted while nobody else wanted the CPU
  // The part of ran_ns in which it executed nothing: a CPU came to it, or served interrupts.
  int64_t overhead_ns = 0;
  int64_t ran_since_wake_ns = 0;  // CPU time used since its last wakeup
  // How far the queue of its CPU came on during its last sleep, virtual; at least 0. INT64_MAX: not
  // known.
  int64_t slept_virtual_ns = INT64_MAX;
  int64_t weight = kDefaultWeight;
  int64_t slice_override_ns = 0;             // 0: the policy chooses
  PolicyIndex policy = kDefaultPolicyIndex;  // whose parameters count for this wait
  int32_t cpu = 0;                           // CPU it ran on last
  // Bit c of word c / 64: it may run on CPU c. Points into memory that stays valid for the life of
  // the task.
  const uint64_t* allowed = nullptr;
  uint32_t allowed_count = 1;  // CPUs it may use
};

// One CPU as the scheduling thread sees it now. A hint: it may change any time.
struct CpuView {
  enum class Kind : uint8_t {
    kIdle,
    kTask,       // runs a task of the policy
    kProtected,  // runs something that must not be preempted (or is offline)
  };
  Kind kind = Kind::kIdle;
  TaskId task = 0;           // for kTask
  int64_t since_ns = 0;      // start of the run, for kTask
  int64_t taken_ns = 0;      // when a task that woke last took this CPU from another one
  bool out_of_turn = false;  // it runs before its turn, because it had come to the starvation bound
  int64_t unbilled_ns =
      0;  // CPU time of that task that no event has reported yet, this run included
};

// Looks at a CPU when the policy asks: of thousands, a pass needs a few.
class CpuLookout {
 public:
  virtual ~CpuLookout() = default;
  // As the CPU was at the first look in this pass. Valid until the next pass.
  virtual const CpuView& Look(uint32_t cpu) = 0;
};

struct MachineView {
  int64_t now_ns = 0;
  std::span<const CpuView> cpus;  // with a lookout only those that it has looked at
  CpuLookout* lookout = nullptr;  // outlives the view; null: `cpus` shows all

  const CpuView& At(uint32_t cpu) const {
    return lookout == nullptr ? cpus[cpu] : lookout->Look(cpu);
  }
};

// Answers questions about a task handed over earlier.
class WaitQuery {
 public:
  virtual ~WaitQuery() = default;
  // True while `task` still waits in the queue to which decision `sequence` sent it.
  virtual bool IsWaiting(TaskId task, uint32_t sequence) const = 0;
  // True while `task` waits where an urgent decision for `sequence` sent it. False a moment after
  // that decision: it was lost, as one is that comes before the kernel has queued the task.
  virtual bool IsUrgent(TaskId task, uint32_t sequence) const = 0;
};

struct Decision {
  TaskId task = 0;
  uint32_t sequence = 0;
  int32_t cpu = kAnyCpu;
  int64_t slice_ns = 0;
  uint64_t deadline = 0;  // virtual; smaller runs first, compared by signed difference
  // CPU time, from now on, for which the decision is good: a task that sleeps before it has used
  // that up waits again as decided, without an event. At most kMaxLeaseNanos; 0: this wait only.
  int64_t lease_ns = 0;
  bool preempt = false;  // take `cpu` from the task that runs there now
  bool urgent = false;   // before all that are not
  // When the slice ends, whoever waits goes first. False: the task goes on while its deadline,
  // moved on by what it ran (at its weight), is still the earliest.
  bool yields = false;
};

// What a policy knows of a task, for statistics.
struct TaskAccount {
  int64_t vruntime_ns = 0;  // virtual CPU time
  int64_t lag_ns = 0;       // V - vruntime: positive when the task is owed time
};

class Policy {
 public:
  virtual ~Policy() = default;

  // New parameters for the tasks of `policy` (below kMaxPolicies), in force from the next call on.
  // Before the first time for an index the built-in ones count.
  virtual void Apply(PolicyIndex policy, const PolicyParameters& parameters) = 0;

  // The kernel's queues are full of deadlines that an earlier daemon gave: virtual time on CPU c
  // goes on from cpu_virtual_ns[c]. Before the first event, if at all.
  virtual void Resume(std::span<const uint64_t> cpu_virtual_ns) = 0;

  // `event.task` waits. A second event for a task that still waits replaces the first.
  virtual void OnEvent(const TaskEvent& event) = 0;

  // The task ended, or its slot has a new owner. Unknown tasks are ignored.
  virtual void OnExit(TaskId task) = 0;

  // Fills `out` with decisions in the order in which they should run and returns how many. Waiting
  // tasks that do not fit stay for the next call. A task already handed over may be decided again
  // (to make it urgent).
  virtual size_t Schedule(const MachineView& machine, const WaitQuery& waits,
                          std::span<Decision> out) = 0;

  // Tasks that wait and have not been handed over.
  virtual size_t pending() const = 0;

  // When Schedule() must be called next although no event comes (a starvation bound runs out),
  // CLOCK_MONOTONIC; INT64_MAX for never.
  virtual int64_t NextDeadlineNanos() const = 0;

  // Account of a task that the policy has seen; zeros for others.
  virtual TaskAccount Account(TaskId task) const = 0;
};

}  // namespace schedd

#endif  // SCHEDD_POLICY_POLICY_H_
