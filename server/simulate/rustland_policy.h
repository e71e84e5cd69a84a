// SPDX-License-Identifier: Apache-2.0
//
// The rule by which scx_rustland orders tasks, to compare with; in simulations only, never in the
// daemon.
//
// Owned by one simulation, on its thread; allocates in its constructor only and cannot fail.
// Written from what that scheduler was seen to do, not from its code. With V the sum of all
// charges:
//     v = max(v, V - 20 ms) + ran · 100 / weight
//     D = v + min(CPU time since last wakeup, 2 s)
//     slice = 1 ms · weight / 100
// Its faults are on purpose: V runs ahead of everybody, so all who sleep start at the same v, and
// what is added to v does not depend on the weight. No bound on waits, no preemption, no parameter.
#ifndef SCHEDD_SIMULATE_RUSTLAND_POLICY_H_
#define SCHEDD_SIMULATE_RUSTLAND_POLICY_H_

#include <boost/intrusive/set.hpp>
#include <cstdint>
#include <string_view>
#include <vector>

#include "server/policy/policy.h"

namespace schedd {

// As policies are named.
inline constexpr std::string_view kRustland = "rustland";

// What the dispatcher is told beside this policy: neither to preempt nor to hurry by itself.
PolicyParameters RustlandParameters(PolicyParameters parameters);

class RustlandPolicy : public Policy {
 public:
  // Room for tasks 0 to capacity - 1; others are ignored. V begins at `start`.
  explicit RustlandPolicy(uint32_t capacity, uint64_t start = 0) : tasks_(capacity), now_(start) {}

  void Apply(PolicyIndex /*policy*/, const PolicyParameters& /*parameters*/) override {}
  void Resume(std::span<const uint64_t> cpu_virtual_ns) override;
  void OnEvent(const TaskEvent& event) override;
  void OnExit(TaskId id) override;
  size_t Schedule(const MachineView& machine, const WaitQuery& waits,
                  std::span<Decision> out) override;
  size_t pending() const override { return queue_.size(); }
  int64_t NextDeadlineNanos() const override { return INT64_MAX; }
  TaskAccount Account(TaskId id) const override;

 private:
  // Not safe_link: tasks_ and queue_ end together, whatever still waits.
  struct Task : boost::intrusive::set_base_hook<
                    boost::intrusive::link_mode<boost::intrusive::normal_link>> {
    bool waits = false;
    bool known = false;  // vruntime means something
    uint32_t sequence = 0;
    int64_t weight = kDefaultWeight;
    int64_t arrival_ns = 0;  // breaks ties
    uint64_t vruntime = 0;
    uint64_t deadline = 0;
  };
  struct RunsBefore {
    bool operator()(const Task& a, const Task& b) const;
  };

  void Withdraw(Task& task);

  std::vector<Task> tasks_;  // by TaskId; never resized
  boost::intrusive::multiset<Task, boost::intrusive::compare<RunsBefore>> queue_;
  uint64_t now_;  // V
};

}  // namespace schedd

#endif  // SCHEDD_SIMULATE_RUSTLAND_POLICY_H_
