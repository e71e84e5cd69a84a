// SPDX-License-Identifier: Apache-2.0
//
// All tasks that wait, longest wait first: the watch over starvation, and the count of waiting
// tasks.
//
// Owned by VruntimePolicy, scheduling thread only, CLOCK_MONOTONIC nanoseconds. Allocates in the
// constructor only. It hears of the end of a wait late or never (a task that runs and then sleeps
// sends no event), so Sweep() asks the kernel about a few at a time.
//
// Its links are kept apart from the tasks' records: taking a task out touches its neighbours, and
// two records of tasks that wait next to each other would be two cache misses.
#ifndef SCHEDD_POLICY_WAIT_LIST_H_
#define SCHEDD_POLICY_WAIT_LIST_H_

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

  bool empty() const { return list_.empty() && late_.empty(); }
  size_t size() const { return list_.size() + late_.size(); }
  VruntimeTask& oldest() { return TaskOf(Front()); }
  int64_t oldest_since_ns() const { return Front().since_ns; }

  // At any place: also where the event of a wait came late, or the wait goes on after a short turn.
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
    bool late = false;  // in late_, else in list_
    bool operator<(const Wait& other) const { return since_ns < other.since_ns; }
  };
  using List = boost::intrusive::list<Wait>;
  using Late = boost::intrusive::multiset<Wait>;

  const Wait& Front() const;
  Wait& Front() { return const_cast<Wait&>(std::as_const(*this).Front()); }
  // The one to sweep after `wait`; nullptr for none.
  Wait* After(Wait& wait);
  Wait* First() { return !list_.empty() ? &list_.front() : FirstLate(); }
  Wait* FirstLate() { return late_.empty() ? nullptr : &*late_.begin(); }
  Wait& WaitOf(const VruntimeTask& task) { return waits_[&task - tasks_.data()]; }
  VruntimeTask& TaskOf(const Wait& wait) { return tasks_[&wait - waits_.data()]; }

  const std::span<VruntimeTask> tasks_;
  std::vector<Wait> waits_;  // by TaskId
  // Both in order. Nearly all waits begin as they are added, and go to the end of the list; the
  // tree has those whose place is elsewhere.
  List list_;
  Late late_;
  Wait* cursor_ = nullptr;  // next to sweep; nullptr: the first one
};

}  // namespace schedd

#endif  // SCHEDD_POLICY_WAIT_LIST_H_
