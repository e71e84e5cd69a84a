// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/parameters.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "server/control/parameter_specs.h"

namespace schedd::daemon {
namespace {

constexpr absl::string_view kSet = "--set";
constexpr absl::string_view kSafeRange = "--safe-range";

absl::Status Explain(absl::string_view flag, const ParameterSetting& setting,
                     absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat(flag, " ", setting.name, "=", setting.value, ": ", why));
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

// The value that `text`, all of the setting or a part of it, stands for.
absl::StatusOr<int64_t> ParseValue(absl::string_view flag, const ParameterSpec& spec,
                                   const ParameterSetting& setting, const std::string& text) {
  if (spec.categorical()) {
    for (const ParameterChoice& choice : spec.choices) {
      if (choice.name == text) return choice.value;
    }
    return Explain(flag, setting, absl::StrCat("allowed is ", ChoiceNames(spec)));
  }
  if (spec.is_duration()) {
    absl::Duration duration;
    if (absl::ParseDuration(text, &duration)) return absl::ToInt64Nanoseconds(duration);
    return Explain(flag, setting, "it must be a duration with its unit, as in 500us, 5ms or 2s");
  }
  int64_t value = 0;
  if (absl::SimpleAtoi(text, &value)) return value;
  return Explain(flag, setting, "it must be a whole number");
}

absl::Status NoSuchParameter(absl::string_view flag, const ParameterSetting& setting) {
  return Explain(flag, setting, absl::StrCat("no such parameter; there are: ", ParameterNames()));
}

// "MIN..MAX", each of which may be left out.
absl::StatusOr<ParameterRange> ParseRange(const ParameterSpec& spec,
                                          const ParameterSetting& setting) {
  const std::vector<std::string> bounds = absl::StrSplit(setting.value, "..");
  if (spec.categorical()) {
    return Explain(kSafeRange, setting, "this parameter is a choice and has no range");
  }
  if (bounds.size() != 2 || (bounds[0].empty() && bounds[1].empty())) {
    return Explain(kSafeRange, setting, "a range is MIN..MAX, as in 2ms..20ms");
  }
  ParameterRange range = {.min_value = spec.min_value, .max_value = spec.max_value};
  for (const auto& [text, bound] :
       {std::pair(&bounds[0], &range.min_value), std::pair(&bounds[1], &range.max_value)}) {
    if (text->empty()) continue;
    const absl::StatusOr<int64_t> value = ParseValue(kSafeRange, spec, setting, *text);
    if (!value.ok()) return value.status();
    *bound = *value;
  }
  return range;
}

}  // namespace

absl::StatusOr<PolicyParameters> MakeParameters(const Config& config) {
  PolicyParameters parameters;
  for (const ParameterSetting& setting : config.parameters) {
    const ParameterSpec* spec = FindParameterSpec(setting.name);
    if (spec == nullptr) return NoSuchParameter(kSet, setting);
    const absl::StatusOr<int64_t> value = ParseValue(kSet, *spec, setting, setting.value);
    if (!value.ok()) return value.status();
    // Before it is set: a parameter may be narrower than 64 bits.
    const absl::Status in_range = CheckParameterRange(*spec, *value);
    if (!in_range.ok()) return Explain(kSet, setting, in_range.message());
    spec->set(parameters, *value);
  }
  const absl::Status status =
      CheckParameters(parameters, absl::Nanoseconds(config.watchdog_timeout_ns));
  if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat("--set: ", status.message()));
  return parameters;
}

absl::StatusOr<SafeRanges> MakeSafeRanges(const Config& config) {
  SafeRanges ranges;
  for (const ParameterSetting& setting : config.safe_ranges) {
    const ParameterSpec* spec = FindParameterSpec(setting.name);
    if (spec == nullptr) return NoSuchParameter(kSafeRange, setting);
    const absl::StatusOr<ParameterRange> range = ParseRange(*spec, setting);
    if (!range.ok()) return range.status();
    ranges[setting.name] = *range;
  }
  const absl::Status status =
      CheckSafeRanges(ranges, absl::Nanoseconds(config.watchdog_timeout_ns));
  if (status.ok()) return ranges;
  return absl::InvalidArgumentError(absl::StrCat(kSafeRange, ": ", status.message()));
}

}  // namespace schedd::daemon
