// SPDX-License-Identifier: Apache-2.0
//
// The default policy: CPU time in proportion to weight, sleepers first within a bound, nobody
// starves.
//
// Owned by the engine, called on the scheduling thread only; allocates in its constructor only and
// cannot fail. Every call is O(log waiting tasks), independent of the number of CPUs.
//
// A task's virtual time v is the CPU time it used, times 100 / weight. Tasks run in the order of
// their deadline
//     D = v + min(CPU time since last wakeup, sleeper_credit) · 100 / weight,
// so of two tasks that are owed the same the one that sleeps often comes first. Where v is set:
//  - A new task starts half a slice after V, the virtual time of the queue (virtual_time.h). At V
//    itself, a chain of tasks that each fork the next one and exit would never pay, yet always be
//    first.
//  - A task that wakes is behind V by no more than the queue came on while it slept, and by
//    sleeper_credit · 100 / weight at most: what it was owed before it slept is forgotten. Tasks
//    that send each other messages would else run before all others for each one.
//  - A charge is at most max_slice and a late timer tick. A task that competes never runs longer,
//  so
//    it pays in full; one that ran for a minute while nobody waited took nothing from anyone.
//  - A task whose affinity or weight changes keeps what it owes or is owed in CPU time, in terms of
//    the V of the CPUs that it may use from now on.
//  - A task further from V than any order of service explains (its CPU had no competition) is
//    brought back.
// A task that waited starvation_bound is decided again, to go before all others; that run does not
// move V. Turns of less than min_slice in all, counted anew from the bound on, end no wait.
// The parameters are those of the task's own policy; where two tasks meet, the margin is that of
// the one that wakes, and min_slice that of the one that runs: its CPU is not taken twice within
// it.
#ifndef SCHEDD_POLICY_VRUNTIME_H_
#define SCHEDD_POLICY_VRUNTIME_H_

#include <array>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>
#include <cstdint>
#include <vector>

#include "server/policy/policy.h"
#include "server/policy/virtual_time.h"
#include "server/policy/vruntime_task.h"
#include "server/policy/wait_list.h"

namespace schedd {

class VruntimePolicy : public Policy {
 public:
  // Room for tasks 0 to capacity - 1 and CPUs 0 to nr_cpus - 1 (both at least 1); others are
  // ignored. Virtual time begins at `start`, which changes nothing: it wraps.
  VruntimePolicy(uint32_t capacity, uint32_t nr_cpus, uint64_t start = 0);

  void Apply(PolicyIndex policy, const PolicyParameters& parameters) override;
  void Resume(std::span<const uint64_t> cpu_virtual_ns) override;
  void OnEvent(const TaskEvent& event) override;
  void OnExit(TaskId id) override;
  size_t Schedule(const MachineView& machine, const WaitQuery& waits,
                  std::span<Decision> out) override;
  size_t pending() const override { return arrivals_.size() + queue_.size(); }
  int64_t NextDeadlineNanos() const override;
  TaskAccount Account(TaskId id) const override;

 private:
  using Task = VruntimeTask;
  using Stage = VruntimeTask::Stage;
  using Arrivals = boost::intrusive::list<
      Task, boost::intrusive::member_hook<Task, boost::intrusive::list_member_hook<Task::LinkMode>,
                                          &Task::arrival_hook>>;
  using RunQueue = boost::intrusive::multiset<
      Task, boost::intrusive::compare<RunsBefore>,
      boost::intrusive::member_hook<Task, boost::intrusive::set_member_hook<Task::LinkMode>,
                                    &Task::queue_hook>>;

  // -- accounts --
  void CountService(Task& task, const TaskEvent& event);
  void Charge(Task& task, const TaskEvent& event);
  void Settle(Task& task);
  static void Pay(Task& task);
  void Place(Task& task, const MachineView& machine);
  void Transfer(Task& task, uint64_t from, uint64_t to);
  int64_t MostLag(const Task& task) const;
  uint64_t Reference(const Task& task, const MachineView& machine);
  void Observe(uint32_t cpu, const CpuView& view);
  static uint64_t Progress(int64_t ran_ns, int64_t weight);
  static int64_t ChargeLimit(const PolicyParameters& terms);
  static int64_t Bonus(const PolicyParameters& terms, int64_t awake_run_ns, int64_t weight);
  static int64_t Window(const PolicyParameters& terms, int64_t weight);
  // -- decisions --
  void Withdraw(Task& task);
  size_t DecideStarved(const MachineView& machine, const WaitQuery& waits, std::span<Decision> out);
  Decision Decide(Task& task, const MachineView& machine, bool urgent);
  int64_t SliceOf(const Task& task) const;
  int32_t FindVictim(const Task& task, const MachineView& machine);
  uint64_t RunningDeadline(uint32_t cpu, const CpuView& view) const;
  int64_t StarvationBound(PolicyIndex policy) const;
  PolicyIndex MostUrgentPolicy() const;
  bool MayLease(const Task& task) const;
  uint32_t CpuCount(const MachineView& machine) const;
  TaskId IdOf(const Task& task) const { return static_cast<TaskId>(&task - tasks_.data()); }

  // The parameters that count for a task.
  const PolicyParameters& TermsOf(const Task& task) const { return parameters_[task.policy]; }

  std::array<PolicyParameters, kMaxPolicies> parameters_;
  std::vector<Task> tasks_;  // by TaskId; never resized
  Arrivals arrivals_;
  RunQueue queue_;
  WaitList waiting_;
  CpuClocks clocks_;
  uint64_t shared_reference_;  // V that the last task with a choice of CPUs was placed by
  uint64_t pass_ = 0;
  std::vector<uint64_t> claimed_pass_;  // by CPU: pass in which a waking task was given it
};

}  // namespace schedd

#endif  // SCHEDD_POLICY_VRUNTIME_H_
