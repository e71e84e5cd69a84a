/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A dispatcher whose daemon is gone goes on alone for a while, so that the next daemon can adopt
 * it; then it ends itself and gives all tasks back to the kernel's fair class. A daemon that is
 * stopped or slow is not gone.
 */
#ifndef SCHEDD_BPF_ORPHAN_BPF_H_
#define SCHEDD_BPF_ORPHAN_BPF_H_

#include "bpf/maps.bpf.h"

/* Whom it watches: process IDs are used again, so the start time belongs to it. */
struct daemon_watch {
  u32 epoch; /* of the daemon whose start time it is */
  u64 start_boottime;
};

/* A process that ends is gone, even while a debugger or a dump of its memory holds it. */
SCHEDD_INLINE bool daemon_is_alive(struct schedd_header* h, struct daemon_watch* watch) {
  u32 epoch = *(volatile u32*)&h->daemon_epoch;
  struct task_struct* p = bpf_task_from_pid(h->daemon_tgid);
  bool alive = false;
  if (!p) return false;
  if (watch->epoch != epoch) {
    watch->epoch = epoch;
    watch->start_boottime = p->start_boottime;
  }
  alive = p->start_boottime == watch->start_boottime && !(p->flags & PF_EXITING);
  bpf_task_release(p);
  return alive;
}

SCHEDD_INLINE void end_orphaned(void) {
  /* Not const: the verifier wants memory that may be written. */
  static char reason[] = "the daemon is gone and none came back within orphan_timeout";
  unsigned long long none = 0;
  scx_bpf_exit_bstr(SCHEDD_EXIT_ORPHANED, reason, &none, 0);
}

/* To be called now and then. */
SCHEDD_INLINE void check_daemon(struct schedd_header* h, struct daemon_watch* watch) {
  u64 now = bpf_ktime_get_ns();
  if (daemon_is_alive(h, watch)) {
    h->orphan_since_ns = 0;
  } else if (!h->orphan_since_ns) {
    h->orphan_since_ns = now;
  } else if (now - h->orphan_since_ns > h->orphan_timeout_ns) {
    end_orphaned();
  }
}

#endif /* SCHEDD_BPF_ORPHAN_BPF_H_ */
