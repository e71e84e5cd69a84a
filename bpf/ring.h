/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The two rings of abi.h as plain C: compiled into the dispatcher and, unchanged, into the daemon
 * and the unit tests.
 *
 * No function blocks, allocates or fails other than by its return value; a full ring is the
 * caller's to count. Publication is by an exchange (a full barrier on every architecture, and one
 * that BPF has); on the daemon's side by release stores.
 */
#ifndef SCHEDD_BPF_RING_H_
#define SCHEDD_BPF_RING_H_

#include "bpf/abi.h"

#ifdef __bpf__
#define SCHEDD_INLINE static __attribute__((always_inline)) inline
/* BPF has no acquire loads before v4: a volatile read, then a compiler barrier. On a weakly ordered
 * CPU the data is guarded by its own check (ticket or sequence) afterwards. */
#define SCHEDD_LOAD_ACQUIRE(p)                              \
  ({                                                        \
    __typeof__(*(p)) v_ = *(volatile __typeof__(*(p))*)(p); \
    __asm__ volatile("" ::: "memory");                      \
    v_;                                                     \
  })
#define SCHEDD_STORE_RELEASE(p, v) ((void)__sync_lock_test_and_set((p), (v)))
#define SCHEDD_EXCHANGE(p, v) __sync_lock_test_and_set((p), (v))
#else
#define SCHEDD_INLINE static inline
#define SCHEDD_LOAD_ACQUIRE(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define SCHEDD_STORE_RELEASE(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define SCHEDD_EXCHANGE(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#endif
/* One untorn access without ordering: for words that another side may touch at the same time. */
#ifdef __bpf__
#define SCHEDD_READ(p) (*(const volatile __typeof__(*(p))*)(p))
#define SCHEDD_WRITE(p, v) ((void)(*(volatile __typeof__(*(p))*)(p) = (v)))
#else
#define SCHEDD_READ(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define SCHEDD_WRITE(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#endif
#define SCHEDD_ADD(p, v) __sync_fetch_and_add((p), (v))
#define SCHEDD_CAS(p, old, new_) __sync_val_compare_and_swap((p), (old), (new_))

/* Producer: the next free record, or 0 when the ring is full. Fill it, then call
 * schedd_event_publish(). */
SCHEDD_INLINE struct schedd_event* schedd_event_reserve(struct schedd_event_ring* ring) {
  schedd_u64 head = ring->head;
  if (head - SCHEDD_LOAD_ACQUIRE(&ring->tail) >= SCHEDD_EVENT_RING_SIZE) return 0;
  return &ring->records[head & (SCHEDD_EVENT_RING_SIZE - 1)];
}

SCHEDD_INLINE void schedd_event_publish(struct schedd_event_ring* ring) {
  /* An exchange: a full barrier, so that looking afterwards whether the reader sleeps comes after.
   */
  (void)SCHEDD_EXCHANGE(&ring->head, ring->head + 1);
}

/* Producer or consumer: events written and not yet read. */
SCHEDD_INLINE schedd_u64 schedd_event_backlog(struct schedd_event_ring* ring) {
  return SCHEDD_LOAD_ACQUIRE(&ring->head) - SCHEDD_LOAD_ACQUIRE(&ring->tail);
}

/* Consumer: copies the oldest event to *out. Returns 1, or 0 when there is none. */
SCHEDD_INLINE int schedd_event_take(struct schedd_event_ring* ring, struct schedd_event* out) {
  schedd_u64 tail = ring->tail;
  if (tail == SCHEDD_LOAD_ACQUIRE(&ring->head)) return 0;
  *out = ring->records[tail & (SCHEDD_EVENT_RING_SIZE - 1)];
  SCHEDD_STORE_RELEASE(&ring->tail, tail + 1);
  return 1;
}

/* Producer: room for that many decisions. */
SCHEDD_INLINE schedd_u64 schedd_decision_room(struct schedd_decision_ring* ring) {
  return SCHEDD_DECISION_RING_SIZE - (ring->head - SCHEDD_LOAD_ACQUIRE(&ring->tail));
}

/*
 * Producer: appends a copy of *decision (its ticket is set here). Returns 1, or 0 when the ring is
 * full. The record's ticket is cleared first, so that a consumer that still looks at the position
 * from one lap ago cannot take a half-written record.
 */
SCHEDD_INLINE int schedd_decision_put(struct schedd_decision_ring* ring,
                                      const struct schedd_decision* decision) {
  schedd_u64 head = ring->head;
  struct schedd_decision* record = &ring->records[head & (SCHEDD_DECISION_RING_SIZE - 1)];
  if (schedd_decision_room(ring) == 0) return 0;
  SCHEDD_EXCHANGE(&record->ticket, 0);
  SCHEDD_WRITE(&record->slot, decision->slot);
  SCHEDD_WRITE(&record->seq, decision->seq);
  SCHEDD_WRITE(&record->cpu, decision->cpu);
  SCHEDD_WRITE(&record->flags, decision->flags);
  SCHEDD_WRITE(&record->slice_ns, decision->slice_ns);
  SCHEDD_WRITE(&record->deadline, decision->deadline);
  SCHEDD_WRITE(&record->generation, decision->generation);
  SCHEDD_WRITE(&record->weight, decision->weight);
  SCHEDD_WRITE(&record->key, decision->key);
  SCHEDD_WRITE(&record->lease_us, decision->lease_us);
  SCHEDD_WRITE(&record->lease_epoch, decision->lease_epoch);
  SCHEDD_STORE_RELEASE(&record->ticket, head + 1);
  SCHEDD_STORE_RELEASE(&ring->head, head + 1);
  return 1;
}

/*
 * Producer: goes on where an earlier one was interrupted, perhaps between the ticket and the head.
 * The record that it may have left is whole by its ticket, and counts.
 */
SCHEDD_INLINE void schedd_decision_resume(struct schedd_decision_ring* ring) {
  schedd_u64 head = ring->head;
  if (SCHEDD_LOAD_ACQUIRE(&ring->records[head & (SCHEDD_DECISION_RING_SIZE - 1)].ticket) ==
      head + 1)
    SCHEDD_STORE_RELEASE(&ring->head, head + 1);
}

/*
 * Consumer: takes the oldest decision into *out. Returns 1 when it got one, 0 when there is none,
 * -1 when another consumer took this one (try again). A copy is made before the claim: when the
 * claim succeeds, nobody had advanced tail, so the producer cannot have reused the record meanwhile
 * and the copy is whole.
 */
SCHEDD_INLINE int schedd_decision_take(struct schedd_decision_ring* ring,
                                       struct schedd_decision* out) {
  schedd_u64 tail = SCHEDD_LOAD_ACQUIRE(&ring->tail);
  struct schedd_decision* record = &ring->records[tail & (SCHEDD_DECISION_RING_SIZE - 1)];
  if (SCHEDD_LOAD_ACQUIRE(&record->ticket) != tail + 1) return 0;
  out->ticket = tail + 1;
  out->slot = SCHEDD_READ(&record->slot);
  out->seq = SCHEDD_READ(&record->seq);
  out->cpu = SCHEDD_READ(&record->cpu);
  out->flags = SCHEDD_READ(&record->flags);
  out->slice_ns = SCHEDD_READ(&record->slice_ns);
  out->deadline = SCHEDD_READ(&record->deadline);
  out->generation = SCHEDD_READ(&record->generation);
  out->weight = SCHEDD_READ(&record->weight);
  out->key = SCHEDD_READ(&record->key);
  out->lease_us = SCHEDD_READ(&record->lease_us);
  out->lease_epoch = SCHEDD_READ(&record->lease_epoch);
  return SCHEDD_CAS(&ring->tail, tail, tail + 1) == tail ? 1 : -1;
}

#endif /* SCHEDD_BPF_RING_H_ */
