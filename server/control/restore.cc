// SPDX-License-Identifier: Apache-2.0
#include "server/control/restore.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/control/override_spec.h"
#include "server/control/parameter_specs.h"

namespace schedd {
namespace {

// Why the parameters that were stored are not to be used; empty: they are.
std::string WhyConfigured(const StoredState& state, const ControlOptions& options) {
  const absl::StatusOr<PolicyParameters> configured = ParametersOf(state.configured);
  if (!configured.ok() || *configured != options.parameters) return "the configuration has changed";
  const absl::StatusOr<PolicyParameters> stored = ParametersOf(state.parameters);
  const absl::Status usable =
      stored.ok() ? CheckParameters(*stored, absl::Milliseconds(options.load.watchdog_timeout_ms))
                  : stored.status();
  return usable.ok() ? "" : absl::StrCat("those stored are not allowed: ", usable.message());
}

void ChooseParameters(const ControlOptions& options, Restored& restored) {
  StoredState& state = restored.state;
  const std::string why = WhyConfigured(state, options);
  if (why.empty()) return;
  const PolicyParameters before = ParametersOf(state.parameters).value_or(PolicyParameters());
  state.configured = ValuesOf(options.parameters);
  state.parameters = state.configured;
  state.policy_generation = ++state.generation;
  restored.differs = true;
  restored.log.push_back(absl::StrCat("generation ", state.generation,
                                      ": the configured parameters, because ", why, ": ",
                                      DescribeParameterChange(before, options.parameters)));
}

// The policy may have changed since the override was made: it cuts a slice that does not fit.
PolicyParameters WidestSlices() {
  PolicyParameters parameters;
  parameters.min_slice_ns = FindParameterSpec("min_slice")->min_value;
  parameters.max_slice_ns = FindParameterSpec("max_slice")->max_value;
  return parameters;
}

// Why an override is not to be used; empty: it is.
std::string WhyDropped(const StoredOverride& entry, absl::Time now) {
  if (entry.spec.expire_time.has_value() && *entry.spec.expire_time <= now) {
    return "expired while schedd was not running";
  }
  for (const absl::Status& status :
       {CheckOverrideId(entry.id), ParseSelector(entry.spec.selector).status(),
        CheckOverrideValues(entry.spec, WidestSlices())}) {
    if (!status.ok()) return absl::StrCat("cannot be used: ", status.message());
  }
  return "";
}

void DropOverrides(absl::Time now, Restored& restored) {
  StoredState& state = restored.state;
  const int64_t generation = state.generation + 1;
  const size_t dropped = std::erase_if(state.overrides, [&](const StoredOverride& entry) {
    const std::string why = WhyDropped(entry, now);
    if (why.empty()) return false;
    restored.log.push_back(
        absl::StrCat("generation ", generation, ": ", kOverridePrefix, entry.id, " ", why));
    return true;
  });
  if (dropped == 0) return;
  state.generation = generation;
  restored.differs = true;
}

}  // namespace

ParameterValues ValuesOf(const PolicyParameters& parameters) {
  ParameterValues values;
  for (const ParameterSpec& spec : ParameterSpecs()) {
    values.emplace(spec.field_path, spec.get(parameters));
  }
  return values;
}

absl::StatusOr<PolicyParameters> ParametersOf(const ParameterValues& values) {
  PolicyParameters parameters;
  for (const auto& [name, value] : values) {
    const ParameterSpec* spec = FindParameterSpec(name);
    if (spec == nullptr) continue;
    // Before it is set: the field may be narrower than the number.
    if (absl::Status status = CheckParameterRange(*spec, value); !status.ok()) return status;
    spec->set(parameters, value);
  }
  return parameters;
}

Restored Restore(const std::optional<StoredState>& stored, const ControlOptions& options,
                 absl::Time now) {
  Restored restored;
  if (!stored.has_value()) {
    // Tells this history of changes from all others, so that no etag of another one matches.
    restored.state.run = absl::ToUnixNanos(now);
    restored.state.configured = ValuesOf(options.parameters);
    restored.state.parameters = restored.state.configured;
    restored.differs = true;
    return restored;
  }
  restored.state = *stored;
  restored.log.push_back(absl::StrCat("restored generation ", stored->generation, " with ",
                                      stored->overrides.size(), " overrides"));
  ChooseParameters(options, restored);
  DropOverrides(now, restored);
  return restored;
}

}  // namespace schedd
