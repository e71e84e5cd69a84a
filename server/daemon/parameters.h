// SPDX-License-Identifier: Apache-2.0
//
// The policy parameters to begin with, `--set NAME=VALUE` over the defaults; and their safe ranges,
// `--safe-range NAME=MIN..MAX`.
//
// Pure; called once on the main thread. Names, bounds and rules are those of the API
// (server/control/parameter_specs.h). Fails with INVALID_ARGUMENT and a sentence that names the
// parameter and what is allowed.
#ifndef SCHEDD_DAEMON_PARAMETERS_H_
#define SCHEDD_DAEMON_PARAMETERS_H_

#include "absl/status/statusor.h"
#include "server/control/safe_ranges.h"
#include "server/daemon/config.h"
#include "server/policy/parameters.h"

namespace schedd::daemon {

absl::StatusOr<PolicyParameters> MakeParameters(const Config& config);

absl::StatusOr<SafeRanges> MakeSafeRanges(const Config& config);

}  // namespace schedd::daemon

#endif  // SCHEDD_DAEMON_PARAMETERS_H_
