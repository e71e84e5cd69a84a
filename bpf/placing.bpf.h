/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a task that became runnable waits: the queue it is put into, and in which order.
 */
#ifndef SCHEDD_BPF_PLACING_BPF_H_
#define SCHEDD_BPF_PLACING_BPF_H_

#include "bpf/task_slots.bpf.h"
#include "bpf/transport.bpf.h"

enum {
  /* How far ahead of the queue a waking task may be placed before its decision comes, virtual
     ns. */
  QUEUE_CREDIT_NS = 50 * 1000 * 1000,
  /* How far behind it any task may be placed then, and how far ahead one that does not wake: bounds
     its own wait, and the others', when no decision comes at all. */
  QUEUE_LEAD_NS = 200 * 1000 * 1000,
};

/* The current task always counts one: BPF programs themselves run with migration disabled. */
SCHEDD_INLINE bool is_migration_disabled(struct task_struct* p) {
  if (p->migration_disabled == 1) return bpf_get_current_task_btf() != p;
  return p->migration_disabled > 1;
}

/* Kernel threads that must never wait for user space, and tasks that only one CPU can run for
   now. */
SCHEDD_INLINE bool must_run_here(struct task_struct* p, struct schedd_slot* slot) {
  if ((p->flags & PF_KTHREAD) && p->nr_cpus_allowed == 1) return true;
  if (is_migration_disabled(p)) return true;
  return slot && (slot->flags & SCHEDD_SLOT_DIRECT);
}

SCHEDD_INLINE u64 slice_of(struct schedd_header* h, struct schedd_slot* slot) {
  return slot && slot->slice_ns ? slot->slice_ns : h->base_slice_ns;
}

SCHEDD_INLINE void mark_direct(struct task_private* priv, struct schedd_slot* slot) {
  if (priv) priv->direct = 1;
  if (slot) slot->state = SCHEDD_TASK_DECIDED;
}

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

/* Takes a CPU from a task that is not protected, for p. */
SCHEDD_INLINE void preempt_any(struct schedd_header* h, struct task_struct* p, u64 now) {
  u32 cpu;
  bpf_for(cpu, 0, h->nr_cpus) {
    struct schedd_cpu* record = cpu_at(cpu);
    if (!record) break;
    if (record->offline || !record->running || record->protected_task ||
        !bpf_cpumask_test_cpu(cpu, p->cpus_ptr) || owes_a_turn(cpu, now))
      continue;
    kick_cpu(cpu, SCX_KICK_PREEMPT);
    break;
  }
}

/* Threads of the daemon: at once and before others when they wake, but for a CPU that owes somebody
 * a turn; in turn with all others together when they have used their slice. Never behind a
 * real-time task. */
SCHEDD_INLINE void enqueue_daemon(struct schedd_header* h, struct task_struct* p,
                                  struct task_private* priv, struct schedd_slot* slot,
                                  u64 enq_flags) {
  s32 cpu = scx_bpf_task_cpu(p);
  u64 now = bpf_ktime_get_ns();
  bool woke = enq_flags & SCX_ENQ_WAKEUP;
  bool elsewhere = is_taken(cpu_at(cpu)) || (woke && owes_a_turn(cpu, now));
  count(SCHEDD_COUNT_RUN_DAEMON, 1);
  mark_direct(priv, slot);
  if (woke && !elsewhere) {
    dsq_insert(p, SCX_DSQ_LOCAL, h->protected_slice_ns, enq_flags | SCX_ENQ_PREEMPT);
  } else {
    dsq_insert(p, DSQ_DAEMON, h->protected_slice_ns, enq_flags);
    if (!kick_idle(p) && elsewhere) preempt_any(h, p, now);
  }
}

/* The kernel-side queue, and word to the scheduling thread. */
SCHEDD_INLINE void enqueue_undecided(struct schedd_header* h, struct task_struct* p,
                                     struct task_private* priv, struct schedd_slot* slot,
                                     u64 enq_flags, u64 now) {
  u64 floor = vtime_floor_of(scx_bpf_task_cpu(p));
  u64 vtime = slot ? slot->deadline : floor;
  u32 flags = enq_flags & SCX_ENQ_WAKEUP ? SCHEDD_EVENT_WAKEUP : SCHEDD_EVENT_EXPIRED;
  u64 least = floor - (enq_flags & SCX_ENQ_WAKEUP ? QUEUE_CREDIT_NS : QUEUE_LEAD_NS);
  /* A long sleep is no claim to the CPU for as long; and a deadline from another CPU's virtual time
   * does not hold a task back here, nor all others. */
  if ((s64)(vtime - least) < 0) vtime = least;
  if ((s64)(vtime - (floor + QUEUE_LEAD_NS)) > 0) vtime = floor + QUEUE_LEAD_NS;
  if (priv) priv->direct = priv->solo = 0;
  if (slot) {
    if (!(enq_flags & SCX_ENQ_WAKEUP)) slot_refresh(h, slot, p); /* else runnable did */
    slot->deadline = vtime;
    slot->asked_ns = now;
    if (slot->urgent_seq == slot->seq) flags |= SCHEDD_EVENT_OUT_OF_TURN;
    if (slot->unasked_seq == slot->seq) flags |= SCHEDD_EVENT_UNASKED;
    schedd_wait_begin(slot);
  }
  dsq_insert_vtime(p, DSQ_UNDECIDED, slice_of(h, slot), vtime, enq_flags);
  kick_idle(p);
  if (slot)
    send_event(h, slot, priv->slot, flags, now);
  else
    count(SCHEDD_COUNT_NO_SLOT, 1);
}

#endif /* SCHEDD_BPF_PLACING_BPF_H_ */
