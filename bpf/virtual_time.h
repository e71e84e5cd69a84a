/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Virtual time where the dispatcher reckons with it: nanoseconds of CPU time over weight (100 is
 * the usual weight), as in the policy. A CPU's queue has come to its vtime_floor. Values wrap:
 * compare them by the sign of their difference.
 *
 * Compiled into the dispatcher, the simulated one and the unit tests. Nothing here blocks or fails.
 */
#ifndef SCHEDD_BPF_VIRTUAL_TIME_H_
#define SCHEDD_BPF_VIRTUAL_TIME_H_

#include "bpf/ring.h"

enum {
  /* Virtual ns; how far behind the queue any task may be placed before its decision comes, and how
     far ahead of it one that does not wake: bounds its own wait, and the others', when no decision
     comes at all. */
  SCHEDD_QUEUE_LEAD_NS = 200 * 1000 * 1000,
};

/* Virtual time in which the task of `slot` runs for `ran` ns. */
SCHEDD_INLINE schedd_u64 schedd_virtual_ns(const struct schedd_slot* slot, schedd_u64 ran) {
  schedd_u32 weight = slot->decided_weight ? slot->decided_weight : slot->weight;
  return ran * 100 / (weight ? weight : 100);
}

/* How far behind the queue a task may be placed that wakes: the policy's terms allow
 * sleeper_credit_ns, and no more than what the queue came on while it slept (sleep.h). */
SCHEDD_INLINE schedd_u64 schedd_claim_of_sleeper(const struct schedd_header* header,
                                                 const struct schedd_slot* slot) {
  schedd_u64 credit = schedd_virtual_ns(slot, SCHEDD_READ(&header->sleeper_credit_ns));
  return credit < slot->slept_virtual_ns ? credit : slot->slept_virtual_ns;
}

/*
 * Where a new task starts in a queue that has come to `floor`: half a slice behind it, as in the
 * policy. At `floor` itself, a chain of tasks that each start the next one and end before a
 * decision comes would never move the queue on, and keep all others from the CPU. A task without a
 * slot, whose use of the CPU nobody remembers, is as new each time.
 */
SCHEDD_INLINE schedd_u64 schedd_deadline_of_new(const struct schedd_header* header,
                                                schedd_u32 weight, schedd_u64 floor) {
  return floor + SCHEDD_READ(&header->base_slice_ns) / 2 * 100 / (weight ? weight : 100);
}

/*
 * The deadline by which the task waits in a queue that has come to `floor`, until a decision says
 * otherwise. A deadline from another CPU's virtual time does
 * not hold a task back here, nor all others.
 */
SCHEDD_INLINE schedd_u64 schedd_place_in_queue(const struct schedd_header* header,
                                               const struct schedd_slot* slot, int woke,
                                               schedd_u64 floor) {
  schedd_u64 deadline = slot->deadline;
  schedd_u64 ahead = SCHEDD_QUEUE_LEAD_NS;
  if (woke) ahead = schedd_claim_of_sleeper(header, slot);
  if ((long long)(deadline - (floor - ahead)) < 0) deadline = floor - ahead;
  if ((long long)(deadline - (floor + SCHEDD_QUEUE_LEAD_NS)) > 0)
    deadline = floor + SCHEDD_QUEUE_LEAD_NS;
  return deadline;
}

/* The deadline of the task that runs on a CPU whose queue has come to `floor`, after `ran` ns. */
SCHEDD_INLINE schedd_u64 schedd_deadline_of_running(const struct schedd_slot* slot,
                                                    schedd_u64 floor, schedd_u64 ran) {
  schedd_u64 least = floor - SCHEDD_QUEUE_LEAD_NS;
  schedd_u64 deadline = (long long)(slot->deadline - least) < 0 ? least : slot->deadline;
  return deadline + schedd_virtual_ns(slot, ran);
}

/*
 * The same where one that wakes asks for the CPU. What that one may claim of this queue is bounded,
 * so the one that runs claims no more than what it woke with and has not used since: a deadline
 * further behind the queue comes from another CPU's virtual time, and would let no sleeper in until
 * it had caught up. It keeps that deadline, and comes back by it.
 */
SCHEDD_INLINE schedd_u64 schedd_deadline_to_take(const struct schedd_header* header,
                                                 const struct schedd_slot* slot, schedd_u64 floor,
                                                 schedd_u64 ran) {
  schedd_u64 claim = schedd_claim_of_sleeper(header, slot);
  schedd_u64 used = schedd_virtual_ns(slot, slot->awake_run_ns);
  schedd_u64 least = floor - (claim > used ? claim - used : 0);
  schedd_u64 deadline = (long long)(slot->deadline - least) < 0 ? least : slot->deadline;
  return deadline + schedd_virtual_ns(slot, ran);
}

#endif /* SCHEDD_BPF_VIRTUAL_TIME_H_ */
