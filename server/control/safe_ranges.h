// SPDX-License-Identifier: Apache-2.0
//
// The operator's safe range of each parameter: narrower than what is possible, for callers that may
// not leave it.
//
// Constant data and pure functions; any thread. Durations are int64 nanoseconds. Fails by Status
// only.
#ifndef SCHEDD_CONTROL_SAFE_RANGES_H_
#define SCHEDD_CONTROL_SAFE_RANGES_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/control/parameter_specs.h"
#include "server/control/state_store.h"

namespace schedd {

struct ParameterRange {
  int64_t min_value = 0;
  int64_t max_value = 0;

  bool operator==(const ParameterRange&) const = default;
};

// By field path. One that is not in it may take all values that are possible.
using SafeRanges = std::map<std::string, ParameterRange>;

// The range in force: the operator's, or all that is possible.
ParameterRange SafeRangeOf(const ParameterSpec& spec, const SafeRanges& ranges);

// INVALID_ARGUMENT: a range is empty, leaves what is possible, or no values in them would keep the
// rules between parameters (parameter_specs.h). `watchdog_timeout`: the kernel's.
absl::Status CheckSafeRanges(const SafeRanges& ranges, absl::Duration watchdog_timeout);

// INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE, metadata field, minimum, maximum: a value that `after`
// has and `before` has not is outside of its safe range.
absl::Status CheckWithinSafeRanges(const ParameterValues& before, const ParameterValues& after,
                                   const SafeRanges& ranges);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_SAFE_RANGES_H_
