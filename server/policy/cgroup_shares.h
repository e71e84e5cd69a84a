// SPDX-License-Identifier: Apache-2.0
//
// How CPU time is divided between control groups and inside them, as weights of single tasks.
//
// In the kernel's fair class the tasks and the child groups of a group compete with each other,
// each with its own weight (nice, cpu.weight), for what the group as a whole gets (cgroup-v2.rst,
// "CPU Interface Files"; sched-design-CFS.rst). A policy that knows tasks only gets the same shares
// when each task's weight is
//     its own · share of its group / demand of its group,
// where a group's share is its cpu.weight, divided in the same manner among those it competes with,
// and its demand is the sum of the weights of those inside that want to run. The root's share is
// its demand, so outside of groups a task keeps its own weight.
//
// Pure functions and plain data; the control thread computes, the scheduling thread looks up. They
// take any numbers.
#ifndef SCHEDD_POLICY_CGROUP_SHARES_H_
#define SCHEDD_POLICY_CGROUP_SHARES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace schedd {

// A group with a weight. The first of all is the root; a group comes after its parent.
struct WeightedGroup {
  size_t parent = 0;  // index; ignored for the root
  double weight = 100;
};

// A task that competes inside a group.
struct GroupMember {
  size_t group = 0;     // index
  double weight = 100;  // its own
  double activity = 0;  // part of the time in which it is runnable, 0 to 1
};

// For each group the factor that makes of a task's own weight the one with which it competes on the
// whole machine; 1 for the root. A group in which nobody is active has the factor that one task of
// weight 100 would have there.
std::vector<double> DivideAmongGroups(std::span<const WeightedGroup> groups,
                                      std::span<const GroupMember> members);

// Range of the weights of those that compete.
struct WeightRange {
  double least = 0;
  double greatest = 0;
};

// The number by which to multiply all weights so that whole numbers from 1 to 10000 tell them apart
// (within 2 % as long as they span less than 1 : 200). `now` while that is good enough: each change
// costs every task a new place in virtual time.
double ChooseWeightScale(double now, const WeightRange& range);

// What the scheduling thread looks up. Immutable once it is handed over.
struct CgroupShares {
  // By cgroup ID. Empty: all cgroups count alike.
  absl::flat_hash_map<uint64_t, double> factors;
  double unknown_factor = 1;  // of a cgroup that was made a moment ago
  double scale = 1;           // of all weights, those that operators set included

  double Factor(uint64_t cgroup_id) const {
    const auto found = factors.find(cgroup_id);
    return found == factors.end() ? unknown_factor : found->second;
  }

  bool operator==(const CgroupShares&) const = default;
};

}  // namespace schedd

#endif  // SCHEDD_POLICY_CGROUP_SHARES_H_
