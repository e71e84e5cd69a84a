// SPDX-License-Identifier: Apache-2.0
#include "server/control/slot_times.h"

#include <algorithm>

#include "server/engine/shared_access.h"

namespace schedd {
namespace {

constexpr int kTries = 3;

TaskRunState RunStateOf(uint32_t state) {
  switch (state) {
    case SCHEDD_TASK_RUNNING:
      return TaskRunState::kRunning;
    case SCHEDD_TASK_UNDECIDED:
    case SCHEDD_TASK_DECIDED:
      return TaskRunState::kQueued;
    default:
      return TaskRunState::kSleeping;
  }
}

int64_t Since(uint64_t begin_ns, int64_t now_ns) {
  return begin_ns == 0 ? 0 : std::max<int64_t>(0, now_ns - static_cast<int64_t>(begin_ns));
}

}  // namespace

SlotTimes ReadTimes(const schedd_slot& slot, int64_t now_ns) {
  SlotTimes times;
  for (int i = 0; i < kTries; ++i) {
    const uint64_t run_ns = LoadSharedAcquire(slot.run_ns);
    const uint64_t wait_ns = LoadSharedAcquire(slot.wait_ns);
    const uint64_t running_since_ns = LoadSharedAcquire(slot.running_since_ns);
    const uint64_t waiting_since_ns = LoadSharedAcquire(slot.waiting_since_ns);
    const uint32_t state = LoadSharedAcquire(slot.state);
    times = {.run_state = RunStateOf(state),
             .run_time_ns = static_cast<int64_t>(run_ns),
             .wait_time_ns = static_cast<int64_t>(wait_ns)};
    if (times.run_state == TaskRunState::kRunning) {
      times.run_time_ns += Since(running_since_ns, now_ns);
    } else if (times.run_state == TaskRunState::kQueued) {
      times.wait_time_ns += Since(waiting_since_ns, now_ns);
    }
    if (LoadShared(slot.run_ns) == run_ns && LoadShared(slot.wait_ns) == wait_ns &&
        LoadShared(slot.running_since_ns) == running_since_ns &&
        LoadShared(slot.waiting_since_ns) == waiting_since_ns && LoadShared(slot.state) == state) {
      break;
    }
  }
  return times;
}

}  // namespace schedd
