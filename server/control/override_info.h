// SPDX-License-Identifier: Apache-2.0
//
// What the API says and asks of task overrides, as plain values (schedd.v1.TaskOverride).
//
// Value objects, owned by whoever holds them. Slices are int64 nanoseconds. Nothing here can fail.
#ifndef SCHEDD_CONTROL_OVERRIDE_INFO_H_
#define SCHEDD_CONTROL_OVERRIDE_INFO_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace schedd {

// "taskOverrides/" and an id as in [a-z][a-z0-9-]{0,62}.
inline constexpr char kOverridePrefix[] = "taskOverrides/";

// All that are set must match.
struct TaskSelector {
  std::string task = {};  // resource name; empty: not set
  int32_t tgid = 0;       // 0: not set
  std::string comm = {};  // as Task.comm shows it; empty: not set
  // Subtree, with or without leading slash, "/" is the root; empty: not set.
  std::string cgroup_path = {};
  std::optional<int64_t> uid = {};

  bool operator==(const TaskSelector&) const = default;
};

// What a caller chooses.
struct OverrideSpec {
  TaskSelector selector = {};
  int32_t weight = 0;                    // 1 to 10000; 0: leaves it
  std::optional<int64_t> slice_ns = {};  // not set: leaves it
  // At most one of the two. In replies `ttl` is never set: it has become an expire_time.
  std::optional<absl::Time> expire_time = {};
  std::optional<absl::Duration> ttl = {};
};

struct OverrideInfo {
  std::string name = {};
  OverrideSpec spec = {};
  int32_t matched_task_count = 0;  // tasks it is in force for now
  absl::Time create_time = {};
  std::string etag = {};
  int64_t generation = 0;  // of its last change
};

struct CreateOverrideRequest {
  OverrideSpec spec = {};
  std::string id = {};  // empty: chosen here
  bool validate_only = false;
};

struct UpdateOverrideRequest {
  std::string name = {};
  OverrideSpec spec = {};
  // Paths: "selector" (or one of its fields, "selector.comm"), "weight", "slice", "expire_time",
  // "ttl" (both: the expiration as a whole; one that is not set makes the override permanent), "*".
  // Empty: those set in `spec`.
  std::vector<std::string> update_mask = {};
  std::string etag = {};  // empty: not checked
  bool validate_only = false;
};

struct OverridePage {
  std::vector<OverrideInfo> overrides = {};  // by name
  std::string next_page_token = {};          // empty at the end
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_OVERRIDE_INFO_H_
