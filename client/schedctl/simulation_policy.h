// SPDX-License-Identifier: Apache-2.0
//
// The policy of a simulation as text, in both directions: parameters as "schedctl policy set" takes
// them, and kind=NAME for the policy itself.
//
// Pure functions; any thread. Bounds are those of a live schedd (parameter_specs.h). Failure:
// INVALID_ARGUMENT with what is allowed.
#ifndef SCHEDD_CLIENT_SCHEDCTL_SIMULATION_POLICY_H_
#define SCHEDD_CLIENT_SCHEDCTL_SIMULATION_POLICY_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/simulate/simulation.h"

namespace schedd::client {

// `base` with the changes "name=value".
absl::StatusOr<SimulationOptions> WithChanges(const SimulationOptions& base,
                                              const std::vector<std::string>& changes);

// The kinds of policy: those of schedd, and "fair".
std::vector<std::string> PolicyKinds();

// Name and value of the kind and of each parameter, as WithChanges() takes them. "fair" has no
// parameters.
std::vector<std::pair<std::string, std::string>> PolicySettings(const SimulationOptions& options);

// "vruntime, base_slice=5ms": the kind, and what is not as in a new schedd.
std::string PolicySummary(const SimulationOptions& options);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_SIMULATION_POLICY_H_
