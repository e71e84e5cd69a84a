/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The memory that the BPF dispatcher and the daemon share: the only description of it.
 *
 * Compiled as C11 by the dispatcher and as C++20 by the daemon; every size and offset that matters
 * is asserted at the end. All of it lives in memory-mapped BPF array maps (or, for the simulated
 * machine, on the heap).
 *
 *   map          elements                    written by          read by
 *   header       1 x schedd_header           see its sections    both
 *   slots        nr_slots x schedd_slot      dispatcher          both
 *   cpus         nr_cpus x schedd_cpu        dispatcher          both
 *   events       nr_cpus x schedd_event_ring dispatcher, a ring  scheduling thread
 *                                            by its own CPU
 *   decisions    1 x schedd_decision_ring    scheduling thread   dispatcher, any CPU
 *   exit_dump    SCHEDD_DUMP_LEN bytes       dispatcher, once    daemon, after exit_kind is set
 *
 * The life of a decision:
 *  1. enqueue puts the task into the kernel-side queue (DSQ) of undecided tasks, ordered by the
 *     last deadline the policy gave, raises slot.seq, and writes an event (slot, seq) to the ring
 *     of the CPU it runs on.
 *  2. The scheduling thread reads the event and writes a decision (slot, seq, cpu, slice,
 *     deadline).
 *  3. The dispatcher moves the task from the undecided queue to the queue that the decision names,
 *     if slot.seq is still seq and the task is still queued there (wait.h). Else the decision is
 *     stale: dropped and counted.
 * A task is in a kernel queue from 1 on. Nothing ever waits for the daemon: a CPU that finds no
 * decided task runs an undecided one. That is why no step here can lose a task, whoever stops in
 * the middle of it.
 *
 * Times are CLOCK_MONOTONIC nanoseconds, but for start_boottime_ns. Virtual times (deadline) are
 * nanoseconds of a weight-100 task and may wrap: compare by signed difference.
 *
 * The maps outlive the daemon (they and the link are pinned): the next one of the same version goes
 * on with what it finds, so every word here must make sense to a stranger.
 *
 * Compatibility: a change of any layout or meaning raises SCHEDD_ABI_VERSION; both sides refuse
 * another version.
 */
#ifndef SCHEDD_BPF_ABI_H_
#define SCHEDD_BPF_ABI_H_

#ifdef __bpf__
typedef unsigned char schedd_u8;
typedef unsigned short schedd_u16;
typedef unsigned int schedd_u32;
typedef int schedd_s32;
typedef unsigned long long schedd_u64;
#else
#include <stddef.h>
#include <stdint.h>
typedef uint8_t schedd_u8;
typedef uint16_t schedd_u16;
typedef uint32_t schedd_u32;
typedef int32_t schedd_s32;
typedef uint64_t schedd_u64;
#endif

enum {
  SCHEDD_ABI_VERSION = 13,
  SCHEDD_CACHE_LINE = 64,
  /* Most CPUs whose bit fits a slot's affinity mask. CPUs beyond it are scheduled but never named
     by a decision. */
  SCHEDD_MAX_CPUS = 512,
  SCHEDD_MASK_WORDS = SCHEDD_MAX_CPUS / 64,
  /* Events a CPU may have outstanding. 1024 x 32 bytes a CPU: 10 ms at 100,000 enqueues/s. */
  SCHEDD_EVENT_RING_SIZE = 1024,
  /* Decisions outstanding over all CPUs. */
  SCHEDD_DECISION_RING_SIZE = 4096,
  SCHEDD_COMM_LEN = 16,
  /* Latency histograms: see schedd_latency_bucket() in histogram.h. */
  SCHEDD_LATENCY_BUCKETS = 168,
  SCHEDD_NO_SLOT = 0xffffffffu,
  SCHEDD_ANY_CPU = -1,
  SCHEDD_REASON_LEN = 64,
  SCHEDD_MESSAGE_LEN = 256,
  /* The kernel's debug dump, cut to this. */
  SCHEDD_DUMP_LEN = 32768,
  /* exit_code of a dispatcher that ended itself because no daemon was left. */
  SCHEDD_EXIT_ORPHANED = 1,
};

/* Where a task stands (schedd_slot.state). */
enum schedd_task_state {
  SCHEDD_TASK_FREE = 0,      /* the slot belongs to no task */
  SCHEDD_TASK_SLEEPING = 1,  /* not runnable */
  SCHEDD_TASK_UNDECIDED = 2, /* runnable, in the kernel-side queue, no decision applied yet */
  SCHEDD_TASK_DECIDED = 3,   /* runnable, in the queue that a decision or a direct insert named */
  SCHEDD_TASK_RUNNING = 4,   /* on a CPU */
};

/* schedd_slot.flags */
enum {
  SCHEDD_SLOT_KTHREAD = 1u << 0,
  SCHEDD_SLOT_DAEMON = 1u << 1, /* a thread of the daemon: the dispatcher schedules it itself */
  SCHEDD_SLOT_DIRECT = 1u << 2, /* a kernel thread that must never wait for user space */
};

/* schedd_event.flags */
enum {
  SCHEDD_EVENT_WAKEUP = 1u << 0,  /* the task woke (or is new) */
  SCHEDD_EVENT_EXPIRED = 1u << 1, /* it used up its slice or was preempted, and is still runnable */
  SCHEDD_EVENT_OUT_OF_TURN =
      1u << 2, /* its last wait ended before its turn: it had come to the starvation bound */
  SCHEDD_EVENT_UNASKED = 1u << 3, /* a CPU took it from its last wait before a decision came */
};

/* schedd_decision.flags */
enum {
  SCHEDD_DECISION_PREEMPT = 1u << 0, /* take the CPU named (not ANY_CPU) from whom runs there */
  SCHEDD_DECISION_URGENT = 1u << 1,  /* before all other decided: it waited starvation_bound */
  SCHEDD_DECISION_YIELDS =
      1u << 2, /* when the slice ends, whoever waits goes first: deadlines are no CPU time */
};

/* Indices of schedd_cpu.counters: each counts since attach, summed over CPUs by the reader. */
enum schedd_counter {
  SCHEDD_COUNT_EVENTS,          /* events written */
  SCHEDD_COUNT_EVENTS_DROPPED,  /* event ring full: the task runs from the kernel-side queue */
  SCHEDD_COUNT_EVENTS_WITHHELD, /* heartbeat stale: no event sent, the task runs from the
                                   kernel-side queue */
  SCHEDD_COUNT_DECISIONS_APPLIED,
  SCHEDD_COUNT_DECISIONS_STALE,    /* the task had left the queue before its decision came */
  SCHEDD_COUNT_DECISIONS_BOUNCED,  /* CPU named not allowed for the task: sent to any CPU */
  SCHEDD_COUNT_RUN_DIRECT_IDLE,    /* woke onto an idle CPU, run there at once */
  SCHEDD_COUNT_RUN_DIRECT_KTHREAD, /* kernel thread or migration-disabled task, run at once */
  SCHEDD_COUNT_RUN_DAEMON,         /* thread of the daemon, run at once */
  SCHEDD_COUNT_RUN_DECIDED,        /* CPU took a decided task */
  SCHEDD_COUNT_RUN_UNDECIDED,      /* CPU took an undecided task: the daemon had not decided yet */
  SCHEDD_COUNT_SLICE_REFILLS,      /* the running task went on: nobody waited, or later ones */
  SCHEDD_COUNT_KICKS_IDLE,
  SCHEDD_COUNT_KICKS_PREEMPT,
  SCHEDD_COUNT_DOORBELLS,  /* times the scheduling thread was woken */
  SCHEDD_COUNT_NO_SLOT,    /* enqueues of tasks that have no slot */
  SCHEDD_COUNT_TABLE_FULL, /* tasks that got no slot because the table was full */
  SCHEDD_COUNT_RUN_NS, /* ns that tasks of this scheduler ran, all tasks, with or without slot */
  SCHEDD_COUNT_ENDED_RUN_NS,   /* ns of these that belong to tasks that have ended */
  SCHEDD_COUNT_NO_SLOT_RUN_NS, /* ns of these that belong to tasks without a slot */
  SCHEDD_COUNT_RUN_DEGRADED,   /* undecided runs that began in degraded time */
  SCHEDD_COUNT_WAITS_LEASED, /* waits that began under the lease of an earlier decision: no event */
  SCHEDD_COUNT_RUN_DIRECT_SYNC, /* woke, and ran in the place of the waker, which went to sleep */
  SCHEDD_NR_COUNTERS,
};

/*
 * One task. Written by the dispatcher alone. Plain counters may be read at any time (aligned words
 * do not tear); identity fields (tid … comm) are valid when key was the same even number before and
 * after reading them.
 */
struct schedd_slot {
  /* -- identity -- */
  schedd_u32 key; /* odd while identity changes; every new owner of the slot adds 2 */
  schedd_s32 tid; /* in the initial PID namespace */
  schedd_s32 tgid;
  schedd_u32 uid; /* in the initial user namespace */
  schedd_u64 start_boottime_ns;
  schedd_u64 cgroup_id; /* inode of its cgroup v2 */
  char comm[SCHEDD_COMM_LEN];
  schedd_u32 flags; /* SCHEDD_SLOT_* */
  schedd_s32 nice;
  schedd_u32 free_next; /* list of free slots; owned by slot_list.h */
  schedd_u32 yields;    /* last decision: SCHEDD_DECISION_YIELDS */
  /* -- affinity -- */
  schedd_u64 allowed[SCHEDD_MASK_WORDS]; /* bit c: may run on CPU c */
  /* -- state -- */
  schedd_u32 state;          /* enum schedd_task_state; one word with seq, see wait.h */
  schedd_u32 seq;            /* raised by each enqueue; names the enqueue that a decision answers */
  schedd_s32 cpu;            /* last or present CPU */
  schedd_u32 weight;         /* kernel's: from nice or cgroup, 1 to 10000 */
  schedd_u32 nr_allowed;     /* CPUs it may use */
  schedd_u32 decided_weight; /* weight that the last decision was made with */
  schedd_u64 waiting_since_ns; /* start of the present wait, when runnable */
  schedd_u64 running_since_ns; /* start of the present run, when running */
  schedd_u64 woken_ns;         /* last wakeup; 0 once it ran after it */
  /* -- accounting, cumulative -- */
  schedd_u64 run_ns;       /* ended runs */
  schedd_u64 wait_ns;      /* ended waits */
  schedd_u64 awake_run_ns; /* ended runs since the last wakeup */
  schedd_u64 voluntary_switches;
  schedd_u64 involuntary_switches;
  schedd_u64 wakeups;
  schedd_u64 migrations;
  /* -- last decision -- */
  schedd_u64 slice_ns;
  schedd_u64 deadline;   /* virtual; the dispatcher adds what the task ran since */
  schedd_u64 generation; /* of the policy that made the decision */
  /* -- wakeup latency -- */
  schedd_u64 latency_sum_ns;
  schedd_u64 latency_max_ns;
  schedd_u32 latency_buckets[SCHEDD_LATENCY_BUCKETS];
  schedd_u64 solo_run_ns; /* the part of run_ns that was granted while nobody else wanted the CPU */
  schedd_u32 urgent_seq;  /* seq of the last wait that was put before all others: the task had come
                             to the starvation bound, by decision or, the daemon being silent, not */
  schedd_u32 unasked_seq; /* seq of the last wait from which a CPU took it undecided */
  schedd_u64 lease_end_run_ns; /* the lease ends when run_ns comes to this … */
  schedd_u64 lease_until_ns;   /* … or at this time; 0: none */
  schedd_u32
      lease_epoch;       /* of the last decision; its lease ended when header.lease_epoch differs */
  schedd_u32 leased_seq; /* seq of the last wait that began under a lease */
  schedd_u64 overhead_ns; /* the part of run_ns in which it executed nothing: the CPU came to it, or
                             served interrupts */
  schedd_u64 asked_ns;    /* when the last wait began for which a decision was asked */
  /* -- the last sleep (sleep.h) -- */
  schedd_u64 sleep_floor;      /* vtime_floor of its CPU when it began */
  schedd_u64 slept_virtual_ns; /* how far that had come on when it ended */
  schedd_u32 sync_kept;        /* how often it slept soon after a synchronous wakeup (sync.h) */
  schedd_u32 claimed_seq;      /* seq of the last wait that a CPU's tick gave way to (preempt.h) */
};

/* One CPU. Written by the dispatcher (counters with atomic adds, the rest by the CPU itself). */
struct schedd_cpu {
  schedd_u32 slot; /* of the task that runs here, SCHEDD_NO_SLOT for none or one without a slot */
  schedd_u32 slot_key;       /* its key */
  schedd_u64 since_ns;       /* since when */
  schedd_u32 idle;           /* 1 when idle; a hint */
  schedd_u32 protected_task; /* 1 while a task runs that may not be preempted (daemon, kthread) */
  schedd_u32 offline;        /* 1 while the CPU is out of service: no decision may name it */
  schedd_u32 running;        /* 1 while a task of this scheduler runs here; neither this nor idle:
                                one of a higher class does */
  schedd_u64
      vtime_floor; /* largest deadline that this CPU chose to run: where its queue has come to */
  schedd_u64 run_ended; /* the dispatcher's own: end of the last run here, on the run queue's clock;
                           0 when idleness or a higher class came between */
  schedd_u64
      looked_at; /* the dispatcher's own: header.queued when this CPU last looked for a task */
  schedd_u64 sync_woke_ns; /* the dispatcher's own: when the task that runs here woke another one
                              synchronously, on the run queue's clock; 0: it did not (sync.h) */
  schedd_u64 counters[24]; /* enum schedd_counter */
  /* -- decision latency: of the waits that ended here, that a decision had been asked for and that
     it had placed, from slot.asked_ns to the run -- */
  schedd_u64 decision_latency_sum_ns;
  schedd_u64 decision_latency_max_ns;
  /* -- the dispatcher's own: who is to run next -- */
  schedd_u64
      rival; /* deadline of the first task that waited when the one that runs here went on … */
  schedd_u64 rival_at; /* … and header.queued then */
  schedd_u32 give_way; /* 1: kicked for a task that wakes and waits for its decision */
  schedd_u32 reserved1;
  schedd_u64 taken_ns; /* when a task that woke last took the CPU from another one (preempt.h) */
  schedd_u64 reserved2[2];
  schedd_u64 decision_latency_buckets[SCHEDD_LATENCY_BUCKETS];
};

/* A task became runnable and is not placed. */
struct schedd_event {
  schedd_u32 slot;
  schedd_u32 seq;   /* slot.seq of this enqueue */
  schedd_u32 key;   /* slot.key */
  schedd_u32 flags; /* SCHEDD_EVENT_* */
  schedd_u64 time_ns;
  schedd_s32 cpu; /* last CPU */
  schedd_u32 reserved;
};

/* Single producer (the CPU, interrupts off), single consumer (the scheduling thread). */
struct schedd_event_ring {
  schedd_u64 head; /* next to write; producer */
  schedd_u64 pad0[7];
  schedd_u64 tail; /* next to read; consumer */
  schedd_u64 pad1[7];
  struct schedd_event records[SCHEDD_EVENT_RING_SIZE];
};

struct schedd_decision {
  schedd_u64 ticket; /* position + 1 once the record is whole */
  schedd_u32 slot;
  schedd_u32 seq;   /* as in the event */
  schedd_s32 cpu;   /* or SCHEDD_ANY_CPU */
  schedd_u32 flags; /* SCHEDD_DECISION_* */
  schedd_u64 slice_ns;
  schedd_u64 deadline;
  schedd_u64 generation;
  schedd_u32 weight; /* in force for the task */
  schedd_u32 key;    /* as in the event */
  /* CPU time, us, for which the decision is good beyond this wait: a wakeup within it needs no
     other one. 0: each wait is decided. The dispatcher may ask earlier. */
  schedd_u32 lease_us;
  schedd_u32 lease_epoch; /* header.lease_epoch when it was made */
};

/* One producer (the scheduling thread), many consumers (CPUs in dispatch, the commit program). */
struct schedd_decision_ring {
  schedd_u64 head; /* next to write; producer */
  schedd_u64 pad0[7];
  schedd_u64 tail; /* next to take; consumers by compare-and-exchange */
  schedd_u64 pad1[7];
  struct schedd_decision records[SCHEDD_DECISION_RING_SIZE];
};

struct schedd_header {
  /* -- constant after load -- */
  schedd_u32 abi_version;
  schedd_u32 nr_cpus; /* nr_cpu_ids */
  schedd_u32 nr_slots;
  schedd_u32 ext_tasks_only; /* 1: schedules tasks of class SCHED_EXT only */
  /* -- daemon to dispatcher, changes seldom: the terms of leases -- */
  schedd_u32
      lease_epoch; /* raised by each change of parameters, weights or slices: ends all leases */
  schedd_u32 reserved0;
  schedd_u64
      preempt_margin_ns;   /* virtual; a leased wakeup that is so much earlier takes the CPU … */
  schedd_u64 min_slice_ns; /* … that was not taken for this long */
  schedd_u64 sleeper_credit_ns; /* CPU time that a sleeper may be behind the queue */
  schedd_u64 reserved1[2];
  /* -- daemon to dispatcher -- */
  schedd_u64 heartbeat_ns; /* last time the scheduling thread began a pass */
  schedd_u32 parked;       /* 1: the scheduling thread sleeps, an event must ring (exchange to 0) */
  schedd_u32 all_decisions;      /* 1: no idle bypass, the engine places all (placement_mode) */
  schedd_u64 base_slice_ns;      /* slice of tasks that no decision named */
  schedd_u64 protected_slice_ns; /* slice of daemon threads */
  schedd_u64 decision_budget_ns; /* heartbeat older than this with events outstanding: degraded */
  schedd_u64 orphan_timeout_ns;  /* without a daemon process for so long it ends itself */
  schedd_s32 daemon_tgid;        /* whose threads are protected: changes when a daemon adopts */
  schedd_u32 daemon_epoch;       /* raised, after daemon_tgid was set, by each daemon that adopts */
  schedd_u64 starvation_bound_ns; /* of waits that the daemon does not watch: it is silent, or a
                                     lease speaks for it */
  /* -- dispatcher to daemon -- */
  schedd_u64 free_head; /* free slots: low 32 bits index, high 32 bits change count */
  schedd_u64 used_slots;
  schedd_u64 slots_high_water;  /* slots [0, this) were used at some time */
  schedd_u64 doorbell_ns;       /* when the doorbell was rung last */
  schedd_u64 degraded_since_ns; /* 0 when not degraded */
  schedd_u64 degraded_ns;       /* ended degraded times */
  schedd_u64 orphan_since_ns;   /* when the daemon process was missed first; 0 while there is one */
  schedd_u64 reserved2;
  /* -- the dispatcher's own: who waits in its queues (not in a CPU's local one) -- */
  schedd_u64 queued; /* how often a task came to one of them, or was moved to another of them */
  schedd_u64 taken;  /* how often one left them for good, or was moved: queued - taken wait, some of
                        whom may be on their way out */
  schedd_u32 rare;   /* the urgent queue or that of the daemon's threads was used a moment ago: the
                        timer counts it down while both are empty */
  schedd_u32 reserved4;
  schedd_u64 reserved5[5];
  /* -- why it ended; kind is written last -- */
  schedd_u64 exit_code;
  schedd_u32 exit_kind;
  schedd_u32 reserved3;
  char exit_reason[SCHEDD_REASON_LEN];
  char exit_message[SCHEDD_MESSAGE_LEN];
};

#ifdef __cplusplus
#define SCHEDD_ASSERT static_assert
#else
#define SCHEDD_ASSERT _Static_assert
#endif
#define SCHEDD_OFFSET(type, member) __builtin_offsetof(struct type, member)
SCHEDD_ASSERT(sizeof(struct schedd_event) == 32, "two events a cache line");
SCHEDD_ASSERT(sizeof(struct schedd_decision) == 64, "a decision is a cache line");
SCHEDD_ASSERT(sizeof(struct schedd_cpu) == 1664, "26 cache lines a CPU");
SCHEDD_ASSERT(SCHEDD_NR_COUNTERS <= 24, "counters fit");
SCHEDD_ASSERT(SCHEDD_OFFSET(schedd_cpu, counters) == 64, "counters off the hot line");
SCHEDD_ASSERT(SCHEDD_OFFSET(schedd_cpu, decision_latency_sum_ns) == 256, "latencies begin a line");
SCHEDD_ASSERT(SCHEDD_OFFSET(schedd_cpu, decision_latency_buckets) == 320, "buckets begin a line");
SCHEDD_ASSERT(sizeof(struct schedd_slot) == 1024, "a slot is 1 KiB: 64 MiB for 65,536 tasks");
SCHEDD_ASSERT(SCHEDD_OFFSET(schedd_slot, allowed) == 64, "identity is one cache line");
SCHEDD_ASSERT(SCHEDD_OFFSET(schedd_slot, state) == 128, "state begins a cache line");
SCHEDD_ASSERT(SCHEDD_OFFSET(schedd_slot, latency_buckets) == 272, "layout");
SCHEDD_ASSERT(SCHEDD_OFFSET(schedd_event_ring, tail) == 64, "producer and consumer lines apart");
SCHEDD_ASSERT(SCHEDD_OFFSET(schedd_event_ring, records) == 128, "layout");
SCHEDD_ASSERT(SCHEDD_OFFSET(schedd_decision_ring, records) == 128, "layout");
SCHEDD_ASSERT(SCHEDD_OFFSET(schedd_header, heartbeat_ns) == 64, "daemon's section begins a line");
SCHEDD_ASSERT(SCHEDD_OFFSET(schedd_header, free_head) == 128, "dispatcher's section begins a line");
SCHEDD_ASSERT(SCHEDD_OFFSET(schedd_header, queued) == 192, "counts of their own line");
SCHEDD_ASSERT(SCHEDD_OFFSET(schedd_header, exit_code) == 256, "exit section begins a line");

#endif /* SCHEDD_BPF_ABI_H_ */
