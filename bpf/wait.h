/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The wait that a slot's task is in: its number (schedd_slot.seq) and how far it has come
 * (schedd_slot.state), which change together, as one word.
 *
 * A decision names the wait it is for. Between the look at the number and the change of the state
 * the task may run and wait anew; a change of the state alone would then reach the new wait, with a
 * decision that was made for the old one, and nobody would ever decide the new one.
 *
 * Plain C like ring.h: compiled into the dispatcher, the simulated machine and the unit tests. Any
 * CPU, any thread. Nothing here blocks or fails but by its return value.
 */
#ifndef SCHEDD_BPF_WAIT_H_
#define SCHEDD_BPF_WAIT_H_

#include "bpf/ring.h"

/* Both halves. Little-endian, as all machines are that we run on. */
typedef schedd_u64 __attribute__((may_alias)) schedd_wait;

SCHEDD_ASSERT(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "state is the low half of the word");
SCHEDD_ASSERT(SCHEDD_OFFSET(schedd_slot, state) % 8 == 0, "the word is aligned");
SCHEDD_ASSERT(SCHEDD_OFFSET(schedd_slot, seq) == SCHEDD_OFFSET(schedd_slot, state) + 4, "one word");

SCHEDD_INLINE schedd_wait schedd_wait_word(schedd_u32 state, schedd_u32 seq) {
  return (schedd_wait)seq << 32 | state;
}

SCHEDD_INLINE schedd_wait* schedd_wait_of(struct schedd_slot* slot) {
  return (schedd_wait*)&slot->state;
}

/* A new wait, undecided. The caller enqueues the task: no other CPU begins a wait for it. */
SCHEDD_INLINE void schedd_wait_begin(struct schedd_slot* slot) {
  (void)SCHEDD_EXCHANGE(schedd_wait_of(slot),
                        schedd_wait_word(SCHEDD_TASK_UNDECIDED, SCHEDD_READ(&slot->seq) + 1));
}

/* The same for one that needs no decision. */
SCHEDD_INLINE void schedd_wait_begin_decided(struct schedd_slot* slot) {
  (void)SCHEDD_EXCHANGE(schedd_wait_of(slot),
                        schedd_wait_word(SCHEDD_TASK_DECIDED, SCHEDD_READ(&slot->seq) + 1));
}

/* 1 while the task waits for the `seq`-th time and `state` is where it waits. */
SCHEDD_INLINE int schedd_wait_is(struct schedd_slot* slot, schedd_u32 seq, schedd_u32 state) {
  return SCHEDD_READ(schedd_wait_of(slot)) == schedd_wait_word(state, seq);
}

/* The undecided wait `seq` is decided from here on. 0 when that is not what the task is in. */
SCHEDD_INLINE int schedd_wait_decide(struct schedd_slot* slot, schedd_u32 seq) {
  schedd_wait undecided = schedd_wait_word(SCHEDD_TASK_UNDECIDED, seq);
  return SCHEDD_CAS(schedd_wait_of(slot), undecided, schedd_wait_word(SCHEDD_TASK_DECIDED, seq)) ==
         undecided;
}

/* It was not, after all. Nothing when the task has left the wait. */
SCHEDD_INLINE void schedd_wait_undo(struct schedd_slot* slot, schedd_u32 seq) {
  (void)SCHEDD_CAS(schedd_wait_of(slot), schedd_wait_word(SCHEDD_TASK_DECIDED, seq),
                   schedd_wait_word(SCHEDD_TASK_UNDECIDED, seq));
}

#endif /* SCHEDD_BPF_WAIT_H_ */
