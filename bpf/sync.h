/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Synchronous wakeups: the waker says that it is about to sleep (a write to a pipe that somebody
 * reads, for example). When that is true the task that wakes is best off on the waker's CPU, in its
 * place: no other CPU has to be woken, and the data is in this one's cache. It is not always true,
 * so only a waker is believed that has kept its word.
 *
 * Plain C like ring.h: compiled into the dispatcher and the unit tests. Times are nanoseconds on
 * the run queue's clock. Nothing here blocks or fails.
 */
#ifndef SCHEDD_BPF_SYNC_H_
#define SCHEDD_BPF_SYNC_H_

#include "bpf/ring.h"

enum {
  /* ns from the wakeup to the waker's sleep, at most: about what an idle CPU would take to come out
     of a deep C-state for the task (intel_idle's tables have exit latencies of 2 to 133 us). */
  SCHEDD_SYNC_SOON_NS = 50 * 1000,
  /* Times that a waker must have slept soon, one after the other. */
  SCHEDD_SYNC_TRUSTED = 3,
};

/* The first synchronous wakeup in this run of the task that runs there. Later ones do not count:
 * from the first on somebody may wait for it. */
SCHEDD_INLINE int schedd_sync_begin(struct schedd_cpu* cpu, schedd_u64 now) {
  if (cpu->sync_woke_ns) return 0;
  cpu->sync_woke_ns = now;
  return 1;
}

/* 1 when the task that wakes may run in place of the one that wakes it. */
SCHEDD_INLINE int schedd_sync_trusted(const struct schedd_slot* waker) {
  return waker->sync_kept >= SCHEDD_SYNC_TRUSTED;
}

/* 1 when the task that runs there said that it would sleep, and did not. */
SCHEDD_INLINE int schedd_sync_broken(const struct schedd_cpu* cpu, schedd_u64 now) {
  return cpu->sync_woke_ns && now - cpu->sync_woke_ns > SCHEDD_SYNC_SOON_NS;
}

/* The run ends: the waker sleeps, or is still runnable (its slice is over, or it was preempted,
 * which soon after the wakeup says nothing). */
SCHEDD_INLINE void schedd_sync_end(struct schedd_cpu* cpu, struct schedd_slot* waker, int sleeps,
                                   schedd_u64 now) {
  if (!cpu->sync_woke_ns) return;
  if (schedd_sync_broken(cpu, now))
    waker->sync_kept = 0;
  else if (sleeps && waker->sync_kept < SCHEDD_SYNC_TRUSTED)
    waker->sync_kept++;
  cpu->sync_woke_ns = 0;
}

#endif /* SCHEDD_BPF_SYNC_H_ */
