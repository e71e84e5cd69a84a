/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events to the scheduling thread, and its decisions put into effect.
 */
#ifndef SCHEDD_BPF_TRANSPORT_BPF_H_
#define SCHEDD_BPF_TRANSPORT_BPF_H_

#include "bpf/lease.h"
#include "bpf/maps.bpf.h"
#include "bpf/preempting.bpf.h"

enum {
  /* A decision may overtake the insertion it answers: that is made after enqueue returns. */
  MOVE_TRIES = 8,
  /* Decisions put into effect in one go by a CPU that wants to run something. */
  DISPATCH_DRAIN = 16,
};

/* True while the scheduling thread is silent although events wait. Counts degraded time from the
 * first one. */
SCHEDD_INLINE bool is_degraded(struct schedd_header* h, struct schedd_event_ring* ring, u64 now) {
  u64 heartbeat = *(volatile u64*)&h->heartbeat_ns;
  u64 doorbell_ns = *(volatile u64*)&h->doorbell_ns;
  if (!schedd_event_backlog(ring)) return false;
  /* While it was parked it was not silent but asked to sleep: then the time since it was woken
   * counts. */
  if ((s64)(doorbell_ns - heartbeat) > 0) heartbeat = doorbell_ns;
  if ((s64)(now - heartbeat) <= (s64)h->decision_budget_ns) return false;
  if (!*(volatile u64*)&h->degraded_since_ns) SCHEDD_CAS(&h->degraded_since_ns, 0, now);
  return true;
}

SCHEDD_INLINE void ring_doorbell(struct schedd_header* h, u64 now) {
  u64 nothing = 0;
  if (!*(volatile u32*)&h->parked || this_cpu_is_offline() || !SCHEDD_EXCHANGE(&h->parked, 0))
    return;
  h->doorbell_ns = now;
  count(SCHEDD_COUNT_DOORBELLS, 1);
  bpf_ringbuf_output(&doorbell, &nothing, sizeof(nothing), BPF_RB_FORCE_WAKEUP);
}

SCHEDD_INLINE void send_event(struct schedd_header* h, struct schedd_slot* slot, u32 index,
                              u32 flags, u64 now) {
  u32 this_cpu = bpf_get_smp_processor_id();
  struct schedd_event_ring* ring = bpf_map_lookup_elem(&events, &this_cpu);
  struct schedd_event* event;
  if (!ring) return;
  if (is_degraded(h, ring, now)) {
    count(SCHEDD_COUNT_EVENTS_WITHHELD, 1);
    ring_doorbell(h, now);
    return;
  }
  event = schedd_event_reserve(ring);
  if (!event) {
    count(SCHEDD_COUNT_EVENTS_DROPPED, 1);
    ring_doorbell(h, now);
    return;
  }
  event->slot = index;
  event->seq = slot->seq;
  event->key = slot->key;
  event->flags = flags;
  event->time_ns = now;
  event->cpu = slot->cpu;
  schedd_event_publish(ring);
  count(SCHEDD_COUNT_EVENTS, 1);
  ring_doorbell(h, now);
}

/* Lets an idle CPU that may run p look into the queues. False when there is none. */
SCHEDD_INLINE bool kick_idle(struct task_struct* p) {
  s32 cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
  if (cpu < 0) return false;
  count(SCHEDD_COUNT_KICKS_IDLE, 1);
  kick_cpu(cpu, SCX_KICK_IDLE);
  return true;
}

/* True while `decision` speaks of the wait that the slot's task is in. */
SCHEDD_INLINE bool is_current(struct schedd_slot* slot, struct schedd_decision* decision) {
  return *(volatile u32*)&slot->key == decision->key &&
         (schedd_wait_is(slot, decision->seq, SCHEDD_TASK_UNDECIDED) ||
          schedd_wait_is(slot, decision->seq, SCHEDD_TASK_DECIDED));
}

/* Where a decision sends its task. */
SCHEDD_INLINE u64 destination(struct schedd_decision* decision, struct task_struct* p) {
  struct schedd_cpu* cpu;
  if (decision->flags & SCHEDD_DECISION_URGENT) return DSQ_URGENT;
  if (decision->cpu < 0) return DSQ_READY;
  cpu = cpu_at(decision->cpu);
  if (!cpu || cpu->offline || !bpf_cpumask_test_cpu(decision->cpu, p->cpus_ptr)) {
    count(SCHEDD_COUNT_DECISIONS_BOUNCED, 1);
    return DSQ_READY;
  }
  if ((decision->flags & SCHEDD_DECISION_PREEMPT) && cpu->protected_task) return DSQ_READY;
  return DSQ_CPU_BASE + decision->cpu;
}

SCHEDD_INLINE void wake_cpu_for(struct task_struct* p, struct schedd_decision* decision, u64 to) {
  if (to < DSQ_CPU_BASE) {
    kick_idle(p);
  } else if (decision->flags & SCHEDD_DECISION_PREEMPT) {
    take_cpu(decision->cpu, bpf_ktime_get_ns());
  } else {
    kick_cpu(decision->cpu, SCX_KICK_IDLE);
  }
}

/* Urgent ones in the order in which they began to wait, whatever their weight: else the lightest,
 * whose deadline is far, waits for them all. */
SCHEDD_INLINE u64 order_in(u64 dsq_id, struct schedd_slot* slot, struct schedd_decision* decision) {
  return dsq_id == DSQ_URGENT ? slot->waiting_since_ns : decision->deadline;
}

/* Before the task is moved: once it is, a CPU may run it at any time. */
SCHEDD_INLINE void note_decision(struct schedd_header* h, struct schedd_slot* slot,
                                 struct schedd_decision* decision, u64 to) {
  slot->slice_ns = decision->slice_ns;
  slot->deadline = decision->deadline;
  slot->generation = decision->generation;
  slot->decided_weight = decision->weight;
  slot->yields = (decision->flags & SCHEDD_DECISION_YIELDS) != 0;
  if (to == DSQ_URGENT) {
    note_rare(h);
    slot->urgent_seq = decision->seq;
  }
  schedd_lease_give(slot, decision, bpf_ktime_get_ns());
}

/*
 * Moves the task out of `from`, if the wait that the decision is for still goes on there. It cannot
 * reach a later wait: the iterator comes first, and through it the kernel refuses what was queued
 * after it was made; what was queued before has its number in the slot, which is looked at then.
 */
SCHEDD_INLINE bool move_wait(struct schedd_header* h, struct schedd_slot* slot,
                             struct schedd_decision* decision, struct task_struct* p, u64 from,
                             u64 to) {
  struct bpf_iter_scx_dsq it;
  bool moved = false;
  if (!bpf_iter_scx_dsq_new(&it, from, 0)) {
    bool first = from == DSQ_UNDECIDED;
    if (first ? schedd_wait_decide(slot, decision->seq)
              : schedd_wait_is(slot, decision->seq, SCHEDD_TASK_DECIDED)) {
      bool was_urgent = slot->urgent_seq == decision->seq;
      note_decision(h, slot, decision, to);
      moved = dsq_move(&it, p, to, decision->slice_ns, order_in(to, slot, decision));
      /* Unless the same decision, made twice, moved it before. */
      if (!moved && to == DSQ_URGENT && !was_urgent) slot->urgent_seq = decision->seq - 1;
      if (!moved && first) schedd_wait_undo(slot, decision->seq);
      if (moved) note_moved(h);
    }
  }
  bpf_iter_scx_dsq_destroy(&it);
  return moved;
}

SCHEDD_INLINE bool move_as_decided(struct schedd_header* h, struct schedd_slot* slot,
                                   struct schedd_decision* decision, struct task_struct* p,
                                   u64 to) {
  bool moved = false;
  int i;
  bpf_for(i, 0, MOVE_TRIES) {
    bool undecided = schedd_wait_is(slot, decision->seq, SCHEDD_TASK_UNDECIDED);
    moved = move_wait(h, slot, decision, p, undecided ? DSQ_UNDECIDED : DSQ_READY, to);
    if (moved || !is_current(slot, decision)) break;
  }
  return moved;
}

/* Puts one decision into effect. */
SCHEDD_INLINE void apply_decision(struct schedd_decision* decision) {
  struct schedd_header* h = get_header();
  struct schedd_slot* slot = slot_at(decision->slot);
  struct task_struct* p;
  bool moved = false;
  u64 to;
  if (!h || !slot || !is_current(slot, decision)) {
    count(SCHEDD_COUNT_DECISIONS_STALE, 1);
    return;
  }
  p = bpf_task_from_pid(slot->tid);
  if (p) {
    to = destination(decision, p);
    moved = move_as_decided(h, slot, decision, p, to);
    if (moved) wake_cpu_for(p, decision, to);
    bpf_task_release(p);
  }
  count(moved ? SCHEDD_COUNT_DECISIONS_APPLIED : SCHEDD_COUNT_DECISIONS_STALE, 1);
}

/* Takes the next decision and applies it. 0 when there is none. */
SCHEDD_INLINE int apply_next(struct schedd_decision_ring* ring) {
  struct schedd_decision decision;
  int taken = schedd_decision_take(ring, &decision);
  if (taken > 0) apply_decision(&decision);
  return taken;
}

#endif /* SCHEDD_BPF_TRANSPORT_BPF_H_ */
