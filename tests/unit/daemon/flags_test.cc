// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/base/version.h"
#include "server/daemon/exit_code.h"

namespace schedd::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Action = CommandLine::Action;

absl::StatusOr<CommandLine> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "schedd");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

std::vector<std::string> Settings(std::vector<const char*> arguments) {
  const auto line = Parse(std::move(arguments));
  EXPECT_TRUE(line.ok()) << line.status();
  std::vector<std::string> shown;
  if (!line.ok()) return shown;
  for (const Setting& s : line->settings) {
    shown.push_back(absl::StrCat(s.where, " ", s.option, "=", s.text));
  }
  return shown;
}

std::string ErrorOf(std::vector<const char*> arguments) {
  const auto line = Parse(std::move(arguments));
  EXPECT_FALSE(line.ok());
  EXPECT_EQ(line.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(line.status().message());
}

TEST(FlagsTest, NoFlagsIsARunWithDefaults) {
  const auto line = Parse({});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->action, Action::kRun);
  EXPECT_THAT(line->settings, IsEmpty());
  EXPECT_EQ(line->config_path, "");
}

TEST(FlagsTest, ValuesComeWithEqualsSignOrApart) {
  EXPECT_THAT(Settings({"--max-tasks=100", "--spin", "5us"}),
              ElementsAre("--max-tasks max-tasks=100", "--spin spin=5us"));
}

TEST(FlagsTest, ListsKeepEveryValueInOrder) {
  EXPECT_THAT(
      Settings({"--listen", "unix:///a", "--set", "a=1", "--listen", "unix:///b"}),
      ElementsAre("--listen listen=unix:///a", "--listen listen=unix:///b", "--set set=a=1"));
}

TEST(FlagsTest, SwitchesHaveFourSpellings) {
  EXPECT_THAT(Settings({"--attach"}), ElementsAre("--attach attach=true"));
  EXPECT_THAT(Settings({"--attach=false"}), ElementsAre("--attach attach=false"));
  EXPECT_THAT(Settings({"--attach=true"}), ElementsAre("--attach attach=true"));
  EXPECT_THAT(Settings({"--no-attach"}), ElementsAre("--attach attach=false"));
  EXPECT_THAT(Settings({"--ext-tasks-only"}), ElementsAre("--ext-tasks-only ext-tasks-only=true"));
  EXPECT_THAT(Settings({"--no-ext-tasks-only"}),
              ElementsAre("--ext-tasks-only ext-tasks-only=false"));
}

TEST(FlagsTest, NegativeValueReachesTheCheckThatExplainsIt) {
  EXPECT_THAT(Settings({"--spin=-5ms"}), ElementsAre("--spin spin=-5ms"));
}

TEST(FlagsTest, ConfigAndCheckConfig) {
  const auto line = Parse({"--config", "/etc/schedd.conf", "--check-config"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->config_path, "/etc/schedd.conf");
  EXPECT_EQ(line->action, Action::kCheckConfig);
}

TEST(FlagsTest, EveryOptionOfTheTableIsAFlag) {
  for (const Option& option : Options()) {
    const std::string name(option.name);
    const bool is_switch = option.kind == Option::Kind::kSwitch;
    const std::string flag = is_switch ? "--no-" + name : "--" + name + "=some text";
    EXPECT_THAT(Settings({flag.c_str()}),
                ElementsAre("--" + name + " " + name + (is_switch ? "=false" : "=some text")));
  }
}

TEST(FlagsTest, TheLastOfASwitchCounts) {
  EXPECT_THAT(Settings({"--no-attach", "--attach"}), ElementsAre("--attach attach=true"));
  EXPECT_THAT(Settings({"--attach", "--no-attach"}), ElementsAre("--attach attach=false"));
}

TEST(FlagsTest, AnEmptyValueIsNotTakenForADefault) {
  EXPECT_THAT(ErrorOf({"--state-dir="}), HasSubstr("--state-dir"));
  EXPECT_THAT(Settings({"--state-dir", ""}), ElementsAre("--state-dir state-dir="));
}

TEST(FlagsTest, HelpAndVersionGoBeforeEverythingElse) {
  for (const char* word : {"--help", "-h", "--version"}) {
    const auto line = Parse({"--max-tasks=100", word, "--config", "/none"});
    ASSERT_TRUE(line.ok()) << line.status();
    EXPECT_EQ(line->action, Action::kPrint) << word;
    EXPECT_THAT(line->settings, IsEmpty()) << word;
    EXPECT_FALSE(line->text.empty()) << word;
  }
}

TEST(FlagsTest, WrongUseIsExplained) {
  EXPECT_THAT(ErrorOf({"--max-task=5"}), HasSubstr("--max-task"));
  EXPECT_THAT(ErrorOf({"--max-task=5"}), HasSubstr("schedd --help"));
  EXPECT_THAT(ErrorOf({"start"}), HasSubstr("start"));
  EXPECT_THAT(ErrorOf({"--max-tasks"}), HasSubstr("--max-tasks"));
  EXPECT_THAT(ErrorOf({"--max-tasks=1", "--max-tasks=2"}), HasSubstr("--max-tasks"));
  EXPECT_THAT(ErrorOf({"--listen", "unix:///a", "unix:///b"}), HasSubstr("unix:///b"));
}

TEST(FlagsTest, VersionIsPrinted) {
  const auto line = Parse({"--version"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->action, Action::kPrint);
  EXPECT_EQ(line->text, absl::StrCat("schedd ", kVersion, "\n"));
}

class HelpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto line = Parse({"--help"});
    ASSERT_TRUE(line.ok()) << line.status();
    ASSERT_EQ(line->action, Action::kPrint);
    help_ = line->text;
    // As a reader sees it: breaks between words do not matter.
    std::vector<std::string> words =
        absl::StrSplit(help_, absl::ByAnyChar(" \n"), absl::SkipEmpty());
    for (const std::string& word : words) absl::StrAppend(&flat_, word, " ");
  }

  std::string help_;
  std::string flat_;
};

TEST_F(HelpTest, ExplainsEachFlagWithDefaultAndRange) {
  for (const Option& option : Options()) {
    EXPECT_THAT(flat_, HasSubstr(absl::StrCat("--", option.name)));
    EXPECT_THAT(flat_, HasSubstr(std::string(option.help)));
    const absl::string_view default_value =
        option.default_value.empty() ? "none" : option.default_value;
    EXPECT_THAT(flat_, HasSubstr(absl::StrCat("Default: ", default_value,
                                              ". Allowed: ", option.range, ".")));
  }
}

TEST_F(HelpTest, ExplainsEachExitCode) {
  for (const ExitCodeDoc& doc : ExitCodeDocs()) {
    EXPECT_THAT(help_,
                HasSubstr(absl::StrCat("  ", static_cast<int>(doc.code), "  ", doc.meaning)));
  }
}

TEST_F(HelpTest, FitsATerminalOf100Columns) {
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(help_, '\n'))) {
    EXPECT_LE(line.size(), 100u) << line;
  }
}

TEST(ExitCodeTest, CodesAreZeroToEightAndKeepTheirPlace) {
  int next = 0;
  for (const ExitCodeDoc& doc : ExitCodeDocs()) {
    EXPECT_EQ(static_cast<int>(doc.code), next++);
    EXPECT_FALSE(doc.meaning.empty());
  }
  EXPECT_EQ(next, 9);
}

}  // namespace
}  // namespace schedd::daemon
