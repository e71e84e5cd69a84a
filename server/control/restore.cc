// SPDX-License-Identifier: Apache-2.0
#include "server/control/restore.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/control/override_spec.h"
#include "server/control/parameter_specs.h"
#include "server/control/policy_info.h"
#include "server/control/policy_revisions.h"
#include "server/control/policy_set.h"
#include "server/control/policy_spec.h"

namespace schedd {
namespace {

StoredPolicy* FindDefault(StoredState& state) {
  const auto found = std::ranges::find(state.policies, kDefaultPolicyId, &StoredPolicy::id);
  return found == state.policies.end() ? nullptr : &*found;
}

absl::Duration WatchdogOf(const ControlOptions& options) {
  return absl::Milliseconds(options.load.watchdog_timeout_ms);
}

// Why the parameters that were stored for all tasks are not to be used; empty: they are.
std::string WhyConfigured(const StoredState& state, const StoredPolicy& all,
                          const ControlOptions& options) {
  const absl::StatusOr<PolicyParameters> configured = ParametersOf(state.configured);
  if (!configured.ok() || *configured != options.parameters) return "the configuration has changed";
  const absl::StatusOr<PolicyParameters> stored = ParametersOf(all.newest().values);
  const absl::Status usable =
      stored.ok() ? CheckParameters(*stored, WatchdogOf(options)) : stored.status();
  return usable.ok() ? "" : absl::StrCat("those stored are not allowed: ", usable.message());
}

// Values that no caller chose, as a new generation.
void Replace(StoredPolicy& policy, ParameterValues values, absl::string_view writer,
             const std::string& why, absl::Time now, Restored& restored) {
  AddRevision(policy,
              {.generation = ++restored.state.generation,
               .values = std::move(values),
               .writer = std::string(writer),
               .reason = why,
               .create_time = now},
              RevisionEnd::kSuperseded);
  policy.expire_time.reset();
  policy.baseline.clear();
  restored.differs = true;
}

// The policy of all tasks: as stored, or as configured.
void ChooseParameters(const ControlOptions& options, absl::Time now, Restored& restored) {
  StoredState& state = restored.state;
  if (FindDefault(state) == nullptr) state.policies.push_back({.id = kDefaultPolicyId});
  StoredPolicy& all = *FindDefault(state);
  const bool is_new = all.revisions.empty();
  const std::string why = is_new ? "none are stored" : WhyConfigured(state, all, options);
  if (why.empty()) {
    // A parameter that the schedd which stored them did not know.
    StoredRevision& newest = all.revisions.back();
    newest.values = ValuesOf(*ParametersOf(newest.values));
    return;
  }
  const PolicyParameters before =
      is_new ? PolicyParameters() : ParametersOf(all.newest().values).value_or(PolicyParameters());
  state.configured = ValuesOf(options.parameters);
  Replace(all, state.configured, "configuration", why, now, restored);
  restored.log.push_back(absl::StrCat("generation ", state.generation,
                                      ": the configured parameters, because ", why, ": ",
                                      DescribeParameterChange(before, options.parameters)));
}

void LapsePolicies(absl::Time now, Restored& restored) {
  for (StoredPolicy& policy : restored.state.policies) {
    if (policy.revisions.empty() || !policy.expire_time.has_value() || *policy.expire_time > now) {
      continue;
    }
    AddLapse(policy, ++restored.state.generation, now);
    restored.differs = true;
    restored.log.push_back(absl::StrCat("generation ", restored.state.generation, ": ",
                                        kPolicyPrefix, policy.id,
                                        " lapsed while schedd was not running"));
  }
}

// Why a policy for a control group is not to be used at all; empty: it is.
std::string WhyDropped(const StoredPolicy& policy, const PolicySet& others) {
  if (policy.revisions.empty()) return "it has no values";
  const absl::StatusOr<std::string> path = ParsePolicyPath(policy.cgroup_path);
  for (const absl::Status& status : {CheckPolicyId(policy.id), path.status()}) {
    if (!status.ok()) return std::string(status.message());
  }
  if (*path != policy.cgroup_path || others.Find(*path) != nullptr) {
    return absl::StrCat("another one is for ", policy.cgroup_path, ", too");
  }
  if (others.by_path().size() >= kMaxPolicies) return "there are too many";
  return "";
}

// Why the values of a policy are not to be used with those of the others; empty: they are.
std::string WhyCleared(const StoredPolicy& policy, PolicySet others,
                       const ControlOptions& options) {
  for (const ParameterValues* values : {&policy.newest().values, &policy.baseline}) {
    const absl::Status status = ParametersOf(*values).status();
    if (!status.ok()) return std::string(status.message());
  }
  others.Put(policy);
  return std::string(others.Check(policy.id, WatchdogOf(options)).message());
}

// Policies of control groups that fit the default one, and each other; the less specific ones
// first, from which the others inherit.
void CheckPolicies(const ControlOptions& options, absl::Time now, Restored& restored) {
  StoredState& state = restored.state;
  // Of two alike the one that was stored first stays first.
  std::vector<StoredPolicy*> policies;
  for (StoredPolicy& policy : state.policies) policies.push_back(&policy);
  std::ranges::sort(policies, {}, [](const StoredPolicy* policy) {
    const size_t depth = policy->id == kDefaultPolicyId ? 0 : policy->cgroup_path.size() + 1;
    return std::pair(depth, policy);
  });
  PolicySet checked;
  std::vector<StoredPolicy> kept;
  for (StoredPolicy* const each : policies) {
    StoredPolicy& policy = *each;
    const bool is_default = policy.id == kDefaultPolicyId;
    const std::string name = absl::StrCat(kPolicyPrefix, policy.id);
    if (const std::string why = is_default ? "" : WhyDropped(policy, checked); !why.empty()) {
      ++state.generation;
      restored.differs = true;
      restored.log.push_back(
          absl::StrCat("generation ", state.generation, ": ", name, " cannot be used: ", why));
      continue;
    }
    if (const std::string why = is_default ? "" : WhyCleared(policy, checked, options);
        !why.empty()) {
      Replace(policy, {}, "schedd", absl::StrCat("its values are not allowed: ", why), now,
              restored);
      restored.log.push_back(absl::StrCat("generation ", state.generation, ": ", name,
                                          " sets nothing any more: ", why));
    }
    checked.Put(policy);
    kept.push_back(std::move(policy));
  }
  state.policies = std::move(kept);
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
    restored.state.policies = {{.id = kDefaultPolicyId,
                                .create_time = now,
                                .revisions = {{.values = restored.state.configured,
                                               .writer = "configuration",
                                               .create_time = now}}}};
    restored.differs = true;
    return restored;
  }
  restored.state = *stored;
  restored.log.push_back(absl::StrCat(
      "restored generation ", stored->generation, " with ", stored->overrides.size(), " overrides",
      stored->policies.size() <= 1 ? ""
                                   : absl::StrCat(" and ", stored->policies.size(), " policies")));
  LapsePolicies(now, restored);
  ChooseParameters(options, now, restored);
  CheckPolicies(options, now, restored);
  DropOverrides(now, restored);
  return restored;
}

}  // namespace schedd
