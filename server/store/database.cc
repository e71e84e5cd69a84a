// SPDX-License-Identifier: Apache-2.0
#include "server/store/database.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace schedd {
namespace {

struct Explanation {
  absl::StatusCode code;
  absl::string_view advice;
};

Explanation Explain(int primary_code) {
  switch (primary_code) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_MISMATCH:
    case SQLITE_ERROR:  // our statements are right: the tables are not ours
      return {absl::StatusCode::kDataLoss, "move it away, then start schedd again"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {absl::StatusCode::kUnavailable,
              "another process uses it: end that one, then start schedd again"};
    case SQLITE_FULL:
      return {absl::StatusCode::kUnavailable,
              "make room on its file system, then repeat the change"};
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return {absl::StatusCode::kPermissionDenied,
              "let schedd write to it and its directory, then start schedd again"};
    default:
      return {absl::StatusCode::kUnavailable,
              "look after its file system (is it full?), then repeat the change"};
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  std::unique_ptr<Database> database(new Database(path));
  const int code = sqlite3_open_v2(path.c_str(), &database->handle_,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  if (code != SQLITE_OK) return database->Error();
  if (absl::Status status = database->Prepare(); !status.ok()) return status;
  if (absl::Status status = database->Check(); !status.ok()) return status;
  return database;
}

Database::~Database() {
  for (const auto& [sql, statement] : idle_statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

// - locking_mode: two daemons in one file would mix their generations; the second one is refused.
//   It also needs no shared memory file. The kernel releases the lock with the process.
// - WAL: a change is appended to one file, and found there after any end of the process.
// - synchronous=NORMAL: what is written survives kill -9, since the kernel has it. It is not forced
//   to the disk with each change: a crash of the machine may lose the newest ones, never the rest.
absl::Status Database::Prepare() {
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, static_cast<int>(absl::ToInt64Milliseconds(kBusyTimeout)));
  return Execute(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
}

absl::Status Database::Check() {
  Statement check(*this, "PRAGMA quick_check(1)");
  const absl::StatusOr<bool> row = check.Step();
  if (!row.ok()) return row.status();
  const std::string found = check.Text(0);
  if (found == "ok") return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path_, " is damaged: ", found));
}

absl::Status Database::Execute(const std::string& sql) {
  return sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK
             ? absl::OkStatus()
             : Error();
}

absl::Status Database::Transaction(const std::function<absl::Status()>& work) {
  absl::Status status = Execute("BEGIN IMMEDIATE");
  if (status.ok()) status = work();
  if (status.ok()) status = Execute("COMMIT");
  // After some failures SQLite has done so itself.
  if (!status.ok() && sqlite3_get_autocommit(handle_) == 0) Execute("ROLLBACK").IgnoreError();
  return status;
}

absl::StatusOr<int64_t> Database::Number(absl::string_view sql) {
  Statement statement(*this, sql);
  const absl::StatusOr<bool> row = statement.Step();
  if (!row.ok()) return row.status();
  return statement.Int(0);
}

absl::Status Database::Error() const {
  const Explanation explanation = Explain(sqlite3_errcode(handle_) & 0xff);
  return {explanation.code,
          absl::StrCat(path_, ": ", sqlite3_errmsg(handle_), ": ", explanation.advice)};
}

Statement::Statement(Database& database, absl::string_view sql) : database_(database), sql_(sql) {
  const auto idle = database_.idle_statements_.find(sql_);
  if (idle != database_.idle_statements_.end()) {
    handle_ = idle->second;
    database_.idle_statements_.erase(idle);
    return;
  }
  Keep(sqlite3_prepare_v3(database_.handle_, sql_.data(), static_cast<int>(sql_.size()),
                          SQLITE_PREPARE_PERSISTENT, &handle_, nullptr));
}

Statement::~Statement() {
  if (handle_ == nullptr) return;
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  database_.idle_statements_.emplace(std::move(sql_), handle_);
}

Statement& Statement::Bind(int64_t value) {
  return Keep(sqlite3_bind_int64(handle_, ++bound_, value));
}

Statement& Statement::Bind(const std::string& value) {
  return Keep(sqlite3_bind_text64(handle_, ++bound_, value.data(), value.size(), SQLITE_TRANSIENT,
                                  SQLITE_UTF8));
}

Statement& Statement::Bind(std::optional<int64_t> value) {
  if (value.has_value()) return Bind(*value);
  return Keep(sqlite3_bind_null(handle_, ++bound_));
}

absl::StatusOr<bool> Statement::Step() {
  if (!status_.ok()) return status_;
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_.Error();
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(handle_, column); }

std::optional<int64_t> Statement::MaybeInt(int column) const {
  if (sqlite3_column_type(handle_, column) == SQLITE_NULL) return std::nullopt;
  return Int(column);
}

std::string Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (text == nullptr) return std::string();
  return {text, static_cast<size_t>(sqlite3_column_bytes(handle_, column))};
}

Statement& Statement::Keep(int code) {
  if (code != SQLITE_OK && status_.ok()) status_ = database_.Error();
  return *this;
}

}  // namespace schedd
