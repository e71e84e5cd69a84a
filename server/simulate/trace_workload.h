// SPDX-License-Identifier: Apache-2.0
//
// A recording as a workload for the simulated machine: docs/trace.md says what that can tell.
//
// Each task of the recording becomes one that wakes when it was woken and runs as long as it ran.
// A function of its arguments; any thread. Errors: INVALID_ARGUMENT for a recording of nothing,
// RESOURCE_EXHAUSTED for one that is too long.
#ifndef SCHEDD_SIMULATE_TRACE_WORKLOAD_H_
#define SCHEDD_SIMULATE_TRACE_WORKLOAD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/sim/workload.h"
#include "server/simulate/trace_file.h"

namespace schedd {

struct ReplayOptions {
  // A task that another one woke waits for that one, not for the time at which it was: a slow waker
  // makes it late. Off: the same arrivals under all policies, and none depends on the ones before.
  bool follow_wakers = false;
  // A task that the recording's end found running, and that had run so long since it woke last,
  // would have gone on: it runs to the end of the simulation. 0: none does.
  int64_t endless_after_ns = 100'000'000;
  // The recorder's own tasks, too.
  bool with_recorder = false;
  int64_t most_steps = 2'000'000;
};

struct Replay {
  SimWorkload workload;
  // What the replay has not of the recording: sentences for people.
  std::vector<std::string> notes;
};

absl::StatusOr<Replay> ReplayOf(const Trace& trace, const ReplayOptions& options);

}  // namespace schedd

#endif  // SCHEDD_SIMULATE_TRACE_WORKLOAD_H_
