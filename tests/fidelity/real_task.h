// SPDX-License-Identifier: Apache-2.0
//
// What a thread of a real machine needs to follow the program of a simulated task: CPU time used up
// to the nanosecond, sleeps, and channels.
//
// Owned by whoever runs the threads, who outlives them. A RealTask belongs to its thread; channels
// and the stop are shared by all of them. Times in ns. Errors: a system call that should not fail
// ends the process.
#ifndef SCHEDD_TESTS_FIDELITY_REAL_TASK_H_
#define SCHEDD_TESTS_FIDELITY_REAL_TASK_H_

#include <semaphore.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "server/sim/random.h"
#include "server/sim/task_program.h"

namespace schedd {

int64_t MonotonicNanos();
// CPU time of the calling thread.
int64_t ThreadCpuNanos();
void SleepUntilNanos(int64_t due_ns);  // of MonotonicNanos()

// Tokens that tasks add and take (SimStep::kPost, kTake): a futex, as in the C library's
// semaphores.
class RealChannel {
 public:
  explicit RealChannel(unsigned count);
  ~RealChannel();
  RealChannel(const RealChannel&) = delete;
  RealChannel& operator=(const RealChannel&) = delete;

  void Post();
  void Take();

 private:
  sem_t semaphore_;
};

// What the threads of a workload share. Channels are made before the threads.
struct RealWorld {
  int64_t start_ns = 0;
  std::atomic<bool> stopped{false};
  std::map<int, std::unique_ptr<RealChannel>> channels;
  // Starts a task that does what the spec says, with these random numbers.
  std::function<void(const std::shared_ptr<const SimTaskSpec>& spec, uint64_t stream)> spawn;
};

// The program of one task.
class RealTask {
 public:
  // `world` outlives it. `stream`: where its random numbers begin, as in SimMachine::Spawn().
  RealTask(const SimTaskSpec& spec, uint64_t stream, RealWorld* world);

  // On its thread: does the program over and over. Returns when a step is kExit or the world has
  // stopped; a task that waits for a channel then still waits.
  void Run();

  int64_t rounds() const { return rounds_.load(std::memory_order_relaxed); }

  // Uses the CPU until the thread has used `ns` more than before. What it went beyond that, and
  // what else it used meanwhile, counts for the next time: so it uses in all what its runs say.
  void Use(int64_t ns);

 private:
  // False: the program is over.
  bool Do(const SimStep& step);
  bool RunRound();

  const SimTaskSpec& spec_;
  RealWorld* const world_;
  SimRandom random_;
  int64_t due_cpu_ns_ = -1;  // CPU time that its runs so far have asked for; -1: none yet
  std::atomic<int64_t> rounds_{0};
};

}  // namespace schedd

#endif  // SCHEDD_TESTS_FIDELITY_REAL_TASK_H_
