// SPDX-License-Identifier: Apache-2.0
#include "server/store/policy_rows.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace schedd {
namespace {

constexpr int64_t kBaseline = 0;  // policy_value.generation of what comes back

std::optional<int64_t> NanosOf(const std::optional<absl::Time>& time) {
  if (!time.has_value()) return std::nullopt;
  return absl::ToUnixNanos(*time);
}

std::optional<absl::Time> TimeOf(std::optional<int64_t> ns) {
  if (!ns.has_value()) return std::nullopt;
  return absl::FromUnixNanos(*ns);
}

absl::Status Inconsistent(const std::string& policy, const char* what) {
  return absl::DataLossError(absl::StrCat("the database is damaged: policy '", policy, "' ", what));
}

using ById = std::map<std::string, StoredPolicy>;

absl::Status LoadHeads(Database& database, ById& policies) {
  Statement select(database, "SELECT id, cgroup_path, create_time_ns, expire_time_ns FROM policy");
  absl::StatusOr<bool> row = select.Step();
  for (; row.ok() && *row; row = select.Step()) {
    StoredPolicy& policy = policies[select.Text(0)];
    policy.id = select.Text(0);
    policy.cgroup_path = select.Text(1);
    policy.create_time = TimeOf(select.MaybeInt(2));
    policy.expire_time = TimeOf(select.MaybeInt(3));
  }
  return row.status();
}

absl::Status LoadRevisions(Database& database, ById& policies) {
  Statement select(database,
                   "SELECT policy, generation, writer, reason, create_time_ns, end_cause, "
                   "end_time_ns, known_good FROM policy_revision ORDER BY generation");
  absl::StatusOr<bool> row = select.Step();
  for (; row.ok() && *row; row = select.Step()) {
    const auto policy = policies.find(select.Text(0));
    if (policy == policies.end()) return Inconsistent(select.Text(0), "has revisions only");
    policy->second.revisions.push_back({.generation = select.Int(1),
                                        .writer = select.Text(2),
                                        .reason = select.Text(3),
                                        .create_time = TimeOf(select.MaybeInt(4)),
                                        .end_cause = static_cast<RevisionEnd>(select.Int(5)),
                                        .end_time = TimeOf(select.MaybeInt(6)),
                                        .known_good = select.Int(7) != 0});
  }
  return row.status();
}

absl::Status LoadValues(Database& database, ById& policies) {
  Statement select(database, "SELECT policy, generation, name, value FROM policy_value");
  absl::StatusOr<bool> row = select.Step();
  for (; row.ok() && *row; row = select.Step()) {
    const auto policy = policies.find(select.Text(0));
    if (policy == policies.end()) return Inconsistent(select.Text(0), "has values only");
    const int64_t generation = select.Int(1);
    if (generation == kBaseline) {
      policy->second.baseline[select.Text(2)] = select.Int(3);
      continue;
    }
    std::vector<StoredRevision>& revisions = policy->second.revisions;
    const auto revision =
        std::ranges::lower_bound(revisions, generation, {}, &StoredRevision::generation);
    if (revision == revisions.end() || revision->generation != generation) {
      return Inconsistent(select.Text(0), "has values without a revision");
    }
    revision->values[select.Text(2)] = select.Int(3);
  }
  return row.status();
}

absl::Status WriteValues(Database& database, const std::string& policy, int64_t generation,
                         const ParameterValues& values) {
  absl::Status status =
      Statement(database, "DELETE FROM policy_value WHERE policy = ? AND generation = ?")
          .Bind(policy)
          .Bind(generation)
          .Run();
  for (const auto& [name, value] : values) {
    if (!status.ok()) return status;
    status = Statement(database, "INSERT INTO policy_value VALUES (?, ?, ?, ?)")
                 .Bind(policy)
                 .Bind(generation)
                 .Bind(name)
                 .Bind(value)
                 .Run();
  }
  return status;
}

absl::Status WriteRevision(Database& database, const std::string& policy,
                           const StoredRevision& revision) {
  absl::Status status =
      Statement(database, "REPLACE INTO policy_revision VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
          .Bind(policy)
          .Bind(revision.generation)
          .Bind(revision.writer)
          .Bind(revision.reason)
          .Bind(NanosOf(revision.create_time))
          .Bind(static_cast<int64_t>(revision.end_cause))
          .Bind(NanosOf(revision.end_time))
          .Bind(int64_t{revision.known_good})
          .Run();
  if (!status.ok()) return status;
  return WriteValues(database, policy, revision.generation, revision.values);
}

// Those of a policy before `generation`; the baseline stays.
absl::Status RemoveRevisionsBefore(Database& database, const std::string& policy,
                                   int64_t generation) {
  for (const char* sql : {"DELETE FROM policy_revision WHERE policy = ? AND generation < ?",
                          "DELETE FROM policy_value WHERE policy = ? AND generation < ? AND "
                          "generation > 0"}) {
    absl::Status status = Statement(database, sql).Bind(policy).Bind(generation).Run();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<StoredPolicy>> LoadPolicies(Database& database) {
  ById by_id;
  absl::Status status = LoadHeads(database, by_id);
  if (status.ok()) status = LoadRevisions(database, by_id);
  if (status.ok()) status = LoadValues(database, by_id);
  if (!status.ok()) return status;
  std::vector<StoredPolicy> policies;
  for (auto& [id, policy] : by_id) {
    if (policy.revisions.empty()) return Inconsistent(id, "has no revision");
    policies.push_back(std::move(policy));
  }
  return policies;
}

absl::Status WritePolicy(Database& database, const StoredPolicy& policy, size_t newest_revisions) {
  absl::Status status = Statement(database, "REPLACE INTO policy VALUES (?, ?, ?, ?)")
                            .Bind(policy.id)
                            .Bind(policy.cgroup_path)
                            .Bind(NanosOf(policy.create_time))
                            .Bind(NanosOf(policy.expire_time))
                            .Run();
  if (status.ok()) status = WriteValues(database, policy.id, kBaseline, policy.baseline);
  const size_t count = std::min(newest_revisions, policy.revisions.size());
  for (size_t i = policy.revisions.size() - count; i < policy.revisions.size(); ++i) {
    if (status.ok()) status = WriteRevision(database, policy.id, policy.revisions[i]);
  }
  if (!status.ok()) return status;
  return RemoveRevisionsBefore(database, policy.id, policy.revisions.front().generation);
}

absl::Status DeletePolicy(Database& database, const std::string& id) {
  for (const char* sql :
       {"DELETE FROM policy_value WHERE policy = ?", "DELETE FROM policy_revision WHERE policy = ?",
        "DELETE FROM policy WHERE id = ?"}) {
    if (absl::Status status = Statement(database, sql).Bind(id).Run(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status RemoveAllPolicies(Database& database) {
  return database.Execute(
      "DELETE FROM policy_value; DELETE FROM policy_revision; DELETE FROM policy");
}

}  // namespace schedd
