// SPDX-License-Identifier: Apache-2.0
//
// A policy for tests of the engine: remembers what it was told, decides in the order of the events,
// or as the test says.
//
// Owned by the engine, looked at by the test (one thread). Allocates, unlike a real policy.
#ifndef SCHEDD_TESTS_UNIT_ENGINE_SCRIPTED_POLICY_H_
#define SCHEDD_TESTS_UNIT_ENGINE_SCRIPTED_POLICY_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <vector>

#include "server/policy/policy.h"

namespace schedd {

class ScriptedPolicy : public Policy {
 public:
  void Apply(PolicyIndex policy, const PolicyParameters& changed) override {
    if (policy == kDefaultPolicyIndex) {
      parameters.push_back(changed);
    } else {
      others[policy] = changed;
    }
  }

  void Resume(std::span<const uint64_t> cpu_virtual_ns) override {
    resumed.assign(cpu_virtual_ns.begin(), cpu_virtual_ns.end());
  }

  void OnEvent(const TaskEvent& event) override {
    events.push_back(event);
    queue.push_back({.task = event.task,
                     .sequence = event.sequence,
                     .slice_ns = slice_ns,
                     .deadline = event.task * 10ull});
    if (change) change(queue.back());
  }

  void OnExit(TaskId task) override {
    exits.push_back(task);
    std::erase_if(queue, [task](const Decision& d) { return d.task == task; });
  }

  size_t Schedule(const MachineView& machine, const WaitQuery& waits,
                  std::span<Decision> out) override {
    ++schedules;
    room = out.size();
    now_ns = machine.now_ns;
    cpus.assign(machine.cpus.begin(), machine.cpus.end());
    if (ask) ask(waits);
    size_t count = 0;
    while (count < out.size() && !queue.empty()) {
      out[count++] = queue.front();
      queue.pop_front();
    }
    return count;
  }

  size_t pending() const override { return queue.size(); }
  int64_t NextDeadlineNanos() const override { return next_deadline_ns; }
  TaskAccount Account(TaskId task) const override {
    return {.vruntime_ns = task * 1000 + 1, .lag_ns = -static_cast<int64_t>(task)};
  }

  // What it was told.
  std::vector<PolicyParameters> parameters;        // of the default policy
  std::map<PolicyIndex, PolicyParameters> others;  // of those of control groups, newest
  std::vector<TaskEvent> events;
  std::vector<uint64_t> resumed;
  std::vector<TaskId> exits;
  std::vector<CpuView> cpus;
  int schedules = 0;
  size_t room = 0;
  int64_t now_ns = 0;
  // What it does.
  std::deque<Decision> queue;
  int64_t slice_ns = 5'000'000;
  int64_t next_deadline_ns = std::numeric_limits<int64_t>::max();
  std::function<void(Decision&)> change;
  std::function<void(const WaitQuery&)> ask;
};

}  // namespace schedd

#endif  // SCHEDD_TESTS_UNIT_ENGINE_SCRIPTED_POLICY_H_
