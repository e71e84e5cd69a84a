// SPDX-License-Identifier: Apache-2.0
//
// Records what the scheduler of this host does into a file, for a while.
//
// RecordTrace() blocks its thread until the time is over, the file is full, or SIGINT, SIGTERM or
// SIGHUP comes, which it takes for itself meanwhile: call it from the main thread of a process that
// has no others. It visits every CPU for a moment, so that each has an event at the start and at
// the end. The instance is removed in each case. Errors: those of TraceInstance and TraceWriter.
#ifndef SCHEDD_CLIENT_TRACE_RECORDER_H_
#define SCHEDD_CLIENT_TRACE_RECORDER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "schedd/sim/v1/trace.pb.h"

namespace schedd::client {

struct RecordOptions {
  std::string path;
  absl::Duration duration = absl::Seconds(10);
  int64_t most_bytes = 64 << 20;
  std::string root;     // before "/sys", "/proc"
  std::string version;  // of the recorder
};

struct RecordResult {
  sim::v1::TraceEnd end;
  absl::Duration duration = absl::ZeroDuration();
  int64_t tasks = 0;
  int64_t bytes = 0;
};

absl::StatusOr<RecordResult> RecordTrace(const RecordOptions& options);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_TRACE_RECORDER_H_
