// SPDX-License-Identifier: Apache-2.0
#include "server/control/policy_set.h"

#include <ranges>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/control/error.h"
#include "server/control/parameter_specs.h"
#include "server/control/policy_info.h"

namespace schedd {
namespace {

// "/a/b" to "/a", "/a" to "/".
absl::string_view ParentOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return path.substr(0, slash == 0 ? 1 : slash);
}

}  // namespace

void PolicySet::Put(const StoredPolicy& policy) {
  const ParameterValues& values = policy.newest().values;
  by_path_[PathOf(policy.cgroup_path)] = {
      .id = policy.id,
      .values = values,
      .baseline = policy.expire_time.has_value() ? policy.baseline : values};
}

const PolicySet::Entry* PolicySet::Find(const std::string& path) const {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? nullptr : &found->second;
}

std::string PolicySet::MostSpecific(absl::string_view path) const {
  while (path.size() > 1) {
    std::string candidate(path);
    if (by_path_.contains(candidate)) return candidate;
    path = ParentOf(path);
  }
  return "/";
}

PolicyParameters PolicySet::Effective(const std::string& path, When when) const {
  std::vector<const Entry*> chain;  // most specific first
  for (absl::string_view at = path;; at = ParentOf(at)) {
    if (const Entry* entry = Find(std::string(at)); entry != nullptr) chain.push_back(entry);
    if (at.size() <= 1) break;
  }
  PolicyParameters parameters;
  for (const Entry* const entry : chain | std::views::reverse) {
    for (const auto& [name, value] : when == When::kNow ? entry->values : entry->baseline) {
      const ParameterSpec* spec = FindParameterSpec(name);
      if (spec != nullptr) spec->set(parameters, value);
    }
  }
  return parameters;
}

absl::Status PolicySet::Check(const std::string& changed, absl::Duration watchdog_timeout) const {
  bool any_temporary = false;
  for (const auto& [path, entry] : by_path_) {
    any_temporary = any_temporary || entry.values != entry.baseline;
    absl::Status status = CheckOne(path, When::kNow, changed, watchdog_timeout);
    if (!status.ok()) return status;
  }
  if (!any_temporary) return absl::OkStatus();
  for (const auto& [path, entry] : by_path_) {
    absl::Status status = CheckOne(path, When::kAfterLapse, changed, watchdog_timeout);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status PolicySet::CheckOne(const std::string& path, When when, const std::string& changed,
                                 absl::Duration watchdog_timeout) const {
  const absl::Status status = CheckParameters(Effective(path, when), watchdog_timeout);
  if (status.ok()) return status;
  const std::string& id = by_path_.at(path).id;
  std::string prefix;
  if (when == When::kAfterLapse) prefix = "once temporary values lapse, ";
  if (id != changed) absl::StrAppend(&prefix, "in ", kPolicyPrefix, id, ", which inherits, ");
  if (prefix.empty()) return status;
  return MakeError(status.code(), GetErrorReason(status), absl::StrCat(prefix, status.message()),
                   GetErrorMetadata(status));
}

}  // namespace schedd
