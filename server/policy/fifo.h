// SPDX-License-Identifier: Apache-2.0
//
// First come, first served: the shortest example of a policy, to start another one from.
//
// Owned by the engine, called on the scheduling thread only; allocates in its constructor only.
// Deadlines are arrival times: the dispatcher adds to them what a task ran since, so their unit
// must be nanoseconds, too. It ignores weights, never preempts and keeps no accounts; nobody
// starves because nobody is overtaken.
#ifndef SCHEDD_POLICY_FIFO_H_
#define SCHEDD_POLICY_FIFO_H_

#include <array>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <vector>

#include "server/policy/policy.h"

namespace schedd {

class FifoPolicy : public Policy {
 public:
  explicit FifoPolicy(uint32_t capacity) : tasks_(capacity) {}

  void Apply(PolicyIndex policy, const PolicyParameters& parameters) override {
    if (policy < kMaxPolicies) parameters_[policy] = parameters;
  }
  void Resume(std::span<const uint64_t> cpu_virtual_ns) override;
  void OnEvent(const TaskEvent& event) override;
  void OnExit(TaskId task) override;
  size_t Schedule(const MachineView& machine, const WaitQuery& waits,
                  std::span<Decision> out) override;
  size_t pending() const override { return queue_.size(); }
  int64_t NextDeadlineNanos() const override { return INT64_MAX; }
  TaskAccount Account(TaskId /*task*/) const override { return {}; }

 private:
  // Not safe_link: tasks_ and queue_ end together, whatever still waits.
  struct Task : boost::intrusive::list_base_hook<
                    boost::intrusive::link_mode<boost::intrusive::normal_link>> {
    bool waits = false;
    PolicyIndex policy = kDefaultPolicyIndex;
    uint32_t sequence = 0;
    int64_t arrival_ns = 0;
    int64_t slice_override_ns = 0;
  };

  std::array<PolicyParameters, kMaxPolicies> parameters_;
  std::vector<Task> tasks_;  // by TaskId; never resized
  boost::intrusive::list<Task> queue_;
  uint64_t last_deadline_ = 0;
};

}  // namespace schedd

#endif  // SCHEDD_POLICY_FIFO_H_
