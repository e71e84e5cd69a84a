/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dispatcher: sched_ext callbacks that carry out what the daemon decides, and go on without it
 * when it is silent.
 *
 * Mechanism only. Which task comes first, for how long, and whom it may preempt is decided in
 * server/policy; here a task waits in a queue ordered by the deadline it was given. See abi.h for
 * the life of a decision and docs/life_of_a_task.md for a walk through.
 */
#include "bpf/choosing.bpf.h"
#include "bpf/lease.bpf.h"
#include "bpf/safety_net.bpf.h"
#include "bpf/sleep.h"
#include "bpf/sync.h"

char LICENSE[] SEC("license") = "GPL";

/*
 * Whether p, which the task that runs here wakes synchronously, is to run in its place. Not while
 * others wait: who comes next is then a matter of deadlines. In an interrupt the task that runs is
 * not the waker; it will not be found to keep the word that others gave.
 */
SCHEDD_INLINE bool runs_in_wakers_place(struct schedd_header* h, struct task_struct* p, s32 cpu) {
  struct schedd_cpu* record = cpu_at(cpu);
  struct schedd_slot* waker;
  if (!record || !record->running || record->offline) return false;
  waker = slot_at(record->slot);
  return waker && schedd_sync_begin(record, run_clock()) && schedd_sync_trusted(waker) &&
         !somebody_queued(h) && bpf_cpumask_test_cpu(cpu, p->cpus_ptr);
}

SEC("struct_ops/schedd_select_cpu")
s32 BPF_PROG(schedd_select_cpu, struct task_struct* p, s32 prev_cpu, u64 wake_flags) {
  struct schedd_header* h = get_header();
  struct task_private* priv = private_of(p);
  struct schedd_slot* slot = slot_of(priv);
  s32 cpu = bpf_get_smp_processor_id();
  bool idle = false;
  if (h && (wake_flags & SCX_WAKE_SYNC) && p->tgid != h->daemon_tgid && !h->all_decisions &&
      runs_in_wakers_place(h, p, cpu)) {
    count(SCHEDD_COUNT_RUN_DIRECT_SYNC, 1);
    mark_direct(priv, slot);
    if (priv) priv->solo = 1;
    dsq_insert(p, SCX_DSQ_LOCAL, slice_of(h, slot), 0);
    return cpu;
  }
  cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);
  if (!idle || !h) return cpu;
  if (p->tgid == h->daemon_tgid) {
    count(SCHEDD_COUNT_RUN_DAEMON, 1);
    mark_direct(priv, slot);
    dsq_insert(p, SCX_DSQ_LOCAL, h->protected_slice_ns, 0);
  } else if (!h->all_decisions) {
    count(SCHEDD_COUNT_RUN_DIRECT_IDLE, 1);
    mark_direct(priv, slot);
    if (priv) priv->solo = 1;
    dsq_insert(p, SCX_DSQ_LOCAL, slice_of(h, slot), 0);
  } else {
    /* The idle mark is taken: enqueue, which comes next, cannot find this CPU any more. */
    kick_cpu(cpu, SCX_KICK_IDLE);
  }
  return cpu;
}

SEC("struct_ops/schedd_enqueue")
void BPF_PROG(schedd_enqueue, struct task_struct* p, u64 enq_flags) {
  struct schedd_header* h = get_header();
  struct task_private* priv = private_of(p);
  struct schedd_slot* slot = slot_of(priv);
  if (!h) return;
  if (p->tgid == h->daemon_tgid) {
    enqueue_daemon(h, p, priv, slot, enq_flags);
  } else if (must_run_here(p, slot)) {
    count(SCHEDD_COUNT_RUN_DIRECT_KTHREAD, 1);
    mark_direct(priv, slot);
    /* The kernel's own progress waits for the vital ones; other bound threads wait for the end of a
     * slice. */
    if (slot && (slot->flags & SCHEDD_SLOT_DIRECT) && (enq_flags & SCX_ENQ_WAKEUP))
      enq_flags |= SCX_ENQ_PREEMPT;
    dsq_insert(p, SCX_DSQ_LOCAL, h->base_slice_ns, enq_flags);
    kick_idle(p);
  } else {
    u64 now = bpf_ktime_get_ns();
    if (priv && slot && ((enq_flags & SCX_ENQ_WAKEUP) || priv->cut) && !h->all_decisions &&
        schedd_lease_holds(h, slot, now))
      enqueue_leased(h, p, priv, slot, enq_flags, now);
    else
      enqueue_undecided(h, p, priv, slot, enq_flags, now);
  }
}

SEC("struct_ops/schedd_dispatch")
void BPF_PROG(schedd_dispatch, s32 cpu, struct task_struct* prev) {
  struct schedd_header* h = get_header();
  if (!h) return;
  drain_decisions();
  note_look(h, cpu);
  choose_next(h, cpu, prev);
}

SEC("struct_ops/schedd_runnable")
void BPF_PROG(schedd_runnable, struct task_struct* p, u64 enq_flags) {
  struct schedd_header* h = get_header();
  struct schedd_slot* slot = slot_of(private_of(p));
  u64 now;
  if (!h || !slot) return;
  now = bpf_ktime_get_ns();
  slot->waiting_since_ns = now;
  if (!(enq_flags & SCX_ENQ_WAKEUP) && slot->wakeups) return;
  slot->wakeups++;
  slot->woken_ns = now;
  slot->awake_run_ns = 0;
  schedd_sleep_end(slot, vtime_floor_of(slot->cpu));
  slot_refresh(h, slot, p);
}

/* The CPU took the task from a queue where it waited for a decision. */
SCHEDD_INLINE void note_chosen(struct schedd_header* h, struct schedd_slot* slot, s32 cpu,
                               u64 now) {
  if (slot->state == SCHEDD_TASK_DECIDED) {
    count(SCHEDD_COUNT_RUN_DECIDED, 1);
    /* For a wait under a lease nobody was asked. */
    if (slot->leased_seq != slot->seq) schedd_note_decision_latency(cpu, now - slot->asked_ns);
    return;
  }
  slot->unasked_seq = slot->seq;
  count(SCHEDD_COUNT_RUN_UNDECIDED, 1);
  if (*(volatile u64*)&h->degraded_since_ns) count(SCHEDD_COUNT_RUN_DEGRADED, 1);
}

SEC("struct_ops/schedd_running")
void BPF_PROG(schedd_running, struct task_struct* p) {
  struct schedd_header* h = get_header();
  struct task_private* priv = private_of(p);
  struct schedd_slot* slot = slot_of(priv);
  u64 now = bpf_ktime_get_ns();
  s32 this_cpu = scx_bpf_task_cpu(p);
  struct schedd_cpu* cpu = cpu_at(this_cpu);
  if (!h) return;
  note_taken(h, priv);
  if (priv) priv->cut = 0;
  account_switch(p, priv, cpu);
  if (cpu) {
    cpu->running = 1;
    cpu->slot = slot ? priv->slot : SCHEDD_NO_SLOT;
    cpu->slot_key = slot ? slot->key : 0;
    cpu->since_ns = now;
    cpu->sync_woke_ns = 0;
    cpu->rival = 0;
    cpu->protected_task = p->tgid == h->daemon_tgid || must_run_here(p, slot);
  }
  if (!slot) return;
  if (!priv->direct) note_chosen(h, slot, this_cpu, now);
  account_start(slot, this_cpu, now);
}

SEC("struct_ops/schedd_stopping")
void BPF_PROG(schedd_stopping, struct task_struct* p, bool runnable) {
  struct task_private* priv = private_of(p);
  struct schedd_slot* slot = slot_of(priv);
  struct schedd_cpu* cpu = cpu_at(scx_bpf_task_cpu(p));
  u64 now = bpf_ktime_get_ns();
  if (cpu) {
    cpu->running = 0;
    cpu->slot = SCHEDD_NO_SLOT;
    cpu->protected_task = 0;
  }
  if (!priv) return;
  account_run(p, priv, slot, now);
  if (cpu) cpu->run_ended = priv->run_began;
  priv->run_began = 0;
  if (!slot) return;
  if (cpu) schedd_sync_end(cpu, slot, !runnable, run_clock());
  if (runnable) {
    priv->cut = cpu && now - cpu->since_ns < slot->slice_ns;
    slot->involuntary_switches++;
    slot->waiting_since_ns = now;
    /* When a higher class took the CPU it waits at the head of the CPU's local queue; else enqueue
     * comes next. */
    mark_direct(priv, slot);
  } else {
    slot->state = SCHEDD_TASK_SLEEPING;
  }
}

/* A waker that does not sleep as it said: who was to run in its place does so now. And so does one
 * that woke when it might take no CPU. */
SEC("struct_ops/schedd_tick")
void BPF_PROG(schedd_tick, struct task_struct* p) {
  struct schedd_header* h = get_header();
  s32 cpu = scx_bpf_task_cpu(p);
  struct schedd_cpu* record = cpu_at(cpu);
  u64 now;
  if (!h || !record) return;
  if (schedd_sync_broken(record, run_clock()) && scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL) > 0) {
    task_set_slice(p, 0);
    return;
  }
  if (h->all_decisions || !somebody_queued(h)) return;
  now = bpf_ktime_get_ns();
  if (!may_be_taken_by_one_of(DSQ_READY, cpu, now) &&
      !may_be_taken_by_one_of(DSQ_UNDECIDED, cpu, now))
    return;
  schedd_note_preempt(record, now);
  SCHEDD_WRITE(&record->give_way, 1);
  task_set_slice(p, 0);
}

SEC("struct_ops/schedd_quiescent")
void BPF_PROG(schedd_quiescent, struct task_struct* p, u64 deq_flags) {
  struct schedd_header* h = get_header();
  struct task_private* priv = private_of(p);
  struct schedd_slot* slot = slot_of(priv);
  if (h) note_taken(h, priv);
  if (!slot) return;
  account_wait(slot, bpf_ktime_get_ns());
  slot->state = SCHEDD_TASK_SLEEPING;
  /* Not when it leaves only to come back with another affinity or priority. */
  if (deq_flags & SCX_DEQ_SLEEP) {
    slot->voluntary_switches++;
    schedd_sleep_begin(slot, vtime_floor_of(slot->cpu));
  }
}

SEC("struct_ops/schedd_set_weight")
void BPF_PROG(schedd_set_weight, struct task_struct* p, u32 weight) {
  struct schedd_slot* slot = slot_of(private_of(p));
  if (!slot) return;
  slot->weight = weight;
  slot->nice = p->static_prio - 120;
  slot->lease_until_ns = 0;
}

SEC("struct_ops/schedd_set_cpumask")
void BPF_PROG(schedd_set_cpumask, struct task_struct* p, const struct cpumask* cpumask) {
  struct schedd_slot* slot = slot_of(private_of(p));
  if (!slot) return;
  slot_set_affinity(slot, p, cpumask);
  slot->lease_until_ns = 0;
}

SEC("struct_ops/schedd_update_idle")
void BPF_PROG(schedd_update_idle, s32 cpu, bool idle) {
  struct schedd_header* h = get_header();
  struct schedd_cpu* record = cpu_at(cpu);
  if (!h || !record) return;
  record->idle = idle;
  record->run_ended = 0;
  /* Somebody may have queued a task after this CPU looked and before it was marked idle. The CPU is
     told of the change from task to idle only, so tasks that it may not run do not keep it
     spinning. */
  if (idle && !record->offline && SCHEDD_READ(&h->queued) != record->looked_at)
    kick_cpu(cpu, SCX_KICK_IDLE);
}

/*
 * sched_yield(): while nobody waits that could come instead, the task goes on at once. Without this
 * callback the kernel would end its slice, and the CPU look into all queues only to find it again.
 */
SEC("struct_ops/schedd_yield")
bool BPF_PROG(schedd_yield, struct task_struct* from, struct task_struct* to) {
  struct schedd_header* h = get_header();
  if (to) return false; /* to a certain task: not offered, as by the kernel's default */
  if (!h || scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL) ||
      (somebody_queued(h) && !would_go_on(h, scx_bpf_task_cpu(from), bpf_ktime_get_ns())))
    task_set_slice(from, 0);
  return true;
}

/* A higher class (real-time) takes the CPU, maybe for good: who waits at it may run elsewhere. */
SEC("struct_ops/schedd_cpu_release")
void BPF_PROG(schedd_cpu_release, s32 cpu) {
  struct schedd_cpu* record = cpu_at(cpu);
  if (record) record->run_ended = 0;
  scx_bpf_reenqueue_local();
}

SEC("struct_ops.s/schedd_cpu_online")
void BPF_PROG(schedd_cpu_online, s32 cpu) { note_online(cpu); }

SEC("struct_ops.s/schedd_cpu_offline")
void BPF_PROG(schedd_cpu_offline, s32 cpu) { note_offline(cpu); }

SEC("struct_ops.s/schedd_init_task")
s32 BPF_PROG(schedd_init_task, struct task_struct* p) {
  struct task_private* priv =
      bpf_task_storage_get(&task_privates, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
  /* Without it the task runs unseen: no reason to fail its fork. */
  if (priv) priv->slot = SCHEDD_NO_SLOT;
  return 0;
}

SEC("struct_ops/schedd_enable")
void BPF_PROG(schedd_enable, struct task_struct* p) {
  struct schedd_header* h = get_header();
  struct task_private* priv = private_of(p);
  if (h && priv) slot_claim(h, priv, p);
}

SEC("struct_ops/schedd_disable")
void BPF_PROG(schedd_disable, struct task_struct* p) {
  struct schedd_header* h = get_header();
  struct task_private* priv = private_of(p);
  struct schedd_cpu* cpu = cpu_at(scx_bpf_task_cpu(p));
  /* It may run on, in a class above this one. */
  if (cpu) cpu->run_ended = 0;
  if (h) note_taken(h, priv);
  if (h && priv) slot_release(h, priv);
}

SEC("struct_ops/schedd_exit_task")
void BPF_PROG(schedd_exit_task, struct task_struct* p) {
  struct schedd_header* h = get_header();
  struct task_private* priv = private_of(p);
  if (h) note_taken(h, priv);
  if (h && priv) slot_release(h, priv);
}

SEC("struct_ops.s/schedd_init")
s32 BPF_PROG(schedd_init) {
  struct schedd_header* h = get_header();
  s32 error;
  u32 cpu;
  if (!h || h->abi_version != SCHEDD_ABI_VERSION) return -71; /* EPROTO */
  error = scx_bpf_create_dsq(DSQ_URGENT, -1);
  if (!error) error = scx_bpf_create_dsq(DSQ_DAEMON, -1);
  if (!error) error = scx_bpf_create_dsq(DSQ_READY, -1);
  if (!error) error = scx_bpf_create_dsq(DSQ_UNDECIDED, -1);
  if (error) return error;
  bpf_for(cpu, 0, h->nr_cpus) {
    struct schedd_cpu* record = cpu_at(cpu);
    if (record) record->slot = SCHEDD_NO_SLOT;
    error = scx_bpf_create_dsq(DSQ_CPU_BASE + cpu, -1);
    if (error) return error;
  }
  note_offline_ones(h);
  return start_net();
}

SEC("struct_ops/schedd_exit")
void BPF_PROG(schedd_exit, struct scx_exit_info* info) {
  struct schedd_header* h = get_header();
  u32 zero = 0;
  char* dump = bpf_map_lookup_elem(&exit_dump, &zero);
  if (!h) return;
  if (dump && info->dump) bpf_probe_read_kernel_str(dump, SCHEDD_DUMP_LEN, info->dump);
  bpf_probe_read_kernel_str(h->exit_reason, sizeof(h->exit_reason), info->reason);
  bpf_probe_read_kernel_str(h->exit_message, sizeof(h->exit_message), info->msg);
  h->exit_code = info->exit_code;
  SCHEDD_EXCHANGE(&h->exit_kind, info->kind);
}

/* Run by the scheduling thread after it wrote decisions: one system call for all of them. */
SEC("syscall")
int schedd_commit(void* context) {
  u32 zero = 0;
  struct schedd_decision_ring* ring = bpf_map_lookup_elem(&decisions, &zero);
  int i;
  if (!ring) return 0;
  bpf_for(i, 0, SCHEDD_DECISION_RING_SIZE) {
    int more;
    bpf_rcu_read_lock();
    more = apply_next(ring);
    bpf_rcu_read_unlock();
    if (!more) break;
  }
  return 0;
}

SEC(".struct_ops.link")
struct sched_ext_ops schedd_ops = {
    .select_cpu = (void*)schedd_select_cpu,
    .enqueue = (void*)schedd_enqueue,
    .dispatch = (void*)schedd_dispatch,
    .yield = (void*)schedd_yield,
    .runnable = (void*)schedd_runnable,
    .running = (void*)schedd_running,
    .stopping = (void*)schedd_stopping,
    .tick = (void*)schedd_tick,
    .quiescent = (void*)schedd_quiescent,
    .set_weight = (void*)schedd_set_weight,
    .set_cpumask = (void*)schedd_set_cpumask,
    .update_idle = (void*)schedd_update_idle,
    .cpu_release = (void*)schedd_cpu_release,
    .cpu_online = (void*)schedd_cpu_online,
    .cpu_offline = (void*)schedd_cpu_offline,
    .init_task = (void*)schedd_init_task,
    .exit_task = (void*)schedd_exit_task,
    .enable = (void*)schedd_enable,
    .disable = (void*)schedd_disable,
    .init = (void*)schedd_init,
    .exit = (void*)schedd_exit,
    .name = "schedd", /* the rest is set at load */
};
