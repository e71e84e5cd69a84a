/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A timer that looks after what no callback would notice: CPUs that idle although tasks wait (one
 * may fall idle in the instant between a task's enqueue and its insertion, when nobody kicks it),
 * tasks left in the queues of a CPU that is offline or taken by a higher class, tasks that wait
 * too long while the daemon is silent or a lease speaks for it, and a daemon that is gone.
 */
#ifndef SCHEDD_BPF_SAFETY_NET_BPF_H_
#define SCHEDD_BPF_SAFETY_NET_BPF_H_

#include "bpf/hotplug.bpf.h"
#include "bpf/orphan.bpf.h"

enum {
  NET_PERIOD_NS = 100 * 1000 * 1000,
};

struct net {
  struct bpf_timer timer;
  struct daemon_watch watch;
};
/* Pinned with the others: a timer ends with the last reference that user space has to its map. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct net);
} nets SEC(".maps");

/*
 * Where the daemon decides nothing (it is silent, or a lease speaks for it), nobody keeps its
 * starvation bound: the queues' order is one of virtual time, and next to a heavy task a light one
 * waits for as long as that one's virtual time takes to come so far, which at weight 10000 is a
 * hundred times as long. Callable as rescue_from().
 */
SCHEDD_INLINE void hurry_starved(struct schedd_header* h, u64 dsq_id, u64 now, bool only_leased) {
  enum { MOST = 4096 };
  /* Now, if the next look would be too late. */
  u64 due_since = now + NET_PERIOD_NS - h->starvation_bound_ns;
  struct bpf_iter_scx_dsq it;
  struct task_struct* p;
  int i;
  if (!scx_bpf_dsq_nr_queued(dsq_id)) return;
  bpf_rcu_read_lock();
  bpf_iter_scx_dsq_new(&it, dsq_id, 0);
  bpf_for(i, 0, MOST) {
    struct schedd_slot* slot;
    u32 seq;
    p = bpf_iter_scx_dsq_next(&it);
    if (!p) break;
    slot = slot_of(private_of(p));
    if (!slot || !slot->waiting_since_ns || (s64)(slot->waiting_since_ns - due_since) > 0) continue;
    if (only_leased && slot->leased_seq != slot->seq) continue;
    seq = slot->seq;
    slot->urgent_seq = seq; /* before a CPU may run it */
    note_rare(h);
    /* A decision may have moved it just now: then it is as urgent as that one said. */
    if (!dsq_move_here_as(&it, p, DSQ_URGENT, slot->waiting_since_ns)) slot->urgent_seq = seq - 1;
  }
  bpf_iter_scx_dsq_destroy(&it);
  bpf_rcu_read_unlock();
}

static int catch_stray(void* map, int* key, struct net* net) {
  struct schedd_header* h = get_header();
  bool waiting = somebody_waits(), any_offline = false, degraded;
  u64 now;
  u32 cpu;
  if (!h) return 0;
  bpf_for(cpu, 0, h->nr_cpus) {
    struct schedd_cpu* record = cpu_at(cpu);
    if (!record) break;
    if (record->offline || is_taken(record)) {
      rescue_from(cpu);
      /* cpu_release comes only when the higher class takes the CPU from a task of ours: not when it
       * woke while the CPU, idle till then, was fetching a task from another CPU's run queue. */
      if (!record->offline) reenqueue_local_of(cpu);
    }
    if (record->offline) {
      any_offline = true;
      /* The last task may have left it from afar, when it idled already: it has to look again to
       * notice that it is empty, and may go. This may be that CPU itself, which kick_cpu() would
       * spare: but one that still runs timers takes interrupts, too. */
      scx_bpf_kick_cpu(cpu, 0);
    } else if (waiting && record->idle) {
      kick_cpu(cpu, SCX_KICK_IDLE);
    }
  }
  if (any_offline) {
    let_go_of_offline(DSQ_READY);
    let_go_of_offline(DSQ_UNDECIDED);
    let_go_of_offline(DSQ_URGENT);
    let_go_of_offline(DSQ_DAEMON);
  }
  now = bpf_ktime_get_ns();
  degraded = *(volatile u64*)&h->degraded_since_ns;
  if (degraded) hurry_starved(h, DSQ_UNDECIDED, now, false);
  hurry_starved(h, DSQ_READY, now, !degraded);
  look_after_rare_queues(h);
  check_daemon(h, &net->watch);
  bpf_timer_start(&net->timer, NET_PERIOD_NS, 0);
  return 0;
}

SCHEDD_INLINE s32 start_net(void) {
  u32 zero = 0;
  struct net* net = bpf_map_lookup_elem(&nets, &zero);
  s32 error;
  if (!net) return -2;
  error = bpf_timer_init(&net->timer, &nets, 1 /* CLOCK_MONOTONIC */);
  if (error) return error;
  error = bpf_timer_set_callback(&net->timer, catch_stray);
  return error ? error : bpf_timer_start(&net->timer, NET_PERIOD_NS, 0);
}

#endif /* SCHEDD_BPF_SAFETY_NET_BPF_H_ */
