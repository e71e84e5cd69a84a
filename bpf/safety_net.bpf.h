/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A timer that looks after what no callback would notice: CPUs that idle although tasks wait (one
 * may fall idle in the instant between a task's enqueue and its insertion, when nobody kicks it),
 * tasks left in the queue of a CPU that is offline, and a daemon that is gone.
 */
#ifndef SCHEDD_BPF_SAFETY_NET_BPF_H_
#define SCHEDD_BPF_SAFETY_NET_BPF_H_

#include "bpf/hotplug.bpf.h"
#include "bpf/orphan.bpf.h"

enum { NET_PERIOD_NS = 100 * 1000 * 1000 };

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

static int catch_stray(void* map, int* key, struct net* net) {
  struct schedd_header* h = get_header();
  bool waiting = somebody_waits();
  u32 cpu;
  if (!h) return 0;
  bpf_for(cpu, 0, h->nr_cpus) {
    struct schedd_cpu* record = cpu_at(cpu);
    if (!record) break;
    if (record->offline)
      rescue_from_offline(cpu);
    else if (waiting && record->idle)
      kick_cpu(cpu, SCX_KICK_IDLE);
  }
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
