/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What a task that wakes may claim of the CPU: no more than the queue came on while it slept. What
 * it was owed before is forgotten when it goes to sleep: tasks that sleep often and briefly would
 * else save up a claim to run before all others at each wakeup, one message at a time.
 *
 * Called by the dispatcher under the lock of the task's run queue; compiled for the simulated one,
 * too.
 */
#ifndef SCHEDD_BPF_SLEEP_H_
#define SCHEDD_BPF_SLEEP_H_

#include "bpf/ring.h"

/* `floor`: vtime_floor of the CPU where it ran last, slot.cpu. */
SCHEDD_INLINE void schedd_sleep_begin(struct schedd_slot* slot, schedd_u64 floor) {
  SCHEDD_WRITE(&slot->sleep_floor, floor);
}

/* The same CPU's now. The wakeup is counted already: before the first one it did not sleep here. */
SCHEDD_INLINE void schedd_sleep_end(struct schedd_slot* slot, schedd_u64 floor) {
  long long slept = (long long)(floor - slot->sleep_floor);
  SCHEDD_WRITE(&slot->slept_virtual_ns, slot->wakeups > 1 && slept > 0 ? (schedd_u64)slept : 0);
}

#endif /* SCHEDD_BPF_SLEEP_H_ */
