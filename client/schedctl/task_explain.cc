// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/task_explain.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/schedctl/format.h"
#include "client/schedctl/parameters.h"
#include "client/schedctl/policy_text.h"

namespace schedd::client {
namespace {

// Whether the tasks of `path` are among those of the policy.
bool Covers(const v1::Policy& policy, const std::string& path) {
  if (!policy.has_selector()) return true;
  const std::string& root = policy.selector().cgroup_path();
  return path == root || absl::StartsWith(path, absl::StrCat(root, "/"));
}

// The first policy, in the order of the list, that sets the parameter itself.
std::string SetBy(const std::vector<const v1::Policy*>& chain, size_t parameter) {
  for (const v1::Policy* policy : chain) {
    if (ParameterTexts(policy->parameters())[parameter].second != "-") return policy->name();
  }
  return "-";
}

}  // namespace

absl::StatusOr<std::vector<Setting>> ExplainTask(const v1::Task& task,
                                                 const std::vector<v1::Policy>& policies,
                                                 const v1::TaskOverride* change) {
  const auto applied =
      std::find_if(policies.begin(), policies.end(),
                   [&](const v1::Policy& policy) { return policy.name() == task.policy(); });
  if (applied == policies.end()) {
    return absl::AbortedError(absl::StrCat("\"", task.policy(), "\", which applied to ",
                                           task.name(), ", is no more; ask again"));
  }
  // It, and what it inherits from.
  std::vector<const v1::Policy*> chain;
  for (auto policy = applied; policy != policies.end(); ++policy) {
    if (Covers(*policy, CgroupOf(*applied))) chain.push_back(&*policy);
  }
  std::vector<Setting> settings;
  if (change != nullptr && change->weight() != 0) {
    settings.push_back({"weight", absl::StrCat(change->weight()), change->name()});
  } else {
    settings.push_back({"weight", absl::StrCat(task.weight()), absl::StrCat("nice ", task.nice())});
  }
  if (change != nullptr && change->has_slice()) {
    settings.push_back({"slice", ExactDuration(FromProto(change->slice())), change->name()});
  }
  const auto values = ParameterTexts(applied->effective_parameters());
  for (size_t i = 0; i < values.size(); ++i) {
    settings.push_back({values[i].first, values[i].second, SetBy(chain, i)});
  }
  return settings;
}

}  // namespace schedd::client
