// SPDX-License-Identifier: Apache-2.0
#include "server/faults/fault_switch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace schedd {
namespace {

TEST(ParseFaultTest, EachHasItsWord) {
  EXPECT_EQ(ParseFault("busy"), Fault::kBusy);
  EXPECT_EQ(ParseFault("deaf"), Fault::kDeaf);
  EXPECT_EQ(ParseFault("asleep"), Fault::kAsleep);
  EXPECT_EQ(ParseFault("stale"), Fault::kStale);
  EXPECT_EQ(ParseFault("flood"), Fault::kFlood);
  EXPECT_EQ(ParseFault("version"), Fault::kVersion);
}

TEST(ParseFaultTest, PaddingIsNoPartOfIt) {
  EXPECT_EQ(ParseFault("busy            "), Fault::kBusy);
  EXPECT_EQ(ParseFault("  busy\n"), Fault::kBusy);
  EXPECT_EQ(ParseFault(absl::string_view("busy\0\0\0deaf", 11)), Fault::kBusy);
}

TEST(ParseFaultTest, OtherWordsAreNone) {
  for (const char* word : {"", " ", "bus", "busybusy", "Busy", "busy deaf", "none"}) {
    EXPECT_EQ(ParseFault(word), Fault::kNone) << word;
  }
}

class FaultFileTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove(path_); }

  // As a shell's `1<>`: in place.
  void Write(const std::string& word) const {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    ASSERT_TRUE(file);
    file << word << std::string(16 - word.size(), ' ') << std::flush;
  }

  const std::string path_ = ::testing::TempDir() + "faults";
};

TEST_F(FaultFileTest, MadeWhenItIsNotThere) {
  const auto faults = OpenFaultFile(path_);
  ASSERT_TRUE(faults.ok()) << faults.status();
  EXPECT_EQ((*faults)->Now(), Fault::kNone);
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(FaultFileTest, FollowsWhatIsWritten) {
  const auto faults = OpenFaultFile(path_);
  ASSERT_TRUE(faults.ok()) << faults.status();
  Write("busy");
  EXPECT_EQ((*faults)->Now(), Fault::kBusy);
  Write("flood");
  EXPECT_EQ((*faults)->Now(), Fault::kFlood);
  Write("");
  EXPECT_EQ((*faults)->Now(), Fault::kNone);
}

TEST_F(FaultFileTest, AShortFileWithAWordIsMadeLongEnough) {
  std::ofstream(path_) << "deaf";
  const auto faults = OpenFaultFile(path_);
  ASSERT_TRUE(faults.ok()) << faults.status();
  EXPECT_EQ((*faults)->Now(), Fault::kDeaf);
  EXPECT_EQ(std::filesystem::file_size(path_), 16u);
}

TEST_F(FaultFileTest, ALongFileIsNotCut) {
  std::ofstream(path_) << "deaf" << std::string(100, ' ') << "and more";
  const auto faults = OpenFaultFile(path_);
  ASSERT_TRUE(faults.ok()) << faults.status();
  EXPECT_EQ((*faults)->Now(), Fault::kDeaf);
  EXPECT_EQ(std::filesystem::file_size(path_), 112u);
}

TEST_F(FaultFileTest, AnUnusablePathIsNamed) {
  const auto faults = OpenFaultFile("/nonexistent/faults");
  ASSERT_FALSE(faults.ok());
  EXPECT_EQ(faults.status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(faults.status().message().find("/nonexistent/faults"), std::string::npos);
}

}  // namespace
}  // namespace schedd
