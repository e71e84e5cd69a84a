// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/simulation_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/client/schedctl/simulation_example.h"

namespace schedd::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(SimulationText, HeadingSaysWhatWasSimulated) {
  EXPECT_EQ(SimulationHeading(ExampleComparison()),
            "web and hogs: 4 CPUs, 10s, seed 1\n"
            "baseline: vruntime\n"
            "base_slice=3ms: vruntime, base_slice=3ms\n");
}

TEST(SimulationText, MachineTable) {
  EXPECT_EQ(MachineTable(ExampleComparison(), /*wide=*/false).Render({}),
            "MACHINE              baseline  base_slice=3ms  RATIO\n"
            "rounds                  600/s           600/s  ×1.00\n"
            "busy                   97.5 %          97.5 %  ×1.00\n"
            "wakeup p50              100µs          50.0µs  ×0.50\n"
            "wakeup p99             10.0ms          5.00ms  ×0.50\n"
            "wakeup max             40.0ms          20.0ms  ×0.50\n"
            "longest wait           50.0ms          25.0ms  ×0.50\n"
            "fairness                0.988           0.988  ×1.00\n"
            "migrations                678             678  ×1.00\n"
            "context switches       12,345          12,345  ×1.00\n"
            "preemptions                90              90  ×1.00\n"
            "idle while runnable    1.50ms          1.50ms  ×1.00\n");
}

TEST(SimulationText, GroupTable) {
  EXPECT_EQ(GroupTable(ExampleComparison(), /*wide=*/false).Render({}),
            "TASKS  FIGURE        baseline  base_slice=3ms  RATIO\n"
            "web    CPU share       25.0 %          25.0 %  ×1.00\n"
            "web    rounds           500/s           500/s  ×1.00\n"
            "web    wakeup p99      10.0ms          5.00ms  ×0.50\n"
            "web    longest wait    40.0ms          20.0ms  ×0.50\n"
            "hog    CPU share       75.0 %          75.0 %  ×1.00\n"
            "hog    rounds           100/s           100/s  ×1.00\n"
            "hog    wakeup p99           -               -      -\n"
            "hog    longest wait    50.0ms          25.0ms  ×0.50\n");
}

TEST(SimulationText, OnePolicyHasNoRatio) {
  SimulationComparison comparison = ExampleComparison();
  comparison.policies.pop_back();
  EXPECT_THAT(MachineTable(comparison, /*wide=*/false).Render({}),
              AllOf(HasSubstr("baseline"), Not(HasSubstr("RATIO")), Not(HasSubstr("×"))));
}

TEST(SimulationText, WideHasMore) {
  EXPECT_THAT(MachineTable(ExampleComparison(), /*wide=*/true).Render({}),
              AllOf(HasSubstr("urgent decisions"), HasSubstr("wakeup mean")));
  EXPECT_THAT(GroupTable(ExampleComparison(), /*wide=*/true).Render({}), HasSubstr("weight"));
}

TEST(SimulationText, WhatIsBetterIsGreen) {
  EXPECT_THAT(MachineTable(ExampleComparison(), /*wide=*/false).Render({.color = true}),
              HasSubstr("\033[32m×0.50\033[0m"));
}

TEST(SimulationText, SharePlot) {
  EXPECT_EQ(SharePlot(ExampleComparison()).Render({}),
            "TASKS  POLICY           SHARE  OF ALL CPU TIME USED\n"
            "web    baseline        25.0 %  ██████████\n"
            "web    base_slice=3ms  25.0 %  ██████████\n"
            "hog    baseline        75.0 %  ██████████████████████████████\n"
            "hog    base_slice=3ms  75.0 %  ██████████████████████████████\n");
}

TEST(SimulationText, LatencyPlotLeavesOutThoseThatNeverWoke) {
  const SimulationComparison comparison = ExampleComparison();
  const auto scale = ScaleOf(comparison);
  ASSERT_TRUE(scale);
  EXPECT_EQ(LatencyPlot(comparison, *scale).Render({}),
            "TASKS  POLICY             P50     P99  WAKEUP LATENCY, 10us TO 10ms, LOGARITHMIC\n"
            "web    baseline         100µs  10.0ms  █████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒\n"
            "web    base_slice=3ms  50.0µs  5.00ms  █████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒\n");
}

TEST(SimulationText, ScaleHasAllDecades) {
  const auto scale = ScaleOf(ExampleComparison());
  ASSERT_TRUE(scale);
  EXPECT_EQ(scale->first, 4);  // 50 µs
  EXPECT_EQ(scale->last, 7);   // 10 ms
  EXPECT_EQ(scale->PlaceOf(1e4), 0);
  EXPECT_DOUBLE_EQ(scale->PlaceOf(1e7), 1);
  EXPECT_NEAR(scale->PlaceOf(1e6), 2.0 / 3, 1e-9);
  EXPECT_EQ(scale->PlaceOf(0), 0);
  EXPECT_EQ(scale->PlaceOf(1e12), 1);
}

TEST(SimulationText, NobodyWokeNoScale) {
  SimulationComparison comparison = ExampleComparison();
  for (SimulatedPolicy& policy : comparison.policies) {
    policy.runs.front().groups.erase(policy.runs.front().groups.begin());
  }
  EXPECT_FALSE(ScaleOf(comparison));
}

TEST(SimulationText, NobodyWaitedHasAScaleAllTheSame) {
  SimulationComparison comparison = ExampleComparison();
  for (SimulatedPolicy& policy : comparison.policies) {
    policy.runs.front().groups.front().wakeups = {.count = 1};
  }
  const auto scale = ScaleOf(comparison);
  ASSERT_TRUE(scale);
  EXPECT_LT(scale->first, scale->last);
}

TEST(SimulationText, NamesAreSafeForATerminal) {
  SimulationComparison comparison = ExampleComparison();
  comparison.workload = "a\033[2J";
  comparison.policies.front().label = "b\033[2J";
  comparison.policies.front().runs.front().groups.front().name = "c\033[2J";
  EXPECT_THAT(
      SimulationHeading(comparison) + GroupTable(comparison, false).Render({}) +
          SharePlot(comparison).Render({}) +
          LatencyPlot(comparison, *ScaleOf(comparison)).Render({}),
      AllOf(HasSubstr("a\\x1b"), HasSubstr("b\\x1b"), HasSubstr("c\\x1b"), Not(HasSubstr("\033"))));
}

}  // namespace
}  // namespace schedd::client
