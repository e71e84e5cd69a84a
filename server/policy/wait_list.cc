// SPDX-License-Identifier: Apache-2.0
#include "server/policy/wait_list.h"

#include <algorithm>
#include <iterator>

namespace schedd {
namespace {

// How far from each end a wait that did not just begin looks for its place: a flood of them must
// not cost its square.
constexpr int kMostSteps = 64;

}  // namespace

void WaitList::Add(VruntimeTask& task, int64_t since_ns) {
  Wait& wait = WaitOf(task);
  wait.since_ns = since_ns;
  list_.insert(PlaceFor(since_ns), wait);
}

WaitList::List::iterator WaitList::PlaceFor(int64_t since_ns) {
  List::iterator next = list_.end();
  for (int steps = 0; steps < kMostSteps; ++steps) {
    if (next == list_.begin() || std::prev(next)->since_ns <= since_ns) return next;
    --next;
  }
  List::iterator early = list_.begin();
  for (int steps = 0; steps < kMostSteps; ++steps, ++early) {
    if (early->since_ns > since_ns) return early;
  }
  return next;
}

void WaitList::Remove(VruntimeTask& task) {
  const List::iterator position = list_.iterator_to(WaitOf(task));
  if (cursor_ == position) ++cursor_;
  list_.erase(position);
}

void WaitList::Sweep(const WaitQuery& waits, size_t enough, size_t most) {
  for (most = std::min(most, list_.size()); most > 0 && enough > 0; --most) {
    if (cursor_ == list_.end()) cursor_ = list_.begin();
    VruntimeTask& task = TaskOf(*cursor_);
    ++cursor_;
    if (StillWaits(waits, task)) --enough;
  }
}

bool WaitList::StillWaits(const WaitQuery& waits, VruntimeTask& task) {
  if (task.stage != VruntimeTask::Stage::kHandedOver) return true;  // the policy itself holds it
  if (waits.IsWaiting(static_cast<TaskId>(&task - tasks_.data()), task.sequence)) return true;
  Remove(task);
  task.stage = VruntimeTask::Stage::kAway;
  return false;
}

}  // namespace schedd
