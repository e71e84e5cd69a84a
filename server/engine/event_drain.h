// SPDX-License-Identifier: Apache-2.0
//
// Takes events out of the per-CPU rings, fairly and a bounded number at a time.
//
// Owned by the engine, used by the scheduling thread alone (the rings' consumer). Counts in events.
// No allocation; cannot fail.
#ifndef SCHEDD_ENGINE_EVENT_DRAIN_H_
#define SCHEDD_ENGINE_EVENT_DRAIN_H_

#include <algorithm>
#include <cstddef>
#include <span>

#include "bpf/abi.h"
#include "bpf/ring.h"

namespace schedd {

class EventDrain {
 public:
  explicit EventDrain(std::span<schedd_event_ring> rings) : rings_(rings) {}

  // Hands up to `limit` events to `sink`, in order within a CPU. Takes a few from a CPU, then goes
  // on to the next one, and begins where the last call ended: a busy CPU cannot keep another one's
  // events waiting. Returns how many.
  template <typename Sink>
  size_t Drain(size_t limit, const Sink& sink) {
    size_t taken = 0;
    size_t empty_rings = 0;
    while (taken < limit && empty_rings < rings_.size()) {
      const size_t from_ring = DrainRing(rings_[next_], std::min(kTurn, limit - taken), sink);
      taken += from_ring;
      empty_rings = from_ring == 0 ? empty_rings + 1 : 0;
      next_ = next_ + 1 < rings_.size() ? next_ + 1 : 0;
    }
    return taken;
  }

  // True when a ring holds an event. Ordered after every earlier write of the caller, as parking
  // needs it.
  bool HasEvents() const {
    for (const schedd_event_ring& ring : rings_) {
      if (__atomic_load_n(&ring.head, __ATOMIC_SEQ_CST) != ring.tail) return true;
    }
    return false;
  }

 private:
  static constexpr size_t kTurn = 32;

  template <typename Sink>
  static size_t DrainRing(schedd_event_ring& ring, size_t limit, const Sink& sink) {
    schedd_event event;
    size_t taken = 0;
    while (taken < limit && schedd_event_take(&ring, &event)) {
      sink(event);
      ++taken;
    }
    return taken;
  }

  const std::span<schedd_event_ring> rings_;
  size_t next_ = 0;
};

}  // namespace schedd

#endif  // SCHEDD_ENGINE_EVENT_DRAIN_H_
