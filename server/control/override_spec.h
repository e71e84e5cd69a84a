// SPDX-License-Identifier: Apache-2.0
//
// Checks what a caller asks of an override, and says whether it matches a task.
//
// Pure functions and a value; any thread. Nanoseconds. Errors are INVALID_ARGUMENT with reason
// INVALID_SELECTOR, INVALID_OVERRIDE, INVALID_EXPIRATION, PARAMETER_OUT_OF_RANGE, UNKNOWN_FIELD,
// EMPTY_UPDATE or INVALID_NAME and name the field.
#ifndef SCHEDD_CONTROL_OVERRIDE_SPEC_H_
#define SCHEDD_CONTROL_OVERRIDE_SPEC_H_

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/control/override_info.h"
#include "server/control/slot_identity.h"
#include "server/control/task_info.h"
#include "server/policy/parameters.h"

namespace schedd {

// Which of two matching overrides counts: the larger one. The most specific selector first (task,
// tgid, comm, the longer cgroup path, uid), then the newer override. One override alone is in force
// for a task: what it leaves is not filled from another.
struct OverridePrecedence {
  bool task = false;
  bool tgid = false;
  bool comm = false;
  size_t cgroup_length = 0;
  bool uid = false;
  int64_t creation = 0;

  auto operator<=>(const OverridePrecedence&) const = default;
};

// A selector that has been checked, ready for matching.
struct ParsedSelector {
  std::optional<TaskKey> task;
  int32_t tgid = 0;
  std::optional<std::array<char, SCHEDD_COMM_LEN>> comm;
  std::string cgroup_path;  // normal form; empty: not set
  std::optional<int64_t> uid;

  // `cgroup_path` of the task as CgroupPaths gives it. False for threads that are protected.
  bool Matches(const SlotIdentity& identity, absl::string_view task_cgroup_path) const;
  bool needs_cgroup() const { return !cgroup_path.empty(); }
  OverridePrecedence Precedence(int64_t creation) const;
};

absl::StatusOr<ParsedSelector> ParseSelector(const TaskSelector& selector);

// Weight and slice: at least one, in range. A slice must fit the policy in force, which would cut
// it otherwise.
absl::Status CheckOverrideValues(const OverrideSpec& spec, const PolicyParameters& policy);

// When it ends, from ttl or expire_time; nothing for never. Both set, or not in the future, is an
// error.
absl::StatusOr<std::optional<absl::Time>> ExpireTimeOf(const OverrideSpec& spec, absl::Time now);

// `current` with the fields of `change` that `mask` names.
absl::StatusOr<OverrideSpec> MergeOverrideSpec(const OverrideSpec& current,
                                               const OverrideSpec& change,
                                               const std::vector<std::string>& mask);

// [a-z][a-z0-9-]{0,62}
absl::Status CheckOverrideId(absl::string_view id);
// The id of "taskOverrides/<id>".
absl::StatusOr<std::string> ParseOverrideName(absl::string_view name);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_OVERRIDE_SPEC_H_
