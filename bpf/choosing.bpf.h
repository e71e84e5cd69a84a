/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which task a CPU runs next: one of those that wait, or the one that has just used its slice.
 */
#ifndef SCHEDD_BPF_CHOOSING_BPF_H_
#define SCHEDD_BPF_CHOOSING_BPF_H_

#include "bpf/accounting.bpf.h"
#include "bpf/lease.h"
#include "bpf/placing.bpf.h"

SCHEDD_INLINE void drain_decisions(void) {
  u32 zero = 0;
  struct schedd_decision_ring* ring = bpf_map_lookup_elem(&decisions, &zero);
  int i;
  if (!ring || ring->head == ring->tail) return;
  bpf_for(i, 0, DISPATCH_DRAIN) {
    if (!apply_next(ring)) break;
  }
}

/*
 * True when `prev` is still the one to run: its deadline is earlier than that of whoever would be
 * next. One that is due a whole CPU goes on like this for ever, and would never hear of a change:
 * after one it waits for a decision.
 */
SCHEDD_INLINE bool goes_on(struct schedd_header* h, s32 cpu, struct task_struct* prev,
                           struct task_private* priv, struct schedd_slot* slot, u64 rival) {
  /* One that was never decided has no deadline that could be compared. */
  if (!priv || !slot || !slot->decided_weight || slot->yields || prev->tgid == h->daemon_tgid ||
      must_run_here(prev, slot) || !schedd_decision_stands(h, slot))
    return false;
  return (s64)(schedd_deadline_of_running(slot, vtime_floor_of(cpu),
                                          run_clock() - priv->run_began) -
               rival) < 0;
}

/*
 * True when a look into the queues would find what the last one did: that the task which runs here
 * is to go on. A task may yield a thousand times in a slice.
 */
SCHEDD_INLINE bool would_go_on(struct schedd_header* h, s32 cpu, u64 now) {
  struct schedd_cpu* record = cpu_at(cpu);
  struct schedd_slot* slot;
  if (!record || !record->rival || record->rival_at != SCHEDD_READ(&h->queued)) return false;
  slot = slot_at(record->slot);
  return slot && schedd_decision_stands(h, slot) &&
         (s64)(schedd_deadline_of_running(slot, record->vtime_floor, now - slot->running_since_ns) -
               record->rival) < 0;
}

/* The running task gets another slice. */
SCHEDD_INLINE void go_on(struct schedd_header* h, struct task_struct* prev,
                         struct task_private* priv, struct schedd_slot* slot, bool solo) {
  if (priv) {
    account_run(prev, priv, slot, bpf_ktime_get_ns());
    priv->solo = solo;
  }
  if (slot) slot_refresh(h, slot, prev);
  count(SCHEDD_COUNT_SLICE_REFILLS, 1);
  task_set_slice(prev, slice_of(h, slot));
}

/*
 * A CPU's virtual time is that of what it chooses. It also comes down again, when what was decided
 * is further behind than the order of service explains: the engine's virtual time is seconds behind
 * that of a queue which went on alone for as long. Left up there, the floor would put whoever wakes
 * behind all others for all these seconds, once the queue is alone again.
 */
SCHEDD_INLINE void move_vtime_floor(s32 cpu, u64 deadline, bool decided) {
  struct schedd_cpu* record = cpu_at(cpu);
  if (!record) return;
  if ((s64)(deadline - record->vtime_floor) > 0)
    record->vtime_floor = deadline;
  else if (decided && (s64)(record->vtime_floor - deadline) > SCHEDD_QUEUE_LEAD_NS)
    record->vtime_floor = deadline + SCHEDD_QUEUE_LEAD_NS;
}

/*
 * Decided or not, the earliest deadline runs: among those who wait and the task that has just used
 * its slice. Without the last, two tasks on a CPU would take turns whatever their weights, because
 * the one that runs is in no queue yet when the next is chosen. Callable from dispatch only.
 */
SCHEDD_INLINE void choose_next(struct schedd_header* h, s32 cpu, struct task_struct* prev) {
  bool may_go_on = prev && (prev->scx.flags & SCX_TASK_QUEUED);
  struct task_private* priv = may_go_on ? private_of(prev) : 0;
  struct schedd_slot* slot = slot_of(priv);
  struct queue_head ready, undecided;
  bool rare, ready_first, gives_way;
  struct schedd_cpu* record = cpu_at(cpu);
  u64 first;
  if (!record) return;
  gives_way = SCHEDD_READ(&record->give_way);
  if (gives_way) SCHEDD_WRITE(&record->give_way, 0);
  if (!somebody_queued(h)) {
    if (may_go_on) go_on(h, prev, priv, slot, true);
    return;
  }
  rare = rare_queues_used(h);
  /* A slice for the daemon, then one for somebody else: neither waits longer than that for the
   * other. */
  if (rare && !(prev && prev->tgid == h->daemon_tgid) && dsq_move_to_local(DSQ_DAEMON)) return;
  if (dsq_move_to_local(DSQ_CPU_BASE + cpu)) return;
  if (rare && dsq_move_to_local(DSQ_URGENT)) return;
  ready = dsq_look(DSQ_READY, cpu);
  undecided = dsq_look(DSQ_UNDECIDED, cpu);
  ready_first = ready.fits && !(undecided.fits && (s64)(undecided.deadline - ready.deadline) < 0);
  first = ready_first ? ready.deadline : undecided.deadline;
  if (ready.fits || undecided.fits) {
    if (may_go_on && !gives_way && goes_on(h, cpu, prev, priv, slot, first)) {
      record->rival = first;
      record->rival_at = record->looked_at;
      go_on(h, prev, priv, slot, false);
      return;
    }
    move_vtime_floor(cpu, first, ready_first);
  }
  if (ready_first && dsq_move_to_local(DSQ_READY)) return;
  if (undecided.any && dsq_move_to_local(DSQ_UNDECIDED)) return;
  if (ready.any && dsq_move_to_local(DSQ_READY)) return;
  if (rare && prev && prev->tgid == h->daemon_tgid && dsq_move_to_local(DSQ_DAEMON)) return;
  if (may_go_on) go_on(h, prev, priv, slot, true);
}

#endif /* SCHEDD_BPF_CHOOSING_BPF_H_ */
