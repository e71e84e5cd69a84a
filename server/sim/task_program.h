// SPDX-License-Identifier: Apache-2.0
//
// What a simulated task is and does: identity, priority, and a program of steps.
//
// Plain values, built by a workload or a test and copied into the machine. Durations in ns. Nothing
// here can fail.
#ifndef SCHEDD_SIM_TASK_PROGRAM_H_
#define SCHEDD_SIM_TASK_PROGRAM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace schedd {

struct SimTaskSpec;

struct SimStep {
  enum class Kind {
    kRun,    // uses the CPU for duration_ns
    kSleep,  // sleeps for duration_ns
    kPost,   // adds 1 to a channel; wakes the task that has waited for it longest
    kTake,   // takes 1 from a channel; sleeps until there is one
    kSpawn,  // starts a new task
    kExit,   // ends
  };
  Kind kind = Kind::kRun;
  int64_t duration_ns = 0;
  int64_t jitter_ns = 0;  // up to so much is added, drawn anew each time
  int channel = 0;
  std::shared_ptr<const SimTaskSpec> child = nullptr;
};

struct SimTaskSpec {
  std::string comm = "task";
  int32_t tgid = 0;  // 0: a process of its own
  uint32_t uid = 0;
  int32_t nice = 0;
  int32_t weight = 100;
  bool kthread = false;
  std::string cgroup = {};     // path below the cgroup root
  std::vector<int> cpus = {};  // that it may use; empty: all
  // Begins anew after the last step, for ever, unless a step is kExit.
  std::vector<SimStep> program = {};
};

inline SimStep RunFor(int64_t ns, int64_t jitter_ns = 0) {
  return {.kind = SimStep::Kind::kRun, .duration_ns = ns, .jitter_ns = jitter_ns};
}
inline SimStep SleepFor(int64_t ns, int64_t jitter_ns = 0) {
  return {.kind = SimStep::Kind::kSleep, .duration_ns = ns, .jitter_ns = jitter_ns};
}
inline SimStep Post(int channel) { return {.kind = SimStep::Kind::kPost, .channel = channel}; }
inline SimStep Take(int channel) { return {.kind = SimStep::Kind::kTake, .channel = channel}; }
inline SimStep Spawn(SimTaskSpec child) {
  return {.kind = SimStep::Kind::kSpawn,
          .child = std::make_shared<const SimTaskSpec>(std::move(child))};
}
inline SimStep Exit() { return {.kind = SimStep::Kind::kExit}; }

}  // namespace schedd

#endif  // SCHEDD_SIM_TASK_PROGRAM_H_
