// SPDX-License-Identifier: Apache-2.0
//
// Where a slot's task stands and how long it has run and waited, the present run or wait included.
//
// A pure function on shared memory; any thread. The slot's owner may change meanwhile: check its
// key before and after.
#ifndef SCHEDD_CONTROL_SLOT_TIMES_H_
#define SCHEDD_CONTROL_SLOT_TIMES_H_

#include <cstdint>

#include "bpf/abi.h"
#include "server/control/task_info.h"

namespace schedd {

struct SlotTimes {
  TaskRunState run_state = TaskRunState::kSleeping;
  int64_t run_time_ns = 0;
  int64_t wait_time_ns = 0;
};

// As of `now_ns` on the Kernel's clock. Read again when the task was switched meanwhile: a run is
// not both ended and going on.
SlotTimes ReadTimes(const schedd_slot& slot, int64_t now_ns);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_SLOT_TIMES_H_
