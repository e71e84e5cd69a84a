// SPDX-License-Identifier: Apache-2.0
#include "server/store/schema.h"

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace schedd {

absl::Status PrepareSchema(Database& database, SchemaSteps steps) {
  const auto version = static_cast<int64_t>(steps.size());
  const absl::StatusOr<int64_t> found = database.Number("PRAGMA user_version");
  if (!found.ok()) return found.status();
  if (*found == version) return absl::OkStatus();
  if (*found > version) {
    return absl::UnavailableError(
        absl::StrCat("its database is of a newer schedd (schema ", *found, ", this one knows ",
                     version, "): start that one, or choose another state directory"));
  }
  return database.Transaction([&]() -> absl::Status {
    for (const char* const step : steps.subspan(static_cast<size_t>(*found))) {
      if (absl::Status status = database.Execute(step); !status.ok()) return status;
    }
    return database.Execute(absl::StrCat("PRAGMA user_version = ", version));
  });
}

}  // namespace schedd
