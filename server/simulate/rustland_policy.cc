// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/rustland_policy.h"

#include <algorithm>

#include "server/base/wrap.h"
#include "server/policy/virtual_time.h"

namespace schedd {
namespace {

constexpr int64_t kMostLagNs = 20'000'000;
constexpr int64_t kMostAwakeNs = 2'000'000'000;
constexpr int64_t kSliceNs = 1'000'000;
constexpr int64_t kNeverNs = INT64_MAX / 4;  // far off, and fit to be added to a time

}  // namespace

PolicyParameters RustlandParameters(PolicyParameters parameters) {
  parameters.starvation_bound_ns = kNeverNs;
  parameters.wakeup_preempt_margin_ns = kNeverNs;
  return parameters;
}

bool RustlandPolicy::RunsBefore::operator()(const Task& a, const Task& b) const {
  if (a.deadline != b.deadline) return WrapLess(a.deadline, b.deadline);
  if (a.arrival_ns != b.arrival_ns) return a.arrival_ns < b.arrival_ns;
  return &a < &b;
}

void RustlandPolicy::Resume(std::span<const uint64_t> cpu_virtual_ns) {
  if (cpu_virtual_ns.empty()) return;
  now_ = cpu_virtual_ns.front();
  for (const uint64_t v : cpu_virtual_ns) now_ = WrapMax(now_, v);
}

void RustlandPolicy::OnEvent(const TaskEvent& event) {
  if (event.task >= tasks_.size()) return;
  Task& task = tasks_[event.task];
  Withdraw(task);
  task.sequence = event.sequence;
  task.weight = std::clamp(event.weight, kMinWeight, kMaxWeight);
  task.arrival_ns = event.time_ns;
  const auto charge = static_cast<uint64_t>(VirtualNanos(event.ran_ns, task.weight));
  const uint64_t least = now_ - static_cast<uint64_t>(kMostLagNs);
  task.vruntime = (task.known ? WrapMax(task.vruntime, least) : least) + charge;
  task.known = true;
  now_ += charge;
  task.deadline = task.vruntime + static_cast<uint64_t>(std::clamp<int64_t>(event.ran_since_wake_ns,
                                                                            0, kMostAwakeNs));
  task.waits = true;
  queue_.insert(task);
}

void RustlandPolicy::OnExit(TaskId id) {
  if (id >= tasks_.size()) return;
  Withdraw(tasks_[id]);
  tasks_[id] = Task();
}

size_t RustlandPolicy::Schedule(const MachineView& /*machine*/, const WaitQuery& /*waits*/,
                                std::span<Decision> out) {
  size_t count = 0;
  for (; count < out.size() && !queue_.empty(); ++count) {
    Task& task = *queue_.begin();
    Withdraw(task);
    out[count] = Decision{
        .task = static_cast<TaskId>(&task - tasks_.data()),
        .sequence = task.sequence,
        .slice_ns = kSliceNs * task.weight / kDefaultWeight,
        .deadline = task.deadline,
        .yields = true,
    };
  }
  return count;
}

TaskAccount RustlandPolicy::Account(TaskId id) const {
  if (id >= tasks_.size() || !tasks_[id].known) return {};
  const uint64_t vruntime = tasks_[id].vruntime;
  return {.vruntime_ns = static_cast<int64_t>(vruntime), .lag_ns = WrapDifference(now_, vruntime)};
}

void RustlandPolicy::Withdraw(Task& task) {
  if (!task.waits) return;
  queue_.erase(queue_.iterator_to(task));
  task.waits = false;
}

}  // namespace schedd
