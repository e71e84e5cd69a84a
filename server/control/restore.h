// SPDX-License-Identifier: Apache-2.0
//
// Decides what the control plane begins with, from what was stored and what is configured.
//
// Pure functions; any thread. What was stored is newer than the configuration, so it is in force;
// unless the configured parameters are others than at the last start, which means that the operator
// has changed them since. Cannot fail: what cannot be used is left out, and said so. A policy whose
// values do not fit those of the others any more keeps its place and its history, and sets nothing.
#ifndef SCHEDD_CONTROL_RESTORE_H_
#define SCHEDD_CONTROL_RESTORE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/control/control_options.h"
#include "server/control/state_store.h"
#include "server/policy/parameters.h"

namespace schedd {

ParameterValues ValuesOf(const PolicyParameters& parameters);

// Those that are missing get their default, unknown ones are skipped. INVALID_ARGUMENT,
// PARAMETER_OUT_OF_RANGE.
absl::StatusOr<PolicyParameters> ParametersOf(const ParameterValues& values);

struct Restored {
  StoredState state;             // its policies and overrides pass all checks
  bool differs = false;          // from what is stored
  std::vector<std::string> log;  // what happened
};

// Overrides whose time is over are dropped, all as one generation; each policy that changes is one.
Restored Restore(const std::optional<StoredState>& stored, const ControlOptions& options,
                 absl::Time now);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_RESTORE_H_
