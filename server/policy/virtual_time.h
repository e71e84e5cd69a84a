// SPDX-License-Identifier: Apache-2.0
//
// Virtual time: CPU time divided by weight, in nanoseconds of a weight-100 task, and the clock V of
// each CPU's queue.
//
// CpuClocks is owned by one policy and used on the scheduling thread only; it allocates in its
// constructor only. Virtual times wrap and are compared by signed difference. Nothing here fails.
//
// V is what a task that comes in starts from. It is the virtual time of the task in service
// (start-time fair queueing): no sum of charges, so it cannot drift away from the tasks it is
// compared with. There is one V a CPU, not one for the machine: tasks bound to a crowded CPU fall
// behind those of a quiet one for as long as both exist, and a common V would be wrong for both.
#ifndef SCHEDD_POLICY_VIRTUAL_TIME_H_
#define SCHEDD_POLICY_VIRTUAL_TIME_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "server/base/wrap.h"
#include "server/policy/policy.h"

namespace schedd {

// `cpu_ns` of a task of `weight` in virtual time. Takes any number: below 0 counts as 0, above 1000
// s as 1000 s, so that the product fits.
constexpr int64_t VirtualNanos(int64_t cpu_ns, int64_t weight) {
  constexpr int64_t kMost = 1'000'000'000'000;
  return std::clamp<int64_t>(cpu_ns, 0, kMost) * kDefaultWeight / std::max<int64_t>(weight, 1);
}

class CpuClocks {
 public:
  CpuClocks(uint32_t nr_cpus, uint64_t start) : clocks_(nr_cpus, Clock{start, 0}) {}

  uint64_t At(uint32_t cpu) const { return clocks_[cpu].v; }

  // V goes on from `v`.
  void Set(uint32_t cpu, uint64_t v) { clocks_[cpu] = {v, 0}; }

  // A task at virtual time `v` was seen running on `cpu`. V follows it and never goes back, unless
  // one task after the other is more than most_lead ahead of it or most_lag behind: then V is that
  // of tasks which are gone, and the present ones were never served in one order with those (they
  // were bound elsewhere, or ran where nobody competed). A single such task is itself the
  // exception.
  void Follow(uint32_t cpu, uint64_t v, int64_t most_lead, int64_t most_lag) {
    constexpr uint32_t kConvincing = 8;
    Clock& clock = clocks_[cpu];
    const int64_t lead = WrapDifference(v, clock.v);
    if (lead >= -most_lag && lead <= most_lead) {
      if (lead > 0) clock.v = v;
      clock.strangers = 0;
    } else if (++clock.strangers == kConvincing) {
      clock = {v, 0};
    }
  }

  // A task that was in service on `cpu` has come to `v`. Further ahead than `window` it is the task
  // that is off, not V.
  void Raise(uint32_t cpu, uint64_t v, int64_t window) {
    const int64_t lead = WrapDifference(v, clocks_[cpu].v);
    if (lead > 0 && lead <= window) clocks_[cpu].v = v;
  }

 private:
  struct Clock {
    uint64_t v;
    uint32_t strangers;  // seen in a row
  };
  std::vector<Clock> clocks_;
};

}  // namespace schedd

#endif  // SCHEDD_POLICY_VIRTUAL_TIME_H_
