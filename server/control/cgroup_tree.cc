// SPDX-License-Identifier: Apache-2.0
#include "server/control/cgroup_tree.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace schedd {
namespace {

constexpr size_t kRoot = 0;
// Looks for which the weight of a group in which nobody was is remembered.
constexpr int64_t kRememberedLooks = 100;

}  // namespace

void CgroupTree::Begin() {
  ++look_;
  groups_.assign(1, {});
  by_id_.clear();
  by_path_.clear();
  std::erase_if(weights_,
                [this](const auto& entry) { return entry.second.look + kRememberedLooks < look_; });
}

size_t CgroupTree::GroupOf(uint64_t cgroup_id) {
  const auto found = by_id_.find(cgroup_id);
  if (found != by_id_.end()) return found->second;
  const std::string path(absl::StripPrefix(paths_->Path(cgroup_id), "/"));
  const size_t group = GroupAt(path);
  by_id_.emplace(cgroup_id, group);
  return group;
}

size_t CgroupTree::GroupAt(const std::string& path) {
  if (path.empty()) return kRoot;
  const auto found = by_path_.find(path);
  if (found != by_path_.end()) return found->second;
  const size_t slash = path.rfind('/');
  const size_t parent = slash == std::string::npos ? kRoot : GroupAt(path.substr(0, slash));
  size_t group = parent;
  if (const std::optional<int32_t> weight = WeightOf(path); weight.has_value()) {
    group = groups_.size();
    groups_.push_back({.parent = parent, .weight = static_cast<double>(*weight)});
  }
  by_path_.emplace(path, group);
  return group;
}

std::optional<int32_t> CgroupTree::WeightOf(const std::string& path) {
  Weight& known = weights_[path];
  const absl::Time now = clock_->Now();
  const absl::Duration age = now - known.read;
  const bool fresh = known.look != 0 && age >= absl::ZeroDuration() && age < kWeightAge;
  known.look = look_;
  if (fresh) return known.weight;
  const absl::StatusOr<int32_t> weight = host_->CgroupWeight(path);
  known.weight = weight.ok() ? std::optional<int32_t>(*weight) : std::nullopt;
  known.read = now;
  return known.weight;
}

}  // namespace schedd
