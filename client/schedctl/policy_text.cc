// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/policy_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/schedctl/format.h"
#include "client/schedctl/parameters.h"

namespace schedd::client {
namespace {

constexpr char kPrefix[] = "policies/";

}  // namespace

std::string PolicyName(absl::string_view id) {
  return absl::StartsWith(id, kPrefix) ? std::string(id) : absl::StrCat(kPrefix, id);
}

std::string CheckPolicyWord(const std::string& word) {
  if (absl::StartsWith(word, kPrefix)) return "";
  const bool number = std::all_of(word.begin(), word.end(), absl::ascii_isdigit);
  if (number || word == kKnownGood || word.find_first_of("=_") != std::string::npos) {
    return absl::StrCat("\"", word, "\" names no policy");
  }
  return "";
}

std::string CgroupOf(const v1::Policy& policy) {
  return policy.has_selector() ? policy.selector().cgroup_path() : "/";
}

std::string AssignmentsText(const v1::PolicyParameters& parameters) {
  std::vector<std::string> assignments;
  for (const auto& [name, value] : ParameterTexts(parameters)) {
    if (value != "-") assignments.push_back(absl::StrCat(name, "=", value));
  }
  return assignments.empty() ? "-" : absl::StrJoin(assignments, " ");
}

std::string ValueOrInherited(const std::string& value, bool may_inherit) {
  return may_inherit && value == "-" ? "inherited" : value;
}

std::vector<ParameterDifference> Differences(const v1::PolicyParameters& before,
                                             const v1::PolicyParameters& after) {
  const auto old_texts = ParameterTexts(before), new_texts = ParameterTexts(after);
  std::vector<ParameterDifference> differences;
  for (size_t i = 0; i < old_texts.size(); ++i) {
    if (old_texts[i] == new_texts[i]) continue;
    differences.push_back({old_texts[i].first, old_texts[i].second, new_texts[i].second});
  }
  return differences;
}

std::string DifferencesText(const std::vector<ParameterDifference>& differences, bool may_inherit) {
  if (differences.empty()) return "no parameter differs";
  return absl::StrJoin(differences, "\n",
                       [may_inherit](std::string* out, const ParameterDifference& difference) {
                         absl::StrAppend(out, difference.name, ": ",
                                         ValueOrInherited(difference.before, may_inherit), " -> ",
                                         ValueOrInherited(difference.after, may_inherit));
                       });
}

std::string InForce(const v1::Policy& policy, absl::TimeZone zone) {
  if (policy.applied_generation() >= policy.generation()) {
    std::string text =
        absl::StrCat("in force (applied generation ", policy.applied_generation(), ")");
    if (policy.has_apply_time()) {
      absl::StrAppend(&text, " since ", LocalTime(policy.apply_time(), zone));
    }
    return text;
  }
  if (policy.applied_generation() == 0) return "in force as soon as the scheduler is attached";
  return absl::StrCat("not yet in force: the scheduling thread works with generation ",
                      policy.applied_generation());
}

std::string UntilText(const v1::Policy& policy, absl::TimeZone zone) {
  if (!policy.has_expire_time()) return "";
  return absl::StrCat(", temporary values until ", LocalTime(policy.expire_time(), zone));
}

Cell RevisionState(const v1::PolicyRevision& revision) {
  if (revision.end_cause() == v1::PolicyRevision::END_CAUSE_UNSPECIFIED) {
    return {"current", Color::kGood};
  }
  return {EnumText(v1::PolicyRevision::EndCause_descriptor(), revision.end_cause()),
          revision.end_cause() == v1::PolicyRevision::END_CAUSE_SCHEDULER_EJECTED ? Color::kBad
                                                                                  : Color::kFaint};
}

}  // namespace schedd::client
