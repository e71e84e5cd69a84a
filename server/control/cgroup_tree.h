// SPDX-License-Identifier: Apache-2.0
//
// The control groups that have a weight, as far as tasks are in them or below.
//
// Owned by CgroupControl, used on the sequence. Weights are files: each is read again after a
// while, not at each look. A group without a weight of its own (no cpu controller there) is part of
// the next one above that has one. Cannot fail: a group that is gone or cannot be read is part of
// its parent.
#ifndef SCHEDD_CONTROL_CGROUP_TREE_H_
#define SCHEDD_CONTROL_CGROUP_TREE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/time/time.h"
#include "server/control/cgroup_paths.h"
#include "server/control/clock.h"
#include "server/engine/kernel.h"
#include "server/policy/cgroup_shares.h"

namespace schedd {

class CgroupTree {
 public:
  static constexpr absl::Duration kWeightAge = absl::Milliseconds(200);

  // Arguments outlive it.
  CgroupTree(const KernelHost* host, const Clock* clock, CgroupPaths* paths)
      : host_(host), clock_(clock), paths_(paths) {}

  // Begins a look: the root is the only group.
  void Begin();

  // Index in groups() of the group in which the tasks of a cgroup compete.
  size_t GroupOf(uint64_t cgroup_id);

  // Parents first, as DivideAmongGroups() wants them.
  const std::vector<WeightedGroup>& groups() const { return groups_; }

  // The cgroups asked for since Begin(), each with its group.
  const std::unordered_map<uint64_t, size_t>& members() const { return by_id_; }

 private:
  struct Weight {
    std::optional<int32_t> weight;
    absl::Time read = {};
    int64_t look = 0;  // that asked for it last
  };

  size_t GroupAt(const std::string& path);
  std::optional<int32_t> WeightOf(const std::string& path);

  const KernelHost* const host_;
  const Clock* const clock_;
  CgroupPaths* const paths_;

  std::vector<WeightedGroup> groups_;
  std::unordered_map<uint64_t, size_t> by_id_;
  std::unordered_map<std::string, size_t> by_path_;  // without leading slash
  std::unordered_map<std::string, Weight> weights_;
  int64_t look_ = 0;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_CGROUP_TREE_H_
