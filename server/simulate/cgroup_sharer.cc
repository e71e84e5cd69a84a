// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/cgroup_sharer.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

namespace schedd {
namespace {

constexpr int64_t kIntervalNs = 100'000'000;

// "a/b" is in "a"; "a" is in the root, "".
std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

}  // namespace

CgroupSharer::CgroupSharer(SimMachine* machine, Engine* engine,
                           const std::map<std::string, int32_t>& weights)
    : machine_(machine), engine_(engine), groups_(1), by_path_({{"", 0}}) {
  if (weights.empty()) return;
  // A path comes after all that it begins with, so after its parents.
  for (const auto& [path, weight] : weights) {
    const size_t parent = GroupOf(ParentOf(path));
    by_path_[path] = groups_.size();
    groups_.push_back({.parent = parent, .weight = static_cast<double>(weight)});
  }
  Look();
}

size_t CgroupSharer::GroupOf(const std::string& path) const {
  for (std::string name = path;; name = ParentOf(name)) {
    const auto found = by_path_.find(name);
    if (found != by_path_.end()) return found->second;
  }
}

// Part of the time in which it wants a CPU, each look counting twice as much as the one before.
double CgroupSharer::ActivityOf(const SimTask& task) {
  const bool waits = task.state == SimTask::State::kQueued;
  const int64_t ns = machine_->RunNanos(task.tid) + task.wait_ns +
                     (waits ? machine_->now_ns() - task.queued_since_ns : 0);
  Demand& demand = demands_[task.tid];
  const bool is_new = demand.life != task.life;
  const double latest = std::clamp(
      static_cast<double>(ns - (is_new ? 0 : demand.ns)) / static_cast<double>(kIntervalNs), 0.0,
      1.0);
  demand = {
      .life = task.life, .ns = ns, .activity = is_new ? latest : (demand.activity + latest) / 2};
  return demand.activity;
}

void CgroupSharer::Look() {
  std::vector<GroupMember> members;
  std::map<uint64_t, size_t> group_of;  // by cgroup ID
  for (const int32_t tid : machine_->Tasks()) {
    const SimTask& task = *machine_->Find(tid);
    const size_t group = GroupOf(task.spec->cgroup);
    group_of[task.cgroup_id] = group;
    members.push_back(
        {.group = group, .weight = static_cast<double>(task.weight), .activity = ActivityOf(task)});
  }
  const std::vector<double> factors = DivideAmongGroups(groups_, members);
  auto shares = std::make_unique<CgroupShares>();
  for (const auto& [id, group] : group_of) shares->factors[id] = factors[group];
  shares->unknown_factor = *std::ranges::min_element(factors);
  WeightRange range = {.least = std::numeric_limits<double>::max(), .greatest = 0};
  for (const GroupMember& member : members) {
    if (member.activity <= 0) continue;
    const double weight = member.weight * factors[member.group];
    range = {.least = std::min(range.least, weight), .greatest = std::max(range.greatest, weight)};
  }
  scale_ = shares->scale = ChooseWeightScale(scale_, range);
  auto directive = std::make_unique<Directive>();
  directive->generation = engine_->applied_generation();
  directive->shares = std::move(shares);
  engine_->Submit(directive);
  machine_->At(machine_->now_ns() + kIntervalNs, [this] { Look(); });
}

}  // namespace schedd
