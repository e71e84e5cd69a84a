// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/config_file.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "schedd/config/v1/config.pb.h"

namespace schedd::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> Shown(const std::vector<Setting>& settings) {
  std::vector<std::string> shown;
  for (const Setting& s : settings) shown.push_back(s.option + "=" + s.text + " @" + s.where);
  return shown;
}

std::string ErrorOf(const std::string& text) {
  const auto settings = ParseConfigText("schedd.conf", text);
  EXPECT_FALSE(settings.ok()) << text;
  EXPECT_EQ(settings.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(settings.status().message());
}

TEST(ConfigFileTest, ReadsEveryKindOfFieldWithItsPlace) {
  const auto settings = ParseConfigText("f", R"(# a comment
listen: "unix:///tmp/a.sock"
listen: "127.0.0.1:1"
attach: false

  max_tasks: 4096
spin: "50us"
set: "base_slice=5ms"
set: "min_slice=1ms"
speed: 2.5
)");
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_THAT(
      Shown(*settings),
      ElementsAre("listen=unix:///tmp/a.sock @f:2:1", "listen=127.0.0.1:1 @f:3:1",
                  "attach=false @f:4:1", "max-tasks=4096 @f:6:3", "spin=50us @f:7:1",
                  "set=base_slice=5ms @f:8:1", "set=min_slice=1ms @f:9:1", "speed=2.5 @f:10:1"));
}

TEST(ConfigFileTest, EmptyFileSaysNothing) {
  const auto settings = ParseConfigText("f", "# only a comment\n");
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_THAT(*settings, IsEmpty());
}

// A value that is the type's zero is still given.
TEST(ConfigFileTest, ZeroAndFalseCountAsGiven) {
  const auto settings = ParseConfigText("f", "attach: false max_tasks: 0 spin: \"\"");
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->size(), 3u);
}

TEST(ConfigFileTest, UnknownFieldIsNamedWithLineAndColumn) {
  const std::string error = ErrorOf("attach: true\n  base_slice: 5\n");
  EXPECT_THAT(error, HasSubstr("schedd.conf:2:13"));
  EXPECT_THAT(error, HasSubstr("base_slice"));
  EXPECT_THAT(error, HasSubstr("docs/configuration.md"));
}

TEST(ConfigFileTest, WrongTypeIsNamedWithLineAndColumn) {
  EXPECT_THAT(ErrorOf("max_tasks: \"many\"\n"), HasSubstr("schedd.conf:1:12"));
  // Protobuf has read on to the next token by then.
  EXPECT_THAT(ErrorOf("attach: maybe\n"), HasSubstr("\"attach\". Value: \"maybe\""));
}

TEST(ConfigFileTest, SyntaxErrorIsNamedWithLineAndColumn) {
  EXPECT_THAT(ErrorOf("attach = true\n"), HasSubstr("schedd.conf:1:8"));
  EXPECT_THAT(ErrorOf("attach: true\nspin: \"5us\n"), HasSubstr("schedd.conf:2:"));
}

TEST(ConfigFileTest, ValueGivenTwiceIsRefused) {
  EXPECT_THAT(ErrorOf("max_tasks: 100\nmax_tasks: 200\n"), HasSubstr("schedd.conf:2:"));
}

// The short form of a list: its values have one place.
TEST(ConfigFileTest, AListInBracketsHasItsPlace) {
  const auto settings = ParseConfigText("f",
                                        "set: \"a=1\"\nset: [\"b=2\",\n  \"c=3\"]\n"
                                        "listen: [\"unix:///a\", \"unix:///b\"]\n");
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_THAT(Shown(*settings), ElementsAre("listen=unix:///a @f:4:1", "listen=unix:///b @f:4:1",
                                            "set=a=1 @f:1:1", "set=b=2 @f:2:1", "set=c=3 @f:2:1"));
}

TEST(ConfigFileTest, EveryFieldIsReadAsTheFlagWouldBeWritten) {
  const auto settings = ParseConfigText("f", R"(
kernel: "sim" policy: 'fifo' watchdog_timeout: "2s" ext_tasks_only: true
state_dir: "/tmp/a b" log_level: "debug" max_tasks: -5
)");
  ASSERT_TRUE(settings.ok()) << settings.status();
  std::vector<std::string> texts;
  for (const Setting& s : *settings) texts.push_back(s.option + "=" + s.text);
  EXPECT_THAT(texts, UnorderedElementsAre("kernel=sim", "policy=fifo", "watchdog-timeout=2s",
                                          "ext-tasks-only=true", "state-dir=/tmp/a b",
                                          "log-level=debug", "max-tasks=-5"));
}

TEST(ConfigFileTest, EachThingThatIsWrongInALineIsNamed) {
  struct {
    const char* text;
    const char* says;
  } const cases[] = {
      {"max_tasks: 9223372036854775808\n", "Integer out of range"},
      {"max_tasks: 1.5\n", "schedd.conf:1:12"},
      {"max_tasks 5\n", "schedd.conf:1:11"},
      {"attach: true\n\n\nspin: 5us\n", "schedd.conf:4:7"},
      {"policy: \"fifo\n", "schedd.conf:1:"},
      {"attach: true }\n", "schedd.conf:1:14"},
      {"\x01\n", "schedd.conf:1:1"},
  };
  for (const auto& c : cases) EXPECT_THAT(ErrorOf(c.text), HasSubstr(c.says)) << c.text;
}

// The two descriptions of the options must be the same ones.
TEST(ConfigFileTest, FieldsAndOptionsAreTheSame) {
  const google::protobuf::Descriptor& type = *config::v1::Config::descriptor();
  for (const Option& option : Options()) {
    const google::protobuf::FieldDescriptor* field = type.FindFieldByName(option.field());
    ASSERT_NE(field, nullptr) << option.name;
    EXPECT_EQ(field->is_repeated(), option.kind == Option::Kind::kList) << option.name;
    EXPECT_EQ(field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_BOOL,
              option.kind == Option::Kind::kSwitch)
        << option.name;
  }
  EXPECT_EQ(static_cast<size_t>(type.field_count()), Options().size());
}

class ConfigFileOnDiskTest : public ::testing::Test {
 protected:
  std::string path_ = ::testing::TempDir() + "config_file_test.conf";
  void TearDown() override { unlink(path_.c_str()); }
};

TEST_F(ConfigFileOnDiskTest, IsRead) {
  std::ofstream(path_) << "max_tasks: 128\n";
  const auto settings = ReadConfigFile(path_);
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_THAT(Shown(*settings), ElementsAre("max-tasks=128 @" + path_ + ":1:1"));
}

TEST_F(ConfigFileOnDiskTest, EmptyOneIsRead) {
  std::ofstream file(path_);
  file.close();
  const auto settings = ReadConfigFile(path_);
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_THAT(*settings, IsEmpty());
}

TEST_F(ConfigFileOnDiskTest, MissingOneIsNamed) {
  const auto settings = ReadConfigFile("/nonexistent/schedd.conf");
  EXPECT_EQ(settings.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(settings.status().message()),
              HasSubstr("/nonexistent/schedd.conf: No such file or directory"));
}

TEST_F(ConfigFileOnDiskTest, DirectoryIsRefused) {
  const auto settings = ReadConfigFile(::testing::TempDir());
  ASSERT_FALSE(settings.ok());
  EXPECT_THAT(std::string(settings.status().message()), HasSubstr("Is a directory"));
}

TEST_F(ConfigFileOnDiskTest, WhatIsWrongNamesThePath) {
  std::ofstream(path_) << "attach: true\nno_such_field: 1\n";
  const auto settings = ReadConfigFile(path_);
  EXPECT_EQ(settings.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(settings.status().message()), HasSubstr(path_ + ":2:"));
}

// In a child without privileges, for whom a mode means something.
TEST_F(ConfigFileOnDiskTest, OneThatMayNotBeReadIsADenial) {
  std::ofstream(path_) << "max_tasks: 128\n";
  ASSERT_EQ(chmod(path_.c_str(), 0), 0);
  const pid_t child = fork();
  if (child == 0) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
    if (syscall(SYS_capset, &header, none) != 0) _exit(2);
    const absl::Status status = ReadConfigFile(path_).status();
    _exit(absl::IsPermissionDenied(status) &&
                  absl::StrContains(status.message(), path_ + ": Permission denied")
              ? 0
              : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace schedd::daemon
