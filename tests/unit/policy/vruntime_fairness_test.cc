// SPDX-License-Identifier: Apache-2.0
//
// What vruntime promises to tasks, on an ideal machine: shares by weight, bounded waits, bounded
// bonuses.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "server/policy/vruntime.h"
#include "tests/unit/policy/machine_model.h"

namespace schedd {
namespace {

using ::schedd::testing::kForever;
using ::schedd::testing::kMs;
using ::schedd::testing::kSecond;
using ::schedd::testing::MachineModel;
using ::schedd::testing::ModelOptions;
using ::schedd::testing::Program;

// CPU time of each task in the next `duration_ns`.
std::vector<double> Usage(MachineModel& machine, const std::vector<TaskId>& ids,
                          int64_t duration_ns) {
  std::vector<double> used;
  for (TaskId id : ids) used.push_back(-static_cast<double>(machine.ran_ns(id)));
  machine.RunFor(duration_ns);
  for (size_t i = 0; i < ids.size(); ++i) used[i] += static_cast<double>(machine.ran_ns(ids[i]));
  return used;
}

// Expects that CPU time is in proportion to `weights`, each share within 3 % of itself.
void ExpectShares(const std::vector<double>& used, const std::vector<int64_t>& weights) {
  const double total = std::accumulate(used.begin(), used.end(), 0.0);
  const auto total_weight =
      static_cast<double>(std::accumulate(weights.begin(), weights.end(), int64_t{0}));
  for (size_t i = 0; i < used.size(); ++i) {
    const double share = static_cast<double>(weights[i]) / total_weight;
    EXPECT_NEAR(used[i] / total / share, 1.0, 0.03) << "weight " << weights[i];
  }
}

struct SharesCase {
  uint32_t cpus;
  int64_t tick_ns;
  int32_t masked_cpu;
  uint64_t start;
};

class SharesTest : public ::testing::TestWithParam<SharesCase> {};

TEST_P(SharesTest, HogsGetCpuTimeByWeight) {
  const SharesCase& c = GetParam();
  VruntimePolicy policy(256, c.cpus, c.start);
  // With a coarse tick the lightest one's turn comes less often than every 500 ms; here the order
  // alone must do it.
  policy.Apply(kDefaultPolicyIndex, {.starvation_bound_ns = 5 * kSecond});
  MachineModel machine(&policy, {.cpus = c.cpus, .tick_ns = c.tick_ns, .masked_cpu = c.masked_cpu});
  std::vector<int64_t> weights;
  std::vector<TaskId> ids;
  for (uint32_t group = 0; group < c.cpus; ++group) {
    for (int64_t weight : {25, 50, 100, 200, 400, 800}) {
      weights.push_back(weight);
      ids.push_back(machine.Spawn({.weight = weight}));
    }
  }
  machine.RunFor(kSecond);
  ExpectShares(Usage(machine, ids, 60 * kSecond), weights);
  EXPECT_EQ(machine.urgent_decisions(), 0);
}

INSTANTIATE_TEST_SUITE_P(
    Machines, SharesTest,
    ::testing::Values(SharesCase{1, 4 * kMs, -1, 0}, SharesCase{1, 0, -1, 0},
                      SharesCase{1, 10 * kMs, -1, 0},
                      SharesCase{1, 4 * kMs, 0, 0},  // daemon on the only CPU
                      SharesCase{4, 4 * kMs, -1, 0}, SharesCase{4, 4 * kMs, 2, 0},
                      // Virtual time wraps after 3 s of it.
                      SharesCase{2, 4 * kMs, -1, static_cast<uint64_t>(-3 * kSecond)},
                      SharesCase{1, 4 * kMs, -1, (uint64_t{1} << 63) - 99}));

TEST(VruntimeFairness, PairsBoundToOneCpuEachKeepTheirRatio) {
  VruntimePolicy policy(256, 2);
  MachineModel machine(&policy, {.cpus = 2});
  // A crowd on CPU 0 and a pair on CPU 1: virtual time goes 3 times as fast on CPU 1.
  const TaskId light = machine.Spawn({.weight = 100, .allowed = 1});
  const TaskId heavy = machine.Spawn({.weight = 300, .allowed = 1});
  for (int i = 0; i < 4; ++i) machine.Spawn({.weight = 200, .allowed = 1});
  const TaskId lone_light = machine.Spawn({.weight = 100, .allowed = 2});
  const TaskId lone_heavy = machine.Spawn({.weight = 300, .allowed = 2});
  machine.RunFor(kSecond);
  const auto used = Usage(machine, {light, heavy, lone_light, lone_heavy}, 120 * kSecond);
  ExpectShares({used[0], used[1]}, {100, 300});
  ExpectShares({used[2], used[3]}, {100, 300});
  EXPECT_NEAR(used[0] / (120e9 / 12), 1.0, 0.03);
}

TEST(VruntimeFairness, TwoTasksOnOneCpuShareItByWeight) {
  for (int64_t weight : {100, 200, 300, 400, 1'000}) {
    VruntimePolicy policy(256, 1);
    MachineModel machine(&policy, {.cpus = 1});
    const TaskId light = machine.Spawn({.weight = 100});
    const TaskId heavy = machine.Spawn({.weight = weight});
    machine.RunFor(kSecond);
    ExpectShares(Usage(machine, {light, heavy}, 60 * kSecond), {100, weight});
  }
}

TEST(VruntimeFairness, ATaskHeavierThanOneCpuGetsOneWhole) {
  VruntimePolicy policy(256, 2);
  MachineModel machine(&policy, {.cpus = 2});
  const TaskId heavy = machine.Spawn({.weight = 10'000});
  std::vector<TaskId> rest;
  for (int i = 0; i < 4; ++i) rest.push_back(machine.Spawn({.weight = 50}));
  machine.RunFor(kSecond);
  rest.push_back(heavy);
  const auto used = Usage(machine, rest, 60 * kSecond);
  EXPECT_GT(used[4], 0.97 * 60e9);
  ExpectShares({used[0], used[1], used[2], used[3]}, {50, 50, 50, 50});
}

TEST(VruntimeFairness, MovingToAnotherCpuStartsWithTheOthersThere) {
  VruntimePolicy policy(256, 2);
  MachineModel machine(&policy, {.cpus = 2});
  // A minute makes virtual times differ by more than half a minute.
  std::vector<TaskId> crowd;
  for (int i = 0; i < 8; ++i) crowd.push_back(machine.Spawn({.allowed = 1}));
  const TaskId mover = machine.Spawn({.allowed = 2});
  machine.Spawn({.allowed = 2});
  machine.RunFor(60 * kSecond);
  machine.SetAllowed(mover, 1);
  machine.RunFor(kSecond);
  std::vector<TaskId> all = crowd;
  all.push_back(mover);
  ExpectShares(Usage(machine, all, 30 * kSecond), std::vector<int64_t>(9, 100));

  // And back the other way: neither may it monopolise the CPU that is ahead.
  machine.SetAllowed(crowd[0], 2);
  machine.RunFor(20 * kSecond);
  const auto used = Usage(machine, {crowd[0]}, 30 * kSecond);
  EXPECT_NEAR(used[0] / 15e9, 1.0, 0.1);
}

// It fell behind where it was, in a crowd: no claim to the other CPU for as long.
TEST(VruntimeFairness, FreedFromACrowdedCpuATaskGetsItsShareOfTheOther) {
  VruntimePolicy policy(256, 2);
  MachineModel machine(&policy, {.cpus = 2});
  const TaskId freed = machine.Spawn({.allowed = 1});
  for (int i = 0; i < 7; ++i) machine.Spawn({.allowed = 1});
  const std::vector<TaskId> there = {machine.Spawn({.allowed = 2}), machine.Spawn({.allowed = 2})};
  machine.RunFor(20 * kSecond);
  machine.SetAllowed(freed, 2);
  machine.RunFor(200 * kMs);  // until its next event
  const auto used = Usage(machine, {freed, there[0], there[1]}, 3 * kSecond);
  EXPECT_NEAR(used[0] / 1e9, 1.0, 0.1);
  EXPECT_NEAR(used[1] / used[2], 1.0, 0.1);
}

// Those that come by for a moment take neither V nor those that stay apart.
TEST(VruntimeFairness, TasksThatRoamDoNotSetThoseThatStayApart) {
  VruntimePolicy policy(256, 2);
  MachineModel machine(&policy, {.cpus = 2});
  const std::vector<TaskId> stay = {machine.Spawn({.allowed = 2}), machine.Spawn({.allowed = 2})};
  for (int i = 0; i < 3; ++i) machine.Spawn({.allowed = 1});
  const std::vector<TaskId> roam = {machine.Spawn({}), machine.Spawn({})};
  machine.RunFor(kSecond);
  const double before[] = {static_cast<double>(machine.ran_ns(stay[0])),
                           static_cast<double>(machine.ran_ns(stay[1]))};
  for (int i = 0; i < 400; ++i) {
    machine.SetAllowed(roam[0], i % 2 == 0 ? 1 : 2);
    machine.SetAllowed(roam[1], i % 3 == 0 ? 1 : 2);
    machine.RunFor(25 * kMs);
  }
  const double first = static_cast<double>(machine.ran_ns(stay[0])) - before[0];
  const double second = static_cast<double>(machine.ran_ns(stay[1])) - before[1];
  EXPECT_NEAR(first / second, 1.0, 0.03);
}

TEST(VruntimeFairness, AMinuteWithoutCompetitionIsNotPaidForLater) {
  VruntimePolicy policy(256, 1);
  MachineModel machine(&policy, {.cpus = 1});
  const TaskId old = machine.Spawn({});
  machine.RunFor(60 * kSecond);
  const TaskId young = machine.Spawn({});
  machine.ForgetWaits();
  const auto used = Usage(machine, {old, young}, kSecond);
  EXPECT_NEAR(used[0], 0.5e9, 0.06e9);
  EXPECT_LT(machine.longest_wait_ns(old), 100 * kMs);
}

TEST(VruntimeFairness, ANewWeightCountsAtOnce) {
  VruntimePolicy policy(256, 1);
  MachineModel machine(&policy, {.cpus = 1});
  const TaskId changed = machine.Spawn({.weight = 1});
  const TaskId other = machine.Spawn({.weight = 100});
  machine.RunFor(10 * kSecond);
  machine.SetWeight(changed, 400);
  machine.RunFor(600 * kMs);  // until its next event
  const auto used = Usage(machine, {changed, other}, 2 * kSecond);
  EXPECT_NEAR(used[0] / 1.6e9, 1.0, 0.05);
}

struct WaitCase {
  int sleepers;
  int64_t sleeper_weight;
  int64_t hog_weight;
};

class BoundedWaitTest : public ::testing::TestWithParam<WaitCase> {};

// nice -20 is weight 8876 of nice 0's 100. The sleepers want more than the CPU has.
TEST_P(BoundedWaitTest, AHogBesideSleepersIsServed) {
  const WaitCase& c = GetParam();
  VruntimePolicy policy(256, 1);
  MachineModel machine(&policy, {.cpus = 1});
  const TaskId hog = machine.Spawn({.weight = c.hog_weight});
  for (int i = 0; i < c.sleepers; ++i) {
    machine.Spawn({.weight = c.sleeper_weight, .burst_ns = 900'000, .sleep_ns = 1'300'000 + i});
  }
  machine.RunFor(60 * kSecond);
  const PolicyParameters defaults;
  EXPECT_LE(machine.longest_wait_ns(hog), defaults.starvation_bound_ns + 2 * 4 * kMs);
  // By weight or by the bound, whichever is more; half of it, as a sleeper may be first within its
  // credit.
  const double total = static_cast<double>(c.hog_weight + c.sleepers * c.sleeper_weight);
  EXPECT_GE(static_cast<double>(machine.ran_ns(hog)),
            0.5 * 60e9 * static_cast<double>(c.hog_weight) / total);
  EXPECT_GE(machine.ran_ns(hog), 60 * kSecond / 600);
}

INSTANTIATE_TEST_SUITE_P(Crowds, BoundedWaitTest,
                         ::testing::Values(WaitCase{4, 100, 100}, WaitCase{4, 8876, 100},
                                           WaitCase{16, 8876, 100}, WaitCase{4, 10'000, 1},
                                           WaitCase{16, 10'000, 1}));

TEST(VruntimeFairness, WeightOneBesideWeightTenThousandWaitsNoLongerThanTheBound) {
  VruntimePolicy policy(256, 1);
  MachineModel machine(&policy, {.cpus = 1});
  const TaskId light = machine.Spawn({.weight = 1});
  machine.Spawn({.weight = 10'000});
  machine.RunFor(30 * kSecond);
  const PolicyParameters defaults;
  EXPECT_LE(machine.longest_wait_ns(light), defaults.starvation_bound_ns + 12 * kMs);
  EXPECT_GT(machine.ran_ns(light), 0);
  EXPECT_GT(machine.urgent_decisions(), 40);
}

// Each child forks the next one first thing, runs and exits, always as a new task.
TEST(VruntimeFairness, AChainOfForksDoesNotStarveAHog) {
  for (int64_t burst_ns : {kMs, 4 * kMs}) {
    VruntimePolicy policy(256, 1);
    MachineModel machine(&policy, {.cpus = 1});
    const TaskId hog = machine.Spawn({});
    machine.Spawn({.burst_ns = burst_ns, .exits = true, .forks = 1});
    machine.RunFor(20 * kSecond);
    EXPECT_GT(machine.spawned(), 100);
    EXPECT_GE(machine.ran_ns(hog), 4 * kSecond) << "of a fair 10 s";
    EXPECT_LE(machine.longest_wait_ns(hog), 200 * kMs);
  }
}

TEST(VruntimeFairness, AForkBombLeavesOldTasksTheirShare) {
  VruntimePolicy policy(256, 1);
  MachineModel machine(&policy, {.cpus = 1});
  const TaskId hog = machine.Spawn({});
  // Wants less than its share of 1/256.
  const TaskId shell = machine.Spawn({.burst_ns = kMs / 2, .sleep_ns = 200 * kMs});
  machine.Spawn({.forks = 2});   // doubles until the table is full: 254 hogs
  machine.RunFor(20 * kSecond);  // each has had some turns
  machine.ForgetWaits();
  const auto used = Usage(machine, {hog}, 60 * kSecond);
  EXPECT_GE(used[0], 0.9 * 60e9 / 256);
  EXPECT_LE(machine.longest_wait_ns(hog), 3 * kSecond) << "one round is 256 slices of a tick";
  EXPECT_LE(machine.mean_wake_latency_ns(shell), 10 * kMs);
}

TEST(VruntimeFairness, ASleeperIsServedSoonButSavesUpNoMoreThanItsCredit) {
  VruntimePolicy policy(256, 1);
  MachineModel machine(&policy, {.cpus = 1});
  const TaskId hog = machine.Spawn({});
  const TaskId sleeper = machine.Spawn({.burst_ns = 2 * kMs, .sleep_ns = 50 * kMs});
  machine.RunFor(10 * kSecond);
  EXPECT_LE(machine.mean_wake_latency_ns(sleeper), 3 * kMs);

  // One that slept for a minute and then wants everything.
  const TaskId greedy = machine.Spawn({.burst_ns = 10 * kMs, .sleep_ns = 60 * kSecond});
  machine.RunFor(55 * kSecond);
  machine.Kill(greedy);
  machine.ForgetWaits();
  const TaskId rival = machine.Spawn({.burst_ns = 300 * kMs, .sleep_ns = 30 * kSecond});
  machine.RunFor(40 * kSecond);
  EXPECT_GT(machine.ran_ns(rival), 500 * kMs);
  // Credit, its deadline bonus, its own slice and ticks.
  EXPECT_LE(machine.longest_wait_ns(hog), 60 * kMs);
}

TEST(VruntimeFairness, ALightTaskDoesNotDelayThoseThatComeAfterIt) {
  VruntimePolicy policy(256, 1);
  MachineModel machine(&policy, {.cpus = 1});
  machine.Spawn({.weight = 1});
  machine.Spawn({});
  machine.RunFor(5 * kSecond + 123 * kMs);
  const TaskId young = machine.Spawn({});
  machine.RunFor(500 * kMs);
  EXPECT_GE(machine.ran_ns(young), 200 * kMs);
}

TEST(VruntimeFairness, OneSlotAfterAnotherGetsNoDebtOfItsPredecessor) {
  VruntimePolicy policy(256, 1);
  MachineModel machine(&policy, {.cpus = 1});
  machine.Spawn({.weight = 100});
  const TaskId first = machine.Spawn({.weight = 1});
  machine.RunFor(5 * kSecond);
  machine.Kill(first);
  const TaskId second = machine.Spawn({.weight = 100});
  ASSERT_EQ(first, second);
  machine.RunFor(kSecond);
  EXPECT_NEAR(static_cast<double>(machine.ran_ns(second)), 0.5e9, 0.05e9);
}

// Policies must not depend on how many decisions fit at once.
TEST(VruntimeFairness, SharesHoldWithBatchesOfOne) {
  VruntimePolicy policy(256, 2);
  MachineModel machine(&policy, {.cpus = 2, .batch = 1});
  std::vector<TaskId> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(machine.Spawn({.weight = i < 3 ? 100 : 200}));
  machine.RunFor(kSecond);
  ExpectShares(Usage(machine, ids, 30 * kSecond), {100, 100, 100, 200, 200, 200});
}

}  // namespace
}  // namespace schedd
