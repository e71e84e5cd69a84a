// SPDX-License-Identifier: Apache-2.0
//
// Which policy's parameters count for the tasks of which control group.
//
// Plain data; the control thread makes it, the scheduling thread looks up. Immutable once it is
// handed over. Cannot fail: a cgroup that it does not know has the default policy.
#ifndef SCHEDD_POLICY_CGROUP_POLICIES_H_
#define SCHEDD_POLICY_CGROUP_POLICIES_H_

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "server/policy/parameters.h"

namespace schedd {

struct CgroupPolicies {
  // By cgroup ID; those of the default policy are left out.
  absl::flat_hash_map<uint64_t, PolicyIndex> indexes;

  PolicyIndex Of(uint64_t cgroup_id) const {
    if (indexes.empty()) return kDefaultPolicyIndex;
    const auto found = indexes.find(cgroup_id);
    return found == indexes.end() ? kDefaultPolicyIndex : found->second;
  }

  bool operator==(const CgroupPolicies&) const = default;
};

}  // namespace schedd

#endif  // SCHEDD_POLICY_CGROUP_POLICIES_H_
