// SPDX-License-Identifier: Apache-2.0
#include "server/control/policy_revisions.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/control/error.h"

namespace schedd {
namespace {

absl::Status NoRevision(const std::string& message) {
  return MakeError(absl::StatusCode::kNotFound, reason::kRevisionNotFound, message,
                   {{"field", "revision_id"}});
}

}  // namespace

void AddRevision(StoredPolicy& policy, StoredRevision next, RevisionEnd cause) {
  if (!policy.revisions.empty()) {
    StoredRevision& former = policy.revisions.back();
    if (former.end_cause == RevisionEnd::kInForce) {
      former.end_cause = cause;
      former.end_time = next.create_time;
    }
  }
  policy.revisions.push_back(std::move(next));
  if (policy.revisions.size() > kMaxRevisions) {
    policy.revisions.erase(policy.revisions.begin(), policy.revisions.end() - kMaxRevisions);
  }
}

void AddLapse(StoredPolicy& policy, int64_t generation, absl::Time now) {
  AddRevision(
      policy,
      {.generation = generation,
       .values = std::exchange(policy.baseline, {}),
       .writer = "schedd",
       .reason = absl::StrCat("the ttl of generation ", policy.newest().generation, " has run out"),
       .create_time = now},
      RevisionEnd::kExpired);
  policy.expire_time.reset();
}

bool NoteEjection(StoredPolicy& policy, absl::Time now) {
  StoredRevision& newest = policy.revisions.back();
  if (newest.end_cause != RevisionEnd::kInForce) return false;
  newest.end_cause = RevisionEnd::kEjected;
  newest.end_time = now;
  return true;
}

absl::StatusOr<const StoredRevision*> FindRevision(const StoredPolicy& policy,
                                                   const std::string& id) {
  const auto& revisions = policy.revisions;
  if (id == kKnownGood) {
    const auto found = std::find_if(std::next(revisions.rbegin()), revisions.rend(),
                                    [](const StoredRevision& r) { return r.known_good; });
    if (found != revisions.rend()) return &*found;
    return NoRevision(absl::StrCat("no earlier revision of ", kPolicyPrefix, policy.id,
                                   " is known to be good: name one by its generation, "
                                   "ListPolicyRevisions shows them"));
  }
  int64_t generation = 0;
  if (!absl::SimpleAtoi(id, &generation) || generation < 1) {
    return MakeError(
        absl::StatusCode::kInvalidArgument, reason::kInvalidName,
        absl::StrCat("\"", id, "\" is no revision: give a generation, or ", kKnownGood),
        {{"field", "revision_id"}});
  }
  const auto found = std::ranges::find(revisions, generation, &StoredRevision::generation);
  if (found != revisions.end()) return &*found;
  return NoRevision(absl::StrCat(kPolicyPrefix, policy.id, " has no revision ", generation,
                                 " any more, or never had: ListPolicyRevisions shows those kept"));
}

}  // namespace schedd
