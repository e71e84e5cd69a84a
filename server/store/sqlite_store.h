// SPDX-License-Identifier: Apache-2.0
//
// Keeps what callers changed in an SQLite file (server/control/state_store.h says what and when).
//
// Owned by the daemon, outlives Control; made on any thread, then used on the sequence alone. Times
// are nanoseconds of Unix time. Fails as the port says; a change is one transaction.
#ifndef SCHEDD_STORE_SQLITE_STORE_H_
#define SCHEDD_STORE_SQLITE_STORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/control/state_store.h"
#include "server/store/database.h"

namespace schedd {

class SqliteStore : public StateStore {
 public:
  // A file of an older schedd is brought up. DATA_LOSS when the file is damaged or no database of
  // ours; see schema.h for the rest.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(const std::string& path);

  absl::StatusOr<std::optional<StoredState>> Load() override;
  absl::Status Replace(const StoredState& state) override;
  absl::Status PutPolicy(const StoredPolicy& policy, int64_t generation) override;
  absl::Status RemovePolicy(const std::string& id, int64_t generation) override;
  absl::Status PutOverride(const StoredOverride& entry) override;
  absl::Status RemoveOverrides(const std::vector<std::string>& ids, int64_t generation) override;

 private:
  explicit SqliteStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  absl::Status LoadConfigured(StoredState& state);
  absl::Status LoadOverrides(StoredState& state);
  absl::Status WriteConfigured(const ParameterValues& values);
  absl::Status WriteOverride(const StoredOverride& entry);
  absl::Status SetGeneration(int64_t generation);

  const std::unique_ptr<Database> database_;
};

}  // namespace schedd

#endif  // SCHEDD_STORE_SQLITE_STORE_H_
