// SPDX-License-Identifier: Apache-2.0
//
// The workloads of the library do what their descriptions say.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

#include "server/simulate/simulation.h"
#include "server/simulate/workload_file.h"

namespace schedd {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

using Groups = std::map<std::string, TaskGroupReport>;

Groups Simulated(const std::string& name, int64_t duration_ns) {
  absl::StatusOr<SimWorkload> workload = ReadWorkloadFile("workloads/" + name + ".textproto");
  EXPECT_TRUE(workload.ok()) << workload.status();
  if (!workload.ok()) return {};
  workload->duration_ns = duration_ns;
  const absl::StatusOr<SimulationReport> run = Simulate(*workload, {});
  EXPECT_TRUE(run.ok()) << run.status();
  if (!run.ok()) return {};
  Groups groups;
  for (const TaskGroupReport& group : run->groups) groups[group.name] = group;
  return groups;
}

TEST(WorkloadLibraryTest, EveryTaskOfTheFirstSecondComesForward) {
  for (const auto& entry : std::filesystem::directory_iterator("workloads")) {
    if (entry.path().extension() != ".textproto") continue;
    for (const auto& [name, group] : Simulated(entry.path().stem(), kSecond)) {
      if (name == "bronze-late") continue;  // starts after 10 s
      EXPECT_GT(group.run_ns, 0) << entry.path() << " " << name;
      EXPECT_GT(group.tasks, 0) << entry.path() << " " << name;
    }
  }
}

TEST(WorkloadLibraryTest, TheServerIsLoadedButNotBeyondItsPower) {
  const Groups groups = Simulated("request_worker", 5 * kSecond);
  // 4000 requests a second.
  EXPECT_NEAR(static_cast<double>(groups.at("client").rounds), 20'000, 1'500);
  EXPECT_GT(groups.at("worker").rounds, 17'000);
  EXPECT_GT(groups.at("batch").cpu_share, 0.05);
}

TEST(WorkloadLibraryTest, AStormOfTasksIsOverWhenItsLoopsAre) {
  const Groups groups = Simulated("fork_storm", 10 * kSecond);
  EXPECT_GT(groups.at("grep").tasks, 50'000);
  EXPECT_EQ(groups.at("grep").rounds + groups.at("find").rounds,
            groups.at("grep").tasks + groups.at("find").tasks)
      << "each has ended";
}

TEST(WorkloadLibraryTest, TenantsShareByTheWeightsOfTheirGroups) {
  const Groups groups = Simulated("mixed_tenants", 9 * kSecond);
  EXPECT_GT(groups.at("gold").cpu_share, 0.6);
  EXPECT_LT(groups.at("bronze").cpu_share, 0.2);
}

}  // namespace
}  // namespace schedd
