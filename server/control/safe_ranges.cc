// SPDX-License-Identifier: Apache-2.0
#include "server/control/safe_ranges.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/control/error.h"

namespace schedd {
namespace {

// One rule between the bounds: `at_most` of the lower end of a range, `at_least` of the upper end
// of another, so that some pair of values keeps the rule.
absl::Status CheckOrder(absl::string_view small, int64_t least_ns, absl::string_view large,
                        int64_t most_ns) {
  if (least_ns <= most_ns) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "the safe ranges contradict each other: ", small, " would be at least ",
      absl::FormatDuration(absl::Nanoseconds(least_ns)), ", but it must not be larger than ", large,
      ", which would be at most ", absl::FormatDuration(absl::Nanoseconds(most_ns))));
}

}  // namespace

ParameterRange SafeRangeOf(const ParameterSpec& spec, const SafeRanges& ranges) {
  const auto found = ranges.find(std::string(spec.field_path));
  if (found != ranges.end()) return found->second;
  return {.min_value = spec.min_value, .max_value = spec.max_value};
}

absl::Status CheckSafeRanges(const SafeRanges& ranges, absl::Duration watchdog_timeout) {
  for (const auto& [name, range] : ranges) {
    const ParameterSpec* spec = FindParameterSpec(name);
    if (spec == nullptr || spec->categorical()) {
      return absl::InvalidArgumentError(absl::StrCat(name, " is no parameter with a range"));
    }
    for (const int64_t bound : {range.min_value, range.max_value}) {
      if (absl::Status status = CheckParameterRange(*spec, bound); !status.ok()) return status;
    }
    if (range.min_value > range.max_value) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, ": the lower bound ", FormatParameterValue(*spec, range.min_value),
          " is larger than the upper one ", FormatParameterValue(*spec, range.max_value)));
    }
  }
  const auto range = [&ranges](absl::string_view name) {
    return SafeRangeOf(*FindParameterSpec(name), ranges);
  };
  const ParameterRange bound = range("starvation_bound");
  const int64_t half_watchdog_ns = absl::ToInt64Nanoseconds(watchdog_timeout) / 2;
  for (const absl::Status& status :
       {CheckOrder("min_slice", range("min_slice").min_value, "base_slice",
                   range("base_slice").max_value),
        CheckOrder("base_slice", range("base_slice").min_value, "max_slice",
                   range("max_slice").max_value),
        CheckOrder("min_slice", range("min_slice").min_value, "max_slice",
                   range("max_slice").max_value),
        CheckOrder("twice max_slice", 2 * range("max_slice").min_value, "starvation_bound",
                   bound.max_value),
        CheckOrder("decision_budget", range("decision_budget").min_value, "starvation_bound",
                   bound.max_value),
        CheckOrder("starvation_bound", bound.min_value, "half of watchdog_timeout",
                   half_watchdog_ns)}) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckWithinSafeRanges(const ParameterValues& before, const ParameterValues& after,
                                   const SafeRanges& ranges) {
  for (const auto& [name, value] : after) {
    const ParameterSpec* spec = FindParameterSpec(name);
    const auto former = before.find(name);
    if (spec == nullptr || (former != before.end() && former->second == value)) continue;
    const ParameterRange range = SafeRangeOf(*spec, ranges);
    if (value >= range.min_value && value <= range.max_value) continue;
    const std::string field = absl::StrCat("parameters.", name);
    const std::string minimum = FormatParameterValue(*spec, range.min_value);
    const std::string maximum = FormatParameterValue(*spec, range.max_value);
    return MakeError(absl::StatusCode::kInvalidArgument, reason::kParameterOutOfRange,
                     absl::StrCat(field, " is ", FormatParameterValue(*spec, value),
                                  ", outside of the safe range that the operator has set: use ",
                                  minimum, " to ", maximum, ", or ask somebody who may leave it"),
                     {{"field", field}, {"minimum", minimum}, {"maximum", maximum}});
  }
  return absl::OkStatus();
}

}  // namespace schedd
