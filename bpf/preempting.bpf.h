/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From which CPU a waking task may take the one that runs there. The terms are the policy's
 * (abi.h): min_slice_ns, preempt_margin_ns, deadlines.
 */
#ifndef SCHEDD_BPF_PREEMPTING_BPF_H_
#define SCHEDD_BPF_PREEMPTING_BPF_H_

#include "bpf/accounting.bpf.h"
#include "bpf/preempt.h"
#include "bpf/task_slots.bpf.h"

enum {
  TAKE_LOOKS = 4, /* CPUs looked at for one that a waking task may take */
  TICK_LOOKS = 4, /* waiting tasks that a tick looks at, in each queue: under the queue's lock */
};

/*
 * The turn of a task that had come to the starvation bound has begun there, or is about to: a task
 * that a CPU has taken waits in its local queue, where no decision reaches it any more. Were it cut
 * short, or overtaken again and again, by threads of the daemon that callers keep busy, the bound
 * would not hold. It lasts for a slice at most.
 */
SCHEDD_INLINE bool owes_a_turn(s32 cpu, u64 now) {
  struct schedd_cpu* record = cpu_at(cpu);
  struct schedd_slot* slot;
  if (scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL_ON | cpu) > 0) return true;
  if (!record || !record->running) return false;
  slot = slot_at(record->slot);
  return slot && slot->urgent_seq == slot->seq && now - record->since_ns < slot->slice_ns;
}

/* The task that runs there has just come to it. */
SCHEDD_INLINE bool is_fresh(struct schedd_header* h, s32 cpu, u64 now) {
  struct schedd_cpu* record = cpu_at(cpu);
  return record && record->running && (s64)(now - record->since_ns) < (s64)h->min_slice_ns;
}

/* A CPU for a thread of the daemon to take from a task that is not protected; -1 for none. */
SCHEDD_INLINE s32 cpu_for_daemon(struct schedd_header* h, struct task_struct* p, u64 now,
                                 bool spare_fresh) {
  u32 cpu;
  bpf_for(cpu, 0, h->nr_cpus) {
    struct schedd_cpu* record = cpu_at(cpu);
    if (!record) break;
    if (record->offline || !record->running || record->protected_task ||
        !bpf_cpumask_test_cpu(cpu, p->cpus_ptr) || owes_a_turn(cpu, now) ||
        (spare_fresh && is_fresh(h, cpu, now)))
      continue;
    return cpu;
  }
  return -1;
}

/*
 * 1 when a task with that deadline may take the CPU from the one that runs there. A function of its
 * own, not inlined: the verifier would walk its branches once for each look.
 */
__attribute__((noinline)) int schedd_may_take(s32 cpu, u64 deadline, u64 now) {
  struct schedd_header* h = get_header();
  struct schedd_cpu* record = cpu_at(cpu);
  struct schedd_slot* running;
  if (!h || !record || record->offline || !record->running || record->protected_task) return 0;
  running = slot_at(record->slot);
  return running && schedd_may_preempt(h, record, running, deadline, now);
}

/* A CPU for p to take from a task with a later deadline, the one where it ran last before others;
 * -1 for none. */
SCHEDD_INLINE s32 cpu_to_take(struct schedd_header* h, struct task_struct* p, u64 deadline,
                              u64 now) {
  u32 first = scx_bpf_task_cpu(p);
  int i;
  bpf_for(i, 0, TAKE_LOOKS) {
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

SCHEDD_INLINE void take_cpu(s32 cpu, u64 now) {
  struct schedd_cpu* record = cpu_at(cpu);
  if (record) schedd_note_preempt(record, now);
  count(SCHEDD_COUNT_KICKS_PREEMPT, 1);
  kick_cpu(cpu, SCX_KICK_PREEMPT);
}

/* A task that woke, and found no CPU then that it might take, waits in that queue, and may have
 * this one now. */
SCHEDD_INLINE bool may_be_taken_by_one_of(u64 dsq_id, s32 cpu, u64 now) {
  struct bpf_iter_scx_dsq it;
  struct task_struct* p;
  bool found = false;
  int i;
  if (scx_bpf_dsq_nr_queued(dsq_id) <= 0) return false;
  bpf_iter_scx_dsq_new(&it, dsq_id, 0);
  bpf_for(i, 0, TICK_LOOKS) {
    struct schedd_slot* slot;
    p = bpf_iter_scx_dsq_next(&it);
    if (!p) break;
    if (!bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) continue;
    slot = slot_of(private_of(p));
    found = slot && schedd_may_take(cpu, p->scx.dsq_vtime, now) && schedd_claim_at_tick(slot);
    break;
  }
  bpf_iter_scx_dsq_destroy(&it);
  return found;
}

#endif /* SCHEDD_BPF_PREEMPTING_BPF_H_ */
