// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/simulation_policy.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/schedctl/format.h"
#include "client/schedctl/parameters.h"
#include "client/schedctl/suggest.h"
#include "server/control/parameter_specs.h"
#include "server/policy/registry.h"
#include "server/simulate/rustland_policy.h"

namespace schedd::client {
namespace {

using google::protobuf::FieldDescriptor;

constexpr char kKind[] = "kind";
// Not of schedd: the simulated machine's own class.
constexpr char kFair[] = "fair";
// The kernel's when nobody set it; starvation_bound must stay below half of it.
constexpr absl::Duration kWatchdogTimeout = absl::Seconds(30);

absl::Status CheckKind(const std::string& kind) {
  const std::vector<std::string> kinds = PolicyKinds();
  if (std::ranges::find(kinds, kind) != kinds.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("kind cannot be \"", kind, "\"; choose one of: ", absl::StrJoin(kinds, ", ")));
}

absl::Status CheckName(const std::string& change) {
  const size_t equals = change.find('=');
  if (equals == 0 || equals == std::string::npos) return absl::OkStatus();  // said elsewhere
  const std::string name = change.substr(0, equals);
  if (FindParameterSpec(name) != nullptr) return absl::OkStatus();
  std::vector<std::string> names = {kKind};
  for (const ParameterSpec& spec : ParameterSpecs()) names.emplace_back(spec.field_path);
  return absl::InvalidArgumentError(absl::StrCat("there is no parameter \"", name, "\"",
                                                 DidYouMean(name, names),
                                                 " Parameters: ", absl::StrJoin(names, ", ")));
}

// In the number of the spec: ns, a count, the number of an enum.
int64_t ValueOf(const v1::PolicyParameters& parameters, const FieldDescriptor* field) {
  const auto* reflection = parameters.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      google::protobuf::Duration duration;
      duration.CopyFrom(reflection->GetMessage(parameters, field));
      return absl::ToInt64Nanoseconds(FromProto(duration));
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection->GetEnumValue(parameters, field);
    default:
      return reflection->GetInt32(parameters, field);
  }
}

void SetValue(const FieldDescriptor* field, int64_t value, v1::PolicyParameters* parameters) {
  const auto* reflection = parameters->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      reflection->MutableMessage(parameters, field)->CopyFrom(ToProto(absl::Nanoseconds(value)));
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      reflection->SetEnumValue(parameters, field, static_cast<int>(value));
      break;
    default:
      reflection->SetInt32(parameters, field, static_cast<int32_t>(value));
  }
}

const FieldDescriptor* FieldOf(const ParameterSpec& spec) {
  return v1::PolicyParameters::descriptor()->FindFieldByName(std::string(spec.field_path));
}

v1::PolicyParameters ToMessage(const PolicyParameters& parameters) {
  v1::PolicyParameters message;
  for (const ParameterSpec& spec : ParameterSpecs()) {
    SetValue(FieldOf(spec), spec.get(parameters), &message);
  }
  return message;
}

// Sets what the request's mask names; without a value: the default.
absl::Status Apply(const v1::UpdatePolicyRequest& request, PolicyParameters* parameters) {
  const v1::PolicyParameters& values = request.policy().parameters();
  for (const ParameterSpec& spec : ParameterSpecs()) {
    const std::string path = absl::StrCat("parameters.", spec.field_path);
    const auto& paths = request.update_mask().paths();
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) continue;
    const FieldDescriptor* field = FieldOf(spec);
    const bool given = values.GetReflection()->HasField(values, field);
    const int64_t value = given ? ValueOf(values, field) : spec.default_value;
    // Before it is set: it may not fit.
    const absl::Status status = CheckParameterRange(spec, value);
    if (!status.ok()) return status;
    spec.set(*parameters, value);
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> PolicyKinds() {
  std::vector<std::string> kinds = PolicyNames();
  kinds.emplace_back(kFair);
  kinds.emplace_back(kRustland);
  return kinds;
}

absl::StatusOr<SimulationOptions> WithChanges(const SimulationOptions& base,
                                              const std::vector<std::string>& changes) {
  SimulationOptions options = base;
  v1::UpdatePolicyRequest request;
  bool kind_given = false;
  for (const std::string& change : changes) {
    absl::Status status;
    if (absl::StartsWith(change, absl::StrCat(kKind, "="))) {
      if (kind_given) return absl::InvalidArgumentError(absl::StrCat(kKind, " is given twice"));
      kind_given = true;
      options.policy = change.substr(sizeof(kKind));
      status = CheckKind(options.policy);
    } else {
      status = CheckName(change);
      if (status.ok()) status = AddAssignment(change, &request);
    }
    if (!status.ok()) return status;
  }
  absl::Status status = Apply(request, &options.parameters);
  if (status.ok()) status = CheckParameters(options.parameters, kWatchdogTimeout);
  if (!status.ok()) return status;
  return options;
}

std::vector<std::pair<std::string, std::string>> PolicySettings(const SimulationOptions& options) {
  std::vector<std::pair<std::string, std::string>> settings = {{kKind, options.policy}};
  if (options.policy == kFair) return settings;
  for (auto& setting : ParameterTexts(ToMessage(options.parameters))) {
    settings.push_back(std::move(setting));
  }
  return settings;
}

std::string PolicySummary(const SimulationOptions& options) {
  SimulationOptions preset = options;
  preset.parameters = {};
  const auto presets = PolicySettings(preset);
  const auto settings = PolicySettings(options);
  std::string summary = options.policy;
  for (size_t i = 1; i < settings.size(); ++i) {
    if (settings[i] == presets[i]) continue;
    absl::StrAppend(&summary, ", ", settings[i].first, "=", settings[i].second);
  }
  return summary;
}

}  // namespace schedd::client
