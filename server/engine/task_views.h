// SPDX-License-Identifier: Apache-2.0
//
// What the engine says of each task to readers on other threads.
//
// Owned by the engine. The scheduling thread alone publishes; any thread reads, without waiting for
// it. A reader never gets one task's numbers for another's: the owner (schedd_slot.key) is checked
// before and after. Virtual times in ns. Reading a task that was not published gives zeros.
// Allocates in the constructor only.
#ifndef SCHEDD_ENGINE_TASK_VIEWS_H_
#define SCHEDD_ENGINE_TASK_VIEWS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/engine/engine.h"

namespace schedd {

class TaskViews {
 public:
  explicit TaskViews(size_t slots) : entries_(slots) {}

  void Publish(uint32_t slot, uint32_t key, const TaskEngineView& view) {
    Entry& entry = entries_[slot];
    const bool other_owner = entry.key.load(std::memory_order_relaxed) != key;
    // Each store releases the ones before: who reads a new number also sees that the key went.
    if (other_owner) entry.key.store(0, std::memory_order_relaxed);
    entry.vruntime_ns.store(view.vruntime_ns, std::memory_order_release);
    entry.lag_ns.store(view.lag_ns, std::memory_order_release);
    entry.effective_weight.store(view.effective_weight, std::memory_order_release);
    if (other_owner) entry.key.store(key, std::memory_order_release);
  }

  TaskEngineView Read(uint32_t slot, uint32_t key) const {
    if (slot >= entries_.size() || key == 0) return {};
    const Entry& entry = entries_[slot];
    if (entry.key.load(std::memory_order_acquire) != key) return {};
    const TaskEngineView view = {
        .vruntime_ns = entry.vruntime_ns.load(std::memory_order_acquire),
        .lag_ns = entry.lag_ns.load(std::memory_order_acquire),
        .effective_weight = entry.effective_weight.load(std::memory_order_acquire)};
    return entry.key.load(std::memory_order_acquire) == key ? view : TaskEngineView();
  }

 private:
  struct Entry {
    std::atomic<uint32_t> key{0};
    std::atomic<int32_t> effective_weight{0};
    std::atomic<int64_t> vruntime_ns{0};
    std::atomic<int64_t> lag_ns{0};
  };
  std::vector<Entry> entries_;
};

}  // namespace schedd

#endif  // SCHEDD_ENGINE_TASK_VIEWS_H_
