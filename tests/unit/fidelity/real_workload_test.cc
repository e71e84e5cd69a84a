// SPDX-License-Identifier: Apache-2.0
//
// Simulated tasks as real threads: what they do, and what is refused. Runs for some milliseconds of
// real time; nothing is said of how long anything takes but by the threads' own clocks.
#include "tests/fidelity/real_workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "server/simulate/workload_file.h"

namespace schedd {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr int64_t kMs = 1'000'000;

SimWorkload Workload(std::vector<SimTaskSpec> specs) {
  SimWorkload workload = {.duration_ns = 30 * kMs};
  for (const SimTaskSpec& spec : specs) workload.tasks.push_back({.spec = spec});
  return workload;
}

// Its threads live as long as this process does.
std::vector<RealTaskReport> Report(const SimWorkload& workload) {
  auto* const lasting = new SimWorkload(workload);
  return (new RealWorkload(*lasting))->Run();
}

TEST(RealTaskTest, UsesWhatItIsToldToOnTheWhole) {
  RealWorld world;
  const SimTaskSpec spec = {.comm = "task"};
  RealTask task(spec, /*stream=*/1, &world);
  const int64_t before_ns = ThreadCpuNanos();
  for (int i = 0; i < 100; ++i) task.Use(50'000);
  const int64_t used_ns = ThreadCpuNanos() - before_ns;
  EXPECT_GE(used_ns, 5 * kMs - 50'000);
  EXPECT_LT(used_ns, 6 * kMs) << "what each one went beyond does not add up";
}

TEST(RealTaskTest, DrawsWhatTheSimulatedTaskDraws) {
  const SimSpan span = {.kind = SimSpan::Kind::kUniform, .least_ns = 10'000, .most_ns = 90'000};
  const SimTaskSpec spec = {.program = {{.span = span}, {.span = span}, Exit()}};
  RealWorld world;
  RealTask task(spec, /*stream=*/77, &world);
  SimRandom random(77);
  const int64_t draws_ns = random.Draw(span) + random.Draw(span);
  const int64_t before_ns = ThreadCpuNanos();
  task.Run();
  const int64_t used_ns = ThreadCpuNanos() - before_ns;
  EXPECT_GE(used_ns, draws_ns);
  EXPECT_LT(used_ns, draws_ns + kMs);
  EXPECT_EQ(task.rounds(), 1);
}

TEST(RealTaskTest, ChannelsHoldWhatWasPosted) {
  RealWorld world;
  world.channels[1] = std::make_unique<RealChannel>(2);
  const SimTaskSpec spec = {.program = {Take(1), Take(1), Post(1), Take(1), Exit()}};
  RealTask task(spec, /*stream=*/1, &world);
  task.Run();
  EXPECT_EQ(task.rounds(), 1);
}

TEST(RealWorkloadTest, TasksOfAllGroupsReportTheirWork) {
  SimWorkload workload =
      Workload({{.comm = "sleeper", .program = {SleepFor(kMs), RunFor(kMs / 10)}},
                {.comm = "waiter", .program = {Take(5)}}});
  workload.tasks[0].count = 2;
  const std::vector<RealTaskReport> reports = Report(workload);
  ASSERT_THAT(reports, SizeIs(3));
  EXPECT_EQ(reports[0].group, "sleeper");
  EXPECT_GT(reports[0].rounds, 0);
  EXPECT_GT(reports[0].run_ns, 0);
  EXPECT_EQ(reports[2].group, "waiter");
  EXPECT_EQ(reports[2].rounds, 0);
  std::set<int64_t> tids;
  for (const RealTaskReport& report : reports) tids.insert(report.tid);
  EXPECT_THAT(tids, SizeIs(3));
  EXPECT_FALSE(tids.contains(getpid()));
}

TEST(RealWorkloadTest, TasksStartTasksAndEnd) {
  const SimTaskSpec child = {.comm = "child", .program = {RunFor(kMs / 10), Post(3), Exit()}};
  const std::vector<RealTaskReport> reports =
      Report(Workload({{.comm = "parent", .program = {Spawn(child), Take(3), SleepFor(2 * kMs)}}}));
  ASSERT_GE(reports.size(), 2u);
  EXPECT_EQ(reports[1].group, "child");
  EXPECT_EQ(reports[1].rounds, 1);
  EXPECT_GE(reports[1].run_ns, kMs / 10);
}

TEST(RealWorkloadTest, OneThatStartsLaterDoes) {
  SimWorkload workload = Workload({{.comm = "late", .program = {SleepFor(kMs)}}});
  workload.tasks[0].start_ns = 20 * kMs;
  const std::vector<RealTaskReport> reports = Report(workload);
  ASSERT_THAT(reports, SizeIs(1));
  EXPECT_LE(reports[0].rounds, 10);
}

TEST(RealWorkloadTest, WhatOnlyTheSimulatedMachineCanDoIsRefused) {
  const auto refusal = [](const SimTaskSpec& spec) {
    return std::string(CheckRunsForReal(Workload({spec})).message());
  };
  EXPECT_THAT(refusal({.comm = "db", .weight = 300}), HasSubstr("\"db\" has a weight of its own"));
  EXPECT_THAT(refusal({.cgroup = "a/b"}), HasSubstr("a cgroup"));
  EXPECT_THAT(refusal({.kthread = true}), HasSubstr("kernel_thread"));
  EXPECT_THAT(refusal({.uid = 1}), HasSubstr("a uid"));
  EXPECT_THAT(refusal({.program = {Spawn({.uid = 1})}}), HasSubstr("a uid"));
  SimWorkload changing = Workload({{.comm = "task"}});
  changing.changes.push_back({});
  EXPECT_FALSE(CheckRunsForReal(changing).ok());
}

TEST(RealWorkloadTest, AllFilesCanRun) {
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("tests/fidelity")) {
    if (entry.path().extension() != ".textproto") continue;
    ++files;
    const absl::StatusOr<SimWorkload> workload = ReadWorkloadFile(entry.path().string());
    ASSERT_TRUE(workload.ok()) << workload.status();
    EXPECT_TRUE(CheckRunsForReal(*workload).ok()) << entry.path();
    EXPECT_EQ(workload->topology.nr_cpus(), 4) << entry.path() << ": the guest has 4 CPUs";
  }
  EXPECT_EQ(files, 13);
}

}  // namespace
}  // namespace schedd
