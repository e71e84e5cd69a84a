// SPDX-License-Identifier: Apache-2.0
#include "server/policy/wait_list.h"

#include <algorithm>
#include <iterator>

namespace schedd {
namespace {

// How far from the end of the list a wait that did not just begin looks for its place there: the
// events of one pass come from several CPUs.
constexpr int kMostSteps = 8;

}  // namespace

void WaitList::Add(VruntimeTask& task, int64_t since_ns) {
  Wait& wait = WaitOf(task);
  wait.since_ns = since_ns;
  wait.late = false;
  List::iterator next = list_.end();
  for (int steps = 0; steps < kMostSteps; ++steps, --next) {
    if (next != list_.begin() && std::prev(next)->since_ns > since_ns) continue;
    list_.insert(next, wait);
    return;
  }
  wait.late = true;
  late_.insert(wait);
}

const WaitList::Wait& WaitList::Front() const {
  if (late_.empty()) return list_.front();
  const Wait& late = *late_.begin();
  return list_.empty() || late < list_.front() ? late : list_.front();
}

WaitList::Wait* WaitList::After(Wait& wait) {
  if (wait.late) {
    const Late::iterator next = std::next(late_.iterator_to(wait));
    return next == late_.end() ? nullptr : &*next;
  }
  const List::iterator next = std::next(list_.iterator_to(wait));
  return next == list_.end() ? FirstLate() : &*next;
}

void WaitList::Remove(VruntimeTask& task) {
  Wait& wait = WaitOf(task);
  if (cursor_ == &wait) cursor_ = After(wait);
  if (wait.late) {
    late_.erase(late_.iterator_to(wait));
  } else {
    list_.erase(list_.iterator_to(wait));
  }
}

void WaitList::Sweep(const WaitQuery& waits, size_t enough, size_t most) {
  for (most = std::min(most, size()); most > 0 && enough > 0; --most) {
    Wait& wait = cursor_ != nullptr ? *cursor_ : *First();
    cursor_ = After(wait);
    if (StillWaits(waits, TaskOf(wait))) --enough;
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
