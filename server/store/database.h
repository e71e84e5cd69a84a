// SPDX-License-Identifier: Apache-2.0
//
// An SQLite database file that this process alone uses, and the statements on it.
//
// Values owned by SqliteStore; one thread at a time. Blocks for the file system. Errors name the
// file, SQLite's reason and what to do: DATA_LOSS when the file is no database of ours or damaged,
// PERMISSION_DENIED when it cannot be written to, UNAVAILABLE else.
#ifndef SCHEDD_STORE_DATABASE_H_
#define SCHEDD_STORE_DATABASE_H_

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace schedd {

class Database {
 public:
  // How long another user of the file is waited for: one that just ends, as in a replacement.
  static constexpr absl::Duration kBusyTimeout = absl::Seconds(1);

  // Opens or makes the file, in a directory that is there, and looks whether it is whole.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // One or more statements without parameters; rows are skipped.
  absl::Status Execute(const std::string& sql);

  // What `work` writes is stored as a whole, or not at all when it or the store fails.
  absl::Status Transaction(const std::function<absl::Status()>& work);

  // The first number of the first row.
  absl::StatusOr<int64_t> Number(absl::string_view sql);

  // Of the last failed call.
  absl::Status Error() const;

 private:
  friend class Statement;

  explicit Database(std::string path) : path_(std::move(path)) {}
  absl::Status Prepare();
  absl::Status Check();

  const std::string path_;
  sqlite3* handle_ = nullptr;
  // Compiled before and not in use now, by their text: to compile one takes longer than to run it.
  // As many as the program has texts.
  std::unordered_multimap<std::string, sqlite3_stmt*> idle_statements_;
};

// One SQL statement: bind all parameters in order, then step. A failure before is what Step()
// returns. The text is one of the program's own: it is kept, compiled.
class Statement {
 public:
  Statement(Database& database, absl::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& Bind(int64_t value);
  Statement& Bind(const std::string& value);
  Statement& Bind(std::optional<int64_t> value);  // nothing: NULL

  // True: there is a row. False: it is done.
  absl::StatusOr<bool> Step();
  // For a statement without rows.
  absl::Status Run() { return Step().status(); }

  // Columns of the row, from 0.
  int64_t Int(int column) const;
  std::optional<int64_t> MaybeInt(int column) const;
  std::string Text(int column) const;

 private:
  Statement& Keep(int code);

  Database& database_;
  std::string sql_;
  sqlite3_stmt* handle_ = nullptr;
  int bound_ = 0;
  absl::Status status_;
};

}  // namespace schedd

#endif  // SCHEDD_STORE_DATABASE_H_
