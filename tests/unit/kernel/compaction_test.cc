// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/compaction.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace schedd {
namespace {

constexpr char kSetting[] = "/proc/sys/vm/compact_unevictable_allowed";

// A directory laid out like a host's root.
class CompactionTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    root_ = testing::TempDir() + "/compaction_" + info->name() + "_" + std::to_string(getpid());
    std::filesystem::create_directories(root_ + "/run");
    std::filesystem::create_directories(root_ + "/proc/sys/vm");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void Set(const std::string& value) { std::ofstream(root_ + kSetting) << value << "\n"; }
  std::string Setting() const {
    std::string word;
    std::ifstream(root_ + kSetting) >> word;
    return word;
  }
  bool IsKept() const { return std::filesystem::exists(root_ + kCompactionFile); }

  std::string root_;
};

TEST_F(CompactionTest, TheFormerValueComesBack) {
  Set("1");
  ASSERT_TRUE(HoldLockedPages(root_).ok());
  EXPECT_EQ(Setting(), "0");
  ReleaseLockedPages(root_);
  EXPECT_EQ(Setting(), "1");
  EXPECT_FALSE(IsKept());
}

TEST_F(CompactionTest, OneWhoAdoptsKeepsWhatWasKept) {
  Set("1");
  ASSERT_TRUE(HoldLockedPages(root_).ok());
  ASSERT_TRUE(HoldLockedPages(root_).ok());
  ReleaseLockedPages(root_);
  EXPECT_EQ(Setting(), "1");
}

TEST_F(CompactionTest, OneWhoComesBeforeTheSweeperKeepsTheFirstValue) {
  Set("1");
  ASSERT_TRUE(HoldLockedPages(root_).ok());
  Set("7");  // by somebody else, meanwhile
  ASSERT_TRUE(HoldLockedPages(root_).ok());
  EXPECT_EQ(Setting(), "0");
  ReleaseLockedPages(root_);
  EXPECT_EQ(Setting(), "1");
}

TEST_F(CompactionTest, WhatWasForbiddenBeforeStaysSo) {
  Set("0");
  ASSERT_TRUE(HoldLockedPages(root_).ok());
  EXPECT_FALSE(IsKept());
  ReleaseLockedPages(root_);
  EXPECT_EQ(Setting(), "0");
}

TEST_F(CompactionTest, WhatSomebodyElseSetSinceStays) {
  Set("1");
  ASSERT_TRUE(HoldLockedPages(root_).ok());
  Set("2");
  ReleaseLockedPages(root_);
  EXPECT_EQ(Setting(), "2");
  EXPECT_FALSE(IsKept());
}

TEST_F(CompactionTest, AKernelWithoutCompactionNeedsNothing) {
  EXPECT_TRUE(HoldLockedPages(root_).ok());
  EXPECT_FALSE(IsKept());
  ReleaseLockedPages(root_);
  EXPECT_FALSE(std::filesystem::exists(root_ + kSetting));
}

TEST_F(CompactionTest, WhatCannotBeKeptIsNotChanged) {
  Set("1");
  std::filesystem::remove(root_ + "/run");
  const absl::Status status = HoldLockedPages(root_);
  EXPECT_FALSE(status.ok());
  EXPECT_NE(std::string(status.message()).find(kCompactionFile), std::string::npos) << status;
  EXPECT_EQ(Setting(), "1");
}

}  // namespace
}  // namespace schedd
