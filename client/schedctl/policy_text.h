// SPDX-License-Identifier: Apache-2.0
//
// Policies and their revisions in words.
//
// Pure functions on messages; any thread; never fails.
#ifndef SCHEDD_CLIENT_SCHEDCTL_POLICY_TEXT_H_
#define SCHEDD_CLIENT_SCHEDCTL_POLICY_TEXT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/schedctl/table.h"
#include "schedd/v1/policy_service.pb.h"

namespace schedd::client {

// What a revision is called that schedd found to be good.
inline constexpr char kKnownGood[] = "known-good";

// "policies/web" for "web"; a full name stays as it is.
std::string PolicyName(absl::string_view id);

// Empty when the word may name a policy, else why it cannot. A word that is a change ("a=b", or a
// parameter's name) or a revision ("17", "known-good") does not.
std::string CheckPolicyWord(const std::string& word);

// The control group whose tasks it applies to; "/" for the default policy.
std::string CgroupOf(const v1::Policy& policy);

// "base_slice=5ms max_slice=20ms": what it sets itself; "-" for nothing.
std::string AssignmentsText(const v1::PolicyParameters& parameters);

// A value as ParameterTexts gives it, or in a policy that may inherit "inherited" for none.
std::string ValueOrInherited(const std::string& value, bool may_inherit);

// A parameter that two states of a policy have different values of.
struct ParameterDifference {
  std::string name;
  std::string before;  // as ParameterTexts gives it: "-" when not set
  std::string after;
};
std::vector<ParameterDifference> Differences(const v1::PolicyParameters& before,
                                             const v1::PolicyParameters& after);

// "base_slice: 10ms -> 5ms", a line each; without parameters to show: "no parameter differs".
std::string DifferencesText(const std::vector<ParameterDifference>& differences, bool may_inherit);

// Whether the scheduling thread has it yet, and since when.
std::string InForce(const v1::Policy& policy, absl::TimeZone zone);

// ", temporary values until 2026-11-22 20:31:05" when some of its values lapse; else empty.
std::string UntilText(const v1::Policy& policy, absl::TimeZone zone);

// What became of a revision: "current", "superseded", …
Cell RevisionState(const v1::PolicyRevision& revision);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_POLICY_TEXT_H_
