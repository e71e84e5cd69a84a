// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/simulation_document.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/client/schedctl/simulation_example.h"

namespace schedd::client {
namespace {

using Json = nlohmann::json;

TEST(SimulationDocument, HasEachNumberOfEachRun) {
  SimulationComparison comparison = ExampleComparison();
  comparison.policies.front().runs.push_back(ExampleRun(18'446'744'073'709'551'615u, 300'000));
  const Json document = Json::parse(SimulationDocument(comparison));
  EXPECT_EQ(document["workload"], "web and hogs");
  EXPECT_EQ(document["description"], "Requests beside hogs.");
  ASSERT_EQ(document["policies"].size(), 2);
  const Json& runs = document["policies"][0]["runs"];
  ASSERT_EQ(runs.size(), 2);
  EXPECT_EQ(runs[1]["seed"], 18'446'744'073'709'551'615u);
  EXPECT_EQ(runs[0], Json::parse(R"json({
    "workload": "web and hogs", "policy": "vruntime", "seed": 1, "cpuCount": 4,
    "durationNanos": 10000000000, "busy": 0.975, "idleWhileRunnableNanos": 1500000,
    "contextSwitches": 12345, "migrations": 678, "preemptions": 90, "rounds": 6000,
    "longestWaitNanos": 50000000, "jain": 0.9876, "events": 40000, "decisions": 30000,
    "urgentDecisions": 3, "machineEvents": 100000,
    "wakeups": {"count": 5000, "meanNanos": 200000, "p50Nanos": 100000, "p99Nanos": 10000000,
                "maxNanos": 40000000},
    "groups": [
      {"name": "web", "tasks": 8, "weight": 100, "runNanos": 9750000000, "cpuShare": 0.25,
       "jain": 0.99, "rounds": 5000, "waitNanos": 1000000000, "longestWaitNanos": 40000000,
       "migrations": 600,
       "wakeups": {"count": 5000, "meanNanos": 200000, "p50Nanos": 100000, "p99Nanos": 10000000,
                   "maxNanos": 40000000}},
      {"name": "hog", "tasks": 4, "weight": 400, "runNanos": 29250000000, "cpuShare": 0.75,
       "jain": 1.0, "rounds": 1000, "waitNanos": 2000000000, "longestWaitNanos": 50000000,
       "migrations": 78,
       "wakeups": {"count": 0, "meanNanos": 0, "p50Nanos": 0, "p99Nanos": 0, "maxNanos": 0}}]})json"));
}

TEST(SimulationDocument, HasFiguresAndSettings) {
  SimulationComparison comparison = ExampleComparison();
  comparison.policies.front().runs.push_back(ExampleRun(2, 300'000));
  const Json document = Json::parse(SimulationDocument(comparison));
  const Json& first = document["policies"][0];
  EXPECT_EQ(first["label"], "baseline");
  EXPECT_EQ(first["figures"]["wakeupP50Nanos"],
            Json::parse(R"({"median": 200000.0, "least": 100000.0, "most": 300000.0})"));
  EXPECT_EQ(first["groups"][1]["name"], "hog");
  EXPECT_EQ(first["groups"][1]["figures"]["cpuSharePercent"]["median"], 75.0);
  EXPECT_EQ(first["settings"]["kind"], "vruntime");
  EXPECT_EQ(document["policies"][1]["settings"]["base_slice"], "3ms");
}

TEST(SimulationDocument, NamesThatAreNoUtf8AreStillADocument) {
  SimulationComparison comparison = ExampleComparison();
  comparison.workload = "a\xff\"";
  EXPECT_EQ(Json::parse(SimulationDocument(comparison))["workload"], "a\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace schedd::client
