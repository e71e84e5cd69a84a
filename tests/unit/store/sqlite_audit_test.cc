// SPDX-License-Identifier: Apache-2.0
#include "server/store/sqlite_audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/store/open_store.h"
#include "tests/unit/store/store_fixture.h"

namespace schedd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SqliteAuditTest : public StoreFixture {
 protected:
  std::unique_ptr<SqliteAudit> Open(const AuditLimits& limits = {}) {
    auto audit = SqliteAudit::Open(path, limits);
    EXPECT_TRUE(audit.ok()) << audit.status();
    return *std::move(audit);
  }

  static AuditEntry Full() {
    return {.id = 0,
            .time = absl::FromUnixNanos(1'800'000'000'123'456'789),
            .principal = "uid:1000 pid:4711",
            .roles = "viewer and operator",
            .method = "/schedd.v1.PolicyService/UpdatePolicy",
            .resource = "policies/default",
            .request = R"({"a": "it's \"x\"; DROP TABLE entry"})",
            .note = "why not",
            .denied = false,
            .outcome = AuditOutcome{absl::StatusCode::kAborted, "ETAG_MISMATCH", "read again", 7}};
  }

  static std::vector<int64_t> Ids(SqliteAudit& audit, int64_t before = INT64_MAX,
                                  int32_t limit = 1000) {
    std::vector<int64_t> ids;
    const auto entries = audit.List(before, limit);
    EXPECT_TRUE(entries.ok()) << entries.status();
    for (const AuditEntry& entry : *entries) ids.push_back(entry.id);
    return ids;
  }
};

TEST_F(SqliteAuditTest, KeepsAllOfAnEntryOverARestart) {
  ASSERT_TRUE(Open()->Add(Full()).ok());
  const auto entries = Open()->List(INT64_MAX, 10);
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_THAT(*entries, SizeIs(1));
  const AuditEntry& entry = entries->front();
  const AuditEntry want = Full();
  EXPECT_EQ(entry.id, 1);
  EXPECT_EQ(entry.time, want.time);
  EXPECT_EQ(entry.principal, want.principal);
  EXPECT_EQ(entry.roles, want.roles);
  EXPECT_EQ(entry.method, want.method);
  EXPECT_EQ(entry.resource, want.resource);
  EXPECT_EQ(entry.request, want.request);
  EXPECT_EQ(entry.note, want.note);
  EXPECT_EQ(entry.denied, want.denied);
  EXPECT_EQ(entry.outcome, want.outcome);
}

TEST_F(SqliteAuditTest, OutcomeComesLaterAndMayBeMissing) {
  const auto audit = Open();
  AuditEntry begun = Full();
  begun.outcome.reset();
  const auto first = audit->Add(begun);
  ASSERT_TRUE(audit->Add(begun).ok());
  ASSERT_TRUE(audit->SetOutcome(*first, {.generation = 3}).ok());
  const auto entries = *audit->List(INT64_MAX, 10);
  ASSERT_THAT(entries, SizeIs(2));
  EXPECT_FALSE(entries[0].outcome.has_value());
  EXPECT_EQ(entries[1].outcome, AuditOutcome{.generation = 3});
}

TEST_F(SqliteAuditTest, ListsNewestFirstInPieces) {
  const auto audit = Open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(audit->Add(Full()).ok());
  EXPECT_THAT(Ids(*audit, INT64_MAX, 2), ElementsAre(5, 4));
  EXPECT_THAT(Ids(*audit, 4, 2), ElementsAre(3, 2));
  EXPECT_THAT(Ids(*audit, 2, 2), ElementsAre(1));
  EXPECT_THAT(Ids(*audit, 1, 2), IsEmpty());
}

// What those without rights do does not push out what others did.
TEST_F(SqliteAuditTest, OldEntriesGoEachKindByItself) {
  const auto audit = Open({.calls = 10, .denied = 4});
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(audit->Add(Full()).ok());
  AuditEntry denied = Full();
  denied.denied = true;
  const int64_t total = 20 + 10 * SqliteAudit::kPruneInterval;
  for (int64_t i = 20; i < total; ++i) ASSERT_TRUE(audit->Add(denied).ok());
  const std::vector<int64_t> ids = Ids(*audit);
  int64_t calls = 0;
  for (const int64_t id : ids) calls += id <= 20 ? 1 : 0;
  EXPECT_EQ(calls, 10);
  EXPECT_EQ(ids.back(), 11) << "not the oldest went";
  EXPECT_GE(static_cast<int64_t>(ids.size()) - calls, 4);
  EXPECT_LE(static_cast<int64_t>(ids.size()) - calls, 4 + SqliteAudit::kPruneInterval);
  EXPECT_EQ(ids.front(), total);
}

TEST_F(SqliteAuditTest, ANumberIsNotGivenTwice) {
  {
    const auto audit = Open({.calls = 0, .denied = 0});
    for (int64_t i = 0; i < SqliteAudit::kPruneInterval; ++i) {
      ASSERT_TRUE(audit->Add(Full()).ok());
    }
    EXPECT_THAT(Ids(*audit), IsEmpty());
  }
  EXPECT_EQ(*Open()->Add(Full()), SqliteAudit::kPruneInterval + 1);
}

TEST_F(SqliteAuditTest, EntriesAreThereAfterKill) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto audit = SqliteAudit::Open(path);
    AuditEntry entry = Full();
    entry.outcome.reset();
    const bool added = audit.ok() && (*audit)->Add(entry).ok() && (*audit)->Add(Full()).ok();
    if (write(ready[1], added ? "y" : "n", 1) != 1) _exit(1);
    pause();
  }
  char answer = 0;
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  const auto entries = *Open()->List(INT64_MAX, 10);
  ASSERT_THAT(entries, SizeIs(2));
  EXPECT_TRUE(entries[0].outcome.has_value());
  EXPECT_FALSE(entries[1].outcome.has_value()) << "begun, and its end was not written down";
}

TEST_F(SqliteAuditTest, AFullDiskIsSaidAndSurvived) {
  const auto audit = Open();
  ASSERT_TRUE(audit->Add(Full()).ok());
  {
    const FileSizeLimit full(1);
    const auto id = audit->Add(Full());
    EXPECT_EQ(id.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(id.status().message()), HasSubstr(path));
    EXPECT_FALSE(audit->SetOutcome(1, {}).ok());
    EXPECT_THAT(Ids(*audit), ElementsAre(1));
  }
  EXPECT_TRUE(audit->Add(Full()).ok());
}

TEST_F(SqliteAuditTest, ADamagedFileIsPutAside) {
  ASSERT_TRUE(Open()->Add(Full()).ok());
  Damage(path, 0, 100);
  const OpenedAudit opened = OpenAudit(path, absl::FromUnixSeconds(0));
  EXPECT_TRUE(opened.problem.ok()) << opened.problem;
  EXPECT_FALSE(opened.damage.ok());
  EXPECT_TRUE(std::filesystem::exists(opened.kept_aside));
  EXPECT_TRUE(opened.store->Add(Full()).ok());
}

TEST_F(SqliteAuditTest, WhatCannotBeOpenedRefusesWithTheReason) {
  const auto user = Open();
  const OpenedAudit opened = OpenAudit(path, absl::FromUnixSeconds(0));
  EXPECT_EQ(opened.problem.code(), absl::StatusCode::kUnavailable);
  ASSERT_NE(opened.store, nullptr);
  EXPECT_EQ(opened.store->Add(Full()).status(), opened.problem);
  EXPECT_EQ(opened.store->SetOutcome(1, {}), opened.problem);
  EXPECT_EQ(opened.store->List(1, 1).status(), opened.problem);
}

}  // namespace
}  // namespace schedd
