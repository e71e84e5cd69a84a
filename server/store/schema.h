// SPDX-License-Identifier: Apache-2.0
//
// The tables of the database, and how those of earlier versions become them.
//
// Used once by SqliteStore, when it opens the file; blocks for the file system. Fails as database.h
// says, and with UNAVAILABLE for a file of a newer schedd. What fails has changed nothing.
#ifndef SCHEDD_STORE_SCHEMA_H_
#define SCHEDD_STORE_SCHEMA_H_

#include <cstdint>

#include "absl/status/status.h"
#include "server/store/database.h"

namespace schedd {

// Makes the tables in a new file, or brings those of an older version up to `version`, in one
// transaction.
absl::Status PrepareSchema(Database& database, int64_t version);

}  // namespace schedd

#endif  // SCHEDD_STORE_SCHEMA_H_
