// SPDX-License-Identifier: Apache-2.0
//
// Policy parameters as text, in both directions, for whatever fields PolicyParameters has.
//
// Pure functions on messages; any thread. Bounds are not checked here but by schedd. Failure:
// INVALID_ARGUMENT with what is allowed.
#ifndef SCHEDD_CLIENT_SCHEDCTL_PARAMETERS_H_
#define SCHEDD_CLIENT_SCHEDCTL_PARAMETERS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "schedd/v1/policy_service.pb.h"

namespace schedd::client {

// Adds one "name=value" to a request: the value and the mask path. "default" as the value asks for
// the default.
absl::Status AddAssignment(absl::string_view assignment, v1::UpdatePolicyRequest* request);

// Name and value of each parameter, "-" for one that is not set.
std::vector<std::pair<std::string, std::string>> ParameterTexts(
    const v1::PolicyParameters& parameters);

// The value of an Int64Domain number in the unit of the spec: "10ms" for nanoseconds.
std::string SpecNumber(const v1::ParameterSpec& spec, int64_t value);

// A name of a CategoricalDomain as AddAssignment takes it and ParameterTexts shows it:
// "idle-bypass".
std::string SpecChoice(const v1::ParameterSpec& spec, const std::string& value);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_PARAMETERS_H_
