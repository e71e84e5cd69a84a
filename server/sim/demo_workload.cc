// SPDX-License-Identifier: Apache-2.0
#include "server/sim/demo_workload.h"

namespace schedd {
namespace {

constexpr int64_t kMicrosecond = 1'000;
constexpr int64_t kMillisecond = 1'000'000;
constexpr uint32_t kUser = 1000;
constexpr uint32_t kDatabaseUser = 110;
constexpr char kSession[] = "user.slice/session-1";

// Weights as the kernel gives them: 1024-based table of nice values, scaled to 100.
void StartHogs(SimMachine& machine) {
  const struct {
    const char* comm;
    int32_t nice;
    int32_t weight;
  } hogs[] = {{"hog-a", 0, 100},
              {"hog-b", 0, 100},
              {"hog-c", 5, 33},
              {"hog-d", 10, 11},
              {"hog-e", -5, 305}};
  for (const auto& hog : hogs) {
    machine.Spawn({.comm = hog.comm,
                   .uid = kUser,
                   .nice = hog.nice,
                   .weight = hog.weight,
                   .cgroup = kSession,
                   .program = {RunFor(1000 * kMillisecond)}});
  }
}

void StartDatabase(SimMachine& machine) {
  SimTaskSpec thread = {.comm = "db-main",
                        .uid = kDatabaseUser,
                        .cgroup = "system.slice/db",
                        .program = {RunFor(500 * kMicrosecond, kMillisecond),
                                    SleepFor(3 * kMillisecond, 4 * kMillisecond)}};
  thread.tgid = machine.Spawn(thread);
  thread.comm = "db-writer";
  thread.program = {RunFor(2 * kMillisecond, kMillisecond), SleepFor(20 * kMillisecond)};
  machine.Spawn(thread);
  thread.comm = "db-query";
  thread.program = {RunFor(300 * kMicrosecond, 2 * kMillisecond),
                    SleepFor(kMillisecond, 5 * kMillisecond)};
  machine.Spawn(thread);
}

void StartPipeline(SimMachine& machine) {
  constexpr int kFull = 1;
  constexpr int kEmpty = 2;
  machine.Spawn(
      {.comm = "producer",
       .uid = kUser,
       .cgroup = kSession,
       .program = {RunFor(200 * kMicrosecond, 100 * kMicrosecond), Post(kFull), Take(kEmpty)}});
  machine.Spawn(
      {.comm = "consumer",
       .uid = kUser,
       .cgroup = kSession,
       .program = {Take(kFull), RunFor(300 * kMicrosecond, 100 * kMicrosecond), Post(kEmpty)}});
}

void StartBuild(SimMachine& machine) {
  const SimTaskSpec compiler = {.comm = "cc1",
                                .uid = kUser,
                                .cgroup = "user.slice/build",
                                .program = {RunFor(60 * kMillisecond, 200 * kMillisecond), Exit()}};
  machine.Spawn({.comm = "make",
                 .uid = kUser,
                 .cgroup = "user.slice/build",
                 .program = {RunFor(kMillisecond), Spawn(compiler),
                             SleepFor(300 * kMillisecond, 200 * kMillisecond)}});
}

}  // namespace

void StartDemoWorkload(SimMachine& machine) {
  StartHogs(machine);
  StartDatabase(machine);
  StartPipeline(machine);
  StartBuild(machine);
  machine.Spawn({.comm = "editor",
                 .uid = kUser,
                 .cgroup = kSession,
                 .program = {RunFor(300 * kMicrosecond, 500 * kMicrosecond),
                             SleepFor(12 * kMillisecond, 8 * kMillisecond)}});
  machine.Spawn({.comm = "kworker/0:1",
                 .kthread = true,
                 .cpus = {0},
                 .program = {RunFor(50 * kMicrosecond), SleepFor(8 * kMillisecond)}});
}

}  // namespace schedd
