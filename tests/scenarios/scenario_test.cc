// SPDX-License-Identifier: Apache-2.0
//
// Runs each scenario of cases/: what it expects must hold, and its summary be the reviewed one.
#include "tests/scenarios/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/scenarios/summary.h"

namespace schedd::scenarios {
namespace {

using testing::HasSubstr;

constexpr char kCases[] = "tests/scenarios/cases";

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kCases)) {
    if (entry.path().extension() == ".textproto") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string PathOf(const std::string& name, const char* extension) {
  return std::string(kCases) + "/" + name + extension;
}

std::string TextOf(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class ScenarioTest : public testing::TestWithParam<std::string> {};

TEST_P(ScenarioTest, IsAsExpected) {
  const auto scenario = ReadScenario(PathOf(GetParam(), ".textproto"));
  ASSERT_TRUE(scenario.ok()) << scenario.status();
  EXPECT_FALSE(scenario->hazard.empty()) << "say '# stands for: …'";
  EXPECT_FALSE(scenario->expectations.empty()) << "say '# expect: …'";
  const auto reports = RunScenario(*scenario);
  ASSERT_TRUE(reports.ok()) << reports.status();
  for (const Expectation& expectation : scenario->expectations) {
    const auto found = Check(expectation, *reports);
    ASSERT_TRUE(found.ok()) << expectation.text << ": " << found.status();
    EXPECT_EQ(*found, "");
  }
  const std::string text = GoldenText(*scenario, *reports);
  // tests/scenarios/update.sh: where to write instead.
  if (const char* directory = std::getenv("SCHEDD_UPDATE_SCENARIOS")) {
    std::ofstream(std::string(directory) + "/" + GetParam() + ".golden") << text;
    return;
  }
  EXPECT_EQ(Diff(TextOf(PathOf(GetParam(), ".golden")), text), "")
      << "if that is right: tests/scenarios/update.sh, and review what it changed";
}

INSTANTIATE_TEST_SUITE_P(Cases, ScenarioTest, testing::ValuesIn(Names()),
                         [](const auto& info) { return info.param; });

TEST(ScenarioFilesTest, EachGoldenFileBelongsToAScenario) {
  const std::vector<std::string> names = Names();
  EXPECT_GE(names.size(), 40u);
  for (const auto& entry : std::filesystem::directory_iterator(kCases)) {
    EXPECT_TRUE(std::binary_search(names.begin(), names.end(), entry.path().stem().string()))
        << entry.path();
  }
}

// --- the means -----------------------------------------------------------------------------------

Reports SomeReports() {
  TaskGroupReport hog = {.name = "hog", .cpu_share = 0.25, .longest_wait_ns = 5'000'000};
  SimulationReport report;
  report.groups = {hog};
  Reports reports = {{"a", report}, {"b", report}};
  reports["b"].groups[0].longest_wait_ns = 20'000'000;
  return reports;
}

std::string Found(const std::string& text) {
  const auto expectation = ParseExpectation(text);
  if (!expectation.ok()) return std::string(expectation.status().message());
  const auto found = Check(*expectation, SomeReports());
  return found.ok() ? *found : std::string(found.status().message());
}

TEST(ExpectationTest, ComparesNumbersOfReports) {
  EXPECT_EQ(Found("a share(hog) == 25%"), "");
  EXPECT_EQ(Found("a share(hog) in 24% .. 26%"), "");
  EXPECT_EQ(Found("a longest_wait(hog) <= 5ms"), "");
  EXPECT_EQ(Found("a longest_wait(hog) < b longest_wait(hog)"), "");
  EXPECT_EQ(Found("a longest_wait(hog) <= 0.25 * b longest_wait(hog)"), "");
  EXPECT_EQ(Found("a idle_while_runnable == 0"), "");
}

TEST(ExpectationTest, SaysWhatIsNotSo) {
  EXPECT_THAT(Found("a share(hog) in 26% .. 27%"), HasSubstr("but it is 25"));
  EXPECT_THAT(Found("a longest_wait(hog) < 5ms"), HasSubstr("but it is 5e+06"));
  EXPECT_THAT(Found("b longest_wait(hog) <= 3.9 * a longest_wait(hog)"),
              HasSubstr("compared with"));
}

TEST(ExpectationTest, RefusesWhatItDoesNotUnderstand) {
  EXPECT_THAT(Found("share(hog) < 5"), HasSubstr("POLICY NUMBER"));
  EXPECT_THAT(Found("a share(hog) ~ 5"), HasSubstr("compares nothing"));
  EXPECT_THAT(Found("a share(hog) < many"), HasSubstr("is no number"));
  EXPECT_THAT(Found("a share(hog) in 5 6"), HasSubstr("in A .. B"));
  EXPECT_THAT(Found("a share(hog) < 5 6 7"), HasSubstr("not understood"));
  EXPECT_THAT(Found("c share(hog) < 5"), HasSubstr("no run under 'c'"));
  EXPECT_THAT(Found("a share(dog) < 5"), HasSubstr("no task is named 'dog'"));
  EXPECT_THAT(Found("a shape(hog) < 5"), HasSubstr("no number 'shape'"));
}

TEST(SummaryTest, DurationsHaveThreeDigits) {
  EXPECT_EQ(ShortDuration(0), "0");
  EXPECT_EQ(ShortDuration(999), "999ns");
  EXPECT_EQ(ShortDuration(1'234), "1.23us");
  EXPECT_EQ(ShortDuration(56'789'000), "56.8ms");
  EXPECT_EQ(ShortDuration(123'456'789'012), "123s");
}

TEST(SummaryTest, DiffShowsWhatDiffersAndWhatIsNear) {
  EXPECT_EQ(Diff("a\nb\n", "a\nb\n"), "");
  EXPECT_EQ(Diff("a\nb\nc", "a\nx\nc"), " a\n-b\n+x\n c\n");
  EXPECT_EQ(Diff("1\n2\n3\n4\n5", "1\n2\n3\n4\n6"), "@@ line 3\n 3\n 4\n-5\n+6\n");
  EXPECT_EQ(Diff("", "a"), "-\n+a\n");
}

}  // namespace
}  // namespace schedd::scenarios
