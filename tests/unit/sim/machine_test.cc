// SPDX-License-Identifier: Apache-2.0
//
// The simulated machine under its own scheduler.
#include "server/sim/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace schedd {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kStart = 1'000'000'000;

MachineOptions OneCpu() { return {.nr_cpus = 1, .start_ns = kStart}; }

SimTaskSpec Hog(const char* comm, int32_t weight = 100) {
  return {.comm = comm, .weight = weight, .program = {RunFor(1'000 * kMs)}};
}

TEST(MachineTest, AnEmptyMachineIsIdle) {
  SimMachine machine(OneCpu());
  EXPECT_EQ(machine.NextEventNanos(), std::numeric_limits<int64_t>::max());
  machine.AdvanceTo(kStart + 5 * kMs);
  EXPECT_EQ(machine.now_ns(), kStart + 5 * kMs);
  EXPECT_EQ(machine.BusyNanos(0), 0);
}

TEST(MachineTest, TheClockNeverGoesBack) {
  SimMachine machine(OneCpu());
  machine.AdvanceTo(kStart + 5);
  machine.AdvanceTo(kStart + 3);
  EXPECT_EQ(machine.now_ns(), kStart + 5);
}

TEST(MachineTest, ALoneHogHasTheCpu) {
  SimMachine machine(OneCpu());
  const int32_t hog = machine.Spawn(Hog("hog"));
  machine.AdvanceTo(kStart + 50 * kMs);
  EXPECT_EQ(machine.RunNanos(hog), 50 * kMs);
  EXPECT_EQ(machine.BusyNanos(0), 50 * kMs);
  ASSERT_NE(machine.Current(0), nullptr);
  EXPECT_EQ(machine.Current(0)->tid, hog);
}

TEST(MachineTest, FollowsAProgramToTheNanosecond) {
  SimMachine machine(OneCpu());
  const int32_t tid = machine.Spawn({.program = {RunFor(3 * kMs), SleepFor(7 * kMs)}});
  machine.AdvanceTo(kStart + 2 * kMs);
  EXPECT_EQ(machine.Find(tid)->state, SimTask::State::kRunning);
  machine.AdvanceTo(kStart + 3 * kMs);
  EXPECT_EQ(machine.Find(tid)->state, SimTask::State::kSleeping);
  EXPECT_EQ(machine.RunNanos(tid), 3 * kMs);
  machine.AdvanceTo(kStart + 10 * kMs);
  EXPECT_EQ(machine.Find(tid)->state, SimTask::State::kRunning);
  machine.AdvanceTo(kStart + 100 * kMs);
  EXPECT_EQ(machine.RunNanos(tid), 30 * kMs);
  EXPECT_EQ(machine.BusyNanos(0), 30 * kMs);
}

TEST(MachineTest, SlicesEndAtTicks) {
  SimTrace trace(/*keep_lines=*/true);
  MachineOptions options = OneCpu();
  options.tick_ns = 4 * kMs;
  options.trace = &trace;
  SimMachine machine(options);
  machine.Spawn(Hog("a"));
  machine.Spawn(Hog("b"));
  machine.AdvanceTo(kStart + 9 * kMs);
  // The fair class gives 3 ms; the tick comes at 4.
  EXPECT_THAT(trace.lines(), testing::Contains("1000000000 run cpu=0 tid=1000"));
  EXPECT_THAT(trace.lines(), testing::Contains("1004000000 run cpu=0 tid=1001"));
  EXPECT_THAT(trace.lines(), testing::Contains("1008000000 run cpu=0 tid=1000"));
}

TEST(MachineTest, WithoutTicksSlicesEndToTheNanosecond) {
  MachineOptions options = OneCpu();
  options.tick_ns = 0;
  SimMachine machine(options);
  const int32_t a = machine.Spawn(Hog("a"));
  machine.Spawn(Hog("b"));
  machine.AdvanceTo(kStart + 4 * kMs);
  EXPECT_EQ(machine.RunNanos(a), 3 * kMs);
}

TEST(MachineTest, TheFairClassSharesByWeight) {
  SimMachine machine(OneCpu());
  const int32_t light = machine.Spawn(Hog("light", 100));
  const int32_t heavy = machine.Spawn(Hog("heavy", 300));
  machine.AdvanceTo(kStart + 4'000 * kMs);
  EXPECT_NEAR(static_cast<double>(machine.RunNanos(light)), 1'000.0 * kMs, 20 * kMs);
  EXPECT_NEAR(static_cast<double>(machine.RunNanos(heavy)), 3'000.0 * kMs, 20 * kMs);
}

TEST(MachineTest, TasksSpreadOverIdleCpus) {
  SimMachine machine({.nr_cpus = 3, .start_ns = kStart});
  for (const char* comm : {"a", "b", "c"}) machine.Spawn(Hog(comm));
  machine.AdvanceTo(kStart + 10 * kMs);
  for (int cpu = 0; cpu < 3; ++cpu) EXPECT_EQ(machine.BusyNanos(cpu), 10 * kMs) << cpu;
}

TEST(MachineTest, ATaskRunsOnlyWhereItMay) {
  SimMachine machine({.nr_cpus = 4, .start_ns = kStart});
  SimTaskSpec bound = Hog("bound");
  bound.cpus = {2};
  const int32_t a = machine.Spawn(bound);
  const int32_t b = machine.Spawn(bound);
  machine.AdvanceTo(kStart + 20 * kMs);
  EXPECT_EQ(machine.BusyNanos(2), 20 * kMs);
  EXPECT_EQ(machine.RunNanos(a) + machine.RunNanos(b), 20 * kMs);
  EXPECT_GT(machine.RunNanos(b), 0);
}

TEST(MachineTest, AffinityMayChangeInAnyState) {
  SimMachine machine({.nr_cpus = 2, .start_ns = kStart});
  const int32_t running = machine.Spawn(Hog("running"));
  machine.AdvanceTo(kStart + 1 * kMs);
  EXPECT_EQ(machine.Find(running)->cpu, 0);
  machine.SetAffinity(running, {1});
  machine.AdvanceTo(kStart + 2 * kMs);
  EXPECT_EQ(machine.Find(running)->cpu, 1);
  EXPECT_EQ(machine.BusyNanos(0), 1 * kMs);
  EXPECT_EQ(machine.BusyNanos(1), 1 * kMs);

  const int32_t sleeper = machine.Spawn({.program = {SleepFor(5 * kMs), RunFor(kMs)}});
  machine.AdvanceTo(kStart + 3 * kMs);
  machine.SetAffinity(sleeper, {1});
  machine.AdvanceTo(kStart + 7 * kMs + kMs / 2);
  EXPECT_EQ(machine.Find(sleeper)->state, SimTask::State::kQueued) << "behind the other one";
  machine.SetAffinity(sleeper, {0});
  machine.AdvanceTo(kStart + 7 * kMs + kMs / 2 + 1);
  EXPECT_EQ(machine.Find(sleeper)->state, SimTask::State::kRunning);
  machine.SetAffinity(99'999, {0});  // nobody
}

TEST(MachineTest, AChannelHandsOnWhatWasPosted) {
  SimMachine machine({.nr_cpus = 2, .start_ns = kStart});
  const int32_t consumer = machine.Spawn({.program = {Take(1), RunFor(2 * kMs)}});
  machine.AdvanceTo(kStart + 50 * kMs);
  EXPECT_EQ(machine.RunNanos(consumer), 0);
  const int32_t producer = machine.Spawn({.program = {RunFor(10 * kMs), Post(1), Post(1), Exit()}});
  machine.AdvanceTo(kStart + 100 * kMs);
  EXPECT_EQ(machine.Find(producer), nullptr);
  EXPECT_EQ(machine.RunNanos(consumer), 4 * kMs) << "once for each post, also for one while it ran";
}

TEST(MachineTest, APostWakesWhoWaitedLongest) {
  SimMachine machine({.nr_cpus = 4, .start_ns = kStart});
  const int32_t first = machine.Spawn({.program = {Take(1), RunFor(kMs), Exit()}});
  const int32_t second = machine.Spawn({.program = {Take(1), RunFor(kMs), Exit()}});
  machine.AdvanceTo(kStart + 1 * kMs);
  machine.Spawn({.program = {Post(1), RunFor(kMs), Exit()}});
  machine.AdvanceTo(kStart + 10 * kMs);
  EXPECT_EQ(machine.Find(first), nullptr);
  EXPECT_NE(machine.Find(second), nullptr);
}

TEST(MachineTest, AWaiterThatWasKilledIsPassedOver) {
  SimMachine machine({.nr_cpus = 4, .start_ns = kStart});
  const int32_t killed = machine.Spawn({.program = {Take(1), RunFor(kMs), Exit()}});
  const int32_t waits = machine.Spawn({.program = {Take(1), RunFor(kMs), Exit()}});
  machine.AdvanceTo(kStart + 1 * kMs);
  machine.Kill(killed);
  machine.Spawn({.program = {Post(1), RunFor(kMs), Exit()}});
  machine.AdvanceTo(kStart + 10 * kMs);
  EXPECT_EQ(machine.Find(waits), nullptr);
}

TEST(MachineTest, WhoRunsMayTakeATokenBeforeTheOneThatItWoke) {
  SimMachine machine(OneCpu());
  const int32_t waits = machine.Spawn({.program = {Take(1), RunFor(kMs), Exit()}});
  machine.AdvanceTo(kStart);
  const int32_t runs =
      machine.Spawn({.program = {Post(1), Take(1), RunFor(40 * kMs), Post(1), Exit()}});
  machine.AdvanceTo(kStart + 39 * kMs);
  EXPECT_EQ(machine.RunNanos(runs), 39 * kMs) << "it did not wait for its own token";
  EXPECT_EQ(machine.RunNanos(waits), 0);
  EXPECT_EQ(machine.Find(waits)->rounds, 0);
  machine.AdvanceTo(kStart + 50 * kMs);
  EXPECT_EQ(machine.Find(waits), nullptr) << "the next token is for the one that sleeps again";
}

TEST(MachineTest, AnotherTryIsNoOtherRound) {
  SimMachine machine({.nr_cpus = 2, .start_ns = kStart});
  const int32_t waits = machine.Spawn({.program = {Take(1), RunFor(kMs)}});
  machine.AdvanceTo(kStart + kMs);
  machine.Spawn({.program = {Post(1), Post(1), SleepFor(10 * kMs), Post(1), Exit()}});
  machine.AdvanceTo(kStart + 50 * kMs);
  EXPECT_EQ(machine.RunNanos(waits), 3 * kMs);
  EXPECT_EQ(machine.Find(waits)->rounds, 3);
}

TEST(MachineTest, TasksCanBeKilledInAnyState) {
  SimMachine machine(OneCpu());
  const int32_t running = machine.Spawn(Hog("running"));
  const int32_t queued = machine.Spawn(Hog("queued"));
  const int32_t sleeping = machine.Spawn({.program = {SleepFor(kMs), RunFor(kMs)}});
  machine.AdvanceTo(kStart);
  machine.Kill(sleeping);
  machine.Kill(queued);
  machine.AdvanceTo(kStart + 10 * kMs);
  EXPECT_EQ(machine.RunNanos(running), 10 * kMs);
  machine.Kill(running);
  machine.Kill(running);  // it is gone: nothing happens
  machine.AdvanceTo(kStart + 20 * kMs);
  EXPECT_THAT(machine.Tasks(), SizeIs(0));
  EXPECT_EQ(machine.BusyNanos(0), 10 * kMs) << "what was used stays used";
}

TEST(MachineTest, ATaskStartsOthersAndEnds) {
  SimMachine machine({.nr_cpus = 2, .start_ns = kStart});
  const SimTaskSpec child = {.comm = "child", .program = {RunFor(2 * kMs), Exit()}};
  const int32_t parent = machine.Spawn({.program = {RunFor(kMs), Spawn(child), SleepFor(9 * kMs)}});
  machine.AdvanceTo(kStart + 2 * kMs);
  ASSERT_THAT(machine.Tasks(), SizeIs(2));
  const SimTask* spawned = machine.Find(machine.Tasks()[1]);
  EXPECT_EQ(spawned->spec->comm, "child");
  EXPECT_EQ(spawned->tgid, spawned->tid);
  EXPECT_EQ(spawned->start_ns, kStart + kMs);
  machine.AdvanceTo(kStart + 5 * kMs);
  EXPECT_THAT(machine.Tasks(), ElementsAre(parent));
}

TEST(MachineTest, TaskIdsAreUsedAgainButNeverTwiceAtOnce) {
  MachineOptions options = OneCpu();
  options.first_tid = 10;
  options.tid_range = 3;
  SimMachine machine(options);
  const int32_t stays = machine.Spawn(Hog("stays"));
  EXPECT_EQ(stays, 10);
  const int32_t first = machine.Spawn(Hog("x"));
  EXPECT_EQ(first, 11);
  machine.Kill(first);
  const int32_t second = machine.Spawn(Hog("y"));
  EXPECT_EQ(second, 12);
  machine.Kill(second);
  EXPECT_EQ(machine.Spawn(Hog("z")), 11);
}

TEST(MachineTest, ASleepersAlarmDoesNotWakeTheNextTaskWithItsId) {
  MachineOptions options = OneCpu();
  options.tid_range = 1;
  SimMachine machine(options);
  const int32_t tid = machine.Spawn({.program = {SleepFor(5 * kMs), RunFor(kMs)}});
  machine.AdvanceTo(kStart + 1 * kMs);
  machine.Kill(tid);
  ASSERT_EQ(machine.Spawn({.program = {SleepFor(50 * kMs), RunFor(kMs)}}), tid);
  machine.AdvanceTo(kStart + 20 * kMs);
  EXPECT_EQ(machine.RunNanos(tid), 0);
}

TEST(MachineTest, AProgramThatTakesNoTimeDoesNotStopTheClock) {
  SimMachine machine(OneCpu());
  machine.Spawn({.program = {RunFor(0), Post(1)}});
  machine.AdvanceTo(kStart + kMs);
  EXPECT_EQ(machine.now_ns(), kStart + kMs);
}

TEST(MachineTest, ActionsHappenAtTheirTime) {
  SimMachine machine(OneCpu());
  std::vector<int64_t> times;
  const auto note = [&] { times.push_back(machine.now_ns()); };
  machine.At(kStart + 20, note);
  machine.At(kStart + 10, note);
  machine.At(kStart - 10, note);  // past: at once
  machine.AdvanceTo(kStart + 15);
  EXPECT_THAT(times, ElementsAre(kStart, kStart + 10));
  EXPECT_EQ(machine.NextEventNanos(), kStart + 20);
}

TEST(MachineTest, ControlGroupsHaveIds) {
  SimMachine machine(OneCpu());
  const uint64_t id = machine.CgroupId("a/b");
  EXPECT_EQ(machine.CgroupId("a/b"), id);
  EXPECT_NE(machine.CgroupId("a"), id);
  ASSERT_NE(machine.CgroupPath(id), nullptr);
  EXPECT_EQ(*machine.CgroupPath(id), "a/b");
  EXPECT_EQ(*machine.CgroupPath(1), "") << "the root";
  EXPECT_EQ(machine.CgroupPath(999), nullptr);
  const int32_t tid = machine.Spawn({.cgroup = "a/b", .program = {RunFor(kMs)}});
  EXPECT_EQ(machine.Find(tid)->cgroup_id, id);
}

TEST(MachineTest, JitterStaysWithinItsBound) {
  SimMachine machine({.nr_cpus = 1, .start_ns = kStart, .seed = 3});
  const int32_t tid = machine.Spawn({.program = {RunFor(kMs, kMs), SleepFor(10 * kMs)}});
  for (int i = 0; i < 50; ++i) {
    const int64_t before = machine.RunNanos(tid);
    while (machine.Find(tid)->state != SimTask::State::kSleeping ||
           machine.RunNanos(tid) == before) {
      machine.AdvanceTo(machine.NextEventNanos());
    }
    EXPECT_GE(machine.RunNanos(tid) - before, kMs);
    EXPECT_LT(machine.RunNanos(tid) - before, 2 * kMs);
  }
}

}  // namespace
}  // namespace schedd
