// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite_store.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace schedd {
namespace {

constexpr char kConfigured[] = "configured";
constexpr char kInForce[] = "in_force";

// STRICT: a value of another type is damage, which the check at the next start finds.
constexpr char kSchema[] = R"sql(
CREATE TABLE state (
  id INTEGER PRIMARY KEY CHECK (id = 1),  -- one row
  run INTEGER NOT NULL,
  generation INTEGER NOT NULL CHECK (generation >= 1),
  created INTEGER NOT NULL CHECK (created >= 0),
  policy_generation INTEGER NOT NULL CHECK (policy_generation >= 1)
) STRICT;
CREATE TABLE parameter (
  kind TEXT NOT NULL CHECK (kind IN ('configured', 'in_force')),
  name TEXT NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE task_override (
  id TEXT PRIMARY KEY NOT NULL,
  creation INTEGER NOT NULL,
  create_time_ns INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  task TEXT NOT NULL,         -- '': not set
  tgid INTEGER NOT NULL,      -- 0: not set
  process_start_ns INTEGER,
  comm TEXT NOT NULL,         -- '': not set
  cgroup_path TEXT NOT NULL,  -- '': not set
  uid INTEGER,
  weight INTEGER NOT NULL CHECK (weight BETWEEN 0 AND 10000),
  slice_ns INTEGER,
  expire_time_ns INTEGER
) STRICT, WITHOUT ROWID;
)sql";

constexpr char kOverrideColumns[] =
    "id, creation, create_time_ns, generation, task, tgid, process_start_ns, comm, cgroup_path, "
    "uid, weight, slice_ns, expire_time_ns";

std::optional<int64_t> NanosOf(const std::optional<absl::Time>& time) {
  if (!time.has_value()) return std::nullopt;
  return absl::ToUnixNanos(*time);
}

StoredOverride ReadOverride(const Statement& row) {
  StoredOverride entry;
  entry.id = row.Text(0);
  entry.creation = row.Int(1);
  entry.create_time = absl::FromUnixNanos(row.Int(2));
  entry.generation = row.Int(3);
  entry.spec.selector.task = row.Text(4);
  entry.spec.selector.tgid = static_cast<int32_t>(row.Int(5));
  if (const std::optional<int64_t> start_ns = row.MaybeInt(6); start_ns.has_value()) {
    entry.process_start_ns = static_cast<uint64_t>(*start_ns);
  }
  entry.spec.selector.comm = row.Text(7);
  entry.spec.selector.cgroup_path = row.Text(8);
  entry.spec.selector.uid = row.MaybeInt(9);
  entry.spec.weight = static_cast<int32_t>(row.Int(10));
  entry.spec.slice_ns = row.MaybeInt(11);
  if (const std::optional<int64_t> end_ns = row.MaybeInt(12); end_ns.has_value()) {
    entry.spec.expire_time = absl::FromUnixNanos(*end_ns);
  }
  return entry;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::string& path) {
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(path);
  if (!database.ok()) return database.status();
  std::unique_ptr<SqliteStore> store(new SqliteStore(*std::move(database)));
  if (absl::Status status = store->PrepareSchema(); !status.ok()) return status;
  // Tables that are not as they should be are found here, while the file can still be put aside.
  if (absl::Status status = store->Load().status(); !status.ok()) return status;
  return store;
}

absl::Status SqliteStore::PrepareSchema() {
  const absl::StatusOr<int64_t> version = database_->Number("PRAGMA user_version");
  if (!version.ok()) return version.status();
  if (*version == kSchemaVersion) return absl::OkStatus();
  if (*version > kSchemaVersion) {
    return absl::UnavailableError(
        absl::StrCat("its database is of a newer schedd (schema ", *version, ", this one knows ",
                     kSchemaVersion, "): start that one, or choose another state directory"));
  }
  return database_->Transaction([this] {
    return database_->Execute(absl::StrCat(kSchema, "PRAGMA user_version = ", kSchemaVersion));
  });
}

absl::StatusOr<std::optional<StoredState>> SqliteStore::Load() {
  Statement select(*database_, "SELECT run, generation, created, policy_generation FROM state");
  const absl::StatusOr<bool> row = select.Step();
  if (!row.ok()) return row.status();
  StoredState state;
  if (absl::Status status = LoadParameters(state); !status.ok()) return status;
  if (absl::Status status = LoadOverrides(state); !status.ok()) return status;
  if (!*row) return std::nullopt;
  state.run = select.Int(0);
  state.generation = select.Int(1);
  state.created = select.Int(2);
  state.policy_generation = select.Int(3);
  return state;
}

absl::Status SqliteStore::LoadParameters(StoredState& state) {
  Statement select(*database_, "SELECT kind, name, value FROM parameter");
  absl::StatusOr<bool> row = select.Step();
  for (; row.ok() && *row; row = select.Step()) {
    ParameterValues& values = select.Text(0) == kConfigured ? state.configured : state.parameters;
    values[select.Text(1)] = select.Int(2);
  }
  return row.status();
}

absl::Status SqliteStore::LoadOverrides(StoredState& state) {
  Statement select(*database_, absl::StrCat("SELECT ", kOverrideColumns,
                                            " FROM task_override ORDER BY creation"));
  absl::StatusOr<bool> row = select.Step();
  for (; row.ok() && *row; row = select.Step()) state.overrides.push_back(ReadOverride(select));
  return row.status();
}

absl::Status SqliteStore::Replace(const StoredState& state) {
  return database_->Transaction([&]() -> absl::Status {
    absl::Status status =
        database_->Execute("DELETE FROM state; DELETE FROM parameter; DELETE FROM task_override");
    if (status.ok()) {
      status = Statement(*database_, "INSERT INTO state VALUES (1, ?, ?, ?, ?)")
                   .Bind(state.run)
                   .Bind(state.generation)
                   .Bind(state.created)
                   .Bind(state.policy_generation)
                   .Run();
    }
    if (status.ok()) status = WriteParameters(kConfigured, state.configured);
    if (status.ok()) status = WriteParameters(kInForce, state.parameters);
    for (const StoredOverride& entry : state.overrides) {
      if (status.ok()) status = WriteOverride(entry);
    }
    return status;
  });
}

absl::Status SqliteStore::PutParameters(const ParameterValues& parameters, int64_t generation) {
  return database_->Transaction([&] {
    absl::Status status = WriteParameters(kInForce, parameters);
    if (!status.ok()) return status;
    return Statement(*database_, "UPDATE state SET generation = ?1, policy_generation = ?1")
        .Bind(generation)
        .Run();
  });
}

absl::Status SqliteStore::PutOverride(const StoredOverride& entry) {
  return database_->Transaction([&] {
    absl::Status status = WriteOverride(entry);
    if (!status.ok()) return status;
    return Statement(*database_, "UPDATE state SET generation = ?, created = max(created, ?)")
        .Bind(entry.generation)
        .Bind(entry.creation)
        .Run();
  });
}

absl::Status SqliteStore::RemoveOverrides(const std::vector<std::string>& ids, int64_t generation) {
  return database_->Transaction([&]() -> absl::Status {
    for (const std::string& id : ids) {
      absl::Status status =
          Statement(*database_, "DELETE FROM task_override WHERE id = ?").Bind(id).Run();
      if (!status.ok()) return status;
    }
    return SetGeneration(generation);
  });
}

absl::Status SqliteStore::WriteParameters(const char* kind, const ParameterValues& values) {
  for (const auto& [name, value] : values) {
    absl::Status status = Statement(*database_, "REPLACE INTO parameter VALUES (?, ?, ?)")
                              .Bind(kind)
                              .Bind(name)
                              .Bind(value)
                              .Run();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SqliteStore::WriteOverride(const StoredOverride& entry) {
  const TaskSelector& selector = entry.spec.selector;
  std::optional<int64_t> start_ns;
  if (entry.process_start_ns.has_value()) start_ns = static_cast<int64_t>(*entry.process_start_ns);
  return Statement(*database_, absl::StrCat("REPLACE INTO task_override (", kOverrideColumns,
                                            ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"))
      .Bind(entry.id)
      .Bind(entry.creation)
      .Bind(absl::ToUnixNanos(entry.create_time))
      .Bind(entry.generation)
      .Bind(selector.task)
      .Bind(int64_t{selector.tgid})
      .Bind(start_ns)
      .Bind(selector.comm)
      .Bind(selector.cgroup_path)
      .Bind(selector.uid)
      .Bind(int64_t{entry.spec.weight})
      .Bind(entry.spec.slice_ns)
      .Bind(NanosOf(entry.spec.expire_time))
      .Run();
}

absl::Status SqliteStore::SetGeneration(int64_t generation) {
  return Statement(*database_, "UPDATE state SET generation = ?").Bind(generation).Run();
}

}  // namespace schedd
