// SPDX-License-Identifier: Apache-2.0
#include "server/policy/fifo.h"

#include <algorithm>

#include "server/policy/slice.h"

namespace schedd {

void FifoPolicy::Resume(std::span<const uint64_t> cpu_virtual_ns) {
  for (const uint64_t v : cpu_virtual_ns) last_deadline_ = std::max(last_deadline_, v);
}

void FifoPolicy::OnEvent(const TaskEvent& event) {
  if (event.task >= tasks_.size()) return;
  OnExit(event.task);  // a second event for a task that still waits replaces the first
  Task& task = tasks_[event.task];
  task.waits = true;
  task.policy = event.policy < kMaxPolicies ? event.policy : kDefaultPolicyIndex;
  task.sequence = event.sequence;
  task.arrival_ns = event.time_ns;
  task.slice_override_ns = event.slice_override_ns;
  queue_.push_back(task);
}

void FifoPolicy::OnExit(TaskId id) {
  if (id >= tasks_.size() || !tasks_[id].waits) return;
  queue_.erase(queue_.iterator_to(tasks_[id]));
  tasks_[id].waits = false;
}

size_t FifoPolicy::Schedule(const MachineView& /*machine*/, const WaitQuery& /*waits*/,
                            std::span<Decision> out) {
  size_t count = 0;
  for (; count < out.size() && !queue_.empty(); ++count) {
    Task& task = queue_.front();
    queue_.pop_front();
    task.waits = false;
    // One after the other, also when two arrived at the same time.
    last_deadline_ = std::max(last_deadline_ + 1, static_cast<uint64_t>(task.arrival_ns));
    out[count] = Decision{
        .task = static_cast<TaskId>(&task - tasks_.data()),
        .sequence = task.sequence,
        .slice_ns = SliceFor(parameters_[task.policy], task.slice_override_ns, /*waiting=*/1,
                             /*cpus=*/1),
        .deadline = last_deadline_,
        .yields = true,
    };
  }
  return count;
}

}  // namespace schedd
