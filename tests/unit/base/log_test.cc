// SPDX-License-Identifier: Apache-2.0
#include "server/base/log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/time/civil_time.h"

namespace schedd {
namespace {

class LogTest : public ::testing::Test {
 protected:
  Log MakeLog(LogLevel minimum) {
    return Log(
        minimum, [this](absl::string_view line) { lines_.emplace_back(line); },
        [] {
          return absl::FromCivil(absl::CivilSecond(2026, 11, 22, 20, 30, 1), absl::UTCTimeZone());
        },
        absl::UTCTimeZone());
  }

  std::vector<std::string> lines_;
};

TEST_F(LogTest, LineHasLevelTimeEventAndFields) {
  MakeLog(LogLevel::kDebug).Info("policy changed", {{"generation", 7}, {"by", "root"}});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(lines_[0], "I1122 20:30:01 policy changed generation=7 by=root\n");
}

TEST_F(LogTest, EachLevelHasItsLetter) {
  const Log log = MakeLog(LogLevel::kDebug);
  log.Debug("a");
  log.Info("b");
  log.Warning("c");
  log.Error("d");
  std::string letters;
  for (const std::string& line : lines_) letters.push_back(line[0]);
  EXPECT_EQ(letters, "DIWE");
}

TEST_F(LogTest, LinesBelowTheMinimumAreNotWritten) {
  const Log log = MakeLog(LogLevel::kWarning);
  log.Debug("a");
  log.Info("b");
  EXPECT_TRUE(lines_.empty());
  log.Warning("c");
  log.Error("d");
  EXPECT_EQ(lines_.size(), 2u);
}

TEST_F(LogTest, ValueThatCouldBeMisreadIsQuoted) {
  const Log log = MakeLog(LogLevel::kInfo);
  log.Info(
      "x",
      {{"a", "two words"}, {"b", ""}, {"c", "k=v"}, {"d", "say \"hi\""}, {"e", "back\\slash"}});
  EXPECT_EQ(lines_[0],
            "I1122 20:30:01 x a=\"two words\" b=\"\" c=\"k=v\" d=\"say \\\"hi\\\"\" "
            "e=\"back\\\\slash\"\n");
}

// What a client sends must not look like a line of ours.
TEST_F(LogTest, NothingCanBreakALineInTwo) {
  const Log log = MakeLog(LogLevel::kInfo);
  log.Info("first\nE1122 forged", {{"reason", "a\nE1122 forged"}});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(lines_[0].find('\n'), lines_[0].size() - 1);
  EXPECT_EQ(lines_[0], "I1122 20:30:01 first\\nE1122 forged reason=\"a\\nE1122 forged\"\n");
}

TEST_F(LogTest, TextOfOtherLanguagesStaysReadable) {
  MakeLog(LogLevel::kInfo).Info("größer", {{"name", "grün"}});
  EXPECT_EQ(lines_[0], "I1122 20:30:01 größer name=grün\n");
}

TEST(ParseLogLevelTest, KnowsItsWords) {
  EXPECT_EQ(ParseLogLevel("debug"), LogLevel::kDebug);
  EXPECT_EQ(ParseLogLevel("info"), LogLevel::kInfo);
  EXPECT_EQ(ParseLogLevel("warning"), LogLevel::kWarning);
  EXPECT_EQ(ParseLogLevel("error"), LogLevel::kError);
  EXPECT_FALSE(ParseLogLevel("INFO").has_value());
  EXPECT_FALSE(ParseLogLevel("").has_value());
}

}  // namespace
}  // namespace schedd
