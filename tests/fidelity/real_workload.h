// SPDX-License-Identifier: Apache-2.0
//
// Runs a simulated workload as threads of this process, on the kernel's own CPUs: the same
// programs, names, nice values, CPUs and random numbers as on the simulated machine.
//
// Nobody owns it: it never joins its threads, which end with the process. One thread uses it. Times
// in ns. Errors: INVALID_ARGUMENT for a workload that has what only a simulated machine can do.
#ifndef SCHEDD_TESTS_FIDELITY_REAL_WORKLOAD_H_
#define SCHEDD_TESTS_FIDELITY_REAL_WORKLOAD_H_

#include <pthread.h>
#include <semaphore.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/sim/workload.h"
#include "tests/fidelity/real_task.h"

namespace schedd {

// OK when threads can do what `workload` says. No machine's shape is checked.
absl::Status CheckRunsForReal(const SimWorkload& workload);

struct RealTaskReport {
  int64_t tid = 0;
  std::string group = {};
  int64_t run_ns = 0;  // CPU time, of its program only
  int64_t rounds = 0;
};

class RealWorkload {
 public:
  // REQUIRES: CheckRunsForReal(). `workload` outlives it.
  explicit RealWorkload(const SimWorkload& workload);
  // Its threads use it until the process ends.
  ~RealWorkload() = delete;

  // Starts the tasks, each at its time, and lets them run for the workload's duration. Then they
  // stop, but still exist. Returns what each one did, those that have ended included.
  std::vector<RealTaskReport> Run();

 private:
  struct Thread;

  void Start(const std::shared_ptr<const SimTaskSpec>& spec, uint64_t stream, bool waits);
  void Follow(Thread* thread);

  const SimWorkload& workload_;
  RealWorld world_;
  sem_t gate_;  // where tasks that start with the workload wait for each other
  sem_t ready_;
  std::mutex mutex_;  // of threads_: tasks start tasks
  std::vector<std::unique_ptr<Thread>> threads_;
};

}  // namespace schedd

#endif  // SCHEDD_TESTS_FIDELITY_REAL_WORKLOAD_H_
