/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few kernel types that the dispatcher uses, written by hand. CO-RE relocates every field
 * access to the running kernel's layout, so the order and the other fields do not matter; a field's
 * name and kind do.
 */
#ifndef SCHEDD_BPF_KERNEL_TYPES_BPF_H_
#define SCHEDD_BPF_KERNEL_TYPES_BPF_H_

#include <linux/bpf.h>

typedef __u8 u8;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef _Bool bool;
#define true 1
#define false 0

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* A definition, not a forward declaration: else its BTF does not match the kernel's in kfunc
 * prototypes. */
struct cpumask {
  unsigned long bits[1];
};
struct sched_ext_entity {
  u64 slice;
  u64 dsq_vtime;
  u32 weight;
  u32 flags;
};
typedef struct {
  u32 val;
} kuid_t;
struct cred {
  kuid_t uid;
};
struct kernfs_node {
  u64 id;
};
struct cgroup {
  struct kernfs_node* kn;
};
struct css_set {
  struct cgroup* dfl_cgrp;
};
struct sched_entity {
  u64 sum_exec_runtime;
};
struct task_struct {
  unsigned int flags;
  int pid;
  int tgid;
  int static_prio;
  int nr_cpus_allowed;
  const struct cpumask* cpus_ptr;
  unsigned short migration_disabled;
  u64 start_boottime;
  char comm[16];
  const struct cred* cred;
  struct css_set* cgroups;
  struct sched_entity se;
  struct sched_ext_entity scx;
};
struct scx_init_task_args {
  bool fork;
};
struct scx_exit_task_args {
  bool cancelled;
};
struct scx_cpu_release_args {
  struct task_struct* task;
};
enum scx_exit_kind { SCX_EXIT_NONE };
struct scx_exit_info {
  enum scx_exit_kind kind;
  s64 exit_code;
  const char* reason;
  char* msg;
  char* dump;
};

#pragma clang attribute pop

/* On-stack iterator; the verifier checks its size against the kernel's. */
struct bpf_iter_scx_dsq {
  u64 __opaque[6];
} __attribute__((aligned(8)));

/* Only the members in use: libbpf places each by its name in the running kernel's struct. */
struct sched_ext_ops {
  s32 (*select_cpu)(struct task_struct* p, s32 prev_cpu, u64 wake_flags);
  void (*enqueue)(struct task_struct* p, u64 enq_flags);
  void (*dispatch)(s32 cpu, struct task_struct* prev);
  bool (*yield)(struct task_struct* from, struct task_struct* to);
  void (*runnable)(struct task_struct* p, u64 enq_flags);
  void (*running)(struct task_struct* p);
  void (*stopping)(struct task_struct* p, bool runnable);
  void (*tick)(struct task_struct* p);
  void (*quiescent)(struct task_struct* p, u64 deq_flags);
  void (*set_weight)(struct task_struct* p, u32 weight);
  void (*set_cpumask)(struct task_struct* p, const struct cpumask* cpumask);
  void (*update_idle)(s32 cpu, bool idle);
  void (*cpu_release)(s32 cpu, struct scx_cpu_release_args* args);
  void (*cpu_online)(s32 cpu);
  void (*cpu_offline)(s32 cpu);
  s32 (*init_task)(struct task_struct* p, struct scx_init_task_args* args);
  void (*exit_task)(struct task_struct* p, struct scx_exit_task_args* args);
  void (*enable)(struct task_struct* p);
  void (*disable)(struct task_struct* p);
  s32 (*init)(void);
  void (*exit)(struct scx_exit_info* info);
  u32 dispatch_max_batch;
  u64 flags;
  u32 timeout_ms;
  u32 exit_dump_len;
  u64 hotplug_seq;
  char name[128];
};

/* Kernel constants, stable since 6.12 (include/linux/sched.h, kernel/sched/ext*). */
#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000
#define SCX_DSQ_LOCAL 0x8000000000000002ULL
#define SCX_DSQ_LOCAL_ON 0xC000000000000000ULL /* | CPU */
#define SCX_TASK_QUEUED 1u
#define SCX_WAKE_SYNC 0x10ULL
#define SCX_ENQ_WAKEUP 1ULL
#define SCX_ENQ_PREEMPT (1ULL << 32)
#define SCX_DEQ_SLEEP 1ULL
#define SCX_KICK_IDLE 1ULL
#define SCX_KICK_PREEMPT 2ULL

/* Here and not above: libbpf's headers need <linux/bpf.h> before them. */
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#endif /* SCHEDD_BPF_KERNEL_TYPES_BPF_H_ */
