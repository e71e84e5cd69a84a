// SPDX-License-Identifier: Apache-2.0
#include "server/control/dump_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace schedd {
namespace {

class DumpStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(directory_); }

  size_t Count() const {
    size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory_)) {
      ++count;
    }
    return count;
  }

  static absl::Time At(int64_t seconds) { return absl::FromUnixSeconds(1'800'000'000 + seconds); }

  const std::string directory_ = ::testing::TempDir() + "/dumps_" +
                                 ::testing::UnitTest::GetInstance()->current_test_info()->name() +
                                 "/below";
};

TEST_F(DumpStoreTest, WritesAFileNamedAfterTheTime) {
  DumpStore store(directory_, 10);
  const absl::StatusOr<std::string> path = store.Write(At(1), "line 1\nline 2\n");
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_EQ(*path, directory_ + "/ejection-20270115T080001.000000000.txt");
  std::stringstream content;
  content << std::ifstream(*path).rdbuf();
  EXPECT_EQ(content.str(), "line 1\nline 2\n");
}

TEST_F(DumpStoreTest, IsForTheOwnerOnly) {
  DumpStore store(directory_, 10);
  const std::filesystem::perms perms =
      std::filesystem::status(*store.Write(At(1), "x")).permissions();
  EXPECT_EQ(perms & (std::filesystem::perms::group_all | std::filesystem::perms::others_all),
            std::filesystem::perms::none);
}

TEST_F(DumpStoreTest, KeepsTheNewest) {
  DumpStore store(directory_, 3);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(store.Write(At(i), "x").ok());
  EXPECT_EQ(Count(), 3u);
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/ejection-20270115T080002.000000000.txt"));
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/ejection-20270115T080003.000000000.txt"));
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/ejection-20270115T080005.000000000.txt"));
}

TEST_F(DumpStoreTest, LeavesFilesOfOthersAlone) {
  std::filesystem::create_directories(directory_);
  std::ofstream(directory_ + "/notes.txt") << "mine";
  DumpStore store(directory_, 1);
  ASSERT_TRUE(store.Write(At(1), "x").ok());
  ASSERT_TRUE(store.Write(At(2), "x").ok());
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/notes.txt"));
  EXPECT_EQ(Count(), 2u);
}

TEST_F(DumpStoreTest, WithoutADirectoryKeepsNothing) {
  EXPECT_EQ(*DumpStore("", 10).Write(At(1), "x"), "");
  EXPECT_EQ(*DumpStore(directory_, 0).Write(At(1), "x"), "");
  EXPECT_FALSE(std::filesystem::exists(directory_));
}

TEST_F(DumpStoreTest, SaysWhichFileFailed) {
  const absl::Status status = DumpStore("/proc/no/such/place", 10).Write(At(1), "x").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(status.message().find("/proc/no/such/place"), std::string::npos);
}

TEST_F(DumpStoreTest, KeepsEveryByte) {
  const std::string dump("a\0b\r\n\xff", 6);
  std::stringstream content;
  content << std::ifstream(*DumpStore(directory_, 1).Write(At(1), dump)).rdbuf();
  EXPECT_EQ(content.str(), dump);
}

TEST_F(DumpStoreTest, OnlyItsOwnNamesCount) {
  std::filesystem::create_directories(directory_);
  for (const char* name : {"ejection-1.log", "my-ejection-1.txt", "ejection-1.txt.bak"}) {
    std::ofstream(directory_ + "/" + name) << "mine";
  }
  DumpStore store(directory_, 1);
  ASSERT_TRUE(store.Write(At(1), "x").ok());
  ASSERT_TRUE(store.Write(At(2), "x").ok());
  EXPECT_EQ(Count(), 4u);
}

// Dumps of a time to come, as after a start with a wrong clock.
TEST_F(DumpStoreTest, ADumpIsNotTheOldestBecauseTheClockWasSetBack) {
  DumpStore store(directory_ + "/", 2);
  ASSERT_TRUE(store.Write(At(100), "later").ok());
  ASSERT_TRUE(store.Write(At(200), "latest").ok());
  const absl::StatusOr<std::string> path = store.Write(At(1), "now");
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_TRUE(std::filesystem::exists(*path));
  EXPECT_EQ(Count(), 2u);
}

TEST_F(DumpStoreTest, AFileInThePlaceOfTheDirectoryIsNamed) {
  std::filesystem::create_directories(std::filesystem::path(directory_).parent_path());
  std::ofstream(directory_) << "a file";
  const absl::Status status = DumpStore(directory_, 10).Write(At(1), "x").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(status.message().find("cannot make " + directory_), std::string::npos) << status;
}

TEST_F(DumpStoreTest, WhatCannotBeOpenedIsNamedAndStays) {
  const std::string path = directory_ + "/ejection-20270115T080001.000000000.txt";
  std::filesystem::create_directories(path);
  const absl::Status status = DumpStore(directory_, 10).Write(At(1), "x").status();
  EXPECT_NE(status.message().find("cannot write " + path), std::string::npos) << status;
  EXPECT_TRUE(std::filesystem::is_directory(path));
}

TEST_F(DumpStoreTest, OnAFullDiskNothingIsLeftAndNothingIsLost) {
  DumpStore store(directory_, 1);
  const std::string old = *store.Write(At(1), "old");
  // A file system that is full, for this one file.
  const std::string path = directory_ + "/ejection-20270115T080002.000000000.txt";
  std::filesystem::create_symlink("/dev/full", path);
  const absl::Status status = store.Write(At(2), std::string(100'000, 'x')).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(status.message().find("cannot write " + path), std::string::npos) << status;
  EXPECT_FALSE(std::filesystem::is_symlink(path));
  EXPECT_TRUE(std::filesystem::exists(old));
}

TEST_F(DumpStoreTest, AnOldOneThatCannotBeDeletedIsNamed) {
  const std::string old = directory_ + "/ejection-20260101T000000.000000000.txt";
  std::filesystem::create_directories(old + "/not-empty");
  const absl::Status status = DumpStore(directory_, 1).Write(At(1), "x").status();
  EXPECT_NE(status.message().find("cannot delete " + old), std::string::npos) << status;
}

}  // namespace
}  // namespace schedd
