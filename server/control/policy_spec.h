// SPDX-License-Identifier: Apache-2.0
//
// Checks what a caller asks of a policy, and works out the values that it would set.
//
// Pure functions; any thread. Nanoseconds. Errors are INVALID_ARGUMENT with reason INVALID_NAME,
// INVALID_SELECTOR, INVALID_EXPIRATION, UNKNOWN_PARAMETER, EMPTY_UPDATE, MACHINE_PARAMETER,
// PARAMETER_OUT_OF_RANGE or REASON_TOO_LONG and name the field.
#ifndef SCHEDD_CONTROL_POLICY_SPEC_H_
#define SCHEDD_CONTROL_POLICY_SPEC_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/control/parameter_specs.h"
#include "server/control/policy_info.h"
#include "server/control/state_store.h"

namespace schedd {

inline constexpr size_t kMaxReasonBytes = 1'024;

// [a-z][a-z0-9-]{0,62}
absl::Status CheckPolicyId(absl::string_view id);

// The normal form ("/a/b") of what a selector names; the root is none.
absl::StatusOr<std::string> ParsePolicyPath(absl::string_view cgroup_path);

// Text that is kept: not longer than kMaxReasonBytes.
absl::Status CheckReason(const std::string& reason);

// When values with this ttl lapse.
absl::StatusOr<absl::Time> LapseTime(absl::Duration ttl, absl::Time now);

using NamedParameters = std::set<const ParameterSpec*>;

// The parameters that a change names: those in the mask, or without one those in `values`.
absl::StatusOr<NamedParameters> FindNamedParameters(const ParameterValues& values,
                                                    const std::vector<std::string>& update_mask);

// `current` with the named parameters as in `values`, each in range. Those without a value are
// taken out, or get their default where there is nothing to inherit (`inherits` false).
absl::StatusOr<ParameterValues> MergeValues(const ParameterValues& current,
                                            const NamedParameters& named,
                                            const ParameterValues& values, bool inherits);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_POLICY_SPEC_H_
