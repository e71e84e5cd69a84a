// SPDX-License-Identifier: Apache-2.0
//
// A queue of tasks ordered by virtual time, like the kernel's dispatch queues.
//
// Owned by a scheduler class of the simulated machine. Equal times keep the order of insertion.
// Virtual times are compared by signed difference. A task is in one queue at most. Nothing here can
// fail.
#ifndef SCHEDD_SIM_VTIME_QUEUE_H_
#define SCHEDD_SIM_VTIME_QUEUE_H_

#include <boost/intrusive/set.hpp>
#include <cstdint>

#include "server/sim/task.h"

namespace schedd {

class VtimeQueue {
 public:
  VtimeQueue() = default;
  VtimeQueue(const VtimeQueue&) = delete;
  VtimeQueue& operator=(const VtimeQueue&) = delete;
  // Those in it may live on.
  ~VtimeQueue() { tasks_.clear(); }

  void Insert(SimTask& task, uint64_t vtime) {
    task.queue = this;
    task.queue_vtime = vtime;
    task.queue_order = next_order_++;
    tasks_.insert(task);
  }

  void Remove(SimTask& task) {
    tasks_.erase(tasks_.iterator_to(task));
    task.queue = nullptr;
  }

  // The task that TakeFor() would take.
  const SimTask* FirstFor(int cpu) const {
    for (const SimTask& task : tasks_) {
      if (task.allowed.Has(cpu)) return &task;
    }
    return nullptr;
  }

  // Takes the first task that may run on `cpu`; nullptr when there is none.
  SimTask* TakeFor(int cpu) {
    for (SimTask& task : tasks_) {
      if (!task.allowed.Has(cpu)) continue;
      Remove(task);
      return &task;
    }
    return nullptr;
  }

  // Whatever it may run on; nullptr when there is none.
  SimTask* TakeFirst() {
    if (tasks_.empty()) return nullptr;
    SimTask& task = *tasks_.begin();
    Remove(task);
    return &task;
  }

  // In order. `visit` changes no queue.
  template <typename Visit>
  void ForEach(Visit visit) {
    for (SimTask& task : tasks_) visit(task);
  }

  size_t size() const { return tasks_.size(); }

 private:
  struct Earlier {
    bool operator()(const SimTask& a, const SimTask& b) const {
      const auto difference = static_cast<int64_t>(a.queue_vtime - b.queue_vtime);
      return difference != 0 ? difference < 0 : a.queue_order < b.queue_order;
    }
  };
  using Hook = boost::intrusive::member_hook<SimTask, boost::intrusive::set_member_hook<>,
                                             &SimTask::queue_hook>;
  boost::intrusive::set<SimTask, Hook, boost::intrusive::compare<Earlier>> tasks_;
  uint64_t next_order_ = 0;
};

}  // namespace schedd

#endif  // SCHEDD_SIM_VTIME_QUEUE_H_
