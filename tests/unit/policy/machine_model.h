// SPDX-License-Identifier: Apache-2.0
//
// An ideal machine for tests of policies: N CPUs that obey at once, tasks that run, sleep, exit and
// fork.
//
// Owned by one test, one thread. Time is virtual, in nanoseconds from 0; the same calls give the
// same run. Slices end at a timer tick, as in a kernel. Every wait goes through the policy unless
// an idle CPU is there for a waking task.
#ifndef SCHEDD_TESTS_UNIT_POLICY_MACHINE_MODEL_H_
#define SCHEDD_TESTS_UNIT_POLICY_MACHINE_MODEL_H_

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "server/policy/policy.h"

namespace schedd::testing {

inline constexpr int64_t kMs = 1'000'000;
inline constexpr int64_t kSecond = 1'000 * kMs;
inline constexpr int64_t kForever = INT64_MAX / 4;

// A task's program: run burst_ns, sleep sleep_ns, again; or exit after the first burst.
struct Program {
  int64_t weight = kDefaultWeight;
  int64_t burst_ns = kForever;
  int64_t sleep_ns = 0;
  uint64_t allowed = ~uint64_t{0};
  int64_t slice_override_ns = 0;
  bool exits = false;
  // Children of the same program, made when it first gets a CPU. Stops when the machine has no free
  // task.
  int forks = 0;
};

struct ModelOptions {
  uint32_t cpus = 1;
  int64_t tick_ns = 4 * kMs;
  // This CPU always looks occupied by something protected (the daemon itself runs there when it
  // looks). -1: none.
  int32_t masked_cpu = -1;
  uint32_t capacity = 256;
  size_t batch = 64;  // decisions a call
};

class MachineModel : private WaitQuery {
 public:
  MachineModel(Policy* policy, const ModelOptions& options);

  // Makes a runnable task now; returns its TaskId, lowest free one first.
  TaskId Spawn(const Program& program);
  void SetWeight(TaskId id, int64_t weight) { tasks_[id].program.weight = weight; }
  void SetAllowed(TaskId id, uint64_t allowed) { tasks_[id].program.allowed = allowed; }
  void Kill(TaskId id) { Exit(id); }
  void RunFor(int64_t duration_ns);

  int64_t now_ns() const { return now_ns_; }
  // CPU time of the task's present owner, and its longest wait (one that is under way included).
  int64_t ran_ns(TaskId id) const;
  int64_t longest_wait_ns(TaskId id) const;
  int64_t mean_wake_latency_ns(TaskId id) const;
  void ForgetWaits();
  int64_t preemptions() const { return preemptions_; }
  int64_t urgent_decisions() const { return urgent_; }
  int64_t spawned() const { return spawned_; }

 private:
  enum class State { kFree, kSleeping, kUndecided, kQueued, kRunning };
  struct Task {
    State state = State::kFree;
    Program program;
    std::array<uint64_t, 1> mask = {};
    uint32_t sequence = 0;
    int32_t cpu = 0;
    int64_t burst_left_ns = 0;
    int64_t wake_at_ns = 0;
    int64_t ran_ns = 0;
    int64_t unreported_ns = 0;
    int64_t unreported_solo_ns = 0;
    bool solo = false;          // nobody waited when the present run was granted
    bool out_of_turn = false;   // an urgent decision granted the last run
    uint64_t told_allowed = 0;  // the mask in its last event
    int64_t since_wake_ns = 0;
    int64_t wait_start_ns = 0;
    int64_t longest_wait_ns = 0;
    bool slept = true;   // since its last event
    bool woken = false;  // waits because it woke
    int64_t wakes = 0;
    int64_t wake_wait_ns = 0;
    bool forked = false;
    Decision decision;
  };
  struct Cpu {
    bool busy = false;
    TaskId task = 0;
    int64_t since_ns = 0;
    int64_t slice_end_ns = 0;
  };

  bool IsWaiting(TaskId task, uint32_t sequence) const override;
  bool IsUrgent(TaskId task, uint32_t sequence) const override;
  int64_t NextEventNanos() const;
  void AdvanceTo(int64_t time_ns);
  void EndBursts();
  void EndSlices();
  void WakeSleepers();
  void Enqueue(TaskId id, bool woke);
  void StartRun(uint32_t cpu, TaskId id, int64_t slice_ns);
  void StopRun(uint32_t cpu, bool still_runnable);
  void Exit(TaskId id);
  void AskPolicy();
  void Obey(const Decision& decision);
  void FillIdleCpus();
  int64_t Best(uint32_t cpu) const;  // TaskId of the queued task to run there next, -1 for none
  bool Allowed(TaskId id, uint32_t cpu) const { return tasks_[id].program.allowed >> cpu & 1; }

  Policy* policy_;
  ModelOptions options_;
  std::vector<Task> tasks_;
  std::vector<Cpu> cpus_;
  std::vector<CpuView> views_;
  std::vector<Decision> decisions_;
  int64_t now_ns_ = 0;
  int64_t preemptions_ = 0;
  int64_t urgent_ = 0;
  int64_t spawned_ = 0;
};

}  // namespace schedd::testing

#endif  // SCHEDD_TESTS_UNIT_POLICY_MACHINE_MODEL_H_
