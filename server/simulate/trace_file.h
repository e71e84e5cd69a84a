// SPDX-License-Identifier: Apache-2.0
//
// Recordings of a host (proto/schedd/sim/v1/trace.proto) as files: written record by record, read
// whole.
//
// A TraceWriter owns its file; one thread. ReadTrace() is a function; any thread. The file may
// come from anybody: no bytes crash the reader, and what it holds in memory is bounded by the
// limits below. Times in ns of the recording's clock. Errors: NOT_FOUND, PERMISSION_DENIED and
// such for the file, INVALID_ARGUMENT when it is no recording, RESOURCE_EXHAUSTED beyond a limit.
#ifndef SCHEDD_SIMULATE_TRACE_FILE_H_
#define SCHEDD_SIMULATE_TRACE_FILE_H_

#include <cstdint>
#include <cstdio>
#include <istream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "schedd/sim/v1/trace.pb.h"

namespace schedd {

inline constexpr uint32_t kTraceVersion = 1;

// What a reader takes at most.
struct TraceLimits {
  int64_t record_bytes = 1 << 20;
  int64_t events = 8'000'000;
  int64_t tasks = 200'000;
  int64_t task_bytes = 64 << 20;  // of all records of tasks
  int cpus = 4'096;
  int64_t duration_ns = 86'400'000'000'000;
};

struct TraceEvent {
  enum class Kind : uint8_t {
    kRuns,             // known from here: the CPU runs the task; what it did before is not known
    kSwitchPreempted,  // the CPU's task could have gone on; the task comes
    kSwitchSleeps,     // the CPU's task sleeps
    kSwitchEnded,      // the CPU's task has ended
    kWokenByTask,      // by the CPU's
    kWokenByInterrupt,
    kNewTask,
  };
  int64_t time_ns = 0;
  int32_t tid = 0;  // 0: none, the CPU is idle
  int16_t cpu = 0;
  Kind kind = Kind::kRuns;
};

struct Trace {
  sim::v1::TraceHeader header;
  std::map<int32_t, sim::v1::TraceTask> tasks;  // what was said last
  std::vector<TraceEvent> events;               // by time; those of a CPU in their order
  int64_t end_ns = 0;
  int64_t lost_events = 0;
  bool gaps = false;  // events were lost in between
  sim::v1::TraceStop stop = sim::v1::TRACE_STOP_UNSPECIFIED;
  // Why the file has no end: empty when it has one.
  std::string damage;
};

class TraceWriter {
 public:
  // Makes the file or empties it; only its owner may read it.
  static absl::StatusOr<std::unique_ptr<TraceWriter>> Create(const std::string& path);
  ~TraceWriter();
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;

  absl::Status Write(const sim::v1::TraceRecord& record);
  // What was written is in the file, whatever becomes of this process.
  absl::Status Flush();
  int64_t bytes() const { return bytes_; }
  // All is written and the file is closed.
  absl::Status Close();

 private:
  TraceWriter(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}
  absl::Status Append(const std::string& bytes);

  std::string path_;
  std::FILE* file_;
  int64_t bytes_ = 0;
};

absl::StatusOr<Trace> ReadTrace(std::istream& in, const TraceLimits& limits = {});
absl::StatusOr<Trace> ReadTraceFile(const std::string& path, const TraceLimits& limits = {});

}  // namespace schedd

#endif  // SCHEDD_SIMULATE_TRACE_FILE_H_
