/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dispatcher's maps: the shared memory of abi.h, the doorbell, and what the dispatcher keeps of
 * each task for itself. Sizes marked "set at load" are written by the daemon before it loads the
 * object.
 */
#ifndef SCHEDD_BPF_MAPS_BPF_H_
#define SCHEDD_BPF_MAPS_BPF_H_

#include "bpf/kfuncs.bpf.h"
#include "bpf/wait.h"

/* Queues (DSQs) of our own. A CPU looks into its own one (of preemptions) and the urgent one first;
 * between ready and undecided the earlier deadline wins (choosing.bpf.h). */
enum {
  DSQ_URGENT = 1,
  DSQ_READY = 2,
  DSQ_UNDECIDED = 3,
  /* Threads of the daemon that have used their slice, first come, first served. Not among the
   * others by virtual time: weights set through the daemon would decide how long it waits itself.
   */
  DSQ_DAEMON = 4,
  DSQ_CPU_BASE = 0x10000, /* one a CPU */
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct schedd_header);
} header SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 16384); /* set at load */
  __type(key, u32);
  __type(value, struct schedd_slot);
} slots SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1); /* set at load: nr_cpu_ids */
  __type(key, u32);
  __type(value, struct schedd_cpu);
} cpus SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1); /* set at load: nr_cpu_ids */
  __type(key, u32);
  __type(value, struct schedd_event_ring);
} events SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct schedd_decision_ring);
} decisions SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, char[SCHEDD_DUMP_LEN]);
} exit_dump SEC(".maps");

/* Carries no data: writing to it wakes the scheduling thread. One page, the least there is. */
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} doorbell SEC(".maps");

/* What belongs to a task and is nobody else's business. */
struct task_private {
  u32 slot;        /* SCHEDD_NO_SLOT for none */
  u32 direct;      /* the queue it is in was chosen by the dispatcher, not by a decision */
  u32 solo;        /* nobody else wanted the CPU when its present run was granted */
  u32 cut;         /* its last run ended before its slice did, and it did not want that */
  u32 counted;     /* it is one of those that wait by header.queued and taken */
  u64 run_began;   /* run_clock() at the start of its present run; 0 while it does not run */
  u64 executed_ns; /* the kernel's account of its CPU time then */
};
struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct task_private);
} task_privates SEC(".maps");

SCHEDD_INLINE struct schedd_header* get_header(void) {
  u32 zero = 0;
  return bpf_map_lookup_elem(&header, &zero);
}

SCHEDD_INLINE struct schedd_slot* slot_at(u32 index) { return bpf_map_lookup_elem(&slots, &index); }

SCHEDD_INLINE struct schedd_cpu* cpu_at(u32 cpu) { return bpf_map_lookup_elem(&cpus, &cpu); }

/* Where the queue of a CPU has come to, virtual. CPUs' virtual times go apart: never compare one's
 * with another's. */
SCHEDD_INLINE u64 vtime_floor_of(s32 cpu) {
  struct schedd_cpu* record = cpu_at(cpu);
  return record ? record->vtime_floor : 0;
}

SCHEDD_INLINE struct task_private* private_of(struct task_struct* p) {
  return bpf_task_storage_get(&task_privates, p, 0, 0);
}

SCHEDD_INLINE struct schedd_slot* slot_of(struct task_private* priv) {
  return priv && priv->slot != SCHEDD_NO_SLOT ? slot_at(priv->slot) : 0;
}

/* Tasks that wait in queues which any CPU may serve. */
SCHEDD_INLINE bool somebody_waits(void) {
  return scx_bpf_dsq_nr_queued(DSQ_READY) || scx_bpf_dsq_nr_queued(DSQ_UNDECIDED) ||
         scx_bpf_dsq_nr_queued(DSQ_URGENT) || scx_bpf_dsq_nr_queued(DSQ_DAEMON);
}

/*
 * The urgent queue and that of the daemon's threads are empty nearly always: a CPU looks there only
 * while they are in use. Said before a task is inserted; taken back by the timer when it found both
 * empty twice, so a CPU that is stopped for longer between the two (a virtual one may be) costs its
 * task the time until the timer's next look.
 */
enum { RARE_LOOKS = 2 };
SCHEDD_INLINE void note_rare(struct schedd_header* h) { SCHEDD_WRITE(&h->rare, RARE_LOOKS); }

SCHEDD_INLINE bool rare_queues_used(struct schedd_header* h) { return SCHEDD_READ(&h->rare); }

SCHEDD_INLINE void look_after_rare_queues(struct schedd_header* h) {
  u32 rare = SCHEDD_READ(&h->rare);
  if (scx_bpf_dsq_nr_queued(DSQ_URGENT) > 0 || scx_bpf_dsq_nr_queued(DSQ_DAEMON) > 0)
    note_rare(h);
  else if (rare)
    SCHEDD_CAS(&h->rare, rare, rare - 1);
}

/*
 * A task is about to come to one of these queues, or to a CPU's own. A CPU that went idle since it
 * looked sees that by the count, and looks again: whoever queues finds no idle CPU to kick until
 * the kernel has marked it so.
 */
SCHEDD_INLINE void note_queued(struct schedd_header* h, struct task_private* priv) {
  bool again = priv && priv->counted;
  SCHEDD_ADD(&h->queued, 1);
  if (again)
    SCHEDD_ADD(&h->taken, 1);
  else if (priv)
    priv->counted = 1;
  /* Without private data nobody would take it off: from then on somebody waits for ever, and every
   * look goes into the queues. */
}

/* It runs, or wants no CPU any more. Called with the lock of its run queue held, as note_queued()
 * is: nobody else counts it. */
SCHEDD_INLINE void note_taken(struct schedd_header* h, struct task_private* priv) {
  if (!priv || !priv->counted) return;
  priv->counted = 0;
  SCHEDD_ADD(&h->taken, 1);
}

/* Has just been moved from one queue to another. */
SCHEDD_INLINE void note_moved(struct schedd_header* h) {
  SCHEDD_ADD(&h->queued, 1);
  SCHEDD_ADD(&h->taken, 1);
}

/*
 * Whether a task may wait in any queue of ours, a CPU's own or one for all. To ask the queues
 * themselves costs a search for each. Never wrong when it says no: a task is counted before it is
 * queued, and the older half is read first.
 */
SCHEDD_INLINE bool somebody_queued(struct schedd_header* h) {
  u64 taken = SCHEDD_READ(&h->taken);
  return SCHEDD_READ(&h->queued) != taken;
}

/* Before a CPU looks. The exchange is a full barrier: what was queued before the count is seen. */
SCHEDD_INLINE void note_look(struct schedd_header* h, s32 cpu) {
  struct schedd_cpu* record = cpu_at(cpu);
  if (record) SCHEDD_EXCHANGE(&record->looked_at, SCHEDD_READ(&h->queued));
}

/* Adds to a counter of the CPU that executes this. */
SCHEDD_INLINE void count(enum schedd_counter counter, u64 n) {
  struct schedd_cpu* cpu = cpu_at(bpf_get_smp_processor_id());
  if (cpu) SCHEDD_ADD(&cpu->counters[counter], n);
}

/* A task of a higher class runs there: what is put into its local queue waits for that one's end.
 * Also true in the middle of a switch. */
SCHEDD_INLINE bool is_taken(struct schedd_cpu* cpu) {
  return cpu && !*(volatile u32*)&cpu->running && !*(volatile u32*)&cpu->idle;
}

SCHEDD_INLINE bool this_cpu_is_offline(void) {
  struct schedd_cpu* cpu = cpu_at(bpf_get_smp_processor_id());
  return cpu && cpu->offline;
}

/*
 * Lets another CPU look for work. A CPU on its way out of service sends nothing, nor rings the
 * doorbell: the kernel would queue the interrupt on a CPU that takes none any more, and would then
 * raise none there again, even after its return. The timer finds what nobody was told of.
 */
SCHEDD_INLINE void kick_cpu(s32 cpu, u64 flags) {
  if (!this_cpu_is_offline()) scx_bpf_kick_cpu(cpu, flags);
}

#define SCHEDD_SLOT_AT(context, index) ((void)(context), slot_at(index))
#include "bpf/slot_list.h"

#endif /* SCHEDD_BPF_MAPS_BPF_H_ */
