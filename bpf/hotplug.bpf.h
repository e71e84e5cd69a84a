/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUs that go out of service and come back while the dispatcher is attached.
 */
#ifndef SCHEDD_BPF_HOTPLUG_BPF_H_
#define SCHEDD_BPF_HOTPLUG_BPF_H_

#include "bpf/maps.bpf.h"

/*
 * Nobody looks into the own queue of a CPU that is offline, or that a real-time task holds: its
 * tasks go where any CPU finds them. Not callable from callbacks that hold a run queue's lock.
 */
SCHEDD_INLINE void rescue_from(u32 cpu) {
  enum { MOST = 4096 };
  struct bpf_iter_scx_dsq it;
  struct task_struct* p;
  int i;
  if (!scx_bpf_dsq_nr_queued(DSQ_CPU_BASE + cpu)) return;
  bpf_rcu_read_lock();
  bpf_iter_scx_dsq_new(&it, DSQ_CPU_BASE + cpu, 0);
  bpf_for(i, 0, MOST) {
    p = bpf_iter_scx_dsq_next(&it);
    if (!p) break;
    dsq_move_here(&it, p, DSQ_READY);
  }
  bpf_iter_scx_dsq_destroy(&it);
  bpf_rcu_read_unlock();
}

/*
 * A CPU on its way out of service chooses from no queue but its local one, and is not out before
 * every task that last ran there has left it. One that no other CPU may run would wait in a queue
 * of ours for ever, and the CPU with it; from the local queue the kernel sends it where it may be.
 * Callable as rescue_from().
 */
SCHEDD_INLINE void let_go_of_offline(u64 dsq_id) {
  enum { MOST = 4096 };
  struct bpf_iter_scx_dsq it;
  struct task_struct* p;
  int i;
  if (!scx_bpf_dsq_nr_queued(dsq_id)) return;
  bpf_rcu_read_lock();
  bpf_iter_scx_dsq_new(&it, dsq_id, 0);
  bpf_for(i, 0, MOST) {
    struct schedd_cpu* record;
    s32 cpu;
    p = bpf_iter_scx_dsq_next(&it);
    if (!p) break;
    cpu = scx_bpf_task_cpu(p);
    record = cpu_at(cpu);
    if (record && record->offline) dsq_move_here_to_local(&it, p, cpu);
  }
  bpf_iter_scx_dsq_destroy(&it);
  bpf_rcu_read_unlock();
}

SCHEDD_INLINE void note_offline(s32 cpu) {
  struct schedd_cpu* record = cpu_at(cpu);
  if (!record) return;
  /* First: from here on no decision goes there (one that does at this moment is found by the
   * timer). */
  SCHEDD_EXCHANGE(&record->offline, 1);
  record->idle = 0;
  record->slot = SCHEDD_NO_SLOT;
  rescue_from(cpu);
}

/* Those that were out of service before the dispatcher came. */
SCHEDD_INLINE void note_offline_ones(struct schedd_header* h) {
  const struct cpumask* online = scx_bpf_get_online_cpumask();
  u32 cpu;
  bpf_for(cpu, 0, h->nr_cpus) {
    struct schedd_cpu* record = cpu_at(cpu);
    if (record) record->offline = !bpf_cpumask_test_cpu(cpu, online);
  }
  scx_bpf_put_cpumask(online);
}

SCHEDD_INLINE void note_online(s32 cpu) {
  struct schedd_cpu* record = cpu_at(cpu);
  if (record) SCHEDD_EXCHANGE(&record->offline, 0);
}

#endif /* SCHEDD_BPF_HOTPLUG_BPF_H_ */
