/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The lease that a decision gives: the CPU time for which it is good (schedd_slot.lease_*).
 *
 * Plain C like ring.h: compiled into the dispatcher and the unit tests. Times are CLOCK_MONOTONIC
 * nanoseconds. Nothing here blocks or fails.
 */
#ifndef SCHEDD_BPF_LEASE_H_
#define SCHEDD_BPF_LEASE_H_

#include "bpf/ring.h"

enum {
  /* ns; the longest that a lease lasts, whatever CPU time is left of it: how many wait, and how far
     the queue has come, is the policy's to see now and then. */
  SCHEDD_LEASE_LASTS_NS = 50 * 1000 * 1000,
};

/* The task that the decision is for gets its lease now, in place of what it had. */
SCHEDD_INLINE void schedd_lease_give(struct schedd_slot* slot,
                                     const struct schedd_decision* decision, schedd_u64 now) {
  slot->lease_epoch = decision->lease_epoch;
  slot->lease_end_run_ns = slot->run_ns + (schedd_u64)decision->lease_us * 1000;
  slot->lease_until_ns = now + SCHEDD_LEASE_LASTS_NS;
}

/* 1 while nothing that the last decision was made with has changed since: parameters or slices
 * (lease_epoch), the task's own weight or CPUs (then lease_until_ns was set to 0). */
SCHEDD_INLINE int schedd_decision_stands(const struct schedd_header* header,
                                         const struct schedd_slot* slot) {
  return slot->lease_epoch == SCHEDD_READ(&header->lease_epoch) && slot->lease_until_ns;
}

/*
 * 1 when the task may wait in the place that its last decision would give it again, and nobody is
 * asked: CPU time and time are left of the lease, the decision stands, and the wait before was no
 * urgent one. One that the starvation bound had to help is the policy's to
 * judge.
 */
SCHEDD_INLINE int schedd_lease_holds(const struct schedd_header* header,
                                     const struct schedd_slot* slot, schedd_u64 now) {
  return schedd_decision_stands(header, slot) &&
         (long long)(slot->lease_end_run_ns - slot->run_ns) > 0 &&
         (long long)(slot->lease_until_ns - now) > 0 && slot->urgent_seq != slot->seq;
}

#endif /* SCHEDD_BPF_LEASE_H_ */
