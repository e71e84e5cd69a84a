// SPDX-License-Identifier: Apache-2.0
//
// The policy parameters to begin with: `--set NAME=VALUE` over the defaults.
//
// Pure; called once on the main thread. Names, bounds and rules are those of the API
// (server/control/parameter_specs.h). Fails with INVALID_ARGUMENT and a sentence that names the
// parameter and what is allowed.
#ifndef SCHEDD_DAEMON_PARAMETERS_H_
#define SCHEDD_DAEMON_PARAMETERS_H_

#include "absl/status/statusor.h"
#include "server/daemon/config.h"
#include "server/policy/parameters.h"

namespace schedd::daemon {

absl::StatusOr<PolicyParameters> MakeParameters(const Config& config);

}  // namespace schedd::daemon

#endif  // SCHEDD_DAEMON_PARAMETERS_H_
