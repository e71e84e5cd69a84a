// SPDX-License-Identifier: Apache-2.0
//
// What must hold on every run, whatever the work and whatever goes wrong: random workloads and
// adversities, one for each seed.
#include <gtest/gtest.h>

#include <random>

#include "server/sim/demo_workload.h"
#include "tests/unit/sim/rig.h"

namespace schedd {
namespace {

// Some tasks of every kind. The same for the same numbers.
void SpawnRandomTasks(Rig& rig, std::mt19937_64& random) {
  const int nr_cpus = rig.machine.nr_cpus();
  for (uint64_t i = 0, count = 3 + random() % 12; i < count; ++i) {
    SimTaskSpec spec = {.weight = static_cast<int32_t>(1 + random() % 1'000)};
    const auto run_ns = static_cast<int64_t>(1 + random() % 5'000'000);
    const auto sleep_ns = static_cast<int64_t>(random() % 20'000'000);
    const int channel = static_cast<int>(random() % 3);
    switch (random() % 5) {
      case 0:
        spec.program = {RunFor(1'000 * kMs)};
        break;
      case 1:
        spec.program = {RunFor(run_ns, run_ns), SleepFor(sleep_ns, kMs)};
        break;
      case 2:
        spec.program = {RunFor(run_ns), Post(channel), Take(channel + 1), SleepFor(sleep_ns)};
        break;
      case 3:
        spec.program = {Take(channel), RunFor(run_ns), Post(channel + 1)};
        break;
      default:
        spec.program = {RunFor(kMs), Spawn({.program = {RunFor(run_ns), Exit()}}),
                        SleepFor(sleep_ns + 5 * kMs)};
        break;
    }
    if (random() % 4 == 0)
      spec.cpus = {static_cast<int>(random() % static_cast<uint64_t>(nr_cpus))};
    rig.machine.Spawn(spec);
  }
}

void ChooseAdversity(Rig& rig, std::mt19937_64& random) {
  SimAdversity& adversity = rig.kernel.adversity();
  adversity = {};
  if (random() % 3 == 0) adversity.lose_every_doorbell = static_cast<int>(1 + random() % 5);
  if (random() % 3 == 0) adversity.doorbell_delay_ns = static_cast<int64_t>(random() % 30'000'000);
  if (random() % 3 == 0) adversity.event_ring_size = 1 + random() % 4;
  if (random() % 3 == 0) adversity.commit_limit = random() % 4;
}

void DisturbTasks(Rig& rig, std::mt19937_64& random) {
  const std::vector<int32_t> tids = rig.machine.Tasks();
  const int32_t tid = tids[random() % tids.size()];
  const auto cpu = static_cast<int>(random() % static_cast<uint64_t>(rig.machine.nr_cpus()));
  switch (random() % 4) {
    case 0:
      rig.machine.SetAffinity(tid, {cpu});
      break;
    case 1:
      rig.machine.SetAffinity(tid, {});
      break;
    case 2:
      rig.machine.SetWeight(tid, static_cast<int32_t>(1 + random() % 10'000));
      break;
    default:
      if (tids.size() > 4) rig.machine.Kill(tid);
      break;
  }
}

// I5: every nanosecond is charged once.
void ExpectAccountsAgree(const Rig& rig) {
  uint64_t charged = rig.Count(SCHEDD_COUNT_ENDED_RUN_NS) + rig.Count(SCHEDD_COUNT_NO_SLOT_RUN_NS);
  int64_t under_way = 0;
  for (const int32_t tid : rig.machine.Tasks()) {
    const SimTask& task = *rig.machine.Find(tid);
    if (task.slot != SCHEDD_NO_SLOT) charged += rig.slot(tid).run_ns;
    if (task.state == SimTask::State::kRunning) {
      under_way += rig.machine.now_ns() - task.running_since_ns;
    }
  }
  EXPECT_EQ(static_cast<int64_t>(charged) + under_way, rig.Busy());
  EXPECT_EQ(rig.Count(SCHEDD_COUNT_RUN_NS), charged) << "the CPUs' sum is the tasks' sum";
}

// No CPU is idle while a task waits that may use it.
void ExpectWorkConserved(const Rig& rig) {
  for (int cpu = 0; cpu < rig.machine.nr_cpus(); ++cpu) {
    if (rig.machine.Current(cpu) != nullptr) continue;
    for (const int32_t tid : rig.machine.Tasks()) {
      const SimTask& task = *rig.machine.Find(tid);
      EXPECT_FALSE(task.state == SimTask::State::kQueued && task.allowed.Has(cpu))
          << "CPU " << cpu << " is idle while task " << tid << " waits for it";
    }
  }
}

void ExpectSlotsTellTheTruth(const Rig& rig) {
  for (const int32_t tid : rig.machine.Tasks()) {
    const SimTask& task = *rig.machine.Find(tid);
    if (task.slot == SCHEDD_NO_SLOT) continue;
    const schedd_slot& slot = rig.slot(tid);
    EXPECT_EQ(slot.tid, tid);
    EXPECT_EQ(slot.key % 2, 0u);
    EXPECT_EQ(slot.state == SCHEDD_TASK_RUNNING, task.state == SimTask::State::kRunning) << tid;
    EXPECT_EQ(slot.state == SCHEDD_TASK_SLEEPING, task.state == SimTask::State::kSleeping) << tid;
  }
}

class InvariantsTest : public testing::TestWithParam<uint64_t> {};

TEST_P(InvariantsTest, HoldWhateverHappens) {
  std::mt19937_64 random(GetParam());
  Rig rig({.nr_cpus = static_cast<int>(1 + random() % 4),
           .seed = GetParam(),
           .policy = random() % 4 == 0 ? "fifo" : "vruntime",
           .max_tasks = random() % 4 == 0 ? 6u : 64u,
           .call_cost_ns = static_cast<int64_t>(100 + random() % 100'000)});
  SpawnRandomTasks(rig, random);
  for (int step = 0; step < 40; ++step) {
    ChooseAdversity(rig, random);
    DisturbTasks(rig, random);
    const auto span_ns = static_cast<int64_t>(random() % 200'000'000);
    if (random() % 5 == 0) {
      rig.StallFor(span_ns);
    } else {
      rig.RunFor(span_ns);
    }
    rig.machine.AdvanceTo(rig.machine.now_ns());  // what is due at this very moment
    ExpectAccountsAgree(rig);
    ExpectWorkConserved(rig);
    ExpectSlotsTellTheTruth(rig);
    EXPECT_LT(rig.LongestWait(), 1'500 * kMs) << "step " << step;
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, InvariantsTest, testing::Range<uint64_t>(1, 41));

// --- one seed, one run ---------------------------------------------------------------------------------

struct Outcome {
  uint64_t hash = 0;
  int64_t lines = 0;
};

Outcome RunOnce(uint64_t seed, bool lose_doorbells = false) {
  SimTrace trace;
  Rig rig({.nr_cpus = 4, .seed = seed, .trace = &trace});
  if (lose_doorbells) rig.kernel.adversity().lose_every_doorbell = 7;
  StartDemoWorkload(rig.machine);
  rig.RunFor(2'000 * kMs);
  rig.StallFor(100 * kMs);
  rig.RunFor(500 * kMs);
  return {.hash = trace.hash(), .lines = trace.count()};
}

TEST(DeterminismTest, OneSeedGivesOneTrace) {
  const Outcome first = RunOnce(42);
  const Outcome second = RunOnce(42);
  EXPECT_GT(first.lines, 5'000);
  EXPECT_EQ(first.lines, second.lines);
  EXPECT_EQ(first.hash, second.hash);
}

TEST(DeterminismTest, AnotherSeedOrAdversityGivesAnotherTrace) {
  EXPECT_NE(RunOnce(42).hash, RunOnce(43).hash);
  EXPECT_NE(RunOnce(42).hash, RunOnce(42, /*lose_doorbells=*/true).hash);
}

TEST(SimTraceTest, HashesEveryWordAndKeepsLinesOnlyOnDemand) {
  SimTrace a(/*keep_lines=*/true);
  SimTrace b;
  a.Add(1, "run", "cpu", 2, "tid", 3);
  b.Add(1, "run", "cpu", 2, "tid", 3);
  EXPECT_EQ(a.hash(), b.hash());
  ASSERT_EQ(a.lines().size(), 1u);
  EXPECT_EQ(a.lines()[0], "1 run cpu=2 tid=3");
  EXPECT_TRUE(b.lines().empty());
  b.Add(1, "run", "cpu", 2, "tid", 4);
  a.Add(1, "run", "cpu", 2, "tid", 5);
  EXPECT_NE(a.hash(), b.hash());
  EXPECT_EQ(b.count(), 2);
}

}  // namespace
}  // namespace schedd
