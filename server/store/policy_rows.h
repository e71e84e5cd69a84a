// SPDX-License-Identifier: Apache-2.0
//
// Policies and their revisions as rows of the database.
//
// Used by SqliteStore inside of its transactions; blocks for the file system. Times are nanoseconds
// of Unix time. Fails as database.h says.
#ifndef SCHEDD_STORE_POLICY_ROWS_H_
#define SCHEDD_STORE_POLICY_ROWS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/control/state_store.h"
#include "server/store/database.h"

namespace schedd {

// By id. DATA_LOSS: a policy without a revision, or rows without a policy.
absl::StatusOr<std::vector<StoredPolicy>> LoadPolicies(Database& database);

// The policy, and of its revisions the newest ones; removes those older than its first.
absl::Status WritePolicy(Database& database, const StoredPolicy& policy, size_t newest_revisions);

absl::Status DeletePolicy(Database& database, const std::string& id);
absl::Status RemoveAllPolicies(Database& database);

}  // namespace schedd

#endif  // SCHEDD_STORE_POLICY_ROWS_H_
