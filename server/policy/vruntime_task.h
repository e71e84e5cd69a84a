// SPDX-License-Identifier: Apache-2.0
//
// What the vruntime policy remembers of a task.
//
// One record a TaskId in an array that never moves, owned by VruntimePolicy, scheduling thread
// only. Times are CLOCK_MONOTONIC or virtual nanoseconds as named. Hooks do not unlink themselves:
// the lists and the array end together.
#ifndef SCHEDD_POLICY_VRUNTIME_TASK_H_
#define SCHEDD_POLICY_VRUNTIME_TASK_H_

#include <boost/intrusive/list_hook.hpp>
#include <boost/intrusive/set_hook.hpp>
#include <cstdint>

#include "server/base/wrap.h"
#include "server/policy/policy.h"

namespace schedd {

struct VruntimeTask {
  using LinkMode = boost::intrusive::link_mode<boost::intrusive::normal_link>;

  enum class Stage : uint8_t {
    kAway,        // sleeps or runs, as far as known
    kArrived,     // its event came; not placed in virtual time yet
    kQueued,      // in the run queue
    kHandedOver,  // decided; waits in the kernel for a CPU unless the kernel says otherwise
  };

  boost::intrusive::list_member_hook<LinkMode> arrival_hook;
  boost::intrusive::set_member_hook<LinkMode> queue_hook;

  Stage stage = Stage::kAway;
  bool known = false;  // vruntime means something
  // -- from its last event --
  bool must_clamp = false;   // it slept since it was placed last
  bool may_preempt = false;  // it waits because it woke
  bool has_moved = false;    // its affinity changed since it was placed last
  PolicyIndex policy = kDefaultPolicyIndex;
  uint32_t sequence = 0;
  uint32_t cpu = 0;
  uint32_t allowed_count = 1;
  const uint64_t* allowed = nullptr;
  int64_t weight = kDefaultWeight;
  int64_t slice_override_ns = 0;
  int64_t awake_run_ns = 0;      // CPU time since its last wakeup
  int64_t slept_virtual_ns = 0;  // how far the queue came on during its last sleep
  int64_t enqueue_ns = 0;        // breaks ties
  // -- starvation --
  int64_t unserved_since_ns = 0;  // since when it had no turn of min_slice
  int64_t served_ns = 0;          // its last turn; once the bound is reached, all since then
  bool overdue = false;           // the bound was reached
  int64_t urgent_again_ns = 0;    // how long after the next urgent decision it is looked at again
  // -- virtual time --
  uint64_t vruntime = 0;
  int64_t unplaced_ns = 0;                 // CPU time charged but not yet in vruntime
  int64_t placed_weight = kDefaultWeight;  // weight that vruntime was counted with
  uint64_t deadline = 0;
  // -- of the CPU time charged last --
  bool was_ordered = false;  // others waited for it, and the policy gave it to this task
  bool out_of_turn = false;  // v says nothing of the queue's
};

// Earlier deadline first; then who came first, then the smaller TaskId (records lie in TaskId
// order): total, so that the same events give the same decisions.
struct RunsBefore {
  bool operator()(const VruntimeTask& a, const VruntimeTask& b) const {
    if (a.deadline != b.deadline) return WrapLess(a.deadline, b.deadline);
    if (a.enqueue_ns != b.enqueue_ns) return a.enqueue_ns < b.enqueue_ns;
    return &a < &b;
  }
};

}  // namespace schedd

#endif  // SCHEDD_POLICY_VRUNTIME_TASK_H_
