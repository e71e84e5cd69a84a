// SPDX-License-Identifier: Apache-2.0
//
// What goes wrong between kernel and daemon, and that tasks run through it: engine and policy on
// the simulated machine.
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "bpf/ring.h"
#include "tests/unit/sim/rig.h"

namespace schedd {
namespace {

constexpr int64_t kSecond = 1'000 * kMs;

class AdversityScenarioTest : public testing::Test {
 protected:
  void SpawnHogs(Rig& rig, int count) {
    for (int i = 0; i < count; ++i) rig.Hog();
  }

  // Every task got at least half of an equal share of what the CPUs did since `before`.
  void ExpectAllRan(Rig& rig, const std::map<int32_t, int64_t>& before, int64_t elapsed_ns) {
    const int64_t equal = elapsed_ns * rig.machine.nr_cpus() / static_cast<int64_t>(before.size());
    for (const auto& [tid, ran] : before) {
      EXPECT_GT(rig.machine.RunNanos(tid) - ran, equal / 2) << "task " << tid;
    }
  }
  std::map<int32_t, int64_t> RunTimes(Rig& rig) {
    std::map<int32_t, int64_t> times;
    for (const int32_t tid : rig.machine.Tasks()) times[tid] = rig.machine.RunNanos(tid);
    return times;
  }
};

TEST_F(AdversityScenarioTest, AHealthyEngineIsNeverDegraded) {
  Rig rig({.nr_cpus = 2});
  SpawnHogs(rig, 6);
  rig.RunFor(5 * kSecond);
  EXPECT_EQ(rig.header().degraded_ns, 0u);
  EXPECT_EQ(rig.Count(SCHEDD_COUNT_EVENTS_WITHHELD), 0u);
  EXPECT_EQ(rig.Count(SCHEDD_COUNT_EVENTS_DROPPED), 0u);
  EXPECT_GT(rig.Count(SCHEDD_COUNT_RUN_DECIDED), 10 * rig.Count(SCHEDD_COUNT_RUN_UNDECIDED));
}

TEST_F(AdversityScenarioTest, AMachineThatWakesFromALongIdleTimeIsNotDegraded) {
  // The engine slept through it; many tasks wake at once.
  Rig rig({.nr_cpus = 2});
  for (int i = 0; i < 20; ++i) {
    rig.machine.Spawn({.program = {SleepFor(90 * kMs), RunFor(kMs)}});
  }
  rig.RunFor(5 * kSecond);
  EXPECT_EQ(rig.header().degraded_ns, 0u);
  EXPECT_EQ(rig.Count(SCHEDD_COUNT_EVENTS_WITHHELD), 0u);
}

TEST_F(AdversityScenarioTest, TasksRunThroughAStalledEngineAndItRecovers) {
  Rig rig({.nr_cpus = 2});
  SpawnHogs(rig, 6);
  rig.RunFor(kSecond);
  const auto before = RunTimes(rig);
  const int64_t busy = rig.Busy();
  rig.StallFor(kSecond);
  EXPECT_EQ(rig.Busy() - busy, 2 * kSecond) << "no CPU was idle";
  ExpectAllRan(rig, before, kSecond);
  EXPECT_NE(rig.header().degraded_since_ns, 0u);

  const uint64_t undecided = rig.Count(SCHEDD_COUNT_RUN_UNDECIDED);
  const auto recovered = RunTimes(rig);
  rig.RunFor(kSecond);
  EXPECT_EQ(rig.header().degraded_since_ns, 0u);
  // From the first event after the budget to the end of the stall.
  EXPECT_NEAR(static_cast<double>(rig.header().degraded_ns), 970.0 * kMs, 25.0 * kMs);
  EXPECT_LE(rig.Count(SCHEDD_COUNT_RUN_UNDECIDED) - undecided, 10u) << "decides again";
  ExpectAllRan(rig, recovered, kSecond);
}

TEST_F(AdversityScenarioTest, AnEngineThatNeverComesBackCostsNothingButOrder) {
  Rig rig({.nr_cpus = 1});
  SpawnHogs(rig, 4);
  const auto before = RunTimes(rig);
  rig.StallFor(10 * kSecond);
  EXPECT_EQ(rig.Busy(), 10 * kSecond);
  ExpectAllRan(rig, before, 10 * kSecond);
  EXPECT_LT(rig.LongestWait(), 200 * kMs);
}

TEST_F(AdversityScenarioTest, LostDoorbellsAreMadeUpForByTheHeartbeat) {
  Rig rig({.nr_cpus = 1});
  rig.kernel.adversity().lose_every_doorbell = 1;
  SpawnHogs(rig, 3);
  const auto before = RunTimes(rig);
  rig.RunFor(5 * kSecond);
  ExpectAllRan(rig, before, 5 * kSecond);
  // At least one pass a heartbeat, which is 100 ms.
  EXPECT_GE(rig.engine.stats().passes, 50);
  EXPECT_GT(rig.Count(SCHEDD_COUNT_DECISIONS_APPLIED), 0u);
  EXPECT_LT(rig.LongestWait(), 500 * kMs);
}

TEST_F(AdversityScenarioTest, LateDoorbells) {
  Rig rig({.nr_cpus = 1});
  rig.kernel.adversity().doorbell_delay_ns = 5 * kMs;
  SpawnHogs(rig, 3);
  const auto before = RunTimes(rig);
  rig.RunFor(5 * kSecond);
  ExpectAllRan(rig, before, 5 * kSecond);
  EXPECT_EQ(rig.header().degraded_ns, 0u) << "late, but within the budget";
}

TEST_F(AdversityScenarioTest, TinyEventRings) {
  Rig rig({.nr_cpus = 1});
  // What wakes before the engine comes finds no room, but for the first.
  rig.kernel.adversity().event_ring_size = 1;
  rig.kernel.adversity().doorbell_delay_ns = 2 * kMs;
  for (int i = 0; i < 10; ++i) {
    rig.machine.Spawn({.program = {RunFor(kMs), SleepFor(30 * kMs)}});
  }
  rig.Hog();
  rig.RunFor(10 * kSecond);
  EXPECT_GT(rig.Count(SCHEDD_COUNT_EVENTS_DROPPED), 100u);
  for (const int32_t tid : rig.machine.Tasks()) EXPECT_GT(rig.machine.RunNanos(tid), 50 * kMs);
  EXPECT_LT(rig.LongestWait(), 500 * kMs);
}

TEST_F(AdversityScenarioTest, AFullDecisionRing) {
  Rig rig({.nr_cpus = 1});
  SpawnHogs(rig, 4);
  rig.RunFor(kSecond);
  // Rubbish up to the brim, and a commit that takes little.
  rig.kernel.adversity().commit_limit = 4;
  const schedd_decision rubbish = {};
  while (schedd_decision_put(rig.kernel.memory().decisions, &rubbish)) {
  }
  SpawnHogs(rig, 20);
  const auto before = RunTimes(rig);
  rig.RunFor(5 * kSecond);
  ExpectAllRan(rig, before, 5 * kSecond);
  EXPECT_GT(rig.engine.stats().decision_ring_full, 0);
  EXPECT_GT(rig.Count(SCHEDD_COUNT_DECISIONS_STALE), SCHEDD_DECISION_RING_SIZE - 1u)
      << "the rubbish was taken out and counted";
  const uint64_t applied = rig.Count(SCHEDD_COUNT_DECISIONS_APPLIED);
  rig.RunFor(kSecond);
  EXPECT_GT(rig.Count(SCHEDD_COUNT_DECISIONS_APPLIED), applied + 20) << "as if nothing had been";
}

TEST_F(AdversityScenarioTest, AnEngineSoSlowThatItsDecisionsComeTooLate) {
  Rig rig({.nr_cpus = 2, .call_cost_ns = 3 * kMs});
  for (int i = 0; i < 4; ++i) {
    rig.machine.Spawn({.program = {RunFor(kMs), SleepFor(kMs)}});
  }
  SpawnHogs(rig, 4);
  rig.RunFor(10 * kSecond);
  EXPECT_GT(rig.engine.stats().stale_events + rig.engine.stats().stale_decisions, 100);
  for (const int32_t tid : rig.machine.Tasks()) EXPECT_GT(rig.machine.RunNanos(tid), 200 * kMs);
  EXPECT_LT(rig.LongestWait(), 500 * kMs);
}

TEST_F(AdversityScenarioTest, AffinityThatChangesAllTheTime) {
  Rig rig({.nr_cpus = 3});
  SpawnHogs(rig, 7);
  const std::vector<int32_t> tids = rig.machine.Tasks();
  for (size_t i = 0; i < 600; ++i) {
    const int32_t tid = tids[i % tids.size()];
    rig.machine.SetAffinity(tid, {static_cast<int>(i % 3), static_cast<int>((i / 3) % 3)});
    rig.RunFor(10 * kMs);
    for (int cpu = 0; cpu < 3; ++cpu) {
      const SimTask* current = rig.machine.Current(cpu);
      EXPECT_TRUE(current == nullptr || current->allowed.Has(cpu));
    }
  }
  for (const int32_t tid : tids) EXPECT_GT(rig.machine.RunNanos(tid), 500 * kMs);
  EXPECT_GT(rig.Count(SCHEDD_COUNT_DECISIONS_APPLIED), 0u);
}

TEST_F(AdversityScenarioTest, AFullTaskTable) {
  Rig rig({.nr_cpus = 1, .max_tasks = 2});
  SpawnHogs(rig, 4);
  const auto before = RunTimes(rig);
  rig.RunFor(10 * kSecond);
  EXPECT_EQ(rig.Count(SCHEDD_COUNT_TABLE_FULL), 2u);
  for (const auto& [tid, ran] : before) EXPECT_GT(rig.machine.RunNanos(tid), 100 * kMs) << tid;
}

TEST_F(AdversityScenarioTest, DetachAndAttachWhileEverythingRuns) {
  Rig rig({.nr_cpus = 2});
  const int64_t begin = rig.machine.now_ns();
  SpawnHogs(rig, 5);
  for (int i = 0; i < 10; ++i) {
    rig.RunFor(100 * kMs);
    ASSERT_TRUE(rig.kernel.Detach().ok());
    EXPECT_TRUE(rig.kernel.Exit().has_value());
    EXPECT_EQ(rig.header().used_slots, 0u);
    rig.RunFor(100 * kMs);
    ASSERT_TRUE(rig.kernel.Attach().ok());
    EXPECT_FALSE(rig.kernel.Exit().has_value());
  }
  EXPECT_EQ(rig.Busy(), 2 * (rig.machine.now_ns() - begin)) << "no CPU was idle";
  for (const int32_t tid : rig.machine.Tasks()) EXPECT_GT(rig.machine.RunNanos(tid), 200 * kMs);
}

}  // namespace
}  // namespace schedd
