// SPDX-License-Identifier: Apache-2.0
#include "server/control/override_spec.h"

#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "server/control/cgroup_paths.h"
#include "server/control/error.h"
#include "server/policy/policy.h"

namespace schedd {
namespace {

constexpr size_t kMaxIdBytes = 63;
constexpr size_t kMaxCommBytes = SCHEDD_COMM_LEN - 1;
// Longer than any machine is up; keeps times far from what a Timestamp can hold.
constexpr absl::Duration kMaxTtl = absl::Hours(24 * 365 * 10);

absl::Status Invalid(absl::string_view reason, absl::string_view field, absl::string_view what) {
  const std::string path = absl::StrCat("task_override.", field);
  return MakeError(absl::StatusCode::kInvalidArgument, reason, absl::StrCat(path, " ", what),
                   {{"field", path}});
}

// A field of OverrideSpec as update_mask names it.
struct SpecField {
  absl::string_view path;
  bool (*is_set)(const OverrideSpec& spec);
  void (*copy)(const OverrideSpec& from, OverrideSpec& to);
};

bool HasExpiration(const OverrideSpec& spec) { return spec.expire_time || spec.ttl; }

void CopyExpiration(const OverrideSpec& from, OverrideSpec& to) {
  to.expire_time = from.expire_time;
  to.ttl = from.ttl;
}

template <auto kMember>
void CopySelector(const OverrideSpec& from, OverrideSpec& to) {
  to.selector.*kMember = from.selector.*kMember;
}

constexpr SpecField kFields[] = {
    {"selector.task", [](const OverrideSpec& s) { return !s.selector.task.empty(); },
     CopySelector<&TaskSelector::task>},
    {"selector.tgid", [](const OverrideSpec& s) { return s.selector.tgid != 0; },
     CopySelector<&TaskSelector::tgid>},
    {"selector.comm", [](const OverrideSpec& s) { return !s.selector.comm.empty(); },
     CopySelector<&TaskSelector::comm>},
    {"selector.cgroup_path", [](const OverrideSpec& s) { return !s.selector.cgroup_path.empty(); },
     CopySelector<&TaskSelector::cgroup_path>},
    {"selector.uid", [](const OverrideSpec& s) { return s.selector.uid.has_value(); },
     CopySelector<&TaskSelector::uid>},
    {"weight", [](const OverrideSpec& s) { return s.weight != 0; },
     [](const OverrideSpec& from, OverrideSpec& to) { to.weight = from.weight; }},
    {"slice", [](const OverrideSpec& s) { return s.slice_ns.has_value(); },
     [](const OverrideSpec& from, OverrideSpec& to) { to.slice_ns = from.slice_ns; }},
    {"expire_time", HasExpiration, CopyExpiration},
    {"ttl", HasExpiration, CopyExpiration},
};

bool Names(absl::string_view masked, const SpecField& field) {
  return masked == "*" || masked == field.path ||
         (masked == "selector" && absl::StartsWith(field.path, "selector."));
}

absl::Status UnknownField(absl::string_view path) {
  return MakeError(
      absl::StatusCode::kInvalidArgument, reason::kUnknownField,
      absl::StrCat("update_mask: an override has no field \"", path, "\" to change: use selector, ",
                   absl::StrJoin(kFields, ", ",
                                 [](std::string* out, const SpecField& field) {
                                   absl::StrAppend(out, field.path);
                                 }),
                   ", or * for all"),
      {{"field", "update_mask"}});
}

}  // namespace

bool ParsedSelector::Matches(const SlotIdentity& identity,
                             absl::string_view task_cgroup_path) const {
  if (identity.is_protected()) return false;
  if (task.has_value() && identity.task != *task) return false;
  if (tgid != 0 && identity.tgid != tgid) return false;
  if (uid.has_value() && *uid != identity.uid) return false;
  if (comm.has_value() && identity.comm != *comm) return false;
  return !needs_cgroup() || IsInCgroup(task_cgroup_path, cgroup_path);
}

OverridePrecedence ParsedSelector::Precedence(int64_t creation) const {
  return {.task = task.has_value(),
          .tgid = tgid != 0,
          .comm = comm.has_value(),
          .cgroup_length = cgroup_path.size(),
          .uid = uid.has_value(),
          .creation = creation};
}

absl::StatusOr<ParsedSelector> ParseSelector(const TaskSelector& selector) {
  if (selector == TaskSelector()) {
    return Invalid(reason::kInvalidSelector, "selector",
                   "is empty: set at least one of task, tgid, comm, cgroup_path and uid");
  }
  ParsedSelector parsed;
  if (!selector.task.empty()) {
    const absl::StatusOr<TaskKey> key = ParseTaskName(selector.task);
    if (!key.ok()) {
      return Invalid(reason::kInvalidSelector, "selector.task",
                     absl::StrCat("is no task name: ", key.status().message()));
    }
    parsed.task = *key;
  }
  if (selector.tgid < 0) {
    return Invalid(reason::kInvalidSelector, "selector.tgid",
                   absl::StrCat("is ", selector.tgid, ": a process ID is larger than 0"));
  }
  parsed.tgid = selector.tgid;
  if (!selector.comm.empty()) parsed.comm = ParseComm(selector.comm);
  if (!selector.comm.empty() && !parsed.comm.has_value()) {
    return Invalid(reason::kInvalidSelector, "selector.comm",
                   absl::StrCat("is longer than ", kMaxCommBytes,
                                " bytes, so no task has it: the kernel cuts names; use the name as "
                                "ListTasks shows it"));
  }
  if (!selector.cgroup_path.empty()) {
    parsed.cgroup_path = NormalCgroupPath(selector.cgroup_path);
    if (parsed.cgroup_path.empty()) {
      return Invalid(reason::kInvalidSelector, "selector.cgroup_path",
                     "must not have . or .. in it: give the path below /sys/fs/cgroup");
    }
  }
  if (selector.uid.has_value() &&
      (*selector.uid < 0 || *selector.uid > std::numeric_limits<uint32_t>::max())) {
    return Invalid(reason::kInvalidSelector, "selector.uid",
                   absl::StrCat("is ", *selector.uid, ": a user ID is 0 to 4294967295"));
  }
  parsed.uid = selector.uid;
  return parsed;
}

absl::Status CheckOverrideValues(const OverrideSpec& spec, const PolicyParameters& policy) {
  if (spec.weight == 0 && !spec.slice_ns.has_value()) {
    return Invalid(reason::kInvalidOverride, "weight",
                   absl::StrCat("and slice are both unset: set a weight (", kMinWeight, " to ",
                                kMaxWeight, ") or a slice"));
  }
  if (spec.weight != 0 && (spec.weight < kMinWeight || spec.weight > kMaxWeight)) {
    return Invalid(reason::kParameterOutOfRange, "weight",
                   absl::StrCat("is ", spec.weight, ": use ", kMinWeight, " to ", kMaxWeight,
                                " (100 is nice 0), or 0 to leave the task's own"));
  }
  if (spec.slice_ns.has_value() &&
      (*spec.slice_ns < policy.min_slice_ns || *spec.slice_ns > policy.max_slice_ns)) {
    return Invalid(
        reason::kParameterOutOfRange, "slice",
        absl::StrCat("is ", absl::FormatDuration(absl::Nanoseconds(*spec.slice_ns)), ": use ",
                     absl::FormatDuration(absl::Nanoseconds(policy.min_slice_ns)), " to ",
                     absl::FormatDuration(absl::Nanoseconds(policy.max_slice_ns)),
                     " (min_slice and max_slice of the policy), or leave it out"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<absl::Time>> ExpireTimeOf(const OverrideSpec& spec, absl::Time now) {
  if (spec.ttl.has_value() && spec.expire_time.has_value()) {
    return Invalid(reason::kInvalidExpiration, "ttl", "and expire_time are both set: set one");
  }
  if (!spec.ttl.has_value() && !spec.expire_time.has_value()) return std::nullopt;
  const absl::string_view field = spec.ttl.has_value() ? "ttl" : "expire_time";
  const absl::Duration ttl = spec.ttl.has_value() ? *spec.ttl : *spec.expire_time - now;
  if (ttl <= absl::ZeroDuration()) {
    return Invalid(reason::kInvalidExpiration, field,
                   spec.ttl.has_value()
                       ? absl::StrCat("is ", absl::FormatDuration(ttl),
                                      ": it must be longer than 0, for example 30s; leave it out "
                                      "for an override without end")
                       : absl::StrCat("is in the past (", absl::FormatTime(*spec.expire_time),
                                      "): choose a time to come"));
  }
  if (ttl > kMaxTtl) {
    return Invalid(reason::kInvalidExpiration, field,
                   "is more than 10 years away: leave it out for an override without end");
  }
  return now + ttl;
}

absl::StatusOr<OverrideSpec> MergeOverrideSpec(const OverrideSpec& current,
                                               const OverrideSpec& change,
                                               const std::vector<std::string>& mask) {
  OverrideSpec merged = current;
  bool any = false;
  for (const std::string& masked : mask) {
    bool known = false;
    for (const SpecField& field : kFields) {
      if (!Names(masked, field)) continue;
      field.copy(change, merged);
      known = true;
    }
    if (!known) return UnknownField(masked);
    any = true;
  }
  for (const SpecField& field : kFields) {
    if (!mask.empty() || !field.is_set(change)) continue;
    field.copy(change, merged);
    any = true;
  }
  if (any) return merged;
  return MakeError(absl::StatusCode::kInvalidArgument, reason::kEmptyUpdate,
                   "nothing to change: set at least one field or name one in update_mask",
                   {{"field", "update_mask"}});
}

absl::Status CheckOverrideId(absl::string_view id) {
  bool valid = !id.empty() && id.size() <= kMaxIdBytes && absl::ascii_islower(id[0]);
  for (const char c : id) {
    valid = valid && (absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-');
  }
  if (valid) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kInvalidArgument, reason::kInvalidName,
      absl::StrCat("\"", id, "\" cannot be the id of an override: use 1 to ", kMaxIdBytes,
                   " small letters, digits and hyphens, beginning with a letter"),
      {{"field", "task_override_id"}});
}

absl::StatusOr<std::string> ParseOverrideName(absl::string_view name) {
  absl::string_view id = name;
  if (absl::ConsumePrefix(&id, kOverridePrefix) && CheckOverrideId(id).ok()) {
    return std::string(id);
  }
  return MakeError(absl::StatusCode::kInvalidArgument, reason::kInvalidName,
                   absl::StrCat("\"", name, "\" is not the name of an override: it is ",
                                kOverridePrefix, "<id>"),
                   {{"field", "name"}});
}

}  // namespace schedd
