// SPDX-License-Identifier: Apache-2.0
//
// What must hold at any moment, on any machine, whatever the work and whatever goes wrong.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <set>
#include <string>

#include "tests/properties/world.h"

namespace schedd {
namespace {

SimAdversity RandomAdversity(Random& random) {
  SimAdversity adversity;
  if (random() % 3 == 0) adversity.lose_every_doorbell = static_cast<int>(1 + random() % 5);
  if (random() % 3 == 0) adversity.doorbell_delay_ns = Below(random, 30 * kMs);
  if (random() % 3 == 0) adversity.event_ring_size = 1 + random() % 4;
  if (random() % 3 == 0) adversity.commit_limit = random() % 4;
  return adversity;
}

void Disturb(World& world, Random& random) {
  SimMachine& machine = world.machine;
  const auto cpu = static_cast<int>(Below(random, machine.nr_cpus()));
  const std::vector<int32_t> tids = machine.Tasks();
  if (tids.empty()) return;
  const int32_t tid = tids[random() % tids.size()];
  switch (random() % 6) {
    case 0:
      return machine.SetAffinity(tid, {cpu});
    case 1:
      return machine.SetAffinity(tid, {});
    case 2:
      return machine.SetWeight(tid, static_cast<int32_t>(1 + Below(random, 10'000)));
    case 3:
      return machine.Kill(tid);
    case 4:
      return machine.SetOnline(cpu, false);
    default:
      return machine.SetOnline(cpu, true);
  }
}

// I5: every nanosecond is charged once.
void ExpectAccountsAgree(const World& world) {
  uint64_t charged =
      world.Count(SCHEDD_COUNT_ENDED_RUN_NS) + world.Count(SCHEDD_COUNT_NO_SLOT_RUN_NS);
  int64_t under_way = 0;
  for (const SimTask* task : world.Living()) {
    if (task->slot != SCHEDD_NO_SLOT) charged += world.slot(*task).run_ns;
    if (task->state == SimTask::State::kRunning) {
      under_way += world.machine.now_ns() - task->running_since_ns;
    }
  }
  EXPECT_EQ(static_cast<int64_t>(charged) + under_way, world.Busy());
  EXPECT_EQ(world.Count(SCHEDD_COUNT_RUN_NS), charged) << "the CPUs' sum is the tasks' sum";
}

// None is lost, none is in two places.
void ExpectEachTaskInOnePlace(const World& world) {
  int64_t running = 0;
  std::set<uint32_t> slots;
  for (const SimTask* task : world.Living()) {
    const int queues = (task->queue != nullptr ? 1 : 0) + (task->local_cpu >= 0 ? 1 : 0);
    EXPECT_EQ(queues, task->state == SimTask::State::kQueued ? 1 : 0) << task->tid;
    if (task->state == SimTask::State::kRunning) {
      ++running;
      EXPECT_EQ(world.machine.Current(task->cpu), task);
    }
    if (task->slot == SCHEDD_NO_SLOT) continue;
    EXPECT_TRUE(slots.insert(task->slot).second) << "two tasks have slot " << task->slot;
    EXPECT_EQ(world.slot(*task).tid, task->tid);
    EXPECT_EQ(world.slot(*task).state == SCHEDD_TASK_RUNNING,
              task->state == SimTask::State::kRunning);
    EXPECT_EQ(world.slot(*task).state == SCHEDD_TASK_SLEEPING,
              task->state == SimTask::State::kSleeping);
  }
  int64_t busy = 0;
  for (int cpu = 0; cpu < world.machine.nr_cpus(); ++cpu) {
    busy += world.machine.Current(cpu) != nullptr ? 1 : 0;
  }
  EXPECT_EQ(running, busy);
  EXPECT_EQ(world.spawned(), world.ended() + static_cast<int64_t>(world.Living().size()));
}

int64_t WaitedFor(const World& world, const SimTask& task) {
  return world.machine.now_ns() - task.queued_since_ns;
}

// No CPU is idle while a task waits that may use it. But for the moment that a kick takes, and a
// tick for one that waits on the CPU of a waker which was trusted to sleep at once, and did not.
void ExpectWorkConserved(const World& world, int64_t kick_ns) {
  constexpr int64_t kTickNs = 4 * kMs;
  for (int cpu = 0; cpu < world.machine.nr_cpus(); ++cpu) {
    if (world.machine.Current(cpu) != nullptr || !world.machine.IsOnline(cpu)) continue;
    for (const SimTask* task : world.Living()) {
      EXPECT_FALSE(task->state == SimTask::State::kQueued && task->allowed.Has(cpu) &&
                   WaitedFor(world, *task) >= kick_ns + (task->local_cpu >= 0 ? kTickNs : 0))
          << "CPU " << cpu << " is idle while task " << task->tid << " waits for it, since "
          << task->queued_since_ns << " until " << world.machine.now_ns() << ", for CPU "
          << task->local_cpu;
    }
  }
}

void HoldWhateverHappens(uint64_t seed) {
  Random random(seed);
  const SimCosts costs =
      random() % 3 != 0
          ? SimCosts()
          : SimCosts{.switch_ns = 1'500, .wake_idle_ns = 5'000, .move_core_ns = 5'000};
  SimTrace trace(/*keep_lines=*/std::getenv("SCHEDD_SEED") != nullptr);
  World world({.topology = RandomTopology(random, 12),
               .costs = costs,
               .tick_ns = random() % 3 == 0 ? 0 : 4 * kMs,
               .seed = seed,
               .policy = random() % 4 == 0 ? "fifo" : "vruntime",
               .max_tasks = random() % 4 == 0 ? 6u : 64u,
               .call_cost_ns = 300 + Below(random, 50'000),
               .trace = &trace});
  for (const SimTaskSpec& spec : RandomTasks(random, world.machine.nr_cpus(), 12)) {
    world.machine.Spawn(spec);
  }
  for (int step = 0; step < 6 && !testing::Test::HasFailure(); ++step) {
    world.kernel.adversity() = RandomAdversity(random);
    Disturb(world, random);
    const int64_t span_ns = Below(random, 10 * kMs);
    random() % 5 == 0 ? world.StallFor(span_ns) : world.RunFor(span_ns);
    ExpectAccountsAgree(world);
    ExpectEachTaskInOnePlace(world);
    ExpectWorkConserved(world, costs.wake_idle_ns);
  }
  if (!testing::Test::HasFailure()) return;
  for (const std::string& line : trace.lines()) std::cout << line << "\n";  // of one alone
}

// In parts, so that they can run beside each other.
class InvariantsTest : public testing::TestWithParam<uint64_t> {};

TEST_P(InvariantsTest, HoldWhateverHappens) {
  ForEachSeed(GetParam() * 10'000 + 1, 2'500, HoldWhateverHappens);
}

INSTANTIATE_TEST_SUITE_P(Parts, InvariantsTest, testing::Range<uint64_t>(0, 4));

// --- I3 ------------------------------------------------------------------------------------------

// Whatever the weights: nobody waits longer than the bound, and until those had a turn that came to
// theirs at the same time.
void NobodyStarves(uint64_t seed) {
  Random random(seed);
  const auto nr_cpus = static_cast<int>(1 + Below(random, 3));
  PolicyParameters parameters;
  parameters.starvation_bound_ns = 200 * kMs;
  World world({.topology = SimTopology::Flat(nr_cpus), .seed = seed, .parameters = parameters});
  const std::vector<SimTaskSpec> tasks = RandomTasks(random, nr_cpus, 9);
  for (const SimTaskSpec& spec : tasks) world.machine.Spawn(spec);
  world.RunFor(1'500 * kMs);
  const int64_t turn_ns = parameters.base_slice_ns + 4 * kMs;
  const auto living = static_cast<int64_t>(world.Living().size());
  EXPECT_LE(world.LongestWaitSoFar(), parameters.starvation_bound_ns + (living + 1) * turn_ns);
}

TEST(StarvationTest, NobodyStarves) { ForEachSeed(1, 1'000, NobodyStarves); }

// --- the largest, the smallest ---------------------------------------------------------------------

TEST(MachineSizeTest, FourThousandCpusAreAllUsed) {
  World world(
      {.topology = {.nodes = 16, .llcs_per_node = 8, .cores_per_llc = 16, .threads_per_core = 2},
       .max_tasks = 8'192});
  ASSERT_EQ(world.machine.nr_cpus(), kMostSimCpus);
  for (int i = 0; i < 4'500; ++i) {
    world.machine.Spawn(
        {.cpus = i % 9 == 0 ? std::vector<int>{i % kMostSimCpus} : std::vector<int>{},
         .program = {RunFor(1'000 * kMs)}});
  }
  world.RunFor(12 * kMs);
  ExpectAccountsAgree(world);
  ExpectEachTaskInOnePlace(world);
  EXPECT_EQ(world.machine.IdleWhileRunnableNanos(), 0);
}

TEST(MachineSizeTest, OneCpuRunsOneTaskAtATime) {
  World world({.topology = SimTopology::Flat(1)});
  for (int i = 0; i < 40; ++i) world.machine.Spawn({.program = {RunFor(kMs), SleepFor(i * kMs)}});
  world.RunFor(500 * kMs);
  ExpectAccountsAgree(world);
  ExpectEachTaskInOnePlace(world);
  EXPECT_EQ(world.Busy(), 500 * kMs);
}

}  // namespace
}  // namespace schedd
