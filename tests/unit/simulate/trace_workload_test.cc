// SPDX-License-Identifier: Apache-2.0
//
// Recordings as workloads: what each task is to do, and what becomes of it when it is simulated.
#include "server/simulate/trace_workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/simulate/simulation.h"
#include "server/simulate/trace_lives.h"
#include "tests/unit/simulate/trace_fixture.h"

namespace schedd {
namespace {

using Kind = TraceEvent::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kUs = 1'000;

// "until 5, run 3, exit".
std::string Text(const std::vector<SimStep>& program) {
  return absl::StrJoin(program, ", ", [](std::string* out, const SimStep& step) {
    switch (step.kind) {
      case SimStep::Kind::kRun:
        return absl::StrAppend(out, "run ", step.span.least_ns);
      case SimStep::Kind::kSleepUntil:
        return absl::StrAppend(out, "until ", step.span.least_ns);
      case SimStep::Kind::kPost:
        return absl::StrAppend(out, "post ", step.channel);
      case SimStep::Kind::kTake:
        return absl::StrAppend(out, "take ", step.channel);
      case SimStep::Kind::kExit:
        return absl::StrAppend(out, "exit");
      default:
        return absl::StrAppend(out, "?");
    }
  });
}

Replay ReplayIt(const Trace& trace, const ReplayOptions& options = {}) {
  return ReplayOf(trace, options).value();
}

// The program of the task with that name; empty: there is none, or it is not one alone.
std::string Program(const Replay& replay, const std::string& comm) {
  std::string text;
  for (const SimWorkloadTasks& tasks : replay.workload.tasks) {
    if (tasks.spec.comm != comm) continue;
    if (!text.empty()) return "";
    text = Text(tasks.spec.program);
  }
  return text;
}

const SimWorkloadTasks& Find(const Replay& replay, const std::string& comm) {
  for (const SimWorkloadTasks& tasks : replay.workload.tasks) {
    if (tasks.spec.comm == comm) return tasks;
  }
  static const SimWorkloadTasks kNone;
  return kNone;
}

// On CPU 0 "one" runs from the start, sleeps at 30, is woken at 50 and runs from 60 to 90 with an
// interruption by "two" from 70 to 75, which wakes "three" on CPU 1 at 72.
Trace SmallTrace() {
  Trace trace = TraceOf(2, 100);
  AddTask(trace, 1, "one");
  AddTask(trace, 2, "two", 125);
  AddTask(trace, 3, "three");
  AddEvent(trace, 0, 0, Kind::kRuns, 1);
  AddEvent(trace, 0, 1, Kind::kRuns, 3);
  AddEvent(trace, 20, 1, Kind::kSwitchSleeps, 0);
  AddEvent(trace, 30, 0, Kind::kSwitchSleeps, 0);
  AddEvent(trace, 50, 1, Kind::kWokenByInterrupt, 1);
  AddEvent(trace, 60, 0, Kind::kSwitchPreempted, 1);
  AddEvent(trace, 65, 0, Kind::kWokenByInterrupt, 2);
  AddEvent(trace, 70, 0, Kind::kSwitchPreempted, 2);
  AddEvent(trace, 72, 0, Kind::kWokenByTask, 3);
  AddEvent(trace, 75, 0, Kind::kSwitchSleeps, 1);
  AddEvent(trace, 76, 1, Kind::kSwitchPreempted, 3);
  AddEvent(trace, 84, 1, Kind::kSwitchSleeps, 0);
  AddEvent(trace, 90, 0, Kind::kSwitchEnded, 0);
  return trace;
}

TEST(TraceWorkloadTest, TasksWakeWhenTheyWereWokenAndRunAsLongAsTheyRan) {
  const Replay replay = ReplayIt(SmallTrace());
  EXPECT_EQ(replay.workload.duration_ns, 100);
  EXPECT_EQ(replay.workload.topology.nr_cpus(), 2);
  EXPECT_EQ(Program(replay, "one"), "run 30, until 50, run 25, exit");
  EXPECT_EQ(Program(replay, "two"), "run 5, exit");
  EXPECT_EQ(Find(replay, "two").start_ns, 65);
  EXPECT_EQ(Program(replay, "three"), "run 20, until 72, run 8, exit");
  EXPECT_THAT(replay.notes, IsEmpty());
}

TEST(TraceWorkloadTest, ATaskMayWaitForItsWaker) {
  const Replay replay = ReplayIt(SmallTrace(), {.follow_wakers = true});
  EXPECT_EQ(Program(replay, "one"), "run 30, until 50, run 25, exit");  // an interrupt woke it
  EXPECT_EQ(Program(replay, "two"), "run 2, post 1, run 3, exit");
  EXPECT_EQ(Program(replay, "three"), "run 20, take 1, run 8, exit");
}

TEST(TraceWorkloadTest, TheRecorderIsLeftOutAndNobodyWaitsForIt) {
  Trace trace = SmallTrace();
  trace.tasks[2].set_tgid(900);
  const Replay replay = ReplayIt(trace, {.follow_wakers = true});
  EXPECT_EQ(Program(replay, "two"), "");
  EXPECT_EQ(Program(replay, "three"), "run 20, until 72, run 8, exit");
  EXPECT_EQ(Program(ReplayIt(trace, {.with_recorder = true}), "two"), "run 5, exit");
}

TEST(TraceWorkloadTest, WhoTheTasksAre) {
  Trace trace = SmallTrace();
  trace.tasks[1].set_cgroup("/a");
  trace.tasks[1].set_kthread(true);
  trace.tasks[1].add_cpus(1);
  trace.tasks[1].add_cpus(77);  // not online
  trace.tasks[3].set_prio(49);
  const Replay replay = ReplayIt(trace);
  EXPECT_EQ(Find(replay, "one").spec.tgid, 1);
  EXPECT_EQ(Find(replay, "one").spec.cgroup, "/a");
  EXPECT_TRUE(Find(replay, "one").spec.kthread);
  EXPECT_THAT(Find(replay, "one").spec.cpus, ElementsAre(1));
  EXPECT_EQ(Find(replay, "two").spec.nice, 5);
  EXPECT_EQ(Find(replay, "two").spec.weight, WeightOfNice(5));
  EXPECT_EQ(Find(replay, "three").spec.nice, -20);
  EXPECT_THAT(replay.notes, ElementsAre(HasSubstr("1 real-time tasks")));
}

// The kernel tells of a wake-up before the sleeper has left its CPU.
TEST(TraceWorkloadTest, AWakeupThatComesBeforeTheSleepIsKept) {
  Trace trace = TraceOf(2, 100);
  AddTask(trace, 1, "early");
  AddEvent(trace, 0, 0, Kind::kRuns, 1);
  AddEvent(trace, 18, 1, Kind::kWokenByTask, 1);
  AddEvent(trace, 20, 0, Kind::kSwitchSleeps, 0);
  AddEvent(trace, 40, 0, Kind::kSwitchPreempted, 1);
  AddEvent(trace, 50, 0, Kind::kSwitchSleeps, 0);
  const Replay replay = ReplayIt(trace, {.follow_wakers = true});
  EXPECT_EQ(Program(replay, "early"), "run 20, until 20, run 10, exit");
}

TEST(TraceWorkloadTest, AWakeupOfATaskThatIsAwakeIsNone) {
  Trace trace = TraceOf(1, 100);
  AddTask(trace, 1, "awake");
  AddEvent(trace, 0, 0, Kind::kRuns, 1);
  AddEvent(trace, 10, 0, Kind::kWokenByInterrupt, 1);
  AddEvent(trace, 20, 0, Kind::kSwitchPreempted, 0);
  AddEvent(trace, 30, 0, Kind::kSwitchPreempted, 1);
  AddEvent(trace, 40, 0, Kind::kSwitchSleeps, 0);
  EXPECT_EQ(Program(ReplayIt(trace), "awake"), "run 30, exit");
}

TEST(TraceWorkloadTest, ANewTaskBeginsWhenItWasMadeAndANumberMayBeUsedAgain) {
  Trace trace = TraceOf(1, 100);
  AddTask(trace, 1, "child");
  AddEvent(trace, 0, 0, Kind::kRuns, 0);
  AddEvent(trace, 10, 0, Kind::kNewTask, 1);
  AddEvent(trace, 12, 0, Kind::kSwitchPreempted, 1);
  AddEvent(trace, 20, 0, Kind::kSwitchEnded, 0);
  AddEvent(trace, 50, 0, Kind::kNewTask, 1);
  AddEvent(trace, 50, 0, Kind::kSwitchPreempted, 1);
  AddEvent(trace, 55, 0, Kind::kSwitchEnded, 0);
  const Replay replay = ReplayIt(trace);
  ASSERT_THAT(replay.workload.tasks, SizeIs(2));
  EXPECT_EQ(replay.workload.tasks[0].start_ns, 10);
  EXPECT_EQ(Text(replay.workload.tasks[0].spec.program), "run 8, exit");
  EXPECT_EQ(replay.workload.tasks[1].start_ns, 50);
  EXPECT_EQ(Text(replay.workload.tasks[1].spec.program), "run 5, exit");
}

TEST(TraceWorkloadTest, WhoRunsWhenTheRecordingEndsEndsOrGoesOn) {
  Trace trace = TraceOf(2, 1'000);
  AddTask(trace, 1, "hog");
  AddTask(trace, 2, "short");
  AddEvent(trace, 0, 0, Kind::kRuns, 1);
  AddEvent(trace, 0, 1, Kind::kRuns, 0);
  AddEvent(trace, 980, 1, Kind::kWokenByInterrupt, 2);
  AddEvent(trace, 990, 1, Kind::kSwitchPreempted, 2);
  const Replay replay = ReplayIt(trace, {.endless_after_ns = 500});
  EXPECT_EQ(Program(replay, "hog"), "run 1000, run 1000, exit");
  EXPECT_EQ(Program(replay, "short"), "run 10, exit");
  EXPECT_THAT(replay.notes, ElementsAre(HasSubstr("1 tasks that ran when the recording ended")));
  EXPECT_EQ(Program(ReplayIt(trace, {.endless_after_ns = 0}), "hog"), "run 1000, exit");
}

TEST(TraceWorkloadTest, AGapIsNotFilledWithGuesses) {
  Trace trace = TraceOf(1, 1'000);
  AddTask(trace, 1, "one");
  AddTask(trace, 2, "two");
  AddEvent(trace, 0, 0, Kind::kRuns, 1);
  AddEvent(trace, 100, 0, Kind::kWokenByInterrupt, 9);
  AddEvent(trace, 500, 0, Kind::kRuns, 2);  // events before are missing
  AddEvent(trace, 520, 0, Kind::kSwitchSleeps, 1);
  AddEvent(trace, 530, 0, Kind::kSwitchSleeps, 0);
  const Replay replay = ReplayIt(trace);
  EXPECT_EQ(Program(replay, "one"), "run 100, until 520, run 10, exit");
  EXPECT_EQ(Find(replay, "two").start_ns, 500);
  EXPECT_EQ(Program(replay, "two"), "run 20, exit");
}

TEST(TraceWorkloadTest, ASlowCpuDidLess) {
  Trace trace = TraceOf(2, 100);
  trace.header.mutable_cpus(0)->set_capacity(512);
  trace.header.mutable_cpus(1)->set_capacity(1'024);
  AddTask(trace, 1, "small");
  AddEvent(trace, 0, 0, Kind::kRuns, 1);
  AddEvent(trace, 40, 0, Kind::kSwitchSleeps, 0);
  const Replay replay = ReplayIt(trace);
  EXPECT_THAT(replay.workload.topology.capacities, ElementsAre(512, 1'024));
  EXPECT_EQ(Program(replay, "small"), "run 20, exit");
}

TEST(TraceWorkloadTest, TheTopologyIsTheHosts) {
  Trace trace = TraceOf(8, 100);
  // Linux often counts the first threads of all cores before the second ones.
  for (int i = 0; i < 8; ++i) {
    sim::v1::TraceCpu* cpu = trace.header.mutable_cpus(i);
    cpu->set_core(i % 4);
    cpu->set_llc(i % 4 / 2 * 2);
    cpu->set_node(i % 4 / 2);
  }
  AddTask(trace, 1, "one");
  trace.tasks[1].add_cpus(4);  // second thread of core 0
  AddEvent(trace, 0, 0, Kind::kRuns, 1);
  const Replay replay = ReplayIt(trace);
  EXPECT_EQ(replay.workload.topology.nodes, 2);
  EXPECT_EQ(replay.workload.topology.llcs_per_node, 1);
  EXPECT_EQ(replay.workload.topology.cores_per_llc, 2);
  EXPECT_EQ(replay.workload.topology.threads_per_core, 2);
  EXPECT_THAT(Find(replay, "one").spec.cpus, ElementsAre(1));

  trace.header.mutable_cpus(7)->set_core(7);  // one core has a single thread
  const Replay uneven = ReplayIt(trace);
  EXPECT_EQ(uneven.workload.topology.cores_per_llc, 8);
  EXPECT_THAT(uneven.notes, ElementsAre(HasSubstr("differ in size")));
}

TEST(TraceWorkloadTest, WhatIsMissingIsSaid) {
  Trace trace = SmallTrace();
  trace.damage = "the recording was cut short: it has no end";
  trace.lost_events = 12;
  EXPECT_THAT(ReplayIt(trace).notes, ElementsAre(HasSubstr("cut short"), HasSubstr("12 events")));
}

TEST(TraceWorkloadTest, NothingAndTooMuchAreRefused) {
  EXPECT_EQ(ReplayOf(TraceOf(1, 0), {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReplayOf(TraceOf(0, 100), {}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReplayOf(SmallTrace(), {.most_steps = 3}).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(TraceLivesTest, RunsWakeupsAndWaits) {
  const auto lives = LivesOf(SmallTrace(), {.steps = false}).value();
  ASSERT_THAT(lives, SizeIs(3));
  const TraceLife& one = lives[0];
  EXPECT_EQ(one.tid, 1);
  EXPECT_EQ(one.run_ns, 55);
  EXPECT_EQ(one.wakeups, 1);
  EXPECT_EQ(one.wait_ns, 15);  // from 50 to 60, from 70 to 75
  EXPECT_EQ(one.longest_wait_ns, 10);
  EXPECT_TRUE(one.ended);
  EXPECT_THAT(one.steps, IsEmpty());
}

// A loop and a task that wakes every 10 ms shared a CPU: both do so again.
TEST(TraceWorkloadTest, AReplayDoesWhatWasRecorded) {
  Trace trace = TraceOf(1, 1'000'000 * kUs);
  AddTask(trace, 1, "hog");
  AddTask(trace, 2, "ticker");
  AddEvent(trace, 0, 0, Kind::kRuns, 1);
  for (int64_t at = 10'000 * kUs; at < 1'000'000 * kUs; at += 10'000 * kUs) {
    AddEvent(trace, at, 0, Kind::kWokenByInterrupt, 2);
    AddEvent(trace, at + 50 * kUs, 0, Kind::kSwitchPreempted, 2);
    AddEvent(trace, at + 1'050 * kUs, 0, Kind::kSwitchSleeps, 1);
  }
  const SimulationReport report = Simulate(ReplayIt(trace).workload, {}).value();
  ASSERT_THAT(report.groups, SizeIs(2));
  EXPECT_NEAR(static_cast<double>(report.groups[0].run_ns), 901e6, 5e6);
  EXPECT_NEAR(static_cast<double>(report.groups[1].run_ns), 99e6, 2e6);
  EXPECT_NEAR(static_cast<double>(report.groups[1].wakeups.count), 99, 2);
}

}  // namespace
}  // namespace schedd
