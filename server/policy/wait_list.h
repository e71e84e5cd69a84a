// SPDX-License-Identifier: Apache-2.0
//
// All tasks that wait, for each policy apart, longest wait first: the watch over starvation, and
// the count of waiting tasks.
//
// Owned by VruntimePolicy, scheduling thread only, CLOCK_MONOTONIC nanoseconds. Allocates in the
// constructor only. It hears of the end of a wait late or never (a task that runs and then sleeps
// sends no event), so Sweep() asks the kernel about a few at a time.
//
// Its links are kept apart from the tasks' records: taking a task out touches its neighbours, and
// two records of tasks that wait next to each other would be two cache misses.
#ifndef SCHEDD_POLICY_WAIT_LIST_H_
#define SCHEDD_POLICY_WAIT_LIST_H_

#include <array>
#include <bit>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "server/policy/policy.h"
#include "server/policy/vruntime_task.h"

namespace schedd {

class WaitList {
 public:
  // `tasks`: the array of all records, by TaskId; it outlives this and never moves.
  explicit WaitList(std::span<VruntimeTask> tasks) : tasks_(tasks), waits_(tasks.size()) {}

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  // Calls `see` with each policy of which tasks wait.
  template <typename See>
  void ForEachPolicy(See see) const {
    for (uint64_t rest = used_; rest != 0; rest &= rest - 1) {
      see(static_cast<PolicyIndex>(std::countr_zero(rest)));
    }
  }
  // The longest wait under a policy of which tasks wait.
  VruntimeTask& oldest(PolicyIndex policy = kDefaultPolicyIndex) {
    return TaskOf(Front(lanes_[policy]));
  }
  int64_t oldest_since_ns(PolicyIndex policy = kDefaultPolicyIndex) const {
    return Front(lanes_[policy]).since_ns;
  }

  // Among those of the task's policy, at any place: also where the event of a wait came late, or
  // the wait goes on after a short turn.
  void Add(VruntimeTask& task, int64_t since_ns);
  void Remove(VruntimeTask& task);

  // Looks at waits, going on where it stopped last, and removes those that are over, until it has
  // seen `enough` that are not, or `most` in all.
  void Sweep(const WaitQuery& waits, size_t enough, size_t most);

  // False when the wait of `task` was found to be over; it is removed then and its stage is kAway.
  bool StillWaits(const WaitQuery& waits, VruntimeTask& task);

 private:
  using LinkMode = VruntimeTask::LinkMode;
  struct Wait : boost::intrusive::list_base_hook<LinkMode>,
                boost::intrusive::set_base_hook<LinkMode, boost::intrusive::optimize_size<true>> {
    int64_t since_ns = 0;
    bool late = false;  // in Lane::late, else in Lane::list
    PolicyIndex lane = kDefaultPolicyIndex;
    bool operator<(const Wait& other) const { return since_ns < other.since_ns; }
  };
  using List = boost::intrusive::list<Wait>;
  using Late = boost::intrusive::multiset<Wait>;

  // Of one policy. Both in order. Nearly all waits begin as they are added, and go to the end of
  // the list; the tree has those whose place is elsewhere.
  struct Lane {
    List list;
    Late late;

    bool empty() const { return list.empty() && late.empty(); }
    Wait* First() { return !list.empty() ? &list.front() : FirstLate(); }
    Wait* FirstLate() { return late.empty() ? nullptr : &*late.begin(); }
  };
  static_assert(kMaxPolicies <= 64, "one bit of used_ each");

  static const Wait& Front(const Lane& lane);
  static Wait& Front(Lane& lane) { return const_cast<Wait&>(Front(std::as_const(lane))); }
  // The one to sweep after `wait`; nullptr for none.
  Wait* After(Wait& wait);
  // The first one of a policy from `first` on.
  Wait* FirstFrom(size_t first);
  Wait& WaitOf(const VruntimeTask& task) { return waits_[&task - tasks_.data()]; }
  VruntimeTask& TaskOf(const Wait& wait) { return tasks_[&wait - waits_.data()]; }

  const std::span<VruntimeTask> tasks_;
  std::vector<Wait> waits_;  // by TaskId
  std::array<Lane, kMaxPolicies> lanes_;
  uint64_t used_ = 0;  // bit p: some wait under policy p
  size_t size_ = 0;
  Wait* cursor_ = nullptr;  // next to sweep; nullptr: the first one
};

}  // namespace schedd

#endif  // SCHEDD_POLICY_WAIT_LIST_H_
