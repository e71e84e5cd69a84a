// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite_audit.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/store/schema.h"

namespace schedd {
namespace {

// AUTOINCREMENT: the number of an entry that is gone is not given again.
constexpr const char* kSchema[] = {R"sql(
CREATE TABLE entry (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  time_ns INTEGER NOT NULL,
  principal TEXT NOT NULL,
  roles TEXT NOT NULL,
  method TEXT NOT NULL,
  resource TEXT NOT NULL,
  request TEXT NOT NULL,
  note TEXT NOT NULL,
  denied INTEGER NOT NULL CHECK (denied IN (0, 1)),
  code INTEGER,               -- NULL: no outcome
  reason TEXT NOT NULL,
  message TEXT NOT NULL,
  generation INTEGER NOT NULL
) STRICT;
CREATE INDEX entry_by_denied ON entry (denied, id);
)sql"};

AuditEntry ReadEntry(const Statement& row) {
  AuditEntry entry;
  entry.id = row.Int(0);
  entry.time = absl::FromUnixNanos(row.Int(1));
  entry.principal = row.Text(2);
  entry.roles = row.Text(3);
  entry.method = row.Text(4);
  entry.resource = row.Text(5);
  entry.request = row.Text(6);
  entry.note = row.Text(7);
  entry.denied = row.Int(8) != 0;
  if (const std::optional<int64_t> code = row.MaybeInt(9); code.has_value()) {
    entry.outcome = {static_cast<absl::StatusCode>(*code), row.Text(10), row.Text(11), row.Int(12)};
  }
  return entry;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteAudit>> SqliteAudit::Open(const std::string& path,
                                                               const AuditLimits& limits) {
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(path);
  if (!database.ok()) return database.status();
  absl::Status status = PrepareSchema(**database, kSchema);
  if (!status.ok()) return status;
  std::unique_ptr<SqliteAudit> audit(new SqliteAudit(*std::move(database), limits));
  // Tables that are not as they should be are found here, while the file can still be put aside.
  if (status = audit->List(INT64_MAX, 1).status(); !status.ok()) return status;
  return audit;
}

absl::StatusOr<int64_t> SqliteAudit::Add(const AuditEntry& entry) {
  int64_t id = 0;
  const absl::Status status = database_->Transaction([&]() -> absl::Status {
    absl::Status done = Insert(entry);
    if (!done.ok()) return done;
    const absl::StatusOr<int64_t> given = database_->Number("SELECT last_insert_rowid()");
    if (!given.ok()) return given.status();
    id = *given;
    if (++added_ % kPruneInterval != 0) return absl::OkStatus();
    done = Prune(false, limits_.calls);
    return done.ok() ? Prune(true, limits_.denied) : done;
  });
  if (!status.ok()) return status;
  return id;
}

absl::Status SqliteAudit::Insert(const AuditEntry& entry) {
  const AuditOutcome outcome = entry.outcome.value_or(AuditOutcome{});
  std::optional<int64_t> code;
  if (entry.outcome.has_value()) code = static_cast<int64_t>(outcome.code);
  return Statement(*database_,
                   "INSERT INTO entry VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .Bind(absl::ToUnixNanos(entry.time))
      .Bind(entry.principal)
      .Bind(entry.roles)
      .Bind(entry.method)
      .Bind(entry.resource)
      .Bind(entry.request)
      .Bind(entry.note)
      .Bind(int64_t{entry.denied})
      .Bind(code)
      .Bind(outcome.reason)
      .Bind(outcome.message)
      .Bind(outcome.generation)
      .Run();
}

absl::Status SqliteAudit::Prune(bool denied, int64_t most) {
  return Statement(*database_,
                   "DELETE FROM entry WHERE denied = ?1 AND id <= (SELECT id FROM entry WHERE "
                   "denied = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)")
      .Bind(int64_t{denied})
      .Bind(most)
      .Run();
}

absl::Status SqliteAudit::SetOutcome(int64_t id, const AuditOutcome& outcome) {
  return Statement(
             *database_,
             "UPDATE entry SET code = ?, reason = ?, message = ?, generation = ? WHERE id = ?")
      .Bind(static_cast<int64_t>(outcome.code))
      .Bind(outcome.reason)
      .Bind(outcome.message)
      .Bind(outcome.generation)
      .Bind(id)
      .Run();
}

absl::StatusOr<std::vector<AuditEntry>> SqliteAudit::List(int64_t before, int32_t limit) {
  Statement select(*database_,
                   "SELECT id, time_ns, principal, roles, method, resource, request, note, denied, "
                   "code, reason, message, generation FROM entry WHERE id < ? ORDER BY id DESC "
                   "LIMIT ?");
  select.Bind(before).Bind(int64_t{limit});
  std::vector<AuditEntry> entries;
  absl::StatusOr<bool> row = select.Step();
  for (; row.ok() && *row; row = select.Step()) entries.push_back(ReadEntry(select));
  if (!row.ok()) return row.status();
  return entries;
}

}  // namespace schedd
