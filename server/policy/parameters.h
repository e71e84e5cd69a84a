// SPDX-License-Identifier: Apache-2.0
//
// The live-tunable numbers of a scheduling policy, as plain values.
//
// A value object: copied into the scheduling thread whole, so a policy never sees half a change.
// Bounds are not checked here but where a change is accepted (server/control); a policy must stay
// safe for any value within the bounds there.
#ifndef SCHEDD_POLICY_PARAMETERS_H_
#define SCHEDD_POLICY_PARAMETERS_H_

#include <cstddef>
#include <cstdint>

namespace schedd {

// Which set of parameters counts for a task: 0 is the default one, others are those of control
// groups.
using PolicyIndex = uint8_t;
inline constexpr PolicyIndex kDefaultPolicyIndex = 0;
inline constexpr size_t kMaxPolicies = 64;

// Which wakeups go through the policy.
enum class PlacementMode {
  kIdleBypass,    // a task that wakes onto an idle CPU runs there at once (default)
  kAllDecisions,  // every wakeup is decided by the policy, idle CPUs or not
};

struct PolicyParameters {
  // Time slice granted while at most one task a CPU waits.
  int64_t base_slice_ns = 10'000'000;
  // No slice is shorter, and tasks that wake take a CPU from others no more
  // often than this.
  int64_t min_slice_ns = 1'000'000;
  // Longest slice ever granted, overrides included; with a late tick, also the most that
  // is charged for CPU time that nobody else wanted.
  int64_t max_slice_ns = 40'000'000;
  // Largest virtual-time credit (of a weight-100 task) that a sleeper gathers.
  int64_t sleeper_credit_ns = 20'000'000;
  // A runnable task that waited this long (wall clock) goes before all others.
  int64_t starvation_bound_ns = 500'000'000;
  // A waking task preempts when its deadline is earlier than the running one's by more than this.
  int64_t wakeup_preempt_margin_ns = 2'000'000;
  // The dispatcher stops sending events to a scheduling thread silent for this long while events
  // wait.
  int64_t decision_budget_ns = 20'000'000;
  // Most decisions handed to the kernel in one batch.
  int32_t dispatch_batch_count = 256;
  PlacementMode placement_mode = PlacementMode::kIdleBypass;

  bool operator==(const PolicyParameters&) const = default;
};

}  // namespace schedd

#endif  // SCHEDD_POLICY_PARAMETERS_H_
