// SPDX-License-Identifier: Apache-2.0
#include "server/control/cgroup_paths.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace schedd {

const std::string& CgroupPaths::Path(uint64_t cgroup_id) {
  const absl::Time now = clock_->Now();
  const auto known = entries_.find(cgroup_id);
  if (known != entries_.end()) {
    const absl::Duration age = now - known->second.asked;
    const bool fresh = age >= absl::ZeroDuration() && age < kNegativeAge;
    if (!known->second.path.empty() || fresh) return known->second.path;
  } else if (entries_.size() >= kMaxEntries) {
    entries_.clear();
  }
  const absl::StatusOr<std::string> path = host_->CgroupPath(cgroup_id);
  Entry& entry = entries_[cgroup_id];
  entry.path = path.ok() ? absl::StrCat("/", *path) : std::string();
  entry.asked = now;
  return entry.path;
}

std::string NormalCgroupPath(absl::string_view path) {
  std::string normal;
  for (const absl::string_view part : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    if (part == "." || part == "..") return std::string();
    absl::StrAppend(&normal, "/", part);
  }
  return normal.empty() ? "/" : normal;
}

bool IsInCgroup(absl::string_view path, absl::string_view root) {
  if (path.empty()) return false;
  if (root == "/") return true;
  return absl::StartsWith(path, root) && (path.size() == root.size() || path[root.size()] == '/');
}

}  // namespace schedd
