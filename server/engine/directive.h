// SPDX-License-Identifier: Apache-2.0
//
// A change of what is in force, as handed to the scheduling thread.
//
// Built and freed by the control thread. The scheduling thread applies it whole between two passes,
// so nothing is ever half in force; it only reads it, but for `shares` and `cgroup_policies`, which
// it exchanges for those that it had. One generation for each directive, strictly increasing.
#ifndef SCHEDD_ENGINE_DIRECTIVE_H_
#define SCHEDD_ENGINE_DIRECTIVE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "server/policy/cgroup_policies.h"
#include "server/policy/cgroup_shares.h"
#include "server/policy/parameters.h"

namespace schedd {

// Weight and slice that an override gives one task. Both 0: back to the task's own.
struct TaskSetting {
  uint32_t slot = 0;
  uint32_t key = 0;      // schedd_slot.key: ignored when the slot has another owner by now
  int32_t weight = 0;    // 1 to 10000; 0: the kernel's
  int64_t slice_ns = 0;  // 0: the policy's
};

// Parameters of the tasks that have policy `index`.
struct PolicySetting {
  PolicyIndex index = kDefaultPolicyIndex;  // 1 to kMaxPolicies - 1
  PolicyParameters parameters = {};
};

struct Directive {
  // Never less than that of the directive before. The same again: no change of what callers set,
  // but of the tasks and cgroups that it applies to (all but `parameters`).
  int64_t generation = 0;
  // Of the default policy, and of the dispatcher; nothing: as before.
  std::optional<PolicyParameters> parameters;
  std::vector<TaskSetting> settings;
  std::unique_ptr<CgroupShares> shares = nullptr;             // nullptr: as before
  std::vector<PolicySetting> policies = {};                   // those not named: as before
  std::unique_ptr<CgroupPolicies> cgroup_policies = nullptr;  // nullptr: as before
};

}  // namespace schedd

#endif  // SCHEDD_ENGINE_DIRECTIVE_H_
