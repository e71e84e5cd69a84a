// SPDX-License-Identifier: Apache-2.0
//
// How long tasks wait for their decision: a kernel host around a simulated machine that starts a
// task every millisecond and looks when its decision is committed.
//
// The engine knows nothing of it: the time is taken where it leaves its own code, in Commit() and
// Wait(), as two readings of the clock and one store for each decision. A sample begins on the real
// clock just before the task becomes runnable (the simulated machine is a little behind the real
// one, so the time in its event would not do), and ends just before the real Commit(). It holds,
// besides the engine's work, the host's time to wake the scheduling thread.
//
// ProbeLog is written by one process and read by another. Times in ns. Nothing here fails.
#ifndef SCHEDD_TESTS_BENCH_API_PROBED_HOST_H_
#define SCHEDD_TESTS_BENCH_API_PROBED_HOST_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/engine/kernel.h"
#include "server/sim/machine.h"
#include "server/sim/sim_host.h"

namespace schedd {

// What was seen, for another process: plain memory that both map. The machine's thread writes the
// samples, any thread may read those below `decided`.
struct ProbeLog {
  static constexpr size_t kSamples = size_t{1} << 18;  // more than a run takes; then the oldest go

  struct Sample {
    int64_t latency_ns;  // from runnable to committed
    int64_t awake_ns;    // the part of it in which the scheduling thread was awake
  };

  std::atomic<int32_t> machine_tid{0};     // the simulated machine's thread; 0: not yet
  std::atomic<int32_t> scheduling_tid{0};  // 0: not yet
  std::atomic<uint64_t> decided{0};        // samples so far
  std::atomic<uint64_t> undecided{0};      // tasks that ended before their decision came
  Sample samples[kSamples];
};

// Starts the tasks and matches them with their decisions.
class DecisionProbe {
 public:
  // `log` outlives it.
  DecisionProbe(ProbeLog* log, size_t slots) : log_(log), decisions_(slots) {}

  // Begins; goes on as long as `machine` lives, which this outlives. Under the machine's thread
  // rule.
  void Start(SimMachine& machine);

  // The scheduling thread has slept. Scheduling thread.
  void OnAwake();
  // The decisions that came into the ring since the last call are about to take effect. Scheduling
  // thread.
  void OnCommit(const schedd_decision_ring& ring);

 private:
  struct Decided {
    int64_t awake_since_ns = 0;
    std::atomic<int64_t> committed_ns{0};  // published after the other
  };
  struct Task {
    int32_t tid;
    uint32_t slot;
    int64_t begun_ns;
  };

  void Tick(SimMachine& machine);
  void Collect(const SimMachine& machine);

  ProbeLog* const log_;
  std::vector<Decided> decisions_;  // the last one of each slot
  std::vector<Task> waiting_;       // machine's thread
  int64_t awake_since_ns_ = 0;      // scheduling thread
  uint64_t seen_ = 0;               // position in the ring; scheduling thread
};

// A simulated machine whose kernels tell a DecisionProbe what the engine does. Owned by the daemon
// as any host; threads and errors are SimHost's.
class ProbedHost : public KernelHost {
 public:
  // `probe` and `log` outlive it.
  ProbedHost(const SimHostOptions& options, DecisionProbe* probe, ProbeLog* log);

  absl::StatusOr<std::unique_ptr<Kernel>> Load(const LoadOptions& options) override;
  KernelState ReadState() const override { return host_.ReadState(); }
  absl::StatusOr<std::string> CgroupPath(uint64_t cgroup_id) const override {
    return host_.CgroupPath(cgroup_id);
  }
  absl::Status PrepareSchedulingThread() override;
  absl::StatusOr<int64_t> PageFaultCount(int32_t tid) const override {
    return host_.PageFaultCount(tid);
  }

 private:
  SimHost host_;
  DecisionProbe* const probe_;
  ProbeLog* const log_;
};

}  // namespace schedd

#endif  // SCHEDD_TESTS_BENCH_API_PROBED_HOST_H_
