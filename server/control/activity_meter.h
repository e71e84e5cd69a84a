// SPDX-License-Identifier: Apache-2.0
//
// How much of the time each task wants a CPU.
//
// Owned by CgroupControl, used on the sequence. One entry a slot; a slot's new owner starts afresh.
// Cannot fail.
#ifndef SCHEDD_CONTROL_ACTIVITY_METER_H_
#define SCHEDD_CONTROL_ACTIVITY_METER_H_

#include <algorithm>
#include <cstdint>
#include <vector>

namespace schedd {

class ActivityMeter {
 public:
  // Forgets all tasks.
  void Reset() { entries_.clear(); }

  // Notes that the task of a slot has been runnable for `demand_ns` in its life, `elapsed_ns` after
  // the last look (more than 0). Returns its activity, 0 to 1: a mean over the looks in which each
  // counts twice as much as the one before, so that a burst or a pause of one look halves it at
  // most.
  double Note(uint32_t slot, uint32_t key, int64_t demand_ns, int64_t elapsed_ns) {
    if (slot >= entries_.size()) entries_.resize(slot + 1);
    Entry& entry = entries_[slot];
    const bool is_new = entry.key != key;
    const int64_t before_ns = is_new ? 0 : entry.demand_ns;
    const double latest = std::clamp(
        static_cast<double>(demand_ns - before_ns) / static_cast<double>(elapsed_ns), 0.0, 1.0);
    entry.activity = is_new ? latest : (entry.activity + latest) / 2;
    if (entry.activity < kNegligible) entry.activity = 0;
    entry.key = key;
    entry.demand_ns = demand_ns;
    return entry.activity;
  }

 private:
  // Else a task that fell asleep would fade for ever.
  static constexpr double kNegligible = 0.001;

  struct Entry {
    uint32_t key = 0;  // schedd_slot.key; no task has 0
    int64_t demand_ns = 0;
    double activity = 0;
  };
  std::vector<Entry> entries_;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_ACTIVITY_METER_H_
