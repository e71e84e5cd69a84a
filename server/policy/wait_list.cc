// SPDX-License-Identifier: Apache-2.0
#include "server/policy/wait_list.h"

#include <algorithm>

namespace schedd {

void WaitList::Add(VruntimeTask& task, int64_t since_ns) {
  task.waiting_since_ns = since_ns;
  list_.push_back(task);
}

void WaitList::Remove(VruntimeTask& task) {
  const List::iterator position = list_.iterator_to(task);
  if (cursor_ == position) ++cursor_;
  list_.erase(position);
}

void WaitList::Sweep(const WaitQuery& waits, size_t count) {
  for (count = std::min(count, list_.size()); count > 0; --count) {
    if (cursor_ == list_.end()) cursor_ = list_.begin();
    VruntimeTask& task = *cursor_;
    ++cursor_;
    StillWaits(waits, task);
  }
}

bool WaitList::StillWaits(const WaitQuery& waits, VruntimeTask& task) {
  if (task.stage != VruntimeTask::Stage::kHandedOver) return true;  // the policy itself holds it
  if (waits.IsWaiting(static_cast<TaskId>(&task - tasks_), task.sequence)) return true;
  Remove(task);
  task.stage = VruntimeTask::Stage::kAway;
  return false;
}

}  // namespace schedd
