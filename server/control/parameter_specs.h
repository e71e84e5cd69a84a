// SPDX-License-Identifier: Apache-2.0
//
// The one table of policy parameters: feeds validation, ListParameterSpecs and `schedctl policy
// specs`.
//
// Constant data; any thread. Durations are int64 nanoseconds. To add a parameter: a field in
// PolicyParameters, a row here, a field in the proto. Fails only by the Status of the check
// functions.
#ifndef SCHEDD_CONTROL_PARAMETER_SPECS_H_
#define SCHEDD_CONTROL_PARAMETER_SPECS_H_

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/policy/parameters.h"

namespace schedd {

// One value of a categorical parameter.
struct ParameterChoice {
  int64_t value;           // number of the API's enum, e.g. 1
  absl::string_view name;  // name in the API's enum, e.g. "PLACEMENT_MODE_IDLE_BYPASS"
};

struct ParameterSpec {
  enum class Scale { kLinear, kLog };
  enum class Scope {
    kMachine,  // one value for all: in the default policy only
    kTask,     // each policy has its own, for the tasks that it applies to
  };

  absl::string_view field_path;   // below PolicyParameters, e.g. "base_slice"; resource name
                                  // "parameterSpecs/base_slice"
  absl::string_view description;  // one sentence
  absl::string_view unit;         // UCUM: "ns", "{task}", "1"
  int64_t min_value;
  int64_t max_value;
  int64_t default_value;
  Scale scale;
  Scope scope;
  std::span<const ParameterChoice> choices;  // empty: a whole number (or a Duration in ns)
  int64_t (*get)(const PolicyParameters& parameters);
  void (*set)(PolicyParameters& parameters, int64_t value);

  bool categorical() const { return !choices.empty(); }
  bool is_duration() const { return unit == "ns"; }
};

// All parameters, in the order of the proto's fields.
std::span<const ParameterSpec> ParameterSpecs();

// nullptr when there is none.
const ParameterSpec* FindParameterSpec(absl::string_view field_path);

// "10ms", "256", "PLACEMENT_MODE_IDLE_BYPASS".
std::string FormatParameterValue(const ParameterSpec& spec, int64_t value);

// "base_slice 10ms -> 5ms, ...", for the log.
std::string DescribeParameterChange(const PolicyParameters& before, const PolicyParameters& after);

// INVALID_ARGUMENT, PARAMETER_OUT_OF_RANGE, metadata field ("parameters.<path>"), minimum, maximum.
absl::Status CheckParameterRange(const ParameterSpec& spec, int64_t value);

// Every range, then the rules between parameters. `watchdog_timeout`: the kernel's, which
// starvation_bound must stay well below.
absl::Status CheckParameters(const PolicyParameters& parameters, absl::Duration watchdog_timeout);

struct ParameterSpecPage {
  std::span<const ParameterSpec> specs;
  std::string next_page_token;  // empty at the end
};

// page_size 0: 100; larger than 1000: cut. INVALID_ARGUMENT, INVALID_PAGE_SIZE or
// INVALID_PAGE_TOKEN.
absl::StatusOr<ParameterSpecPage> ListParameterSpecs(int32_t page_size,
                                                     absl::string_view page_token);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_PARAMETER_SPECS_H_
