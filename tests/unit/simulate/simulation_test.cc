// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "server/simulate/simulation_tally.h"

namespace schedd {
namespace {

constexpr int64_t kMs = 1'000'000;

SimWorkloadTasks Tasks(std::string name, std::vector<SimStep> program, int count = 1,
                       int nice = 0) {
  return {.count = count,
          .spec = {.comm = std::move(name),
                   .nice = nice,
                   .weight = WeightOfNice(nice),
                   .program = std::move(program)}};
}

SimWorkload OneCpu() {
  return {.name = "test",
          .topology = SimTopology::Flat(1),
          .duration_ns = 5'000 * kMs,
          .tasks = {Tasks("hog", {RunFor(10 * kMs)}, 2),
                    Tasks("editor", {RunFor(kMs), SleepFor(9 * kMs, 10 * kMs)})}};
}

SimulationReport Report(const SimWorkload& workload, const SimulationOptions& options = {}) {
  return Simulate(workload, options).value();
}

TEST(SimulationTest, SaysWhatEachGroupGot) {
  const SimulationReport report = Report(OneCpu());
  EXPECT_EQ(report.workload, "test");
  EXPECT_EQ(report.policy, "vruntime");
  EXPECT_EQ(report.nr_cpus, 1);
  EXPECT_EQ(report.duration_ns, 5'000 * kMs);
  EXPECT_GT(report.busy, 0.999);
  ASSERT_EQ(report.groups.size(), 2u);
  const TaskGroupReport& hogs = report.groups[0];
  const TaskGroupReport& editor = report.groups[1];
  EXPECT_EQ(hogs.name, "hog");
  EXPECT_EQ(hogs.tasks, 2);
  EXPECT_EQ(hogs.weight, 100);
  EXPECT_GT(hogs.jain, 0.99);
  EXPECT_NEAR(hogs.cpu_share + editor.cpu_share, 1, 1e-9);
  EXPECT_NEAR(static_cast<double>(hogs.run_ns + editor.run_ns + report.engine_ns), 5e9, 1e6);
  EXPECT_NEAR(static_cast<double>(hogs.rounds), static_cast<double>(hogs.run_ns) / (10 * kMs), 3);
  EXPECT_GT(editor.wakeups.count, 200);
  EXPECT_GE(editor.wakeups.max_ns, editor.wakeups.p99_ns);
  EXPECT_GE(editor.wakeups.p99_ns, editor.wakeups.p50_ns);
  EXPECT_GE(report.longest_wait_ns, hogs.longest_wait_ns);
  EXPECT_GT(report.decisions, 100);
}

TEST(SimulationTest, OnlyAnotherCpuHasToBeInterrupted) {
  // A timer goes off where its task slept. Whoever is woken by a task of another CPU waits longer.
  SimWorkload timer = OneCpu();
  timer.costs.interrupt_ns = 5 * kMs;
  EXPECT_LT(Report(timer).groups[1].wakeups.p50_ns, kMs);
  SimWorkload post = timer;
  post.topology = SimTopology::Flat(2);
  post.tasks = {Tasks("hog", {RunFor(10 * kMs)}, 2),
                Tasks("waker", {SleepFor(9 * kMs, 10 * kMs), RunFor(kMs), Post(1), RunFor(kMs)}),
                Tasks("woken", {Take(1), RunFor(kMs / 10)})};
  post.tasks[1].spec.cpus = {0};
  post.tasks[2].spec.cpus = {1};
  EXPECT_GE(Report(post).groups[2].wakeups.p50_ns, 3 * kMs) << "but when a slice ends before";
}

TEST(SimulationTest, TheSameArgumentsGiveTheSameRun) {
  const auto run = [](uint64_t seed) {
    SimTrace trace;
    SimWorkload workload = OneCpu();
    workload.seed = seed;
    Report(workload, {.trace = &trace});
    return trace.hash();
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

// Each task draws from numbers of its own, so its work does not depend on who schedules it.
TEST(SimulationTest, EveryPolicyHasTheSameWorkBeforeIt) {
  SimWorkload workload = OneCpu();
  workload.topology = SimTopology::Flat(4);  // nobody waits
  const SimulationReport ours = Report(workload);
  const SimulationReport fair = Report(workload, {.policy = "fair"});
  EXPECT_EQ(ours.groups[1].run_ns, fair.groups[1].run_ns);
  EXPECT_EQ(ours.groups[1].rounds, fair.groups[1].rounds);
  EXPECT_EQ(fair.decisions, 0);
}

TEST(SimulationTest, AnUnknownPolicyIsAnError) {
  const auto report = Simulate(OneCpu(), {.policy = "lottery"});
  EXPECT_EQ(report.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(report.status().message()), testing::HasSubstr("vruntime"));
}

TEST(SimulationTest, GroupsShareByTheirWeights) {
  SimWorkload workload = {.topology = SimTopology::Flat(1), .duration_ns = 10'000 * kMs};
  workload.tasks = {Tasks("batch", {RunFor(10 * kMs)}, 6), Tasks("service", {RunFor(10 * kMs)})};
  workload.tasks[0].spec.cgroup = "batch/jobs";
  workload.tasks[1].spec.cgroup = "service";
  workload.cgroup_weights = {{"batch", 100}, {"service", 300}};
  const SimulationReport report = Report(workload);
  EXPECT_NEAR(report.groups[0].cpu_share, 0.25, 0.03);
  EXPECT_NEAR(report.groups[1].cpu_share, 0.75, 0.03);
}

TEST(SimulationTest, ChangesHappenAtTheirTime) {
  SimWorkload workload = {.topology = SimTopology::Flat(1), .duration_ns = 10'000 * kMs};
  workload.tasks = {Tasks("a", {RunFor(10 * kMs)}), Tasks("b", {RunFor(10 * kMs)})};
  workload.changes = {
      {.at_ns = 5'000 * kMs, .kind = SimChange::Kind::kSetNice, .tasks = "b", .nice = 19}};
  const SimulationReport report = Report(workload);
  EXPECT_NEAR(report.groups[1].cpu_share, 0.25, 0.03);
  EXPECT_EQ(report.groups[1].weight, WeightOfNice(19));
}

TEST(SimulationTest, AStalledEngineStopsNobody) {
  SimWorkload workload = OneCpu();
  workload.changes = {{.at_ns = 1'000 * kMs,
                       .every_ns = 1'000 * kMs,
                       .kind = SimChange::Kind::kStall,
                       .duration_ns = 900 * kMs}};
  const SimulationReport report = Report(workload);
  EXPECT_GT(report.busy, 0.999);
  EXPECT_EQ(report.idle_while_runnable_ns, 0);
  EXPECT_LT(report.decisions, Report(OneCpu()).decisions / 2);
}

TEST(SimulationTest, ACpuThatLeavesTakesNobodyWithIt) {
  SimWorkload workload = OneCpu();
  workload.topology = SimTopology::Flat(2);
  workload.tasks.push_back(Tasks("pinned", {RunFor(10 * kMs)}));
  workload.tasks.back().spec.cpus = {1};
  workload.changes = {{.at_ns = 1'000 * kMs, .kind = SimChange::Kind::kOffline, .cpus = {1}},
                      {.at_ns = 3'000 * kMs, .kind = SimChange::Kind::kOnline, .cpus = {1}}};
  const SimulationReport report = Report(workload);
  EXPECT_NEAR(report.busy, 0.8, 0.01);
  EXPECT_LT(report.longest_wait_ns, 600 * kMs);
  EXPECT_GT(report.groups[2].run_ns, 1'500 * kMs);
}

TEST(SimulationTest, CostsTakeTime) {
  SimWorkload workload = OneCpu();
  const int64_t rounds = Report(workload).rounds;
  workload.costs = {.switch_ns = 500'000};
  EXPECT_LT(Report(workload).rounds, rounds * 99 / 100);
}

// The scheduling thread needs a CPU, too: what it takes nobody else has.
TEST(SimulationTest, TheEnginesTimeIsTakenFromTasks) {
  SimWorkload workload = OneCpu();
  workload.engine_call_ns = 20'000;
  const SimulationReport report = Report(workload);
  EXPECT_GT(report.engine_ns, 20 * kMs);
  const auto lost = static_cast<double>(report.duration_ns) * (1 - report.busy);
  EXPECT_NEAR(lost, static_cast<double>(report.engine_ns),
              0.1 * static_cast<double>(report.engine_ns));
}

TEST(SimulationTest, NobodyRunsForNothingWhereTheEngineIsAtWork) {
  SimWorkload workload = {.topology = SimTopology::Flat(4), .duration_ns = 5'000 * kMs};
  workload.tasks = {Tasks("hog", {RunFor(10 * kMs)}, 9)};
  workload.engine_call_ns = 5'000;
  EXPECT_GT(Report(workload).jain, 0.995);
}

TEST(SimulationTest, ThreadsOfACoreShareIt) {
  SimWorkload workload = {.topology = {.cores_per_llc = 2, .threads_per_core = 2},
                          .duration_ns = 1'000 * kMs};
  workload.tasks = {Tasks("hog", {RunFor(10 * kMs)}, 2)};
  const int64_t two = Report(workload).rounds;
  workload.tasks[0].count = 4;
  const int64_t four = Report(workload).rounds;
  EXPECT_NEAR(static_cast<double>(four) / static_cast<double>(two), 2 * 0.65, 0.05);
}

TEST(SimulationTest, ASlowCoreDoesLess) {
  SimWorkload workload = {.topology = {.cores_per_llc = 2, .capacities = {1'024, 512}},
                          .duration_ns = 1'000 * kMs};
  workload.tasks = {Tasks("big", {RunFor(10 * kMs)}), Tasks("little", {RunFor(10 * kMs)})};
  workload.tasks[0].spec.cpus = {0};
  workload.tasks[1].spec.cpus = {1};
  const SimulationReport report = Report(workload);
  EXPECT_NEAR(static_cast<double>(report.groups[0].rounds), 99, 1);
  EXPECT_NEAR(static_cast<double>(report.groups[1].rounds), 49, 1);
}

TEST(JainIndexTest, IsOneForEqualsAndOneNthForAll) {
  EXPECT_DOUBLE_EQ(JainIndex({}), 1);
  EXPECT_DOUBLE_EQ(JainIndex({3, 3, 3}), 1);
  EXPECT_DOUBLE_EQ(JainIndex({4, 0, 0, 0}), 0.25);
}

}  // namespace
}  // namespace schedd
