// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/simulation_figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/client/schedctl/simulation_example.h"

namespace schedd::client {
namespace {

using ::testing::ElementsAre;

const Metric& MetricNamed(std::span<const Metric> metrics, const std::string& key) {
  for (const Metric& metric : metrics) {
    if (metric.key == key) return metric;
  }
  ADD_FAILURE() << "no " << key;
  return metrics.front();
}

TEST(SimulationFigures, KeysAreUnique) {
  for (const auto metrics : {MachineMetrics(), GroupMetrics()}) {
    std::set<std::string> keys;
    for (const Metric& metric : metrics) EXPECT_TRUE(keys.insert(metric.key).second) << metric.key;
  }
}

TEST(SimulationFigures, OfSeveralRunsAreMedianLeastAndMost) {
  SimulatedPolicy policy;
  for (const int64_t unit : {300, 100, 200}) policy.runs.push_back(ExampleRun(1, unit));
  const Metric& p50 = MetricNamed(MachineMetrics(), "wakeupP50Nanos");
  auto figure = FigureOf(p50, policy, nullptr);
  ASSERT_TRUE(figure);
  EXPECT_EQ(figure->median, 200);
  EXPECT_EQ(figure->least, 100);
  EXPECT_EQ(figure->most, 300);
  // An even number: between the two in the middle.
  policy.runs.push_back(ExampleRun(1, 1'000));
  figure = FigureOf(p50, policy, nullptr);
  EXPECT_EQ(figure->median, 250);
  EXPECT_EQ(figure->most, 1'000);
}

TEST(SimulationFigures, AGroupThatARunLacksCountsWhereItIs) {
  SimulatedPolicy policy = {.label = "", .options = {}, .runs = {ExampleRun(1, 100)}};
  policy.runs.push_back(ExampleRun(2, 300));
  policy.runs.back().groups.clear();
  const std::string web = "web", nobody = "nobody";
  const Metric& p50 = MetricNamed(GroupMetrics(), "wakeupP50Nanos");
  EXPECT_EQ(FigureOf(p50, policy, &web)->most, 100);
  EXPECT_FALSE(FigureOf(p50, policy, &nobody));
}

TEST(SimulationFigures, GroupsOfAllRunsInTheOrderOfTheFirst) {
  SimulationComparison comparison = ExampleComparison();
  comparison.policies.back().runs.front().groups.push_back({.name = "child", .wakeups = {}});
  EXPECT_THAT(GroupNames(comparison), ElementsAre("web", "hog", "child"));
}

TEST(SimulationFigures, RatesArePerSecondOfSimulatedTime) {
  const SimulatedPolicy policy = ExampleComparison().policies.front();
  EXPECT_EQ(FigureOf(MetricNamed(MachineMetrics(), "roundsPerSecond"), policy, nullptr)->median,
            600);
}

TEST(SimulationFigures, ComparedWithTheFirst) {
  const auto compared =
      Compare(MetricNamed(MachineMetrics(), "wakeupP99Nanos"), ExampleComparison(), nullptr);
  ASSERT_EQ(compared.size(), 2);
  EXPECT_EQ(compared[0].text, "10.0ms");
  EXPECT_EQ(compared[0].ratio, "");
  EXPECT_EQ(compared[1].text, "5.00ms");
  EXPECT_EQ(compared[1].ratio, "×0.50");
  EXPECT_EQ(compared[1].judgement, Judgement::kBetter);
}

TEST(SimulationFigures, MoreIsBetterOrWorseOrNeither) {
  SimulationComparison comparison = ExampleComparison();
  SimulationReport& run = comparison.policies.back().runs.front();
  run.rounds *= 2;
  run.migrations *= 2;
  run.preemptions *= 2;
  run.context_switches = run.context_switches * 104 / 100;
  const auto judgement = [&](const char* key) {
    return Compare(MetricNamed(MachineMetrics(), key), comparison, nullptr)[1].judgement;
  };
  EXPECT_EQ(judgement("roundsPerSecond"), Judgement::kBetter);
  EXPECT_EQ(judgement("migrations"), Judgement::kWorse);
  EXPECT_EQ(judgement("preemptions"), Judgement::kSame);
  EXPECT_EQ(judgement("contextSwitches"), Judgement::kSame);
}

TEST(SimulationFigures, ThereIsNoRatioToNothing) {
  SimulationComparison comparison = ExampleComparison();
  comparison.policies.front().runs.front().migrations = 0;
  EXPECT_EQ(Compare(MetricNamed(MachineMetrics(), "migrations"), comparison, nullptr)[1].ratio,
            "-");
  comparison.policies.back().runs.front().migrations = 0;
  EXPECT_EQ(Compare(MetricNamed(MachineMetrics(), "migrations"), comparison, nullptr)[1].ratio,
            "×1.00");
}

TEST(SimulationFigures, SeveralRunsSayLeastAndMostWhereTheyDiffer) {
  SimulationComparison comparison = ExampleComparison();
  comparison.policies.front().runs.push_back(ExampleRun(2, 300'000));
  EXPECT_EQ(Compare(MetricNamed(MachineMetrics(), "wakeupP50Nanos"), comparison, nullptr)[0].text,
            "200µs (100µs–300µs)");
  EXPECT_EQ(Compare(MetricNamed(MachineMetrics(), "jain"), comparison, nullptr)[0].text, "0.988");
}

TEST(SimulationFigures, RunsAsText) {
  SimulationComparison comparison = ExampleComparison();
  EXPECT_EQ(RunsText(comparison), "4 CPUs, 10s, seed 1");
  auto& runs = comparison.policies.front().runs;
  runs.push_back(ExampleRun(2, 1));
  EXPECT_EQ(RunsText(comparison), "4 CPUs, 10s, seeds 1, 2: median (least–most)");
  runs.push_back(ExampleRun(3, 1));
  EXPECT_EQ(RunsText(comparison), "4 CPUs, 10s, seeds 1 to 3: median (least–most)");
  runs.back().seed = 9;
  EXPECT_EQ(RunsText(comparison), "4 CPUs, 10s, seeds 1, 2, 9: median (least–most)");
}

}  // namespace
}  // namespace schedd::client
