// SPDX-License-Identifier: Apache-2.0
//
// Adds up what the dispatcher and the engine have counted since attach.
//
// Pure reads of shared memory; control thread. Times in nanoseconds. Counters are read one after
// another, so sums of them may be off by what happened meanwhile. Cannot fail.
#ifndef SCHEDD_CONTROL_COUNTERS_H_
#define SCHEDD_CONTROL_COUNTERS_H_

#include <cstdint>

#include "server/control/attachment.h"
#include "server/control/scheduler_info.h"
#include "server/engine/kernel.h"
#include "server/engine/latency.h"

namespace schedd {

// `decision_latency`: from ReadDecisionLatency(). `page_faults`: of the scheduling thread since
// attach, -1 for unknown. Context switches are left 0: nobody counts them in shared memory.
SchedulerCounters ReadCounters(const Attachment& attachment,
                               const LatencyHistogram& decision_latency, int64_t page_faults);

// Events that the scheduling thread never saw, since attach. Cheaper than all counters.
int64_t ReadLostEventCount(const SharedMemory& memory);

// How often a task had to wait for a CPU that others wanted, too, since attach: each by an event,
// one that found no room, or a lease.
int64_t ReadWaitCount(const SharedMemory& memory);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_COUNTERS_H_
