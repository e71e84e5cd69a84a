/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a task that became runnable waits: the queue it is put into, and in which order.
 */
#ifndef SCHEDD_BPF_PLACING_BPF_H_
#define SCHEDD_BPF_PLACING_BPF_H_

#include "bpf/preempting.bpf.h"
#include "bpf/transport.bpf.h"

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

/* Threads of the daemon: at once and before others when they wake, but for a CPU that owes somebody
 * a turn, or whose task has just come to it while another CPU's has not (a task that wakes often
 * wakes the daemon, too, and must not pay for that with its turn); in turn with all others together
 * when they have used their slice. Never behind a real-time task. */
SCHEDD_INLINE void enqueue_daemon(struct schedd_header* h, struct task_struct* p,
                                  struct task_private* priv, struct schedd_slot* slot,
                                  u64 enq_flags) {
  s32 cpu = scx_bpf_task_cpu(p);
  u64 now = bpf_ktime_get_ns();
  bool woke = enq_flags & SCX_ENQ_WAKEUP;
  bool elsewhere = is_taken(cpu_at(cpu)) || (woke && owes_a_turn(cpu, now));
  s32 other = -1;
  if (elsewhere)
    other = cpu_for_daemon(h, p, now, false);
  else if (woke && is_fresh(h, cpu, now))
    other = cpu_for_daemon(h, p, now, true);
  count(SCHEDD_COUNT_RUN_DAEMON, 1);
  mark_direct(priv, slot);
  if (woke && !elsewhere && other < 0) {
    dsq_insert(p, SCX_DSQ_LOCAL, h->protected_slice_ns, enq_flags | SCX_ENQ_PREEMPT);
  } else {
    note_rare(h);
    note_queued(h, priv);
    dsq_insert(p, DSQ_DAEMON, h->protected_slice_ns, enq_flags);
    if (!kick_idle(p) && other >= 0) kick_cpu(other, SCX_KICK_PREEMPT);
  }
}

/* No idle CPU is there for a waking task: where it may take one by its last decision's terms, that
 * CPU chooses anew, and need not wait for the next decision to do so. */
SCHEDD_INLINE void take_before_decision(struct schedd_header* h, struct task_struct* p,
                                        u64 deadline, u64 now) {
  s32 cpu = cpu_to_take(h, p, deadline, now);
  struct schedd_cpu* record = cpu_at(cpu);
  if (cpu < 0 || !record) return;
  SCHEDD_WRITE(&record->give_way, 1);
  take_cpu(cpu, now);
}

/* The kernel-side queue, and word to the scheduling thread. */
SCHEDD_INLINE void enqueue_undecided(struct schedd_header* h, struct task_struct* p,
                                     struct task_private* priv, struct schedd_slot* slot,
                                     u64 enq_flags, u64 now) {
  u64 vtime = vtime_floor_of(scx_bpf_task_cpu(p));
  bool woke = enq_flags & SCX_ENQ_WAKEUP;
  u32 flags = woke ? SCHEDD_EVENT_WAKEUP : SCHEDD_EVENT_EXPIRED;
  if (priv) priv->direct = priv->solo = 0;
  if (!slot) vtime = schedd_deadline_of_new(h, p->scx.weight, vtime);
  if (slot) {
    vtime = schedd_place_in_queue(h, slot, woke, vtime);
    if (!woke) slot_refresh(h, slot, p); /* else runnable did */
    slot->deadline = vtime;
    slot->asked_ns = now;
    if (slot->urgent_seq == slot->seq) flags |= SCHEDD_EVENT_OUT_OF_TURN;
    if (slot->unasked_seq == slot->seq) flags |= SCHEDD_EVENT_UNASKED;
    schedd_wait_begin(slot);
  }
  note_queued(h, priv);
  dsq_insert_vtime(p, DSQ_UNDECIDED, slice_of(h, slot), vtime, enq_flags);
  if (!kick_idle(p) && woke && slot && slot->decided_weight && !h->all_decisions)
    take_before_decision(h, p, vtime, now);
  if (slot)
    send_event(h, slot, priv->slot, flags, now);
  else
    count(SCHEDD_COUNT_NO_SLOT, 1);
}

#endif /* SCHEDD_BPF_PLACING_BPF_H_ */
