// SPDX-License-Identifier: Apache-2.0
//
// All tasks that wait, longest wait first: the watch over starvation, and the count of waiting
// tasks.
//
// Owned by VruntimePolicy, scheduling thread only, CLOCK_MONOTONIC nanoseconds. Holds no memory of
// its own. It hears of the end of a wait late or never (a task that runs and then sleeps sends no
// event), so Sweep() asks the kernel about a few at a time.
#ifndef SCHEDD_POLICY_WAIT_LIST_H_
#define SCHEDD_POLICY_WAIT_LIST_H_

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>

#include "server/policy/policy.h"
#include "server/policy/vruntime_task.h"

namespace schedd {

class WaitList {
 public:
  // `tasks`: the array of all records, by TaskId.
  explicit WaitList(const VruntimeTask* tasks) : tasks_(tasks), cursor_(list_.end()) {}

  bool empty() const { return list_.empty(); }
  size_t size() const { return list_.size(); }
  VruntimeTask& oldest() { return list_.front(); }
  const VruntimeTask& oldest() const { return list_.front(); }

  void Add(VruntimeTask& task, int64_t since_ns);
  void Remove(VruntimeTask& task);

  // Looks at up to `count` tasks, going on where it stopped last, and removes those whose wait is
  // over.
  void Sweep(const WaitQuery& waits, size_t count);

  // False when the wait of `task` was found to be over; it is removed then and its stage is kAway.
  bool StillWaits(const WaitQuery& waits, VruntimeTask& task);

 private:
  using List = boost::intrusive::list<
      VruntimeTask, boost::intrusive::member_hook<
                        VruntimeTask, boost::intrusive::list_member_hook<VruntimeTask::LinkMode>,
                        &VruntimeTask::wait_hook>>;

  const VruntimeTask* tasks_;
  List list_;
  List::iterator cursor_;  // next to sweep
};

}  // namespace schedd

#endif  // SCHEDD_POLICY_WAIT_LIST_H_
