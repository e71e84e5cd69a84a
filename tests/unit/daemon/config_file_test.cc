// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/config_file.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "schedd/config/v1/config.pb.h"

namespace schedd::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
)");
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_THAT(Shown(*settings),
              ElementsAre("listen=unix:///tmp/a.sock @f:2:1", "listen=127.0.0.1:1 @f:3:1",
                          "attach=false @f:4:1", "max-tasks=4096 @f:6:3", "spin=50us @f:7:1",
                          "set=base_slice=5ms @f:8:1", "set=min_slice=1ms @f:9:1"));
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

}  // namespace
}  // namespace schedd::daemon
