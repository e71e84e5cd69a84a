// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/rustland_policy.h"

#include <gtest/gtest.h>

#include <utility>

#include "server/policy/registry.h"
#include "server/simulate/simulation.h"
#include "tests/unit/policy/fake_waits.h"

namespace schedd {
namespace {

constexpr int64_t kMs = 1'000'000;

class RustlandPolicyTest : public ::testing::Test {
 protected:
  std::vector<Decision> Schedule(size_t room = 8) {
    std::vector<Decision> out(room);
    out.resize(policy_.Schedule({}, waits_, out));
    return out;
  }
  uint64_t DeadlineOf(const TaskEvent& event) {
    policy_.OnEvent(event);
    return Schedule().at(0).deadline;
  }

  static constexpr uint64_t kStart = 1'000 * kMs;
  RustlandPolicy policy_{8, kStart};
  testing::FakeWaits waits_{8};
};

TEST_F(RustlandPolicyTest, ANewTaskStarts20MsBehind) {
  EXPECT_EQ(DeadlineOf({.task = 1, .woke = true}), kStart - 20 * kMs);
}

TEST_F(RustlandPolicyTest, ChargesByWeightMoveTheTaskAndTheClockAlike) {
  DeadlineOf({.task = 1});
  EXPECT_EQ(DeadlineOf({.task = 1, .ran_ns = 3 * kMs, .weight = 300}), kStart - 19 * kMs);
  EXPECT_EQ(policy_.Account(1).lag_ns, 20 * kMs) << "the clock has come on by 1 ms, too";
}

TEST_F(RustlandPolicyTest, NobodyIsMoreThan20MsBehind) {
  DeadlineOf({.task = 1});
  DeadlineOf({.task = 2, .ran_ns = 500 * kMs});
  EXPECT_EQ(DeadlineOf({.task = 1}), kStart + 480 * kMs);
}

TEST_F(RustlandPolicyTest, CpuTimeSinceWakeupCountsUpTo2SWhateverTheWeight) {
  EXPECT_EQ(DeadlineOf({.task = 1, .ran_since_wake_ns = 700 * kMs, .weight = 10'000}),
            kStart + 680 * kMs);
  EXPECT_EQ(DeadlineOf({.task = 2, .ran_since_wake_ns = 60'000 * kMs}), kStart + 1'980 * kMs);
}

TEST_F(RustlandPolicyTest, EarlierDeadlinesFirstThenWhoCameFirst) {
  policy_.OnEvent({.task = 1, .sequence = 11, .time_ns = 3, .ran_since_wake_ns = kMs});
  policy_.OnEvent({.task = 2, .sequence = 12, .time_ns = 2});
  policy_.OnEvent({.task = 3, .sequence = 13, .time_ns = 1});
  EXPECT_EQ(policy_.pending(), 3u);
  const std::vector<Decision> decisions = Schedule();
  ASSERT_EQ(decisions.size(), 3u);
  EXPECT_EQ(decisions[0].task, 3u);
  EXPECT_EQ(decisions[0].sequence, 13u);
  EXPECT_EQ(decisions[1].task, 2u);
  EXPECT_EQ(decisions[2].task, 1u);
  EXPECT_EQ(policy_.pending(), 0u);
}

TEST_F(RustlandPolicyTest, SlicesGoByWeightAndNothingIsUrgentOrPreempts) {
  policy_.OnEvent({.task = 1, .woke = true, .weight = 8'700});
  policy_.OnEvent({.task = 2, .time_ns = 1, .woke = true, .weight = 1});
  const std::vector<Decision> decisions = Schedule();
  ASSERT_EQ(decisions.size(), 2u);
  EXPECT_EQ(decisions[0].slice_ns, 87 * kMs);
  EXPECT_EQ(decisions[1].slice_ns, 10'000);
  for (const Decision& decision : decisions) {
    EXPECT_EQ(decision.cpu, kAnyCpu);
    EXPECT_FALSE(decision.preempt);
    EXPECT_FALSE(decision.urgent);
    EXPECT_TRUE(decision.yields);
    EXPECT_EQ(decision.lease_ns, 0);
  }
  EXPECT_EQ(policy_.NextDeadlineNanos(), INT64_MAX);
}

TEST_F(RustlandPolicyTest, WhoEndsOrIsUnknownIsNotDecided) {
  policy_.OnEvent({.task = 1, .sequence = 1});
  policy_.OnEvent({.task = 2, .sequence = 1});
  policy_.OnEvent({.task = 2, .sequence = 2});
  policy_.OnEvent({.task = 8});
  policy_.OnExit(1);
  policy_.OnExit(8);
  EXPECT_EQ(policy_.pending(), 1u);
  EXPECT_EQ(Schedule().at(0).sequence, 2u);
  EXPECT_EQ(policy_.Account(1).lag_ns, 0);
  EXPECT_EQ(policy_.Account(8).lag_ns, 0);
}

TEST_F(RustlandPolicyTest, TheClockMayWrap) {
  RustlandPolicy fresh(8);
  fresh.Resume(std::vector<uint64_t>{UINT64_MAX - 2 * kMs, UINT64_MAX - 5 * kMs});
  fresh.OnEvent({.task = 1, .ran_ns = 25 * kMs});                        // past the end: 3 ms
  fresh.OnEvent({.task = 2, .time_ns = 1, .ran_ns = 1, .weight = 100});  // just after it
  std::vector<Decision> out(8);
  ASSERT_EQ(fresh.Schedule({}, waits_, out), 2u);
  EXPECT_EQ(out[0].deadline, uint64_t{3 * kMs - 1});
  EXPECT_EQ(out[1].deadline, uint64_t{3 * kMs});
}

// The daemon's own policies come from there.
TEST(RustlandTest, NoDaemonCanRunIt) { EXPECT_FALSE(MakePolicy(kRustland, 1, 1).ok()); }

// One CPU; a task that never slept in 3 s, and then four that sleep often.
TEST(RustlandTest, AHogStarvesBesideSleepersAndNotUnderOurs) {
  SimWorkload workload = {.topology = SimTopology::Flat(1), .duration_ns = 20'000 * kMs};
  workload.engine_has_own_cpu = true;
  SimWorkloadTasks sleepers = {.start_ns = 3'000 * kMs, .count = 4, .spec = {.comm = "sleeper"}};
  sleepers.spec.program = {RunFor(2 * kMs), SleepFor(kMs, kMs)};
  SimWorkloadTasks hog = {.spec = {.comm = "hog"}};
  hog.spec.program = {RunFor(1'000 * kMs)};
  workload.tasks = {sleepers, hog};
  const SimulationReport theirs = Simulate(workload, {.policy = "rustland"}).value();
  const SimulationReport ours = Simulate(workload, {}).value();
  EXPECT_EQ(theirs.policy, "rustland");
  EXPECT_LT(theirs.groups[1].run_ns - 3'000 * kMs, 200 * kMs);
  EXPECT_GT(theirs.groups[1].longest_wait_ns, 1'000 * kMs);
  EXPECT_GT(ours.groups[1].run_ns - 3'000 * kMs, 3'000 * kMs);
  EXPECT_LT(ours.groups[1].longest_wait_ns, 510 * kMs);
  EXPECT_EQ(theirs.urgent_decisions, 0);
  EXPECT_EQ(theirs.preemptions, 0);
}

}  // namespace
}  // namespace schedd
