// SPDX-License-Identifier: Apache-2.0
//
// Small recordings made by hand. Plain functions for tests; one thread.
#ifndef SCHEDD_TESTS_UNIT_SIMULATE_TRACE_FIXTURE_H_
#define SCHEDD_TESTS_UNIT_SIMULATE_TRACE_FIXTURE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "server/simulate/trace_file.h"

namespace schedd {

inline constexpr int64_t kTraceStart = 5'000;

// A recording of CPUs that are alike.
inline Trace TraceOf(int cpus, int64_t duration_ns) {
  Trace trace;
  trace.header.set_version(kTraceVersion);
  trace.header.set_start_ns(kTraceStart);
  trace.header.set_recorder_tgid(900);
  for (int i = 0; i < cpus; ++i) {
    sim::v1::TraceCpu* cpu = trace.header.add_cpus();
    cpu->set_cpu(i);
    cpu->set_core(i);
  }
  trace.end_ns = kTraceStart + duration_ns;
  return trace;
}

inline void AddTask(Trace& trace, int32_t tid, const std::string& comm, int32_t prio = 120) {
  sim::v1::TraceTask& task = trace.tasks[tid];
  task.set_tid(tid);
  task.set_tgid(tid);
  task.set_comm(comm);
  task.set_prio(prio);
}

// Times from the start of the recording.
inline void AddEvent(Trace& trace, int64_t ns, int cpu, TraceEvent::Kind kind, int32_t tid) {
  trace.events.push_back({kTraceStart + ns, tid, static_cast<int16_t>(cpu), kind});
}

}  // namespace schedd

#endif  // SCHEDD_TESTS_UNIT_SIMULATE_TRACE_FIXTURE_H_
