// SPDX-License-Identifier: Apache-2.0
#include "server/store/state_schema.h"

namespace schedd {
namespace {

// STRICT: a value of another type is damage, which the check at the next start finds.
constexpr const char* kSteps[] = {
    // 0 to 1: an empty file.
    R"sql(
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
)sql",
    // 1 to 2: policies for control groups, and revisions. What was in force for all tasks becomes
    // the first revision of the default policy, of which nobody knows when and by whom.
    R"sql(
CREATE TABLE policy (
  id TEXT PRIMARY KEY NOT NULL,
  cgroup_path TEXT NOT NULL UNIQUE,  -- '': all tasks
  create_time_ns INTEGER,
  expire_time_ns INTEGER             -- of its temporary values
) STRICT, WITHOUT ROWID;
CREATE TABLE policy_revision (
  policy TEXT NOT NULL REFERENCES policy (id),
  generation INTEGER NOT NULL CHECK (generation >= 1),
  writer TEXT NOT NULL,
  reason TEXT NOT NULL,
  create_time_ns INTEGER,
  end_cause INTEGER NOT NULL,        -- RevisionEnd
  end_time_ns INTEGER,
  known_good INTEGER NOT NULL CHECK (known_good IN (0, 1)),
  PRIMARY KEY (policy, generation)
) STRICT, WITHOUT ROWID;
CREATE TABLE policy_value (
  policy TEXT NOT NULL REFERENCES policy (id),
  generation INTEGER NOT NULL,       -- of the revision; 0: what comes back at expire_time_ns
  name TEXT NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (policy, generation, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE configured (
  name TEXT PRIMARY KEY NOT NULL,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO configured SELECT name, value FROM parameter WHERE kind = 'configured';
INSERT INTO policy SELECT 'default', '', NULL, NULL FROM state;
INSERT INTO policy_revision
  SELECT 'default', policy_generation, '', '', NULL, 0, NULL, 0 FROM state;
INSERT INTO policy_value
  SELECT 'default', policy_generation, name, value FROM parameter, state WHERE kind = 'in_force';
DROP TABLE parameter;
ALTER TABLE state DROP COLUMN policy_generation;
)sql",
};

}  // namespace

SchemaSteps StateSchema() { return kSteps; }

}  // namespace schedd
