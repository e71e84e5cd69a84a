// SPDX-License-Identifier: Apache-2.0
#include "server/store/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/store/store_fixture.h"

namespace schedd {
namespace {

using ::testing::HasSubstr;

class DatabaseTest : public StoreFixture {
 protected:
  std::unique_ptr<Database> Open() {
    absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(path);
    EXPECT_TRUE(database.ok()) << database.status();
    return database.ok() ? *std::move(database) : nullptr;
  }
};

TEST_F(DatabaseTest, SetsWhatItPromises) {
  const auto database = Open();
  EXPECT_EQ(*database->Number("PRAGMA synchronous"), 1);  // NORMAL
  EXPECT_EQ(*database->Number("PRAGMA busy_timeout"), 1'000);
  Statement mode(*database, "PRAGMA journal_mode");
  ASSERT_TRUE(*mode.Step());
  EXPECT_EQ(mode.Text(0), "wal");
}

TEST_F(DatabaseTest, BindsInOrderAndReadsBack) {
  const auto database = Open();
  ASSERT_TRUE(database->Execute("CREATE TABLE t (a, b, c, d)").ok());
  const std::string text("a\0b'", 4);
  ASSERT_TRUE(Statement(*database, "INSERT INTO t VALUES (?, ?, ?, ?)")
                  .Bind(int64_t{-5})
                  .Bind(text)
                  .Bind(std::optional<int64_t>())
                  .Bind(std::optional<int64_t>(0))
                  .Run()
                  .ok());
  Statement select(*database, "SELECT a, b, c, d FROM t");
  ASSERT_TRUE(*select.Step());
  EXPECT_EQ(select.Int(0), -5);
  EXPECT_EQ(select.Text(1), text);
  EXPECT_EQ(select.MaybeInt(2), std::nullopt);
  EXPECT_EQ(select.MaybeInt(3), 0);
  EXPECT_FALSE(*select.Step());
}

TEST_F(DatabaseTest, AStatementThatWasUsedBeforeBeginsAnew) {
  const auto database = Open();
  ASSERT_TRUE(database->Execute("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)").ok());
  constexpr char kSelect[] = "SELECT a, ? FROM t ORDER BY a";
  {
    Statement cut_off(*database, kSelect);
    cut_off.Bind(int64_t{7});
    ASSERT_TRUE(*cut_off.Step());
    // The same text at the same time: one of its own.
    Statement other(*database, kSelect);
    ASSERT_TRUE(*other.Step());
    EXPECT_EQ(other.MaybeInt(1), std::nullopt);
    ASSERT_TRUE(*cut_off.Step());
    EXPECT_EQ(cut_off.Int(0), 2);
  }
  for (int i = 0; i < 2; ++i) {
    Statement again(*database, kSelect);
    ASSERT_TRUE(*again.Step());
    EXPECT_EQ(again.Int(0), 1);
    EXPECT_EQ(again.MaybeInt(1), std::nullopt) << "nothing is bound any more";
  }
}

TEST_F(DatabaseTest, AMistakeInAStatementIsToldByItsStep) {
  const auto database = Open();
  Statement wrong(*database, "SELECT x FROM nowhere WHERE a = ?");
  wrong.Bind(int64_t{1});
  const absl::Status status = wrong.Run();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(path + ": no such table: nowhere"));
}

TEST_F(DatabaseTest, ATransactionIsWholeOrNothing) {
  const auto database = Open();
  ASSERT_TRUE(database->Execute("CREATE TABLE t (a)").ok());
  EXPECT_TRUE(
      database->Transaction([&] { return database->Execute("INSERT INTO t VALUES (1)"); }).ok());
  const absl::Status refused = database->Transaction([&]() -> absl::Status {
    EXPECT_TRUE(database->Execute("INSERT INTO t VALUES (2)").ok());
    return absl::CancelledError("no");
  });
  EXPECT_TRUE(absl::IsCancelled(refused));
  EXPECT_EQ(*database->Number("SELECT sum(a) FROM t"), 1);
  // And the next one can begin.
  EXPECT_TRUE(
      database->Transaction([&] { return database->Execute("INSERT INTO t VALUES (4)"); }).ok());
  EXPECT_EQ(*database->Number("SELECT sum(a) FROM t"), 5);
}

TEST_F(DatabaseTest, AFullDiskRefusesAndNothingIsHalfWritten) {
  const auto database = Open();
  ASSERT_TRUE(database->Execute("CREATE TABLE t (a)").ok());
  const auto insert = [&] {
    return database->Transaction(
        [&] { return database->Execute("INSERT INTO t VALUES (zeroblob(100000))"); });
  };
  {
    const FileSizeLimit full(50'000);
    const absl::Status status = insert();
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("repeat the change"));
    EXPECT_EQ(*database->Number("SELECT count(*) FROM t"), 0);
  }
  EXPECT_TRUE(insert().ok());
  EXPECT_EQ(*database->Number("SELECT count(*) FROM t"), 1);
}

TEST_F(DatabaseTest, OneUserAtATime) {
  auto first = Open();
  const absl::Status second = Database::Open(path).status();
  EXPECT_TRUE(absl::IsUnavailable(second)) << second;
  EXPECT_THAT(std::string(second.message()), HasSubstr("another process uses it"));
  first.reset();
  EXPECT_TRUE(Database::Open(path).ok());
}

TEST_F(DatabaseTest, AFileThatIsNoDatabase) {
  std::ofstream(path) << std::string(5'000, 'x');
  const absl::Status status = Database::Open(path).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

TEST_F(DatabaseTest, ADirectoryInPlaceOfTheFile) {
  std::filesystem::create_directory(path);
  const absl::Status status = Database::Open(path).status();
  EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("let schedd write to it"));
}

TEST_F(DatabaseTest, DamageInsideIsFoundWhenItIsOpened) {
  {
    const auto database = Open();
    ASSERT_TRUE(database->Execute("CREATE TABLE t (a PRIMARY KEY, b) WITHOUT ROWID").ok());
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(Statement(*database, "INSERT INTO t VALUES (?, zeroblob(100))")
                      .Bind(int64_t{i})
                      .Run()
                      .ok());
    }
  }
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path));
  Damage(path, size - 6'000, 3'000);
  const absl::Status status = Database::Open(path).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

}  // namespace
}  // namespace schedd
