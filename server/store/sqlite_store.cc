// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite_store.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/store/policy_rows.h"
#include "server/store/state_schema.h"

namespace schedd {
namespace {

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
  absl::Status status = PrepareSchema(**database, StateSchema());
  if (!status.ok()) return status;
  std::unique_ptr<SqliteStore> store(new SqliteStore(*std::move(database)));
  // Tables that are not as they should be are found here, while the file can still be put aside.
  if (status = store->Load().status(); !status.ok()) return status;
  return store;
}

absl::StatusOr<std::optional<StoredState>> SqliteStore::Load() {
  Statement select(*database_, "SELECT run, generation, created FROM state");
  const absl::StatusOr<bool> row = select.Step();
  if (!row.ok()) return row.status();
  StoredState state;
  absl::StatusOr<std::vector<StoredPolicy>> policies = LoadPolicies(*database_);
  if (!policies.ok()) return policies.status();
  state.policies = *std::move(policies);
  if (absl::Status status = LoadConfigured(state); !status.ok()) return status;
  if (absl::Status status = LoadOverrides(state); !status.ok()) return status;
  if (!*row) return std::nullopt;
  state.run = select.Int(0);
  state.generation = select.Int(1);
  state.created = select.Int(2);
  return state;
}

absl::Status SqliteStore::LoadConfigured(StoredState& state) {
  Statement select(*database_, "SELECT name, value FROM configured");
  absl::StatusOr<bool> row = select.Step();
  for (; row.ok() && *row; row = select.Step()) state.configured[select.Text(0)] = select.Int(1);
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
        database_->Execute("DELETE FROM state; DELETE FROM configured; DELETE FROM task_override");
    if (status.ok()) status = RemoveAllPolicies(*database_);
    if (status.ok()) {
      status = Statement(*database_, "INSERT INTO state VALUES (1, ?, ?, ?)")
                   .Bind(state.run)
                   .Bind(state.generation)
                   .Bind(state.created)
                   .Run();
    }
    if (status.ok()) status = WriteConfigured(state.configured);
    for (const StoredPolicy& policy : state.policies) {
      if (status.ok()) status = WritePolicy(*database_, policy, policy.revisions.size());
    }
    for (const StoredOverride& entry : state.overrides) {
      if (status.ok()) status = WriteOverride(entry);
    }
    return status;
  });
}

absl::Status SqliteStore::PutPolicy(const StoredPolicy& policy, int64_t generation) {
  return database_->Transaction([&] {
    absl::Status status = WritePolicy(*database_, policy, kWrittenRevisions);
    return status.ok() ? SetGeneration(generation) : status;
  });
}

absl::Status SqliteStore::RemovePolicy(const std::string& id, int64_t generation) {
  return database_->Transaction([&] {
    absl::Status status = DeletePolicy(*database_, id);
    return status.ok() ? SetGeneration(generation) : status;
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

absl::Status SqliteStore::WriteConfigured(const ParameterValues& values) {
  for (const auto& [name, value] : values) {
    absl::Status status =
        Statement(*database_, "INSERT INTO configured VALUES (?, ?)").Bind(name).Bind(value).Run();
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
