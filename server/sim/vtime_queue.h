// SPDX-License-Identifier: Apache-2.0
//
// A queue of tasks ordered by virtual time, like the kernel's dispatch queues.
//
// Owned by a scheduler class of the simulated machine. Equal times keep the order of insertion.
// Virtual times are compared by signed difference. A task is in one queue at most. Nothing here can
// fail.
#ifndef SCHEDD_SIM_VTIME_QUEUE_H_
#define SCHEDD_SIM_VTIME_QUEUE_H_

#include <cstdint>
#include <set>

#include "server/sim/task.h"

namespace schedd {

class VtimeQueue {
 public:
  void Insert(SimTask& task, uint64_t vtime) {
    task.queue = this;
    task.queue_vtime = vtime;
    task.queue_order = next_order_++;
    tasks_.insert(&task);
  }

  void Remove(SimTask& task) {
    tasks_.erase(&task);
    task.queue = nullptr;
  }

  // The task that TakeFor() would take.
  const SimTask* FirstFor(int cpu) const {
    for (const SimTask* task : tasks_) {
      if (task->allowed.Has(cpu)) return task;
    }
    return nullptr;
  }

  // Takes the first task that may run on `cpu`; nullptr when there is none.
  SimTask* TakeFor(int cpu) {
    for (SimTask* task : tasks_) {
      if (!task->allowed.Has(cpu)) continue;
      Remove(*task);
      return task;
    }
    return nullptr;
  }

  size_t size() const { return tasks_.size(); }

 private:
  struct Earlier {
    bool operator()(const SimTask* a, const SimTask* b) const {
      const auto difference = static_cast<int64_t>(a->queue_vtime - b->queue_vtime);
      return difference != 0 ? difference < 0 : a->queue_order < b->queue_order;
    }
  };
  std::set<SimTask*, Earlier> tasks_;
  uint64_t next_order_ = 0;
};

}  // namespace schedd

#endif  // SCHEDD_SIM_VTIME_QUEUE_H_
