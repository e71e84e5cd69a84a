/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * May a task that woke take the CPU from the one that runs there? By deadline, and on each CPU no
 * more often than each min_slice: what a wakeup costs those that compute is bounded by that,
 * however many there are, and one that comes by itself never waits. (That a task is safe for its
 * first min_slice, whoever had the CPU before, bounds the same, but on a machine whose slices all
 * end at the same timer tick a task that wakes soon after it finds no CPU at all.)
 *
 * Plain C like ring.h: compiled into the dispatcher and the simulated machine. Times in ns on
 * CLOCK_MONOTONIC. Nothing here blocks or fails.
 */
#ifndef SCHEDD_BPF_PREEMPT_H_
#define SCHEDD_BPF_PREEMPT_H_

#include "bpf/virtual_time.h"

/*
 * 1 when a task with `deadline` may take the CPU from the task in `running`, which runs there. One
 * that had come to the starvation bound has its first min_slice in any case: a shorter turn ends no
 * wait.
 */
SCHEDD_INLINE int schedd_may_preempt(const struct schedd_header* header,
                                     const struct schedd_cpu* cpu,
                                     const struct schedd_slot* running, schedd_u64 deadline,
                                     schedd_u64 now) {
  schedd_u64 ran = now - cpu->since_ns;
  long long min_slice = (long long)SCHEDD_READ(&header->min_slice_ns);
  schedd_u64 others;
  if (!running->decided_weight || (long long)(now - SCHEDD_READ(&cpu->taken_ns)) < min_slice)
    return 0;
  if (running->urgent_seq == running->seq && (long long)ran < min_slice) return 0;
  others = schedd_deadline_to_take(header, running, cpu->vtime_floor, ran);
  return (long long)(others - deadline) > (long long)SCHEDD_READ(&header->preempt_margin_ns);
}

/* A task that woke takes that CPU. */
SCHEDD_INLINE void schedd_note_preempt(struct schedd_cpu* cpu, schedd_u64 now) {
  SCHEDD_WRITE(&cpu->taken_ns, now);
}

/* 1 when the task woke, has not run since, and no CPU's tick has given way to it in this wait: it
 * does now. Of CPUs whose ticks come at the same time one gives way. */
SCHEDD_INLINE int schedd_claim_at_tick(struct schedd_slot* waiting) {
  schedd_u32 seq = SCHEDD_READ(&waiting->seq);
  if (!SCHEDD_READ(&waiting->woken_ns)) return 0;
  return SCHEDD_EXCHANGE(&waiting->claimed_seq, seq) != seq;
}

#endif /* SCHEDD_BPF_PREEMPT_H_ */
