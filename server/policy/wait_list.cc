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
  wait.lane = task.policy;
  Lane& lane = lanes_[task.policy];
  used_ |= uint64_t{1} << task.policy;
  ++size_;
  List::iterator next = lane.list.end();
  for (int steps = 0; steps < kMostSteps; ++steps, --next) {
    if (next != lane.list.begin() && std::prev(next)->since_ns > since_ns) continue;
    lane.list.insert(next, wait);
    return;
  }
  wait.late = true;
  lane.late.insert(wait);
}

const WaitList::Wait& WaitList::Front(const Lane& lane) {
  if (lane.late.empty()) return lane.list.front();
  const Wait& late = *lane.late.begin();
  return lane.list.empty() || late < lane.list.front() ? late : lane.list.front();
}

WaitList::Wait* WaitList::After(Wait& wait) {
  Lane& lane = lanes_[wait.lane];
  if (wait.late) {
    const Late::iterator next = std::next(lane.late.iterator_to(wait));
    if (next != lane.late.end()) return &*next;
  } else {
    const List::iterator next = std::next(lane.list.iterator_to(wait));
    if (next != lane.list.end()) return &*next;
    if (Wait* late = lane.FirstLate(); late != nullptr) return late;
  }
  return FirstFrom(wait.lane + size_t{1});
}

WaitList::Wait* WaitList::FirstFrom(size_t first) {
  if (first >= kMaxPolicies) return nullptr;
  const uint64_t rest = used_ >> first;
  return rest == 0 ? nullptr : lanes_[first + static_cast<size_t>(std::countr_zero(rest))].First();
}

void WaitList::Remove(VruntimeTask& task) {
  Wait& wait = WaitOf(task);
  if (cursor_ == &wait) cursor_ = After(wait);
  Lane& lane = lanes_[wait.lane];
  if (wait.late) {
    lane.late.erase(lane.late.iterator_to(wait));
  } else {
    lane.list.erase(lane.list.iterator_to(wait));
  }
  --size_;
  if (lane.empty()) used_ &= ~(uint64_t{1} << wait.lane);
}

void WaitList::Sweep(const WaitQuery& waits, size_t enough, size_t most) {
  for (most = std::min(most, size()); most > 0 && enough > 0; --most) {
    Wait& wait = cursor_ != nullptr ? *cursor_ : *FirstFrom(0);
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
