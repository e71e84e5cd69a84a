// SPDX-License-Identifier: Apache-2.0
//
// A database of an earlier schedd is brought up, with all that it holds.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "server/store/open_store.h"
#include "server/store/sqlite_store.h"
#include "tests/unit/control/control_fixture.h"
#include "tests/unit/store/store_fixture.h"

namespace schedd {
namespace {

// What schedd 0.1.0 wrote, as the sqlite3 shell dumps it.
constexpr char kTablesOfVersion1[] = R"sql(
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
PRAGMA user_version = 1;
)sql";

constexpr char kRowsOfVersion1[] = R"sql(
INSERT INTO state VALUES (1, 77, 9, 4, 7);
INSERT INTO parameter VALUES
  ('configured', 'base_slice', 10000000), ('configured', 'min_slice', 1000000),
  ('configured', 'max_slice', 40000000), ('configured', 'sleeper_credit', 20000000),
  ('configured', 'starvation_bound', 500000000),
  ('configured', 'wakeup_preempt_margin', 2000000),
  ('configured', 'decision_budget', 20000000), ('configured', 'dispatch_batch_count', 256),
  ('configured', 'placement_mode', 1),
  ('in_force', 'base_slice', 5000000), ('in_force', 'min_slice', 1000000),
  ('in_force', 'max_slice', 40000000), ('in_force', 'sleeper_credit', 20000000),
  ('in_force', 'starvation_bound', 500000000),
  ('in_force', 'wakeup_preempt_margin', 2000000),
  ('in_force', 'decision_budget', 20000000), ('in_force', 'dispatch_batch_count', 256),
  ('in_force', 'placement_mode', 1);
INSERT INTO task_override VALUES
  ('hogs', 3, 1800000000000000000, 8, '', 0, NULL, 'hog', '', 1000, 400, NULL, NULL);
)sql";

class SchemaTest : public ControlFixture {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::temp_directory_path() / "schema_test_XXXXXX";
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    path_ = directory_ + "/schedd.db";
  }
  void TearDown() override {
    parts.reset();
    std::filesystem::remove_all(directory_);
  }
  void Execute(const std::string& sql) {
    const auto database = *Database::Open(path_);
    ASSERT_TRUE(database->Execute(sql).ok()) << database->Error();
  }

  std::string directory_;
  std::string path_;
};

TEST_F(SchemaTest, WhatVersion1HeldIsThere) {
  Execute(kTablesOfVersion1);
  Execute(kRowsOfVersion1);
  for (int start = 0; start < 2; ++start) {
    const OpenedStore opened = OpenStore(path_, clock.Now());
    ASSERT_TRUE(opened.problem.ok()) << opened.problem;
    EXPECT_TRUE(opened.damage.ok()) << opened.damage;
    store = opened.store.get();
    Build();
    const PolicyInfo info = *parts->policy.Get(kPolicyName);
    EXPECT_EQ(info.parameters.base_slice_ns, 5'000'000);
    EXPECT_EQ(info.generation, 7);
    EXPECT_EQ(info.etag, "4d-7");  // as it was read from the former daemon
    EXPECT_FALSE(info.create_time.has_value());
    EXPECT_EQ(parts->generations.current(), 9);
    const OverridePage overrides = *parts->overrides.List(0, "");
    ASSERT_EQ(overrides.overrides.size(), 1u);
    EXPECT_EQ(overrides.overrides[0].name, "taskOverrides/hogs");
    EXPECT_EQ(overrides.overrides[0].spec.weight, 400);
    const RevisionPage revisions = *parts->policy.ListRevisions(kPolicyName, 0, "");
    ASSERT_EQ(revisions.revisions.size(), 1u);
    EXPECT_EQ(revisions.revisions[0].name, "policies/default/revisions/7");
    EXPECT_EQ(revisions.revisions[0].revision.writer, "");
    parts.reset();
  }
}

TEST_F(SchemaTest, AnEmptyDatabaseOfVersion1IsANewOne) {
  Execute(kTablesOfVersion1);
  const auto opened = *SqliteStore::Open(path_);
  EXPECT_FALSE(opened->Load()->has_value());
  EXPECT_TRUE(opened->Replace(FullState()).ok());
  ExpectEqual(**opened->Load(), FullState());
}

// Killed between two steps, or full: the old tables are as they were.
TEST_F(SchemaTest, WhatFailsChangesNothing) {
  Execute(kTablesOfVersion1);
  Execute(kRowsOfVersion1);
  Execute("CREATE TABLE configured (in_the_way)");
  EXPECT_FALSE(SqliteStore::Open(path_).ok());
  const auto database = *Database::Open(path_);
  EXPECT_EQ(*database->Number("PRAGMA user_version"), 1);
  EXPECT_EQ(*database->Number("SELECT count(*) FROM parameter"), 18);
  EXPECT_EQ(*database->Number("SELECT policy_generation FROM state"), 7);
}

}  // namespace
}  // namespace schedd
