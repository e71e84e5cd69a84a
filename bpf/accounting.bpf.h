/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who ran, waited and woke, and for how long: fills the slots and the CPU records. Each nanosecond
 * that a task runs is added once, at the end of the run (or of a prolonged slice), to its slot and
 * to the CPU's counters.
 */
#ifndef SCHEDD_BPF_ACCOUNTING_BPF_H_
#define SCHEDD_BPF_ACCOUNTING_BPF_H_

#include "bpf/histogram.h"
#include "bpf/maps.bpf.h"
#include "bpf/virtual_time.h"

/* ns; longer than any switch takes. Of idleness the kernel says nothing while it bypasses the
 * scheduler (attach, suspend): a gap beyond this is no switch. */
enum { MOST_SWITCH_NS = 10 * 1000 * 1000 };

/*
 * Begins a run. The kernel's clock of the run queue is read anew when the choice of the task let go
 * of its lock (to fetch it from another CPU): the time of the choice would be charged to nobody.
 */
SCHEDD_INLINE void account_switch(struct task_struct* p, struct task_private* priv,
                                  struct schedd_cpu* cpu) {
  u64 clock = run_clock();
  u64 ended = cpu ? cpu->run_ended : 0;
  u64 switch_ns = ended && clock - ended < MOST_SWITCH_NS ? clock - ended : 0;
  if (cpu) cpu->run_ended = 0;
  if (!priv) return;
  priv->run_began = clock - switch_ns;
  priv->executed_ns = p->se.sum_exec_runtime;
}

/*
 * What of the `ran` ns till `now`, the task's present run, it executed. The kernel's account leaves
 * out interrupts, which may take all of a short turn, but begins before the switch; our clock is
 * read when that is over.
 */
SCHEDD_INLINE u64 executed_of(u64 ran, u64 charged, struct schedd_slot* slot, u64 now) {
  u64 elapsed = now - slot->running_since_ns;
  u64 executed = ran < charged ? ran : charged;
  return executed < elapsed ? executed : elapsed;
}

/* Ends the present run and begins another one, at `now` on CLOCK_MONOTONIC. */
SCHEDD_INLINE void account_run(struct task_struct* p, struct task_private* priv,
                               struct schedd_slot* slot, u64 now) {
  u64 clock = run_clock();
  u64 ran = clock - priv->run_began;
  u64 charged = p->se.sum_exec_runtime - priv->executed_ns;
  if (!priv->run_began || (s64)ran < 0) return;
  priv->run_began = clock;
  priv->executed_ns += charged;
  count(SCHEDD_COUNT_RUN_NS, ran);
  if (!slot) {
    count(SCHEDD_COUNT_NO_SLOT_RUN_NS, ran);
    return;
  }
  slot->run_ns += ran;
  slot->overhead_ns += ran - executed_of(ran, charged, slot, now);
  if (priv->solo) slot->solo_run_ns += ran;
  slot->running_since_ns = now;
  slot->awake_run_ns += ran;
  /* Keeps the order of the kernel-side queue meaningful while no decision comes. */
  slot->deadline += schedd_virtual_ns(slot, ran);
}

SCHEDD_INLINE void account_wait(struct schedd_slot* slot, u64 now) {
  if (slot->waiting_since_ns && (s64)(now - slot->waiting_since_ns) > 0)
    slot->wait_ns += now - slot->waiting_since_ns;
  slot->waiting_since_ns = 0;
}

SCHEDD_INLINE void account_wakeup_latency(struct schedd_slot* slot, u64 now) {
  u64 latency = now - slot->woken_ns;
  u32 bucket;
  if (!slot->woken_ns || (s64)latency < 0) return;
  slot->woken_ns = 0;
  slot->latency_sum_ns += latency;
  if (latency > slot->latency_max_ns) slot->latency_max_ns = latency;
  bucket = schedd_latency_bucket(latency);
  if (bucket < SCHEDD_LATENCY_BUCKETS) slot->latency_buckets[bucket]++;
}

/*
 * A wait that a decision placed ended on this CPU. A function of its own, not inlined: the verifier
 * would walk the branches of the bucket's search once more for each state that led here. Called on
 * that CPU with its run queue locked: nobody else writes these words.
 */
__attribute__((noinline)) int schedd_note_decision_latency(s32 cpu, u64 latency) {
  struct schedd_cpu* record = cpu_at(cpu);
  u64 bucket;
  if (!record || (s64)latency < 0) return 0;
  record->decision_latency_sum_ns += latency;
  if (latency > record->decision_latency_max_ns) record->decision_latency_max_ns = latency;
  bucket = schedd_latency_bucket(latency);
  barrier_var(bucket); /* the compiler knows the range and would leave out the check */
  if (bucket < SCHEDD_LATENCY_BUCKETS) record->decision_latency_buckets[bucket]++;
  return 0;
}

/* The task got the CPU. */
SCHEDD_INLINE void account_start(struct schedd_slot* slot, s32 cpu, u64 now) {
  account_wait(slot, now);
  account_wakeup_latency(slot, now);
  if (slot->cpu != cpu) {
    if (slot->run_ns) slot->migrations++;
    slot->cpu = cpu;
  }
  slot->running_since_ns = now;
  slot->state = SCHEDD_TASK_RUNNING;
}

#endif /* SCHEDD_BPF_ACCOUNTING_BPF_H_ */
