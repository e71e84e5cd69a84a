/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leases: a decision is good for some CPU time, not for one wait only. A task that sleeps before it
 * has used that up, or is preempted in the middle of its slice, waits in the place that the
 * decision would have given it again, and nobody is asked. Where tasks wake each other all the time
 * (pipes, locks, sockets) this is what makes them as quick as under a scheduler in the kernel.
 *
 * The terms are the policy's: how long a lease lasts, what a sleeper keeps, who may be preempted
 * (abi.h). Any change of parameters, weights or slices ends all leases at once.
 */
#ifndef SCHEDD_BPF_LEASE_BPF_H_
#define SCHEDD_BPF_LEASE_BPF_H_

#include "bpf/placing.bpf.h"

SCHEDD_INLINE void enqueue_leased(struct schedd_header* h, struct task_struct* p,
                                  struct task_private* priv, struct schedd_slot* slot,
                                  u64 enq_flags, u64 now) {
  u64 vtime = schedd_place_in_queue(h, slot, true, vtime_floor_of(scx_bpf_task_cpu(p)));
  s32 cpu = -1;
  priv->direct = priv->solo = 0;
  slot->deadline = vtime;
  schedd_wait_begin_decided(slot);
  slot->leased_seq = slot->seq;
  count(SCHEDD_COUNT_WAITS_LEASED, 1);
  note_queued(h, priv);
  /* One that was itself cut short waits in its place: from the next CPU it would drive the next
   * task, and that one another, each before all that wait. */
  if (!kick_idle(p) && (enq_flags & SCX_ENQ_WAKEUP)) cpu = cpu_to_take(h, p, vtime, now);
  dsq_insert_vtime(p, cpu < 0 ? DSQ_READY : DSQ_CPU_BASE + cpu, slice_of(h, slot), vtime,
                   enq_flags);
  if (cpu < 0) return;
  take_cpu(cpu, now);
}

#endif /* SCHEDD_BPF_LEASE_BPF_H_ */
