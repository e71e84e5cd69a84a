// SPDX-License-Identifier: Apache-2.0
//
// Keeps the audit log in an SQLite file of its own (server/control/audit_store.h says what).
//
// Owned by the daemon; one thread at a time. Times are nanoseconds of Unix time. It holds the
// newest kMaxCalls calls and, apart from them, the newest kMaxDenied that were denied for want of a
// role: whoever has no rights cannot push out what others did. Fails as the port says.
#ifndef SCHEDD_STORE_SQLITE_AUDIT_H_
#define SCHEDD_STORE_SQLITE_AUDIT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/control/audit_store.h"
#include "server/store/database.h"

namespace schedd {

// Most entries kept.
struct AuditLimits {
  int64_t calls = 50'000;
  int64_t denied = 5'000;
};

class SqliteAudit : public AuditStore {
 public:
  // Old entries go when so many new ones have come.
  static constexpr int64_t kPruneInterval = 64;

  // DATA_LOSS when the file is damaged or no database of ours; see schema.h for the rest.
  static absl::StatusOr<std::unique_ptr<SqliteAudit>> Open(const std::string& path,
                                                           const AuditLimits& limits = {});

  absl::StatusOr<int64_t> Add(const AuditEntry& entry) override;
  absl::Status SetOutcome(int64_t id, const AuditOutcome& outcome) override;
  absl::StatusOr<std::vector<AuditEntry>> List(int64_t before, int32_t limit) override;

 private:
  SqliteAudit(std::unique_ptr<Database> database, const AuditLimits& limits)
      : database_(std::move(database)), limits_(limits) {}

  absl::Status Insert(const AuditEntry& entry);
  absl::Status Prune(bool denied, int64_t most);

  const std::unique_ptr<Database> database_;
  const AuditLimits limits_;
  int64_t added_ = 0;
};

}  // namespace schedd

#endif  // SCHEDD_STORE_SQLITE_AUDIT_H_
