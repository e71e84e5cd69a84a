// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/workload_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/simulate/nearest.h"

namespace schedd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr char kHog[] = "task { name: 'hog' step { run { fixed: '10ms' } } }\n";

SimWorkload Parsed(const std::string& text) {
  absl::StatusOr<SimWorkload> workload = ParseWorkload(text, "dir/some.textproto");
  EXPECT_TRUE(workload.ok()) << workload.status();
  return workload.ok() ? *std::move(workload) : SimWorkload();
}

std::string ErrorOf(const std::string& text) {
  const absl::StatusOr<SimWorkload> workload = ParseWorkload(text, "some.textproto");
  EXPECT_EQ(workload.status().code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(workload.status().message());
}

// What is wrong with a step of a task, in a file with two channels and a lock.
std::string StepError(const std::string& step) {
  return ErrorOf(absl::StrCat("channel { name: 'full' } channel { name: 'empty' } lock: 'table'\n",
                              kHog, "task { name: 't' step { run { fixed: '1ms' } }\n", step,
                              " }"));
}

std::vector<SimStep> Program(const std::string& steps) {
  const SimWorkload workload =
      Parsed(absl::StrCat("channel { name: 'a' } channel { name: 'b' holds: 3 } lock: 'l'\n",
                          "task { name: 't' ", steps, "}"));
  return workload.tasks.empty() ? std::vector<SimStep>() : workload.tasks[0].spec.program;
}

std::vector<SimStep::Kind> Kinds(const std::vector<SimStep>& program) {
  std::vector<SimStep::Kind> kinds;
  for (const SimStep& step : program) kinds.push_back(step.kind);
  return kinds;
}

TEST(WorkloadFileTest, WhatIsNotGivenIsAsDocumented) {
  const SimWorkload workload = Parsed(kHog);
  EXPECT_EQ(workload.name, "some");
  EXPECT_EQ(workload.topology.nr_cpus(), 4);
  EXPECT_EQ(workload.topology.shared_core_percent, 65);
  EXPECT_EQ(workload.duration_ns, 10'000'000'000);
  EXPECT_EQ(workload.tick_ns, 4'000'000);
  EXPECT_EQ(workload.seed, 1u);
  EXPECT_EQ(workload.engine_call_ns, 500);
  EXPECT_EQ(workload.costs.switch_ns, 1'500);
  EXPECT_EQ(workload.costs.wake_idle_ns, 5'000);
  EXPECT_EQ(workload.costs.interrupt_ns, 2'000);
  EXPECT_EQ(workload.costs.move_core_ns, 5'000);
  EXPECT_EQ(workload.costs.move_cache_ns, 30'000);
  EXPECT_EQ(workload.costs.move_node_ns, 80'000);
  ASSERT_EQ(workload.tasks.size(), 1u);
  EXPECT_EQ(workload.tasks[0].count, 1);
  EXPECT_EQ(workload.tasks[0].spec.comm, "hog");
  EXPECT_EQ(workload.tasks[0].spec.weight, 100);
  EXPECT_EQ(workload.tasks[0].spec.tgid, 0);
}

TEST(WorkloadFileTest, ReadsTheMachine) {
  const SimWorkload workload = Parsed(
      absl::StrCat("machine { nodes: 2 caches_per_node: 3 cores_per_cache: 4 threads_per_core: 2 "
                   "capacity: [1024, 512] shared_core_percent: 70 tick: '0s' "
                   "costs { move_node: '2.5us' } } engine_call: '0s' seed: 0 duration: '1m'",
                   kHog));
  EXPECT_EQ(workload.topology.nodes, 2);
  EXPECT_EQ(workload.topology.llcs_per_node, 3);
  EXPECT_EQ(workload.topology.cores_per_llc, 4);
  EXPECT_EQ(workload.topology.threads_per_core, 2);
  EXPECT_THAT(workload.topology.capacities, ElementsAre(1'024, 512));
  EXPECT_EQ(workload.topology.shared_core_percent, 70);
  EXPECT_EQ(workload.tick_ns, 0);
  EXPECT_EQ(workload.costs.move_node_ns, 2'500);
  EXPECT_EQ(workload.costs.switch_ns, 0) << "costs that are given are all costs";
  EXPECT_EQ(workload.engine_call_ns, 0);
  EXPECT_EQ(workload.seed, 0u);
  EXPECT_EQ(workload.duration_ns, 60'000'000'000);
}

TEST(WorkloadFileTest, ReadsTasks) {
  const SimWorkload workload = Parsed(
      "task { name: 'a' count: 3 start: '1s' start_spread: '10ms' nice: 5 cgroup: 'x.slice/y' "
      "  cpus: '3,0-1' kernel_thread: true uid: 7 process: 'p' step { run { fixed: '1ms' } } }\n"
      "task { name: 'b' process: 'q' weight: 4711 step { sleep { fixed: '1ms' } } }\n"
      "task { name: 'c' process: 'p' step { sleep { fixed: '1ms' } } }\n");
  ASSERT_EQ(workload.tasks.size(), 3u);
  const SimWorkloadTasks& a = workload.tasks[0];
  EXPECT_EQ(a.count, 3);
  EXPECT_EQ(a.start_ns, 1'000'000'000);
  EXPECT_EQ(a.start_spread_ns, 10'000'000);
  EXPECT_EQ(a.spec.nice, 5);
  EXPECT_EQ(a.spec.weight, 33);
  EXPECT_EQ(a.spec.cgroup, "x.slice/y");
  EXPECT_THAT(a.spec.cpus, ElementsAre(0, 1, 3));
  EXPECT_TRUE(a.spec.kthread);
  EXPECT_EQ(a.spec.uid, 7u);
  EXPECT_NE(a.spec.tgid, 0);
  EXPECT_EQ(workload.tasks[1].spec.weight, 4'711);
  EXPECT_NE(workload.tasks[1].spec.tgid, a.spec.tgid);
  EXPECT_EQ(workload.tasks[2].spec.tgid, a.spec.tgid) << "threads of one process";
}

TEST(WorkloadFileTest, ReadsSpans) {
  const std::vector<SimStep> program = Program(
      "step { run { fixed: '2.5ms' } }"
      "step { sleep { uniform { least: '1us' most: '3us' } } }"
      "step { run { uniform { most: '3us' } } }"
      "step { sleep { exponential { mean: '1ms' most: '9ms' } rare { one_in: 50 takes: '1s' } } }");
  ASSERT_EQ(program.size(), 4u);
  EXPECT_EQ(program[0].kind, SimStep::Kind::kRun);
  EXPECT_EQ(program[0].span.kind, SimSpan::Kind::kFixed);
  EXPECT_EQ(program[0].span.least_ns, 2'500'000);
  EXPECT_EQ(program[1].kind, SimStep::Kind::kSleep);
  EXPECT_EQ(program[1].span.kind, SimSpan::Kind::kUniform);
  EXPECT_EQ(program[1].span.least_ns, 1'000);
  EXPECT_EQ(program[1].span.most_ns, 3'000);
  EXPECT_EQ(program[2].span.least_ns, 0);
  EXPECT_EQ(program[3].span.kind, SimSpan::Kind::kExponential);
  EXPECT_EQ(program[3].span.least_ns, 1'000'000);
  EXPECT_EQ(program[3].span.most_ns, 9'000'000);
  EXPECT_EQ(program[3].span.rare_one_in, 50);
  EXPECT_EQ(program[3].span.rare_ns, 1'000'000'000);
}

TEST(WorkloadFileTest, ChannelsAndLocksHaveNames) {
  const SimWorkload workload = Parsed(
      "task { name: 't' step { run { fixed: '1ms' } } step { post { channel: 'b' count: 5 } }"
      "  step { take { channel: 'a' count: 2 } } step { lock: 'a' } step { unlock: 'a' } }"
      "channel { name: 'a' } channel { name: 'b' holds: 3 } lock: 'a'");
  ASSERT_EQ(workload.tasks.size(), 1u);
  const std::vector<SimStep>& program = workload.tasks[0].spec.program;
  using Kind = SimStep::Kind;
  ASSERT_THAT(Kinds(program), ElementsAre(Kind::kRun, Kind::kPost, Kind::kTake, Kind::kTake,
                                          Kind::kTake, Kind::kPost));
  EXPECT_EQ(program[1].count, 5) << "all at once";
  EXPECT_EQ(workload.channels.at(program[1].channel), 3);
  EXPECT_EQ(workload.channels.at(program[2].channel), 0);
  EXPECT_EQ(workload.channels.at(program[4].channel), 1) << "a lock is free at the start";
  EXPECT_EQ(program[4].channel, program[5].channel);
  EXPECT_NE(program[4].channel, program[2].channel) << "a lock and a channel of the same name";
}

TEST(WorkloadFileTest, RepetitionsAreWrittenOut) {
  using Kind = SimStep::Kind;
  EXPECT_THAT(Kinds(Program("step { repeat { times: 2 step { run { fixed: '1ms' } }"
                            "  step { repeat { times: 3 step { post { channel: 'a' } } } } } }"
                            "step { exit {} }")),
              ElementsAre(Kind::kRun, Kind::kPost, Kind::kPost, Kind::kPost, Kind::kRun,
                          Kind::kPost, Kind::kPost, Kind::kPost, Kind::kExit));
  EXPECT_EQ(Program("step { repeat { times: 100000 step { run { fixed: '1us' } } } }").size(),
            100'000u);
}

TEST(WorkloadFileTest, TasksSpawnTasks) {
  const SimWorkload workload = Parsed(
      "task { name: 'make' step { run { fixed: '1ms' } } step { spawn { name: 'cc' count: 2 } }"
      "  step { spawn { task { name: 'ld' step { run { fixed: '2ms' } } step { exit {} } } } } }"
      "task { name: 'cc' count: 0 nice: 5 step { run { fixed: '3ms' } } step { exit {} } }");
  ASSERT_EQ(workload.tasks.size(), 1u) << "a count of 0 starts none";
  const std::vector<SimStep>& program = workload.tasks[0].spec.program;
  ASSERT_EQ(program.size(), 4u);
  ASSERT_NE(program[1].child, nullptr);
  EXPECT_EQ(program[1].child->comm, "cc");
  EXPECT_EQ(program[1].child->weight, 33);
  EXPECT_EQ(program[1].child, program[2].child);
  EXPECT_EQ(program[3].child->comm, "ld");
  EXPECT_EQ(program[3].child->program.size(), 2u);
}

TEST(WorkloadFileTest, ReadsGroupsChangesAndAdversity) {
  const SimWorkload workload = Parsed(
      absl::StrCat(kHog,
                   "cgroup { path: 'a/b' weight: 400 }\n"
                   "adversity { doorbell_delay: '1ms' lose_every_doorbell: 7 event_ring_size: 2 }\n"
                   "change { at: '1s' every: '2s' set_nice { task: 'hog' nice: -3 } }\n"
                   "change { set_cpus { task: 'hog' cpus: '1' } } change { kill: 'hog' }\n"
                   "change { offline: '2-3' } change { online: '2' } change { stall: '3ms' }\n"
                   "change { adversity { commit_limit: 0 } }\n"));
  EXPECT_EQ(workload.cgroup_weights.at("a/b"), 400);
  EXPECT_EQ(workload.adversity.doorbell_delay_ns, 1'000'000);
  EXPECT_EQ(workload.adversity.lose_every_doorbell, 7);
  EXPECT_EQ(workload.adversity.event_ring_size, 2u);
  EXPECT_EQ(workload.adversity.commit_limit, size_t{SCHEDD_DECISION_RING_SIZE});
  using Kind = SimChange::Kind;
  ASSERT_EQ(workload.changes.size(), 7u);
  EXPECT_EQ(workload.changes[0].kind, Kind::kSetNice);
  EXPECT_EQ(workload.changes[0].at_ns, 1'000'000'000);
  EXPECT_EQ(workload.changes[0].every_ns, 2'000'000'000);
  EXPECT_EQ(workload.changes[0].tasks, "hog");
  EXPECT_EQ(workload.changes[0].nice, -3);
  EXPECT_EQ(workload.changes[1].kind, Kind::kSetAffinity);
  EXPECT_THAT(workload.changes[1].cpus, ElementsAre(1));
  EXPECT_EQ(workload.changes[2].kind, Kind::kKill);
  EXPECT_EQ(workload.changes[3].kind, Kind::kOffline);
  EXPECT_THAT(workload.changes[3].cpus, ElementsAre(2, 3));
  EXPECT_EQ(workload.changes[4].kind, Kind::kOnline);
  EXPECT_EQ(workload.changes[5].kind, Kind::kStall);
  EXPECT_EQ(workload.changes[5].duration_ns, 3'000'000);
  EXPECT_EQ(workload.changes[6].kind, Kind::kAdversity);
  EXPECT_EQ(workload.changes[6].adversity.commit_limit, 0u);
}

TEST(WorkloadFileTest, MistakesAreNamedWithTheirPlace) {
  EXPECT_THAT(ErrorOf("task {\n  name: 'hog'\n  nice: 20\n  step { run { fixed: '1ms' } }\n}"),
              StartsWith("some.textproto:3:3: nice: 20: allowed is a whole number from -20 to 19"));
  EXPECT_THAT(ErrorOf("taks {}"), HasSubstr("some.textproto:1:"));
  EXPECT_THAT(ErrorOf("taks {}"), HasSubstr("workloads/README.md"));
  EXPECT_THAT(ErrorOf("machine {\n capacity: [1024,\n 0] }"), HasSubstr(":2:2: capacity: 0:"));
}

TEST(WorkloadFileTest, AllMistakesAreNamedAtOnceButNoEndlessList) {
  const std::string two =
      ErrorOf("task { name: 'a' weight: 0 step { run { fixed: '1ms' } } }\nduration: '-1s'");
  EXPECT_THAT(two, HasSubstr(":1:18: weight: 0: allowed is a whole number from 1 to 10000"));
  EXPECT_THAT(two, HasSubstr(":2:1: duration: '-1s': allowed is a duration from 1ns to 24h"));
  std::string many;
  for (int i = 0; i < 100; ++i) absl::StrAppend(&many, "change {}\n");
  EXPECT_THAT(ErrorOf(many + kHog), HasSubstr("and 80 more"));
}

TEST(WorkloadFileTest, RefusesWhatAMachineCannotBe) {
  const auto error = [](const std::string& machine) {
    return ErrorOf(absl::StrCat("machine { ", machine, " }", kHog));
  };
  EXPECT_THAT(error("cores_per_cache: 0"), HasSubstr("from 1 to 4096"));
  EXPECT_THAT(error("nodes: 2 cores_per_cache: 4096"), HasSubstr("it has 8192 CPUs"));
  EXPECT_THAT(error("nodes: 4096 caches_per_node: 4096 cores_per_cache: 4096 "
                    "threads_per_core: 4096"),
              HasSubstr("it has 281474976710656 CPUs"));
  EXPECT_THAT(error("capacity: 1025"), HasSubstr("from 1 to 1024"));
  EXPECT_THAT(error("shared_core_percent: 101"), HasSubstr("from 1 to 100"));
  EXPECT_THAT(error("tick: '2s'"), HasSubstr("1s at most"));
  EXPECT_THAT(error("costs { task_switch: '2s' }"), HasSubstr("task_switch: a cost is 1s at most"));
  EXPECT_EQ(Parsed(absl::StrCat("machine { cores_per_cache: 4096 }", kHog)).topology.nr_cpus(),
            4'096);
}

TEST(WorkloadFileTest, RefusesWhatATaskCannotBe) {
  const auto error = [](const std::string& field) {
    return ErrorOf(
        absl::StrCat("task { name: 't' step { run { fixed: '1ms' } } ", field, " }", kHog));
  };
  EXPECT_THAT(error("count: -1"), HasSubstr("from 0 to 2000000"));
  EXPECT_THAT(error("count: 2000000"), HasSubstr("more than 2000000 tasks"));
  EXPECT_THAT(error("nice: -21"), HasSubstr("from -20 to 19"));
  EXPECT_THAT(error("weight: 10001"), HasSubstr("from 1 to 10000"));
  EXPECT_THAT(error("start: '25h'"), HasSubstr("from 0 to 24h"));
  EXPECT_THAT(error("start: '5'"), HasSubstr("written with its unit"));
  EXPECT_THAT(error("cpus: '2-4'"), HasSubstr("the machine has CPUs 0 to 3"));
  EXPECT_THAT(error("cpus: '3-2'"), HasSubstr("a list of CPUs such as 0-3,7"));
  EXPECT_THAT(error("cpus: '1,,2'"), HasSubstr("a list of CPUs"));
  EXPECT_THAT(error("cgroup: '/a'"), HasSubstr("without a slash at either end"));
  EXPECT_THAT(error("cgroup: 'a/../b'"), HasSubstr("a path below the root"));
  EXPECT_THAT(ErrorOf(absl::StrCat(kHog, kHog)), HasSubstr("another task has this name"));
  EXPECT_THAT(ErrorOf("task { name: '0123456789abcdef' step { run { fixed: '1ms' } } }"),
              HasSubstr("1 to 15 printable characters"));
  EXPECT_THAT(ErrorOf("task { name: 'a\\nb' step { run { fixed: '1ms' } } }"),
              HasSubstr("'a?b': allowed are"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("no task starts"));
}

TEST(WorkloadFileTest, RefusesAProgramThatTakesNoTime) {
  EXPECT_THAT(ErrorOf("task { name: 't' }"), HasSubstr("the program of 't' takes no time"));
  EXPECT_THAT(ErrorOf("channel { name: 'a' } task { name: 't' step { post { channel: 'a' } } }"),
              HasSubstr("takes no time"));
  EXPECT_THAT(ErrorOf("task { name: 't' step { run { fixed: '999ns' } } }"),
              HasSubstr("takes no time"));
  EXPECT_THAT(ErrorOf("task { name: 't' step { run { fixed: '1ms' } } step { spawn { task { "
                      "name: 'u' step { exit {} } } } } }"),
              HasSubstr("the program of 'u' takes no time"));
}

TEST(WorkloadFileTest, RefusesStepsThatMakeNoSense) {
  EXPECT_THAT(StepError("step {}"), HasSubstr("give it one of run, sleep"));
  EXPECT_THAT(StepError("step { run {} }"), HasSubstr("run: say how long"));
  EXPECT_THAT(StepError("step { run { fixed: '-1ms' } }"), HasSubstr("a duration from 1ns"));
  EXPECT_THAT(StepError("step { run { fixed: '' } }"), HasSubstr("say how long"));
  EXPECT_THAT(StepError("step { run { uniform { least: '2ms' most: '2ms' } } }"),
              HasSubstr("more than 'least'"));
  EXPECT_THAT(StepError("step { run { exponential {} } }"), HasSubstr("needs its mean"));
  EXPECT_THAT(StepError("step { run { exponential { mean: '2ms' most: '1ms' } } }"),
              HasSubstr("give the mean at least"));
  EXPECT_THAT(StepError("step { run { fixed: '1ms' rare { one_in: 1 takes: '1s' } } }"),
              HasSubstr("from 2 to"));
  EXPECT_THAT(StepError("step { run { fixed: '1ms' rare { one_in: 2 } } }"),
              HasSubstr("say how long the rare ones are"));
  EXPECT_THAT(StepError("step { exit {} } step { run { fixed: '1ms' } }"),
              HasSubstr("steps after an exit are never done"));
  EXPECT_THAT(StepError("step { repeat { times: 2 step { exit {} } } }"),
              HasSubstr("only allowed as the last step"));
  EXPECT_THAT(StepError("step { repeat { times: 0 step { run { fixed: '1ms' } } } }"),
              HasSubstr("times: 0: allowed is a whole number from 1"));
  EXPECT_THAT(StepError("step { repeat { times: 2 } }"), HasSubstr("nothing to repeat"));
}

TEST(WorkloadFileTest, RefusesUnknownNamesAndHelps) {
  EXPECT_THAT(StepError("step { post { channel: 'ful' } }"),
              HasSubstr("there is no channel 'ful'; did you mean 'full'?"));
  EXPECT_THAT(StepError("step { take { channel: 'xyz' } }"), HasSubstr("; there are: empty, full"));
  EXPECT_THAT(StepError("step { lock: 'tabel' } step { unlock: 'tabel' }"),
              HasSubstr("did you mean 'table'?"));
  EXPECT_THAT(StepError("step { spawn { name: 'hgo' } }"), HasSubstr("there is no task 'hgo'"));
  EXPECT_THAT(ErrorOf(absl::StrCat(kHog, "change { kill: 'hogs' }")),
              HasSubstr("did you mean 'hog'?"));
  EXPECT_THAT(ErrorOf(absl::StrCat(kHog, "change { set_nice { nice: 1 } }")),
              HasSubstr("there is no task ''"));
}

TEST(WorkloadFileTest, RefusesLocksThatAreNotLetGo) {
  EXPECT_THAT(StepError("step { lock: 'table' }"), HasSubstr("ends while it holds the lock"));
  EXPECT_THAT(StepError("step { unlock: 'table' }"), HasSubstr("does not hold 'table' here"));
  EXPECT_THAT(StepError("step { lock: 'table' } step { lock: 'table' } step { unlock: 'table' }"),
              HasSubstr("would wait for itself"));
  EXPECT_THAT(StepError("step { repeat { times: 2 step { lock: 'table' } } }"),
              HasSubstr("locks that it takes it must let go of"));
}

TEST(WorkloadFileTest, RefusesSpawnsWithoutEnd) {
  EXPECT_THAT(StepError("step { spawn { name: 't' } }"), HasSubstr("'t' would spawn itself"));
  EXPECT_THAT(
      ErrorOf("task { name: 'a' step { run { fixed: '1ms' } } step { spawn { name: 'b' }}}"
              "task { name: 'b' step { run { fixed: '1ms' } } step { spawn { name: 'a' }}}"),
      HasSubstr("'a' would spawn itself"));
  EXPECT_THAT(StepError("step { spawn { task { name: 'u' count: 2 step { run { fixed: '1ms' } "
                        "} } } }"),
              HasSubstr("spawn has a count of its own"));
  std::string chain;
  for (int i = 0; i < 1'000; ++i) {
    absl::StrAppend(&chain, "task { name: 't", i, "' step { run { fixed: '1ms' } }",
                    "step { spawn {", " name: 't", i + 1, "' } } }\n");
  }
  EXPECT_THAT(ErrorOf(chain), HasSubstr("more than 50 deep"));
}

TEST(WorkloadFileTest, RefusesMoreStepsThanFit) {
  EXPECT_THAT(StepError("step { repeat { times: 100000 step { run { fixed: '1us' } } } }"),
              HasSubstr("more than 100000 steps in all"));
  std::string nested = "step { run { fixed: '1us' } }";
  for (int i = 0; i < 20; ++i)
    nested = absl::StrCat("step { repeat { times: 100000 ", nested, "} }");
  EXPECT_THAT(StepError(nested), HasSubstr("more than 100000 steps in all"));
  EXPECT_THAT(StepError("step { take { channel: 'full' count: 2000000000 } }"),
              HasSubstr("count: 2000000000: allowed"));
}

TEST(WorkloadFileTest, RefusesChangesThatMakeNoSense) {
  const auto error = [](const std::string& change) {
    return ErrorOf(absl::StrCat(kHog, "change { ", change, " }"));
  };
  EXPECT_THAT(error(""), HasSubstr("give it one of set_nice"));
  EXPECT_THAT(error("kill: 'hog' every: '1ns'"), HasSubstr("from 1us"));
  EXPECT_THAT(error("set_nice { task: 'hog' nice: 20 }"), HasSubstr("from -20 to 19"));
  EXPECT_THAT(error("offline: '0-1'"), HasSubstr("CPU 0 never leaves"));
  EXPECT_THAT(error("offline: ''"), HasSubstr("name CPUs"));
  EXPECT_THAT(error("stall: ''"), HasSubstr("say how long"));
  EXPECT_THAT(error("adversity { event_ring_size: 0 }"), HasSubstr("from 1 to 1024"));
  EXPECT_THAT(ErrorOf(absl::StrCat(kHog, "cgroup { path: 'a' }")), HasSubstr("from 1 to 10000"));
  EXPECT_THAT(ErrorOf(absl::StrCat(kHog,
                                   "cgroup { path: 'a' weight: 1 }"
                                   "cgroup { path: 'a' weight: 2 }")),
              HasSubstr("'a' is there twice"));
}

TEST(WorkloadFileTest, DeepNestingIsRefused) {
  std::string text = "step { run { fixed: '1us' } }";
  for (int i = 0; i < 10'000; ++i) text = absl::StrCat("step { repeat { times: 1 ", text, "} }");
  EXPECT_THAT(ErrorOf(absl::StrCat("task { name: 't' ", text, "}")),
              HasSubstr("some.textproto:1:"));
}

TEST(WorkloadFileTest, FilesThatAreNotThereAreNamed) {
  const auto missing = ReadWorkloadFile("/nonexistent/x.textproto");
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("/nonexistent/x.textproto"));
  EXPECT_EQ(ReadWorkloadFile("/").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ParseWorkload(std::string((16 << 20) + 1, '#'), "x").status().code(),
            absl::StatusCode::kInvalidArgument);
}

std::vector<std::string> Library() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator("workloads")) {
    if (entry.path().extension() == ".textproto") paths.push_back(entry.path().string());
  }
  return paths;
}

std::string TextOf(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(WorkloadLibraryTest, EachFileIsRightAndExplained) {
  const std::string readme = TextOf("workloads/README.md");
  EXPECT_GE(Library().size(), 9u);
  for (const std::string& path : Library()) {
    const auto workload = ReadWorkloadFile(path);
    ASSERT_TRUE(workload.ok()) << workload.status();
    EXPECT_THAT(workload->description, HasSubstr("Look at")) << path;
    EXPECT_THAT(workload->tasks, Not(IsEmpty())) << path;
    EXPECT_THAT(readme, HasSubstr(absl::StrCat("| `", workload->name, ".textproto` |")));
  }
}

TEST(WorkloadLibraryTest, TheExampleOfTheReadmeIsRight) {
  const std::string readme = TextOf("workloads/README.md");
  const size_t begin = readme.find("```\n") + 4;
  Parsed(readme.substr(begin, readme.find("```", begin) - begin));
}

// Whatever a file holds, there is an answer.
TEST(WorkloadLibraryTest, DamagedFilesAreReadOrRefused) {
  std::mt19937 random(7);
  const std::string alphabet = "{}[]:'\"\n #-,0123456789abcmnstu\\\xff";
  for (const std::string& path : Library()) {
    const std::string whole = TextOf(path);
    for (int i = 0; i < 200; ++i) {
      std::string text = whole;
      for (size_t changes = 1 + random() % 3; changes > 0; --changes) {
        text[random() % text.size()] = alphabet[random() % alphabet.size()];
      }
      if (i % 4 == 0) text.resize(random() % text.size());
      const auto workload = ParseWorkload(text, path);
      EXPECT_TRUE(workload.ok() || !workload.status().message().empty());
    }
  }
}

TEST(DidYouMeanTest, NamesTheNearest) {
  EXPECT_EQ(DidYouMean("x", {}), "; there are none");
  EXPECT_EQ(DidYouMean("x", {"hogs", "hog", "dog"}), "; there are: hogs, hog, dog");
  EXPECT_EQ(DidYouMean("tabel", {"cable", "table"}), "; did you mean 'table'?");
  EXPECT_EQ(DidYouMean("hogg", {"hogs", "hog", "dog"}), "; did you mean 'hogs'?");
  EXPECT_EQ(DidYouMean(std::string(1'000, 'x'), std::vector<std::string>(20, "hog")), "");
}

}  // namespace
}  // namespace schedd
