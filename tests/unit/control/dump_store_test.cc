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

}  // namespace
}  // namespace schedd
