/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel functions that the dispatcher calls, under one name each whatever the kernel calls
 * them.
 *
 * Names changed between 6.12 and 7.3: each variant is declared weak, with a ___suffix that libbpf
 * strips, and chosen by what the running kernel has (never by its version: stable trees backport).
 * A kernel name that itself ends in ___v2 needs one suffix more.
 */
#ifndef SCHEDD_BPF_KFUNCS_BPF_H_
#define SCHEDD_BPF_KFUNCS_BPF_H_

#include "bpf/kernel_types.bpf.h"
#include "bpf/ring.h"

extern s32 scx_bpf_create_dsq(u64 dsq_id, s32 node) __ksym;
extern s32 scx_bpf_select_cpu_dfl(struct task_struct* p, s32 prev_cpu, u64 wake_flags,
                                  bool* is_idle) __ksym;
extern s32 scx_bpf_pick_idle_cpu(const struct cpumask* cpus_allowed, u64 flags) __ksym;
extern void scx_bpf_kick_cpu(s32 cpu, u64 flags) __ksym;
extern u32 scx_bpf_dispatch_nr_slots(void) __ksym;
extern u32 scx_bpf_reenqueue_local(void) __ksym;
extern s32 scx_bpf_dsq_nr_queued(u64 dsq_id) __ksym;
extern s32 scx_bpf_task_cpu(const struct task_struct* p) __ksym;
extern u32 scx_bpf_nr_cpu_ids(void) __ksym;
extern const struct cpumask* scx_bpf_get_online_cpumask(void) __ksym;
extern void scx_bpf_put_cpumask(const struct cpumask* mask) __ksym;
extern void scx_bpf_exit_bstr(s64 exit_code, char* fmt, unsigned long long* data,
                              u32 data__sz) __ksym;
extern struct task_struct* bpf_task_from_pid(s32 pid) __ksym;
extern void bpf_task_release(struct task_struct* p) __ksym;
extern bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask* mask) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern int bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq* it, u64 dsq_id, u64 flags) __ksym;
extern struct task_struct* bpf_iter_scx_dsq_next(struct bpf_iter_scx_dsq* it) __ksym;
extern void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq* it) __ksym;

/* 6.19: returns bool. 6.13: void. 6.12: other name. */
extern bool scx_bpf_dsq_insert___v2___c(struct task_struct* p, u64 dsq_id, u64 slice,
                                        u64 enq_flags) __ksym __weak;
extern void scx_bpf_dsq_insert___v1(struct task_struct* p, u64 dsq_id, u64 slice,
                                    u64 enq_flags) __ksym __weak;
extern void scx_bpf_dispatch___old(struct task_struct* p, u64 dsq_id, u64 slice,
                                   u64 enq_flags) __ksym __weak;
/* 6.19: arguments in a struct. 6.13, 6.12 as above. */
struct scx_bpf_dsq_insert_vtime_args {
  u64 dsq_id;
  u64 slice;
  u64 vtime;
  u64 enq_flags;
} __attribute__((preserve_access_index));
extern bool __scx_bpf_dsq_insert_vtime___args(
    struct task_struct* p, struct scx_bpf_dsq_insert_vtime_args* args) __ksym __weak;
extern void scx_bpf_dsq_insert_vtime___v1(struct task_struct* p, u64 dsq_id, u64 slice, u64 vtime,
                                          u64 enq_flags) __ksym __weak;
extern void scx_bpf_dispatch_vtime___old(struct task_struct* p, u64 dsq_id, u64 slice, u64 vtime,
                                         u64 enq_flags) __ksym __weak;
/* 7.1: takes flags. 6.13. 6.12. */
extern bool scx_bpf_dsq_move_to_local___v2___c(u64 dsq_id, u64 enq_flags) __ksym __weak;
extern bool scx_bpf_dsq_move_to_local___v1(u64 dsq_id) __ksym __weak;
extern bool scx_bpf_consume___old(u64 dsq_id) __ksym __weak;
/* 6.13, 6.12. */
extern void scx_bpf_dsq_move_set_slice___v1(struct bpf_iter_scx_dsq* it, u64 slice) __ksym __weak;
extern void scx_bpf_dsq_move_set_vtime___v1(struct bpf_iter_scx_dsq* it, u64 vtime) __ksym __weak;
extern bool scx_bpf_dsq_move_vtime___v1(struct bpf_iter_scx_dsq* it, struct task_struct* p,
                                        u64 dsq_id, u64 enq_flags) __ksym __weak;
extern bool scx_bpf_dsq_move___v1(struct bpf_iter_scx_dsq* it, struct task_struct* p, u64 dsq_id,
                                  u64 enq_flags) __ksym __weak;
extern bool scx_bpf_dispatch_from_dsq___old(struct bpf_iter_scx_dsq* it, struct task_struct* p,
                                            u64 dsq_id, u64 enq_flags) __ksym __weak;
extern void scx_bpf_dispatch_from_dsq_set_slice___old(struct bpf_iter_scx_dsq* it,
                                                      u64 slice) __ksym __weak;
extern void scx_bpf_dispatch_from_dsq_set_vtime___old(struct bpf_iter_scx_dsq* it,
                                                      u64 vtime) __ksym __weak;
extern bool scx_bpf_dispatch_vtime_from_dsq___old(struct bpf_iter_scx_dsq* it,
                                                  struct task_struct* p, u64 dsq_id,
                                                  u64 enq_flags) __ksym __weak;
/* 6.19: before it, p->scx.slice is written directly (which warns on newer kernels). */
extern bool scx_bpf_task_set_slice___new(struct task_struct* p, u64 slice) __ksym __weak;

/* 6.19. */
extern struct task_struct* scx_bpf_dsq_peek(u64 dsq_id) __ksym __weak;

/* 7.1. */
extern void scx_bpf_dsq_reenq(u64 dsq_id, u64 reenq_flags) __ksym __weak;

/* 6.14. The clock of the CPU's run queue: stands still while the kernel chooses the next task. */
extern u64 scx_bpf_now(void) __ksym __weak;

/*
 * ns, to measure how long a task ran on the CPU that executes this; another origin than
 * CLOCK_MONOTONIC, and not comparable between CPUs. Where one task's run ends the next one's
 * begins, so the time of the switch is charged to somebody (before 6.14: to nobody).
 */
SCHEDD_INLINE u64 run_clock(void) {
  return bpf_ksym_exists(scx_bpf_now) ? scx_bpf_now() : bpf_ktime_get_ns();
}

/* Callable from select_cpu and enqueue only. */
SCHEDD_INLINE void dsq_insert(struct task_struct* p, u64 dsq_id, u64 slice, u64 enq_flags) {
  if (bpf_ksym_exists(scx_bpf_dsq_insert___v2___c))
    scx_bpf_dsq_insert___v2___c(p, dsq_id, slice, enq_flags);
  else if (bpf_ksym_exists(scx_bpf_dsq_insert___v1))
    scx_bpf_dsq_insert___v1(p, dsq_id, slice, enq_flags);
  else
    scx_bpf_dispatch___old(p, dsq_id, slice, enq_flags);
}

/* Callable from enqueue only. */
SCHEDD_INLINE void dsq_insert_vtime(struct task_struct* p, u64 dsq_id, u64 slice, u64 vtime,
                                    u64 enq_flags) {
  if (bpf_ksym_exists(__scx_bpf_dsq_insert_vtime___args)) {
    struct scx_bpf_dsq_insert_vtime_args args = {
        .dsq_id = dsq_id, .slice = slice, .vtime = vtime, .enq_flags = enq_flags};
    __scx_bpf_dsq_insert_vtime___args(p, &args);
  } else if (bpf_ksym_exists(scx_bpf_dsq_insert_vtime___v1)) {
    scx_bpf_dsq_insert_vtime___v1(p, dsq_id, slice, vtime, enq_flags);
  } else {
    scx_bpf_dispatch_vtime___old(p, dsq_id, slice, vtime, enq_flags);
  }
}

/* Callable from dispatch only. True when the CPU got a task. */
SCHEDD_INLINE bool dsq_move_to_local(u64 dsq_id) {
  if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v2___c))
    return scx_bpf_dsq_move_to_local___v2___c(dsq_id, 0);
  if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v1))
    return scx_bpf_dsq_move_to_local___v1(dsq_id);
  return scx_bpf_consume___old(dsq_id);
}

/*
 * Moves the task at which the iterator stands to another vtime-ordered queue; it keeps its vtime.
 * Callable as dsq_move() is.
 */
SCHEDD_INLINE bool dsq_move_here(struct bpf_iter_scx_dsq* it, struct task_struct* p, u64 to) {
  if (bpf_ksym_exists(scx_bpf_dsq_move_vtime___v1))
    return scx_bpf_dsq_move_vtime___v1(it, p, to, 0);
  return scx_bpf_dispatch_vtime_from_dsq___old(it, p, to, 0);
}

/* The same with another vtime. */
SCHEDD_INLINE bool dsq_move_here_as(struct bpf_iter_scx_dsq* it, struct task_struct* p, u64 to,
                                    u64 vtime) {
  if (bpf_ksym_exists(scx_bpf_dsq_move_vtime___v1))
    scx_bpf_dsq_move_set_vtime___v1(it, vtime);
  else
    scx_bpf_dispatch_from_dsq_set_vtime___old(it, vtime);
  return dsq_move_here(it, p, to);
}

/* The same to a CPU's local queue. Not callable from dispatch. */
SCHEDD_INLINE bool dsq_move_here_to_local(struct bpf_iter_scx_dsq* it, struct task_struct* p,
                                          s32 cpu) {
  if (bpf_ksym_exists(scx_bpf_dsq_move___v1))
    return scx_bpf_dsq_move___v1(it, p, SCX_DSQ_LOCAL_ON | cpu, 0);
  return scx_bpf_dispatch_from_dsq___old(it, p, SCX_DSQ_LOCAL_ON | cpu, 0);
}

/*
 * The tasks in a CPU's local queue are enqueued anew. Callable from anywhere; nothing happens
 * before 7.1, where only cpu_release can do this.
 */
SCHEDD_INLINE void reenqueue_local_of(s32 cpu) {
  if (bpf_ksym_exists(scx_bpf_dsq_reenq) && scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL_ON | cpu) > 0)
    scx_bpf_dsq_reenq(SCX_DSQ_LOCAL_ON | cpu, 0);
}

/*
 * Moves p from the queue that the iterator was made for to another vtime-ordered one. False when p
 * is not in it, or was put into it after the iterator was made. Any number of tasks may be there:
 * the iterator only names the queue, nothing is walked. Callable from dispatch and, inside an RCU
 * section, from syscall programs.
 */
SCHEDD_INLINE bool dsq_move(struct bpf_iter_scx_dsq* it, struct task_struct* p, u64 to, u64 slice,
                            u64 vtime) {
  if (bpf_ksym_exists(scx_bpf_dsq_move_vtime___v1))
    scx_bpf_dsq_move_set_slice___v1(it, slice);
  else
    scx_bpf_dispatch_from_dsq_set_slice___old(it, slice);
  return dsq_move_here_as(it, p, to, vtime);
}

/* What a CPU sees of a vtime-ordered queue. */
struct queue_head {
  u64 deadline; /* of the first task that the CPU may run, if `fits` */
  bool any;     /* the queue is not empty */
  bool fits; /* there is such a task among the first few: those bound elsewhere are not walked past
                for long under the queue's lock */
};

SCHEDD_INLINE struct queue_head dsq_look(u64 dsq_id, s32 cpu) {
  enum { MOST_LOOKS = 8 };
  struct queue_head head = {};
  struct bpf_iter_scx_dsq it;
  struct task_struct* p;
  int i;
  if (bpf_ksym_exists(scx_bpf_dsq_peek)) {
    /* One search and no lock, for nearly all looks. */
    p = scx_bpf_dsq_peek(dsq_id);
    if (!p) return head;
    if (bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) {
      head.deadline = p->scx.dsq_vtime;
      head.any = head.fits = true;
      return head;
    }
  } else if (scx_bpf_dsq_nr_queued(dsq_id) <= 0) {
    return head;
  }
  head.any = true;
  bpf_iter_scx_dsq_new(&it, dsq_id, 0);
  bpf_for(i, 0, MOST_LOOKS) {
    p = bpf_iter_scx_dsq_next(&it);
    if (!p) break;
    if (!bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) continue;
    head.deadline = p->scx.dsq_vtime;
    head.fits = true;
    break;
  }
  bpf_iter_scx_dsq_destroy(&it);
  return head;
}

SCHEDD_INLINE void task_set_slice(struct task_struct* p, u64 slice) {
  if (bpf_ksym_exists(scx_bpf_task_set_slice___new))
    scx_bpf_task_set_slice___new(p, slice);
  else
    p->scx.slice = slice;
}

#endif /* SCHEDD_BPF_KFUNCS_BPF_H_ */
