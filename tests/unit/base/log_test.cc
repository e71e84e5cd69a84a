// SPDX-License-Identifier: Apache-2.0
#include "server/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <latch>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"

namespace schedd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

TEST_F(LogTest, EachMinimumLetsItsOwnLevelThrough) {
  const std::pair<LogLevel, std::string> cases[] = {{LogLevel::kDebug, "DIWE"},
                                                    {LogLevel::kInfo, "IWE"},
                                                    {LogLevel::kWarning, "WE"},
                                                    {LogLevel::kError, "E"}};
  for (const auto& [minimum, expected] : cases) {
    lines_.clear();
    const Log log = MakeLog(minimum);
    log.Error("x");
    log.Warning("x");
    log.Info("x");
    log.Debug("x");
    std::string letters;
    for (const std::string& line : lines_) letters.insert(0, 1, line[0]);
    EXPECT_EQ(letters, expected);
  }
}

struct ValueCase {
  const char* value;
  const char* shown;
};

TEST_F(LogTest, ValuesAreQuotedOnlyWhenTheyMustBe) {
  const ValueCase cases[] = {
      {"plain", "plain"},
      {"unix:/run/schedd/schedd.sock", "unix:/run/schedd/schedd.sock"},
      {"a,b;c'd", "a,b;c'd"},
      {" ", "\" \""},
      {"tab\there", "\"tab\\there\""},
      {"\x7f", "\"\\177\""},
      {"\033[2J", "\"\\033[2J\""},
      {"=", "\"=\""},
      {"grün und gut", "\"grün und gut\""},
  };
  const Log log = MakeLog(LogLevel::kInfo);
  for (const ValueCase& c : cases) {
    lines_.clear();
    log.Info("x", {{"k", c.value}});
    EXPECT_THAT(lines_, ElementsAre(std::string("I1122 20:30:01 x k=") + c.shown + "\n"));
  }
}

TEST_F(LogTest, NumbersAreFieldsToo) {
  MakeLog(LogLevel::kInfo).Info("x", {{"a", -1}, {"b", UINT64_MAX}, {"c", 0.5}});
  EXPECT_THAT(lines_, ElementsAre("I1122 20:30:01 x a=-1 b=18446744073709551615 c=0.5\n"));
}

TEST_F(LogTest, AnEscapeInTheEventCannotReachATerminal) {
  MakeLog(LogLevel::kInfo).Info("a\033[2J\x7f");
  EXPECT_THAT(lines_, ElementsAre("I1122 20:30:01 a\\033[2J\\177\n"));
}

TEST_F(LogTest, TheTimeIsThatOfTheZone) {
  const Log log(
      LogLevel::kInfo, [this](absl::string_view line) { lines_.emplace_back(line); },
      [] {
        return absl::FromCivil(absl::CivilSecond(2026, 12, 31, 23, 59, 59), absl::UTCTimeZone());
      },
      absl::FixedTimeZone(2 * 3600));
  log.Warning("x");
  EXPECT_THAT(lines_, ElementsAre("W0101 01:59:59 x\n"));
}

// The time is asked for when a line is written, not for lines that are not.
TEST(LogClockTest, IsAskedOnceALine) {
  int asked = 0;
  const Log log(
      LogLevel::kInfo, [](absl::string_view) {},
      [&asked] {
        ++asked;
        return absl::UnixEpoch();
      },
      absl::UTCTimeZone());
  log.Debug("not written");
  EXPECT_EQ(asked, 0);
  log.Info("written");
  EXPECT_EQ(asked, 1);
}

// --- file descriptor 2, which is a pipe for the while ---

class StandardErrorSinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    read_end_ = ends[0];
    saved_ = dup(STDERR_FILENO);
    ASSERT_EQ(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
    reader_ = std::jthread([this] {
      char buffer[4096];
      ssize_t size = 0;
      while ((size = read(read_end_, buffer, sizeof(buffer))) > 0) text_.append(buffer, size);
    });
  }

  // The descriptor is the old one again, and the pipe has no writer any more.
  std::string Written() {
    Restore();
    reader_.join();
    return text_;
  }

  void Restore() {
    if (saved_ < 0) return;
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    saved_ = -1;
  }

  void TearDown() override {
    Restore();
    if (reader_.joinable()) reader_.join();
    close(read_end_);
  }

  int read_end_ = -1;
  int saved_ = -1;
  std::string text_;  // the reader's until it is joined
  std::jthread reader_;
};

TEST_F(StandardErrorSinkTest, WritesTheLineAsItIs) {
  const Log::Sink sink = StandardErrorSink();
  sink("I1122 20:30:01 one\n");
  sink("I1122 20:30:01 größer\n");
  EXPECT_EQ(Written(), "I1122 20:30:01 one\nI1122 20:30:01 größer\n");
}

TEST_F(StandardErrorSinkTest, ALineThatCannotBeWrittenIsLostAndNothingElse) {
  const Log::Sink sink = StandardErrorSink();
  close(STDERR_FILENO);
  sink("lost\n");
  EXPECT_EQ(Written(), "");
}

TEST_F(StandardErrorSinkTest, LinesOfSeveralThreadsStayWhole) {
  constexpr int kThreads = 4;
  constexpr int kLines = 2000;
  const Log log(
      LogLevel::kInfo, StandardErrorSink(), [] { return absl::UnixEpoch(); }, absl::UTCTimeZone());
  std::latch together(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&log, &together, thread] {
        together.arrive_and_wait();
        for (int i = 0; i < kLines; ++i) log.Info("line", {{"thread", thread}, {"number", i}});
      });
    }
  }
  std::vector<std::string> lines = absl::StrSplit(Written(), '\n', absl::SkipEmpty());
  EXPECT_EQ(lines.size(), size_t{kThreads * kLines});
  const std::set<std::string> distinct(lines.begin(), lines.end());
  EXPECT_EQ(distinct.size(), lines.size());
  for (const std::string& line : distinct) EXPECT_THAT(line, HasSubstr("I0101 00:00:00 line thr"));
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
