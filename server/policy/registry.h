// SPDX-License-Identifier: Apache-2.0
//
// Policies by name: the one place that knows them all. A new policy is added here and nowhere else.
//
// Stateless; any thread. The caller owns the policy it gets. All memory of a policy is allocated
// here.
#ifndef SCHEDD_POLICY_REGISTRY_H_
#define SCHEDD_POLICY_REGISTRY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/policy/policy.h"

namespace schedd {

inline constexpr std::string_view kDefaultPolicy = "vruntime";

// Names that MakePolicy() takes, the default first.
std::vector<std::string> PolicyNames();

// A policy with default parameters for tasks 0 to capacity - 1 and CPUs 0 to nr_cpus - 1.
// INVALID_ARGUMENT: no such name (the message lists them), or no room for any task or CPU.
absl::StatusOr<std::unique_ptr<Policy>> MakePolicy(std::string_view name, uint32_t capacity,
                                                   uint32_t nr_cpus);

}  // namespace schedd

#endif  // SCHEDD_POLICY_REGISTRY_H_
