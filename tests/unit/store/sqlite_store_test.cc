// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/unit/store/store_fixture.h"

namespace schedd {
namespace {

using ::testing::HasSubstr;

class SqliteStoreTest : public StoreFixture {
 protected:
  std::unique_ptr<SqliteStore> Open() {
    absl::StatusOr<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  // As the next daemon finds it.
  StoredState Reload() {
    const absl::StatusOr<std::optional<StoredState>> state = Open()->Load();
    EXPECT_TRUE(state.ok() && state->has_value()) << state.status();
    return **state;
  }
  // SQL from outside.
  void Execute(const std::string& sql) {
    const auto database = *Database::Open(path);
    ASSERT_TRUE(database->Execute(sql).ok()) << database->Error();
  }
};

TEST_F(SqliteStoreTest, ANewFileHoldsNothing) {
  const absl::StatusOr<std::optional<StoredState>> state = Open()->Load();
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_FALSE(state->has_value());
  Open();  // and a second time
}

TEST_F(SqliteStoreTest, KeepsEveryField) {
  ASSERT_TRUE(Open()->Replace(FullState()).ok());
  ExpectEqual(Reload(), FullState());
}

TEST_F(SqliteStoreTest, ReplaceLeavesNothingOfWhatWas) {
  const auto store = Open();
  ASSERT_TRUE(store->Replace(FullState()).ok());
  const StoredState other = {
      .run = 2,
      .generation = 3,
      .policies = {{.id = "x", .revisions = {{.values = {{"max_slice", 4}}}}}}};
  ASSERT_TRUE(store->Replace(other).ok());
  ExpectEqual(**store->Load(), other);
}

TEST_F(SqliteStoreTest, ChangesOfPolicies) {
  StoredState expected = FullState();
  StoredPolicy& all = expected.policies[0];
  const StoredPolicy made = {
      .id = "made", .cgroup_path = "/made", .revisions = {{.generation = 11}}};
  {
    const auto store = Open();
    ASSERT_TRUE(store->Replace(expected).ok());
    all.revisions[0].end_cause = RevisionEnd::kRolledBack;
    all.revisions[0].end_time = absl::FromUnixNanos(5);
    all.revisions.push_back({.generation = 10, .values = {{"min_slice", 3}}, .writer = "me"});
    ASSERT_TRUE(store->PutPolicy(all, 10).ok());
    ASSERT_TRUE(store->PutPolicy(made, 11).ok());
    ASSERT_TRUE(store->RemovePolicy("tenant-a", 12).ok());
  }
  expected.policies[1] = made;
  expected.generation = 12;
  ExpectEqual(Reload(), expected);
}

TEST_F(SqliteStoreTest, TemporaryValuesEndWithoutATrace) {
  StoredState expected = FullState();
  StoredPolicy& policy = expected.policies[1];
  const auto store = Open();
  ASSERT_TRUE(store->Replace(expected).ok());
  policy.expire_time.reset();
  policy.revisions.back().end_cause = RevisionEnd::kExpired;
  policy.revisions.push_back({.generation = 10, .values = std::exchange(policy.baseline, {})});
  ASSERT_TRUE(store->PutPolicy(policy, 10).ok());
  expected.generation = 10;
  ExpectEqual(**store->Load(), expected);
}

// A change writes the newest revisions only, and removes those that are not kept.
TEST_F(SqliteStoreTest, OldRevisionsGoTogetherWithTheirValues) {
  const auto store = Open();
  StoredState expected = FullState();
  ASSERT_TRUE(store->Replace(expected).ok());
  StoredPolicy& policy = expected.policies[1];
  for (int64_t generation = 10; generation < 20; ++generation) {
    policy.revisions.push_back({.generation = generation, .values = {{"base_slice", generation}}});
    if (generation >= 14) policy.revisions.erase(policy.revisions.begin());
    ASSERT_TRUE(store->PutPolicy(policy, generation).ok());
  }
  expected.generation = 19;
  ExpectEqual(**store->Load(), expected);
  EXPECT_EQ(policy.revisions.size(), 6u);
}

TEST_F(SqliteStoreTest, ChangesOfOverrides) {
  StoredState expected = FullState();
  StoredOverride added = expected.overrides[1];
  added.id = "third";
  added.creation = 7;
  added.generation = 10;
  StoredOverride changed = expected.overrides[1];
  changed.spec = {.selector = {.uid = 0}, .slice_ns = 1};
  changed.process_start_ns.reset();
  changed.generation = 11;
  {
    const auto store = Open();
    ASSERT_TRUE(store->Replace(expected).ok());
    ASSERT_TRUE(store->PutOverride(added).ok());
    ASSERT_TRUE(store->PutOverride(changed).ok());
    ASSERT_TRUE(store->RemoveOverrides({"z-first", "never-was"}, 12).ok());
  }
  expected.overrides = {changed, added};
  expected.created = 7;
  expected.generation = 12;
  ExpectEqual(Reload(), expected);
}

TEST_F(SqliteStoreTest, ARemovalOfTheNewestOverrideIsRememberedInTheCount) {
  const auto store = Open();
  ASSERT_TRUE(store->Replace({}).ok());
  ASSERT_TRUE(store->PutOverride({.id = "x", .creation = 1, .generation = 2}).ok());
  ASSERT_TRUE(store->RemoveOverrides({"x"}, 3).ok());
  EXPECT_EQ((*store->Load())->created, 1);
}

TEST_F(SqliteStoreTest, AFullDiskChangesNothing) {
  const auto store = Open();
  ASSERT_TRUE(store->Replace(FullState()).ok());
  StoredOverride large = FullState().overrides[0];
  large.spec.selector.cgroup_path = std::string(200'000, 'x');
  {
    const FileSizeLimit full(100'000);
    EXPECT_TRUE(absl::IsUnavailable(store->PutOverride(large)));
    ExpectEqual(**store->Load(), FullState());
  }
  EXPECT_TRUE(store->PutOverride(large).ok());
}

// --- ends without warning ---

// A process that is killed while it writes: what it had been answered is there.
TEST_F(SqliteStoreTest, SurvivesSigkillAtAnyMoment) {
  ASSERT_TRUE(Open()->Replace({}).ok());
  int64_t generation = 1;
  for (int round = 0; round < 20; ++round) {
    int acknowledged[2];
    ASSERT_EQ(pipe(acknowledged), 0);
    const pid_t child = fork();
    if (child == 0) {
      const auto store = *SqliteStore::Open(path);
      for (int64_t next = generation + 1;; ++next) {
        const StoredOverride entry = {.id = absl::StrCat("o", next % 50),
                                      .spec = {.selector = {.comm = "x"}, .weight = 1},
                                      .creation = next,
                                      .generation = next};
        if (!store->PutOverride(entry).ok()) _exit(1);
        if (write(acknowledged[1], &next, sizeof(next)) != sizeof(next)) _exit(1);
      }
    }
    close(acknowledged[1]);
    int64_t last = generation;
    for (int i = 0; i < 5 + 7 * round; ++i) {
      ASSERT_EQ(read(acknowledged[0], &last, sizeof(last)), static_cast<ssize_t>(sizeof(last)));
    }
    kill(child, SIGKILL);
    while (read(acknowledged[0], &last, sizeof(last)) > 0) {
    }
    close(acknowledged[0]);
    waitpid(child, nullptr, 0);
    const StoredState state = Reload();
    EXPECT_GE(state.generation, last);
    EXPECT_LE(state.generation, last + 1);  // the one that was being answered
    EXPECT_EQ(state.created, state.generation);
    EXPECT_EQ(state.overrides.back().generation, state.generation) << "half a change";
    generation = state.generation;
  }
}

TEST_F(SqliteStoreTest, SurvivesSigkillWhilePoliciesChange) {
  const std::string kId = "p";
  ASSERT_TRUE(Open()->Replace({.run = 5}).ok());
  int64_t generation = 1;
  StoredPolicy policy = {.id = kId, .cgroup_path = "/p"};
  for (int round = 0; round < 10; ++round) {
    int acknowledged[2];
    ASSERT_EQ(pipe(acknowledged), 0);
    const pid_t child = fork();
    if (child == 0) {
      const auto store = *SqliteStore::Open(path);
      for (int64_t next = generation + 1;; ++next) {
        if (!policy.revisions.empty()) {
          policy.revisions.back().end_cause = RevisionEnd::kSuperseded;
        }
        policy.revisions.push_back({.generation = next, .values = {{"a", next}, {"b", next}}});
        if (policy.revisions.size() > 5) policy.revisions.erase(policy.revisions.begin());
        if (!store->PutPolicy(policy, next).ok()) _exit(1);
        if (write(acknowledged[1], &next, sizeof(next)) != sizeof(next)) _exit(1);
      }
    }
    close(acknowledged[1]);
    int64_t last = generation;
    for (int i = 0; i < 5 + 7 * round; ++i) {
      ASSERT_EQ(read(acknowledged[0], &last, sizeof(last)), static_cast<ssize_t>(sizeof(last)));
    }
    kill(child, SIGKILL);
    while (read(acknowledged[0], &last, sizeof(last)) > 0) {
    }
    close(acknowledged[0]);
    waitpid(child, nullptr, 0);
    const StoredState state = Reload();
    EXPECT_GE(state.generation, last);
    EXPECT_LE(state.generation, last + 1);
    ASSERT_EQ(state.policies.size(), 1u);
    policy = state.policies[0];
    EXPECT_EQ(policy.newest().generation, state.generation) << "half a change";
    EXPECT_LE(policy.revisions.size(), 5u);
    for (const StoredRevision& revision : policy.revisions) {
      const ParameterValues whole = {{"a", revision.generation}, {"b", revision.generation}};
      EXPECT_EQ(revision.values, whole);
      EXPECT_EQ(revision.end_cause == RevisionEnd::kInForce, &revision == &policy.newest());
    }
    generation = state.generation;
  }
}

// --- files that are not as they should be ---

TEST_F(SqliteStoreTest, AFileOfANewerScheddIsRefusedAndLeft) {
  Open();
  Execute("PRAGMA user_version = 3");
  const absl::Status status = SqliteStore::Open(path).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("of a newer schedd"));
  EXPECT_EQ(*(*Database::Open(path))->Number("PRAGMA user_version"), 3);
}

TEST_F(SqliteStoreTest, OtherTablesAreDamage) {
  for (const char* sql :
       {"DROP TABLE state", "DROP TABLE configured", "DROP TABLE task_override",
        "DROP TABLE policy", "DROP TABLE policy_revision", "DROP TABLE policy_value",
        "ALTER TABLE task_override RENAME COLUMN weight TO width"}) {
    std::filesystem::remove(path);
    Open();
    Execute(sql);
    EXPECT_TRUE(absl::IsDataLoss(SqliteStore::Open(path).status())) << sql;
  }
}

TEST_F(SqliteStoreTest, ADatabaseOfSomebodyElseIsDamage) {
  Execute("CREATE TABLE state (mine)");
  const absl::Status status = SqliteStore::Open(path).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

TEST_F(SqliteStoreTest, RowsThatBelongToNothingAreDamage) {
  for (const char* sql :
       {"DELETE FROM policy WHERE id = 'tenant-a'",
        "DELETE FROM policy_revision WHERE policy = 'default'; DELETE FROM policy_value",
        "DELETE FROM policy_revision WHERE policy = 'tenant-a' AND generation = 5"}) {
    std::filesystem::remove(path);
    ASSERT_TRUE(Open()->Replace(FullState()).ok());
    Execute(sql);
    EXPECT_TRUE(absl::IsDataLoss(SqliteStore::Open(path).status())) << sql;
  }
}

TEST_F(SqliteStoreTest, ValuesOutOfBoundsAreDamage) {
  ASSERT_TRUE(Open()->Replace(FullState()).ok());
  Execute("PRAGMA ignore_check_constraints = 1; UPDATE task_override SET weight = 20000");
  EXPECT_TRUE(absl::IsDataLoss(SqliteStore::Open(path).status()));
}

}  // namespace
}  // namespace schedd
