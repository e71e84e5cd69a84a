// SPDX-License-Identifier: Apache-2.0
//
// What the API says and asks of policies, as plain values (schedd.v1.Policy and PolicyRevision).
//
// Value objects, owned by whoever holds them. Durations are int64 nanoseconds. Nothing here can
// fail.
#ifndef SCHEDD_CONTROL_POLICY_INFO_H_
#define SCHEDD_CONTROL_POLICY_INFO_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/control/state_store.h"
#include "server/policy/parameters.h"

namespace schedd {

// "policies/" and an id as in [a-z][a-z0-9-]{0,62}.
inline constexpr char kPolicyPrefix[] = "policies/";
inline constexpr char kDefaultPolicyId[] = "default";
inline constexpr char kPolicyName[] = "policies/default";
// The revision to roll back to that is chosen here.
inline constexpr char kKnownGood[] = "known-good";

struct PolicyInfo {
  std::string name = kPolicyName;
  std::string cgroup_path = {};      // "/a/b"; empty: all tasks
  ParameterValues values = {};       // those that it sets itself
  PolicyParameters parameters = {};  // in force for its tasks
  int64_t generation = 0;            // of its last change
  int64_t applied_generation = 0;    // newest that the scheduling thread took up; 0 while detached
  std::optional<absl::Time> apply_time = {};  // of applied_generation
  std::string etag = {};
  std::string writer = {};
  std::optional<absl::Time> expire_time = {};  // of its temporary values
  std::optional<absl::Time> create_time = {};
};

struct PolicyPage {
  std::vector<PolicyInfo> policies = {};  // most specific first
  std::string next_page_token = {};       // empty at the end
};

struct RevisionInfo {
  std::string name = {};  // "policies/default/revisions/17"
  StoredRevision revision = {};
};

struct RevisionPage {
  std::vector<RevisionInfo> revisions = {};  // newest first
  std::string next_page_token = {};          // empty at the end
};

// Who asks for a change, and what goes with each.
struct ChangeContext {
  std::string writer = {};  // as it is shown later
  // False: values outside of the operator's safe range are refused.
  bool may_leave_safe_range = true;
  std::string reason = {};  // kept with the revision, and logged
};

struct CreatePolicyRequest {
  std::string id = {};
  std::string cgroup_path = {};
  ParameterValues values = {};  // as in PolicyUpdate
  bool validate_only = false;
  ChangeContext context = {};
};

struct PolicyUpdate {
  std::string name = kPolicyName;
  // The fields that are set in the request: field path below PolicyParameters ("base_slice") to
  // value: nanoseconds, a count, or the number of an enum value. Leave an UNSPECIFIED enum out: it
  // counts as not set. Paths in here must be known ones.
  ParameterValues values = {};
  // update_mask as it came: "parameters.base_slice", "parameters" or "*" (every parameter). A field
  // in the mask that is not in `values` is inherited from now on, or gets its built-in default in
  // the default policy. Empty: those in `values`.
  std::vector<std::string> update_mask = {};
  std::string cgroup_path = {};  // empty: not given; another one than the policy's is refused
  std::string etag = {};         // empty: not checked
  bool validate_only = false;
  std::optional<absl::Duration> ttl = {};  // nothing: permanent
  ChangeContext context = {};
};

struct DeletePolicyRequest {
  std::string name = {};
  std::string etag = {};  // empty: not checked
  bool validate_only = false;
  ChangeContext context = {};
};

struct RollbackRequest {
  std::string name = {};
  std::string revision_id = {};  // a generation, or kKnownGood
  std::string etag = {};         // empty: not checked
  bool validate_only = false;
  ChangeContext context = {};
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_POLICY_INFO_H_
