// SPDX-License-Identifier: Apache-2.0
//
// The history of one policy: what follows when its values change, lapse or are taken back.
//
// Pure functions on a value; one thread. Nothing is in force or stored by them: that is
// PolicyControl's business.
#ifndef SCHEDD_CONTROL_POLICY_REVISIONS_H_
#define SCHEDD_CONTROL_POLICY_REVISIONS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/control/policy_info.h"
#include "server/control/state_store.h"

namespace schedd {

// Newest ones kept of a policy.
inline constexpr size_t kMaxRevisions = 100;

// `next` takes the place of the newest revision, if there is one, which ends for `cause` unless it
// has ended before. The oldest ones beyond kMaxRevisions go.
void AddRevision(StoredPolicy& policy, StoredRevision next, RevisionEnd cause);

// As AddRevision(), with what comes back when the temporary values lapse. `policy` has some.
void AddLapse(StoredPolicy& policy, int64_t generation, absl::Time now);

// The kernel has ended the dispatcher for an error: noted on the newest revision. False when that
// has happened to it before.
bool NoteEjection(StoredPolicy& policy, absl::Time now);

// The revision that `id` names: a generation, or kKnownGood. NOT_FOUND REVISION_NOT_FOUND;
// INVALID_ARGUMENT INVALID_NAME for what is neither.
absl::StatusOr<const StoredRevision*> FindRevision(const StoredPolicy& policy,
                                                   const std::string& id);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_POLICY_REVISIONS_H_
