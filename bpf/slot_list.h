/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The list of free task slots: a lock-free stack of indices inside the slot array (Treiber's), safe
 * against reuse (ABA) by a change count in the upper half of its head. Plain C, any number of
 * callers at once; the dispatcher uses it in init_task and exit_task.
 *
 * In BPF a slot index must be turned into a pointer through a map look-up that can say no; the
 * caller passes that as SCHEDD_SLOT_AT.
 */
#ifndef SCHEDD_BPF_SLOT_LIST_H_
#define SCHEDD_BPF_SLOT_LIST_H_

#include "bpf/ring.h"

#ifndef SCHEDD_SLOT_AT
#error "define SCHEDD_SLOT_AT(context, index): pointer to the slot or 0"
#endif

enum { SCHEDD_SLOT_LIST_TRIES = 64 };

/*
 * Takes a free slot: its index, or SCHEDD_NO_SLOT when there is none. free_head's index half holds
 * index + 1, 0 for empty. Fresh slots (never used) are taken by raising slots_high_water, so the
 * array needs no initial threading and untouched pages stay untouched.
 */
SCHEDD_INLINE schedd_u32 schedd_slot_take(struct schedd_header* header, void* context) {
  schedd_u64 head, fresh;
  int i;
  for (i = 0; i < SCHEDD_SLOT_LIST_TRIES; i++) {
    struct schedd_slot* slot;
    head = SCHEDD_LOAD_ACQUIRE(&header->free_head);
    if ((schedd_u32)head == 0) break;
    slot = SCHEDD_SLOT_AT(context, (schedd_u32)head - 1);
    if (!slot) break;
    if (SCHEDD_CAS(&header->free_head, head,
                   ((head >> 32) + 1) << 32 | SCHEDD_LOAD_ACQUIRE(&slot->free_next)) == head) {
      SCHEDD_ADD(&header->used_slots, 1);
      return (schedd_u32)head - 1;
    }
  }
  for (i = 0; i < SCHEDD_SLOT_LIST_TRIES; i++) {
    fresh = SCHEDD_LOAD_ACQUIRE(&header->slots_high_water);
    if (fresh >= header->nr_slots) break;
    if (SCHEDD_CAS(&header->slots_high_water, fresh, fresh + 1) == fresh) {
      SCHEDD_ADD(&header->used_slots, 1);
      return (schedd_u32)fresh;
    }
  }
  return SCHEDD_NO_SLOT;
}

/* Gives a slot back. Returns 1, or 0 when contention won every try (the slot is then lost until the
 * next attach; caller counts it). */
SCHEDD_INLINE int schedd_slot_give(struct schedd_header* header, void* context, schedd_u32 index) {
  struct schedd_slot* slot = SCHEDD_SLOT_AT(context, index);
  int i;
  if (!slot) return 0;
  for (i = 0; i < SCHEDD_SLOT_LIST_TRIES; i++) {
    schedd_u64 head = SCHEDD_LOAD_ACQUIRE(&header->free_head);
    SCHEDD_WRITE(&slot->free_next, (schedd_u32)head);
    if (SCHEDD_CAS(&header->free_head, head, ((head >> 32) + 1) << 32 | (index + 1)) == head) {
      SCHEDD_ADD(&header->used_slots, (schedd_u64)-1);
      return 1;
    }
  }
  return 0;
}

#endif /* SCHEDD_BPF_SLOT_LIST_H_ */
