// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/parameters.h"

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "server/control/parameter_specs.h"

namespace schedd::daemon {
namespace {

absl::Status Explain(const ParameterSetting& setting, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("--set ", setting.name, "=", setting.value, ": ", why));
}

std::string ParameterNames() {
  std::vector<std::string> names;
  for (const ParameterSpec& spec : ParameterSpecs()) names.emplace_back(spec.field_path);
  return absl::StrJoin(names, ", ");
}

std::string ChoiceNames(const ParameterSpec& spec) {
  std::vector<std::string> names;
  for (const ParameterChoice& choice : spec.choices) names.emplace_back(choice.name);
  return absl::StrJoin(names, " or ");
}

absl::StatusOr<int64_t> ParseValue(const ParameterSpec& spec, const ParameterSetting& setting) {
  if (spec.categorical()) {
    for (const ParameterChoice& choice : spec.choices) {
      if (choice.name == setting.value) return choice.value;
    }
    return Explain(setting, absl::StrCat("allowed is ", ChoiceNames(spec)));
  }
  if (spec.is_duration()) {
    absl::Duration duration;
    if (absl::ParseDuration(setting.value, &duration)) return absl::ToInt64Nanoseconds(duration);
    return Explain(setting, "it must be a duration with its unit, as in 500us, 5ms or 2s");
  }
  int64_t value = 0;
  if (absl::SimpleAtoi(setting.value, &value)) return value;
  return Explain(setting, "it must be a whole number");
}

}  // namespace

absl::StatusOr<PolicyParameters> MakeParameters(const Config& config) {
  PolicyParameters parameters;
  for (const ParameterSetting& setting : config.parameters) {
    const ParameterSpec* spec = FindParameterSpec(setting.name);
    if (spec == nullptr) {
      return Explain(setting, absl::StrCat("no such parameter; there are: ", ParameterNames()));
    }
    const absl::StatusOr<int64_t> value = ParseValue(*spec, setting);
    if (!value.ok()) return value.status();
    // Before it is set: a parameter may be narrower than 64 bits.
    const absl::Status in_range = CheckParameterRange(*spec, *value);
    if (!in_range.ok()) return Explain(setting, in_range.message());
    spec->set(parameters, *value);
  }
  const absl::Status status =
      CheckParameters(parameters, absl::Nanoseconds(config.watchdog_timeout_ns));
  if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat("--set: ", status.message()));
  return parameters;
}

}  // namespace schedd::daemon
