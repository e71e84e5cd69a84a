// SPDX-License-Identifier: Apache-2.0
//
// What all policies set, and what follows from it: who applies to a control group, what is
// inherited, and whether all of it together is allowed.
//
// A value without time or store; one thread. Copied to see what a change would give. Paths are in
// normal form (cgroup_paths.h); that of the default policy is "/". Nanoseconds. Only Check() fails.
#ifndef SCHEDD_CONTROL_POLICY_SET_H_
#define SCHEDD_CONTROL_POLICY_SET_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/control/state_store.h"
#include "server/policy/parameters.h"

namespace schedd {

class PolicySet {
 public:
  struct Entry {
    std::string id;
    ParameterValues values;    // known names, each in its range
    ParameterValues baseline;  // once its temporary values have lapsed; else as `values`
  };
  enum class When { kNow, kAfterLapse };

  // The path of a policy that is stored with `cgroup_path`.
  static std::string PathOf(const std::string& cgroup_path) {
    return cgroup_path.empty() ? "/" : cgroup_path;
  }

  void Put(const StoredPolicy& policy);
  void Remove(const std::string& path) { by_path_.erase(path); }

  // nullptr when there is none for exactly that path.
  const Entry* Find(const std::string& path) const;

  // Path of the most specific policy for the tasks in a control group; "/" for one that is gone
  // (empty). REQUIRES: the default policy is there.
  std::string MostSpecific(absl::string_view path) const;

  // What is in force for the tasks of the policy at `path`.
  PolicyParameters Effective(const std::string& path, When when = When::kNow) const;

  // INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE: what would be in force for the tasks of some policy
  // breaks a rule, now or once temporary values have lapsed. The message names that policy unless
  // it is `changed`.
  absl::Status Check(const std::string& changed, absl::Duration watchdog_timeout) const;

  const std::map<std::string, Entry>& by_path() const { return by_path_; }

 private:
  absl::Status CheckOne(const std::string& path, When when, const std::string& changed,
                        absl::Duration watchdog_timeout) const;

  std::map<std::string, Entry> by_path_;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_POLICY_SET_H_
