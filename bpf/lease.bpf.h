/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Leases: a decision is good for some CPU time, not for one wait only. A task that sleeps before it
 * has used that up waits, when it wakes, in the place that the decision would have given it again,
 * and nobody is asked. Where tasks wake each other all the time (pipes, locks, sockets) this is
 * what makes them as quick as under a scheduler in the kernel.
 *
 * The terms are the policy's: how long a lease lasts, what a sleeper keeps, who may be preempted
 * (abi.h). Any change of parameters, weights or slices ends all leases at once.
 */
#ifndef SCHEDD_BPF_LEASE_BPF_H_
#define SCHEDD_BPF_LEASE_BPF_H_

#include "bpf/accounting.bpf.h"
#include "bpf/placing.bpf.h"

enum {
  /* CPUs looked at for one that a waking task may take. */
  LEASE_LOOKS = 4,
};

/*
 * 1 when a task with that deadline may take the CPU from the one that runs there. A function of its
 * own, not inlined: the verifier would walk its branches once for each look.
 */
__attribute__((noinline)) int schedd_may_take(s32 cpu, u64 deadline, u64 now) {
  struct schedd_header* h = get_header();
  struct schedd_cpu* record = cpu_at(cpu);
  struct schedd_slot* other;
  u64 ran, others, least;
  if (!h || !record || record->offline || !record->running || record->protected_task) return 0;
  other = slot_at(record->slot);
  ran = now - record->since_ns;
  if (!other || !other->decided_weight || (s64)ran < (s64)h->min_slice_ns) return 0;
  least = record->vtime_floor - QUEUE_LEAD_NS; /* as in goes_on() */
  others = (s64)(other->deadline - least) < 0 ? least : other->deadline;
  others += virtual_ns(other, ran);
  return (s64)(others - deadline) > (s64)h->preempt_margin_ns;
}

/* A CPU for p to take from a task with a later deadline, the one where it ran last before others;
 * -1 for none. */
SCHEDD_INLINE s32 cpu_to_take(struct schedd_header* h, struct task_struct* p, u64 deadline,
                              u64 now) {
  u32 first = scx_bpf_task_cpu(p);
  int i;
  bpf_for(i, 0, LEASE_LOOKS) {
    /* From i alone: 6.12 would verify the loop once for each value of a counter of its own. */
    u32 cpu = first + i;
    if (cpu >= h->nr_cpus) cpu -= h->nr_cpus;
    if (cpu >= h->nr_cpus) break;
    /* One at a time: those in a CPU's own queue go before all others. */
    if (bpf_cpumask_test_cpu(cpu, p->cpus_ptr) && !scx_bpf_dsq_nr_queued(DSQ_CPU_BASE + cpu) &&
        schedd_may_take(cpu, deadline, now))
      return cpu;
  }
  return -1;
}

SCHEDD_INLINE void enqueue_leased(struct schedd_header* h, struct task_struct* p,
                                  struct task_private* priv, struct schedd_slot* slot,
                                  u64 enq_flags, u64 now) {
  u64 floor = vtime_floor_of(scx_bpf_task_cpu(p));
  u64 credit = virtual_ns(slot, h->sleeper_credit_ns);
  u64 least = floor - (credit < slot->slept_virtual_ns ? credit : slot->slept_virtual_ns);
  u64 vtime = slot->deadline;
  s32 cpu = -1;
  if ((s64)(vtime - least) < 0) vtime = least;
  if ((s64)(vtime - (floor + QUEUE_LEAD_NS)) > 0) vtime = floor + QUEUE_LEAD_NS;
  priv->direct = priv->solo = 0;
  slot->deadline = vtime;
  schedd_wait_begin_decided(slot);
  slot->leased_seq = slot->seq;
  count(SCHEDD_COUNT_WAITS_LEASED, 1);
  if (!kick_idle(p)) cpu = cpu_to_take(h, p, vtime, now);
  dsq_insert_vtime(p, cpu < 0 ? DSQ_READY : DSQ_CPU_BASE + cpu, slice_of(h, slot), vtime,
                   enq_flags);
  if (cpu < 0) return;
  count(SCHEDD_COUNT_KICKS_PREEMPT, 1);
  kick_cpu(cpu, SCX_KICK_PREEMPT);
}

#endif /* SCHEDD_BPF_LEASE_BPF_H_ */
