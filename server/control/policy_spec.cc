// SPDX-License-Identifier: Apache-2.0
#include "server/control/policy_spec.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "server/control/cgroup_paths.h"
#include "server/control/error.h"

namespace schedd {
namespace {

constexpr absl::string_view kParametersPrefix = "parameters.";
constexpr size_t kMaxIdBytes = 63;
constexpr size_t kMaxPathBytes = 4'095;  // PATH_MAX without its NUL
// As that of an override.
constexpr absl::Duration kMaxTtl = absl::Hours(24 * 365 * 10);

absl::Status UnknownPath(absl::string_view path) {
  const std::string known =
      absl::StrJoin(ParameterSpecs(), ", ", [](std::string* out, const ParameterSpec& spec) {
        absl::StrAppend(out, kParametersPrefix, spec.field_path);
      });
  return MakeError(
      absl::StatusCode::kInvalidArgument, reason::kUnknownParameter,
      absl::StrCat("there is no parameter \"", path, "\": use ", known, ", or * for all"),
      {{"field", std::string(path)}});
}

absl::Status MachineParameter(const ParameterSpec& spec) {
  const std::string field = absl::StrCat(kParametersPrefix, spec.field_path);
  return MakeError(absl::StatusCode::kInvalidArgument, reason::kMachineParameter,
                   absl::StrCat(field, " is one value for the whole machine: set it in ",
                                kPolicyName, ", and leave it out here"),
                   {{"field", field}});
}

absl::Status InvalidPath(absl::string_view why) {
  return MakeError(absl::StatusCode::kInvalidArgument, reason::kInvalidSelector,
                   absl::StrCat("policy.selector.cgroup_path ", why),
                   {{"field", "policy.selector.cgroup_path"}});
}

absl::Status InvalidTtl(absl::string_view why) {
  return MakeError(absl::StatusCode::kInvalidArgument, reason::kInvalidExpiration,
                   absl::StrCat("ttl ", why), {{"field", "ttl"}});
}

}  // namespace

absl::Status CheckPolicyId(absl::string_view id) {
  bool valid = !id.empty() && id.size() <= kMaxIdBytes && absl::ascii_islower(id[0]);
  for (const char c : id) {
    valid = valid && (absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-');
  }
  if (valid) return absl::OkStatus();
  return MakeError(absl::StatusCode::kInvalidArgument, reason::kInvalidName,
                   absl::StrCat("\"", id, "\" cannot be the id of a policy: use 1 to ", kMaxIdBytes,
                                " small letters, digits and hyphens, beginning with a letter"),
                   {{"field", "policy_id"}});
}

absl::StatusOr<std::string> ParsePolicyPath(absl::string_view cgroup_path) {
  if (cgroup_path.empty()) {
    return InvalidPath(
        "is empty: give the path of a control group below /sys/fs/cgroup, for example "
        "/system.slice/db");
  }
  if (cgroup_path.size() > kMaxPathBytes) {
    return InvalidPath(absl::StrCat("is longer than ", kMaxPathBytes, " bytes: no path is"));
  }
  std::string path = NormalCgroupPath(cgroup_path);
  if (path.empty()) {
    return InvalidPath("must not have . or .. in it: give the path below /sys/fs/cgroup");
  }
  if (path == "/") {
    return InvalidPath(
        absl::StrCat("is the root, which holds all tasks: change ", kPolicyName, " instead"));
  }
  return path;
}

absl::Status CheckReason(const std::string& reason) {
  if (reason.size() <= kMaxReasonBytes) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kInvalidArgument, reason::kReasonTooLong,
      absl::StrCat("reason has ", reason.size(), " bytes: ", kMaxReasonBytes, " are the most"),
      {{"field", "reason"}});
}

absl::StatusOr<absl::Time> LapseTime(absl::Duration ttl, absl::Time now) {
  if (ttl <= absl::ZeroDuration()) {
    return InvalidTtl(absl::StrCat("is ", absl::FormatDuration(ttl),
                                   ": it must be longer than 0, for example 30s; leave it out for "
                                   "values without end"));
  }
  if (ttl > kMaxTtl) {
    return InvalidTtl("is longer than 10 years: leave it out for values without end");
  }
  return now + ttl;
}

absl::StatusOr<NamedParameters> FindNamedParameters(const ParameterValues& values,
                                                    const std::vector<std::string>& update_mask) {
  NamedParameters named;
  for (const auto& [path, value] : values) {
    const ParameterSpec* spec = FindParameterSpec(path);
    if (spec == nullptr) return UnknownPath(absl::StrCat(kParametersPrefix, path));
    if (update_mask.empty()) named.insert(spec);
  }
  for (const std::string& masked : update_mask) {
    if (masked == "*" || masked == "parameters") {
      for (const ParameterSpec& spec : ParameterSpecs()) named.insert(&spec);
      continue;
    }
    absl::string_view path = masked;
    const ParameterSpec* spec =
        absl::ConsumePrefix(&path, kParametersPrefix) ? FindParameterSpec(path) : nullptr;
    if (spec == nullptr) return UnknownPath(masked);
    named.insert(spec);
  }
  if (named.empty()) {
    return MakeError(absl::StatusCode::kInvalidArgument, reason::kEmptyUpdate,
                     "nothing to change: set at least one parameter or name one in update_mask",
                     {{"field", "update_mask"}});
  }
  return named;
}

absl::StatusOr<ParameterValues> MergeValues(const ParameterValues& current,
                                            const NamedParameters& named,
                                            const ParameterValues& values, bool inherits) {
  ParameterValues merged = current;
  for (const ParameterSpec* spec : named) {
    const std::string path(spec->field_path);
    const auto entry = values.find(path);
    if (entry == values.end() && inherits) {
      merged.erase(path);
      continue;
    }
    if (inherits && spec->scope == ParameterSpec::Scope::kMachine) return MachineParameter(*spec);
    const int64_t value = entry == values.end() ? spec->default_value : entry->second;
    // Before it is kept: the parameter's field may be narrower than the number.
    if (absl::Status status = CheckParameterRange(*spec, value); !status.ok()) return status;
    merged[path] = value;
  }
  return merged;
}

}  // namespace schedd
