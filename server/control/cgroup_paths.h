// SPDX-License-Identifier: Apache-2.0
//
// Paths of cgroups by ID, remembered so that a list of tasks does not ask the kernel for each.
//
// Owned by Control, used on its sequence. The kernel never gives an ID out twice and a v2 cgroup
// cannot move, so a path found stays right; "gone" is asked again after a while. Bounded: a full
// cache begins anew. Cannot fail: a cgroup that is gone has an empty path.
#ifndef SCHEDD_CONTROL_CGROUP_PATHS_H_
#define SCHEDD_CONTROL_CGROUP_PATHS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/control/clock.h"
#include "server/engine/kernel.h"

namespace schedd {

class CgroupPaths {
 public:
  static constexpr size_t kMaxEntries = 4'096;
  static constexpr absl::Duration kNegativeAge = absl::Seconds(1);

  CgroupPaths(const KernelHost* host, const Clock* clock) : host_(host), clock_(clock) {}

  // "/" for the root, else "/a/b"; empty when it is gone. Valid until the next call.
  const std::string& Path(uint64_t cgroup_id);

 private:
  struct Entry {
    std::string path;
    absl::Time asked;
  };

  const KernelHost* const host_;
  const Clock* const clock_;
  std::unordered_map<uint64_t, Entry> entries_;
};

// "a/b/", "/a/b" and "//a/b" to "/a/b"; "/" stays. Empty for a path with "." or ".." in it: that
// names nothing here.
std::string NormalCgroupPath(absl::string_view path);

// True when `path` is `root` or below it; both as Path() returns them.
bool IsInCgroup(absl::string_view path, absl::string_view root);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_CGROUP_PATHS_H_
