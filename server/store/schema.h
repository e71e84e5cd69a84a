// SPDX-License-Identifier: Apache-2.0
//
// Makes the tables of a database, and makes those of earlier versions into them.
//
// A free function; blocks for the file system. The version is kept in PRAGMA user_version. Fails as
// database.h says, and with UNAVAILABLE for a file of a newer schedd. What fails has changed
// nothing.
#ifndef SCHEDD_STORE_SCHEMA_H_
#define SCHEDD_STORE_SCHEMA_H_

#include <span>

#include "absl/status/status.h"
#include "server/store/database.h"

namespace schedd {

// SQL: step N makes of the tables of version N those of version N + 1; version 0 is an empty file.
// A step is never changed again: a new file goes through all of them.
using SchemaSteps = std::span<const char* const>;

// Takes the steps that the file has not had, in one transaction.
absl::Status PrepareSchema(Database& database, SchemaSteps steps);

}  // namespace schedd

#endif  // SCHEDD_STORE_SCHEMA_H_
