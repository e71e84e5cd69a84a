// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/machine_files.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace schedd::client {
namespace {

class MachineFilesTest : public testing::Test {
 protected:
  MachineFilesTest() : files_(root_) {}
  ~MachineFilesTest() override { std::filesystem::remove_all(root_); }

  static std::string MakeRoot() {
    std::string pattern = "/tmp/schedd-files-XXXXXX";
    return mkdtemp(pattern.data());
  }

  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }

  void WriteCompressed(const std::string& path, const std::string& text) {
    gzFile file = gzopen((root_ + path).c_str(), "wb");
    gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
    gzclose(file);
  }

  const std::string root_ = MakeRoot();
  const MachineFiles files_;
};

TEST_F(MachineFilesTest, ReadsWithoutTheBlanksAtTheEnd) {
  Write("/a/b", "  one\n two \n\n");
  EXPECT_EQ(files_.Read("/a/b"), "  one\n two");
  Write("/empty", "\n");
  EXPECT_EQ(files_.Read("/empty"), "");
}

TEST_F(MachineFilesTest, WhatCannotBeReadIsNothing) {
  EXPECT_EQ(files_.Read("/none"), std::nullopt);
  Write("/a/b", "x");
  EXPECT_EQ(files_.Read("/a"), std::nullopt);  // a directory
  EXPECT_EQ(files_.Read("/a/b/c"), std::nullopt);
}

TEST_F(MachineFilesTest, ReadsCompressedTextLongerThanItsBuffer) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += std::to_string(i) + "\n";
  WriteCompressed("/config.gz", text);
  text.pop_back();
  EXPECT_EQ(files_.Read("/config.gz"), text);
}

TEST_F(MachineFilesTest, ReadsNoMoreThanTheLimit) {
  Write("/large", std::string(3 << 20, 'x'));
  const auto text = files_.Read("/large");
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(text->size(), size_t{1} << 20);
}

TEST_F(MachineFilesTest, ACompressedFileThatIsCutOffIsNothing) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += std::to_string(i * 7919) + "\n";
  WriteCompressed("/cut.gz", text);
  std::filesystem::resize_file(root_ + "/cut.gz",
                               std::filesystem::file_size(root_ + "/cut.gz") / 2);
  EXPECT_EQ(files_.Read("/cut.gz"), std::nullopt);
}

TEST_F(MachineFilesTest, FieldsAreFoundByTheirWholeKey) {
  Write("/status", "CapEffX:\t1\nXCapEff:\t2\nCapEff:\t 0003 \nCapEff:\t4\nName:\nNo colon\n");
  EXPECT_EQ(files_.Field("/status", "CapEff"), "0003");
  EXPECT_EQ(files_.Field("/status", "Name"), "");
  EXPECT_EQ(files_.Field("/status", "No colon"), std::nullopt);
  EXPECT_EQ(files_.Field("/status", "Cap"), std::nullopt);
  EXPECT_EQ(files_.Field("/none", "CapEff"), std::nullopt);
}

TEST_F(MachineFilesTest, LinksAreReadAndNotFollowed) {
  std::filesystem::create_symlink("pid:[4026531836]", root_ + "/pid");
  Write("/file", "x");
  EXPECT_EQ(files_.ReadLink("/pid"), "pid:[4026531836]");
  EXPECT_EQ(files_.ReadLink("/file"), std::nullopt);
  EXPECT_EQ(files_.ReadLink("/none"), std::nullopt);
  EXPECT_FALSE(files_.Exists("/pid"));  // it points nowhere
  EXPECT_TRUE(files_.Exists("/file"));
}

TEST_F(MachineFilesTest, MountedMeansTypeAndDirectory) {
  Write("/proc/self/mounts", "none /sys/fs/bpf bpf rw 0 0\nbpf /other bpf rw 0 0\nx /y\n\n");
  EXPECT_TRUE(files_.Mounted("bpf", "/sys/fs/bpf"));
  EXPECT_TRUE(files_.Mounted("bpf", "/other"));
  EXPECT_FALSE(files_.Mounted("cgroup2", "/sys/fs/bpf"));
  EXPECT_FALSE(files_.Mounted("bpf", "/sys/fs"));
  EXPECT_FALSE(files_.Mounted("", "/y"));
}

}  // namespace
}  // namespace schedd::client
