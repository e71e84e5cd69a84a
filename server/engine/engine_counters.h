// SPDX-License-Identifier: Apache-2.0
//
// The engine's counters while they are being counted.
//
// Owned by the engine. The scheduling thread alone adds; any thread reads a counter at any time.
// Each is a plain count since construction. Cannot fail.
#ifndef SCHEDD_ENGINE_ENGINE_COUNTERS_H_
#define SCHEDD_ENGINE_ENGINE_COUNTERS_H_

#include <atomic>
#include <cstdint>

#include "server/engine/engine.h"

namespace schedd {

// One writer: a load and a store instead of a locked addition.
class Counter {
 public:
  void Add(int64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void Set(int64_t n) { value_.store(n, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

struct EngineCounters {
  Counter passes;
  Counter parks;
  Counter events;
  Counter decisions;
  Counter urgent_decisions;
  Counter preempt_decisions;
  Counter decision_ring_full;
  Counter stale_events;
  Counter stale_decisions;
  Counter allocations;

  EngineStats Read() const {
    return {.passes = passes.value(),
            .parks = parks.value(),
            .events = events.value(),
            .decisions = decisions.value(),
            .urgent_decisions = urgent_decisions.value(),
            .preempt_decisions = preempt_decisions.value(),
            .decision_ring_full = decision_ring_full.value(),
            .stale_events = stale_events.value(),
            .stale_decisions = stale_decisions.value(),
            .allocations = allocations.value()};
  }
};

}  // namespace schedd

#endif  // SCHEDD_ENGINE_ENGINE_COUNTERS_H_
