// SPDX-License-Identifier: Apache-2.0
//
// What the API says and asks of a policy, as plain values (schedd.v1.Policy).
//
// Value objects, owned by whoever holds them. Durations are int64 nanoseconds. Nothing here can
// fail.
#ifndef SCHEDD_CONTROL_POLICY_INFO_H_
#define SCHEDD_CONTROL_POLICY_INFO_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/policy/parameters.h"

namespace schedd {

inline constexpr char kPolicyName[] = "policies/default";

struct PolicyInfo {
  std::string name = kPolicyName;
  PolicyParameters parameters = {};
  int64_t generation = 0;          // of its last change
  int64_t applied_generation = 0;  // newest that the scheduling thread took up; 0 while detached
  std::optional<absl::Time> apply_time = {};  // of applied_generation
  std::string etag = {};
};

struct PolicyUpdate {
  std::string name = kPolicyName;
  // The fields that are set in the request: field path below PolicyParameters ("base_slice") to
  // value: nanoseconds, a count, or the number of an enum value. Leave an UNSPECIFIED enum out: it
  // counts as not set. Paths in here must be known ones.
  std::map<std::string, int64_t> values = {};
  // update_mask as it came: "parameters.base_slice", "parameters" or "*" (every parameter). A field
  // in the mask that is not in `values` gets its default. Empty: those in `values`.
  std::vector<std::string> update_mask = {};
  std::string etag = {};  // empty: not checked
  bool validate_only = false;
  std::string reason = {};  // for the log
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_POLICY_INFO_H_
