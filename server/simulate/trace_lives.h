// SPDX-License-Identifier: Apache-2.0
//
// What each task of a recording did: when it could run, for how long it ran, whom it woke.
//
// Functions on values; any thread. Times in ns from the start of the recording. Errors:
// RESOURCE_EXHAUSTED for more steps than asked for. A recording with gaps, or one that contradicts
// itself, gives what can be told from it.
#ifndef SCHEDD_SIMULATE_TRACE_LIVES_H_
#define SCHEDD_SIMULATE_TRACE_LIVES_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "server/simulate/trace_file.h"

namespace schedd {

struct TraceStep {
  enum class Kind : uint8_t {
    kWaitUntil,  // sleeps until `ns`
    kTake,       // sleeps until another task woke it: until a kPost with its own place
    kRun,        // uses a CPU of capacity 1024 for `ns`
    kPost,       // wakes the life at `place`
  };
  Kind kind = Kind::kRun;
  int32_t place = 0;
  int64_t ns = 0;
};

// Of one task, from its first event to its last.
struct TraceLife {
  int32_t tid = 0;
  int64_t begin_ns = 0;  // first time that it could run
  std::vector<TraceStep> steps = {};
  int64_t run_ns = 0;  // CPU time
  int64_t wakeups = 0;
  int64_t wait_ns = 0;  // able to run, not running
  int64_t longest_wait_ns = 0;
  int64_t last_run_ns = 0;  // CPU time since it woke last
  bool ended = false;       // by itself
  bool unfinished = false;  // it ran, or could have run, when the recording ended
};

struct TraceLivesOptions {
  bool steps = true;           // else they stay empty
  bool follow_wakers = false;  // kPost and kTake; else kWaitUntil in their place
  int64_t most_steps = 2'000'000;
};

// In the order of their first events.
absl::StatusOr<std::vector<TraceLife>> LivesOf(const Trace& trace,
                                               const TraceLivesOptions& options);

// Whether the task is one of the recorder's.
bool IsRecorder(const Trace& trace, int32_t tid);

}  // namespace schedd

#endif  // SCHEDD_SIMULATE_TRACE_LIVES_H_
