/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Gives each task that enters the scheduler a slot, and takes it back. A task that gets none still
 * runs, from the kernel-side queue.
 */
#ifndef SCHEDD_BPF_TASK_SLOTS_BPF_H_
#define SCHEDD_BPF_TASK_SLOTS_BPF_H_

#include "bpf/maps.bpf.h"
#include "bpf/virtual_time.h"

SCHEDD_INLINE void slot_set_affinity(struct schedd_slot* slot, struct task_struct* p,
                                     const struct cpumask* mask) {
  u32 nr_cpus = scx_bpf_nr_cpu_ids();
  u32 words = (nr_cpus + 63) / 64;
  u32 i;
  /* Only the words that the kernel's masks have: they are as long as nr_cpu_ids needs, not
     NR_CPUS. */
  for (i = 0; i < SCHEDD_MASK_WORDS; i++) {
    u64 word = 0;
    if (i < words) bpf_probe_read_kernel(&word, sizeof(word), (const void*)mask + i * sizeof(word));
    slot->allowed[i] = word;
  }
  slot->nr_allowed = p->nr_cpus_allowed;
}

/* What a task may change without telling the scheduler. */
SCHEDD_INLINE void slot_refresh(struct schedd_header* h, struct schedd_slot* slot,
                                struct task_struct* p) {
  bool of_daemon = p->tgid == h->daemon_tgid;
  u32 i;
  /* Threads of a daemon that adopted the dispatcher had their slots before. */
  if (of_daemon != !!(slot->flags & SCHEDD_SLOT_DAEMON)) slot->flags ^= SCHEDD_SLOT_DAEMON;
  /* Plain loads, not helpers: this is done at each wakeup. A fault would read 0. */
  slot->uid = p->cred->uid.val;
  slot->cgroup_id = p->cgroups->dfl_cgrp->kn->id;
  for (i = 0; i < SCHEDD_COMM_LEN; i++) slot->comm[i] = p->comm[i];
  slot->nice = p->static_prio - 120; /* NICE_TO_PRIO */
}

/* Kernel threads on which the rest of the kernel, or this scheduler's own progress, depends. */
SCHEDD_INLINE bool is_vital_kthread(struct task_struct* p) {
  char comm[16];
  if (!(p->flags & PF_KTHREAD)) return false;
  bpf_core_read(comm, sizeof(comm), &p->comm);
  return bpf_strncmp(comm, 6, "kswapd") == 0 || bpf_strncmp(comm, 8, "kcompact") == 0 ||
         bpf_strncmp(comm, 10, "khugepaged") == 0 || bpf_strncmp(comm, 4, "rcu_") == 0;
}

/* The slot's counters start at 0 for every owner; its seq goes on, so that decisions for the last
 * owner stay stale. */
SCHEDD_INLINE void slot_clear(struct schedd_slot* slot) {
  u32 i;
  slot->state = SCHEDD_TASK_SLEEPING;
  slot->decided_weight = slot->yields = 0;
  /* No wait of this owner. */
  slot->urgent_seq = slot->unasked_seq = slot->leased_seq = slot->claimed_seq = slot->seq - 1;
  slot->waiting_since_ns = slot->running_since_ns = slot->woken_ns = 0;
  slot->run_ns = slot->solo_run_ns = slot->wait_ns = slot->awake_run_ns = 0;
  slot->overhead_ns = 0;
  slot->voluntary_switches = slot->involuntary_switches = 0;
  slot->wakeups = slot->migrations = 0;
  slot->slice_ns = slot->deadline = slot->generation = 0;
  slot->lease_until_ns = slot->asked_ns = 0;
  slot->sleep_floor = slot->slept_virtual_ns = 0;
  slot->sync_kept = 0;
  slot->latency_sum_ns = slot->latency_max_ns = 0;
  for (i = 0; i < SCHEDD_LATENCY_BUCKETS; i++) slot->latency_buckets[i] = 0;
}

SCHEDD_INLINE void slot_claim(struct schedd_header* h, struct task_private* priv,
                              struct task_struct* p) {
  u32 index;
  struct schedd_slot* slot;
  if (priv->slot != SCHEDD_NO_SLOT) return;
  index = schedd_slot_take(h, 0);
  slot = index == SCHEDD_NO_SLOT ? 0 : slot_at(index);
  if (!slot) {
    count(SCHEDD_COUNT_TABLE_FULL, 1);
    return;
  }
  SCHEDD_EXCHANGE(&slot->key, slot->key | 1);
  slot_clear(slot);
  slot->tid = p->pid;
  slot->tgid = p->tgid;
  slot->start_boottime_ns = p->start_boottime;
  slot->flags = 0;
  if (p->flags & PF_KTHREAD) slot->flags |= SCHEDD_SLOT_KTHREAD;
  if (is_vital_kthread(p)) slot->flags |= SCHEDD_SLOT_DIRECT;
  slot->cpu = scx_bpf_task_cpu(p);
  slot->weight = p->scx.weight;
  slot_refresh(h, slot, p);
  slot_set_affinity(slot, p, p->cpus_ptr);
  slot->deadline = schedd_deadline_of_new(h, slot->weight, vtime_floor_of(slot->cpu));
  SCHEDD_EXCHANGE(&slot->key, slot->key + 1);
  priv->slot = index;
}

SCHEDD_INLINE void slot_release(struct schedd_header* h, struct task_private* priv) {
  struct schedd_slot* slot = slot_of(priv);
  if (!slot) return;
  count(SCHEDD_COUNT_ENDED_RUN_NS, slot->run_ns);
  SCHEDD_EXCHANGE(&slot->key, slot->key + 1);
  slot->state = SCHEDD_TASK_FREE;
  SCHEDD_EXCHANGE(&slot->key, slot->key + 1);
  if (!schedd_slot_give(h, 0, priv->slot)) count(SCHEDD_COUNT_TABLE_FULL, 1);
  priv->slot = SCHEDD_NO_SLOT;
}

#endif /* SCHEDD_BPF_TASK_SLOTS_BPF_H_ */
