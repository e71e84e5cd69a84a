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

// How long something takes, drawn anew each time.
struct SimSpan {
  enum class Kind { kFixed, kUniform, kExponential };
  Kind kind = Kind::kFixed;
  int64_t least_ns = 0;  // fixed: always; exponential: the mean
  int64_t most_ns = 0;   // uniform: below this; exponential: at most this (0: 20 times the mean)
  // One in so many is `rare_ns` instead (0: none): the tail that servers have.
  int64_t rare_one_in = 0;
  int64_t rare_ns = 0;
};

struct SimStep {
  enum class Kind {
    kRun,         // uses the CPU for `span`, as a CPU of full capacity would need
    kSleep,       // sleeps for `span`
    kSleepUntil,  // until span.least_ns after the start of the machine; not when that is past
    kPost,        // adds `count` to a channel; wakes the tasks that have waited for it longest
    kTake,        // takes 1 from a channel; sleeps until there is one
    kSpawn,       // starts a new task
    kExit,        // ends
  };
  Kind kind = Kind::kRun;
  SimSpan span = {};
  int channel = 0;
  int64_t count = 1;
  // Of kPost: the kernel hears that the waker is about to sleep, as by a write to a pipe or a
  // socket that somebody reads. A futex says nothing of the kind.
  bool sync = true;
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

// `jitter_ns`: up to so much is added.
inline SimSpan Around(int64_t ns, int64_t jitter_ns = 0) {
  if (jitter_ns <= 0) return {.least_ns = ns};
  return {.kind = SimSpan::Kind::kUniform, .least_ns = ns, .most_ns = ns + jitter_ns};
}
inline SimStep RunFor(int64_t ns, int64_t jitter_ns = 0) {
  return {.kind = SimStep::Kind::kRun, .span = Around(ns, jitter_ns)};
}
inline SimStep SleepFor(int64_t ns, int64_t jitter_ns = 0) {
  return {.kind = SimStep::Kind::kSleep, .span = Around(ns, jitter_ns)};
}
inline SimStep SleepUntil(int64_t ns) {
  return {.kind = SimStep::Kind::kSleepUntil, .span = Around(ns)};
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
