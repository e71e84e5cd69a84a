// SPDX-License-Identifier: Apache-2.0
#include "server/control/counters.h"

#include <algorithm>

#include "server/engine/shared_access.h"

namespace schedd {
namespace {

int64_t Sum(const SharedMemory& memory, schedd_counter counter) {
  uint64_t sum = 0;
  for (const schedd_cpu& cpu : memory.cpus) sum += LoadShared(cpu.counters[counter]);
  return static_cast<int64_t>(sum);
}

int64_t DegradedNanos(const schedd_header& header, int64_t now_ns) {
  const auto ended_ns = static_cast<int64_t>(LoadShared(header.degraded_ns));
  const auto since_ns = static_cast<int64_t>(LoadShared(header.degraded_since_ns));
  return ended_ns + (since_ns == 0 ? 0 : std::max<int64_t>(0, now_ns - since_ns));
}

}  // namespace

SchedulerCounters ReadCounters(const Attachment& attachment,
                               const LatencyHistogram& decision_latency, int64_t page_faults) {
  const SharedMemory& memory = attachment.kernel->memory();
  const EngineStats engine = attachment.engine->stats();
  const LatencySummary latency = SummarizeLatency(decision_latency);
  return {
      .task_count = static_cast<int64_t>(LoadShared(memory.header->used_slots)),
      .event_count = Sum(memory, SCHEDD_COUNT_EVENTS),
      .dropped_event_count = Sum(memory, SCHEDD_COUNT_EVENTS_DROPPED),
      .withheld_event_count = Sum(memory, SCHEDD_COUNT_EVENTS_WITHHELD),
      .decision_count = Sum(memory, SCHEDD_COUNT_DECISIONS_APPLIED),
      .stale_decision_count = Sum(memory, SCHEDD_COUNT_DECISIONS_STALE),
      .bounced_decision_count = Sum(memory, SCHEDD_COUNT_DECISIONS_BOUNCED),
      .delayed_batch_count = engine.decision_ring_full,
      .urgent_decision_count = engine.urgent_decisions,
      .idle_run_count = Sum(memory, SCHEDD_COUNT_RUN_DIRECT_IDLE),
      .kernel_thread_run_count = Sum(memory, SCHEDD_COUNT_RUN_DIRECT_KTHREAD),
      .daemon_run_count = Sum(memory, SCHEDD_COUNT_RUN_DAEMON),
      .decided_run_count = Sum(memory, SCHEDD_COUNT_RUN_DECIDED),
      .undecided_run_count = Sum(memory, SCHEDD_COUNT_RUN_UNDECIDED),
      .refilled_slice_count = Sum(memory, SCHEDD_COUNT_SLICE_REFILLS),
      .preemption_count = Sum(memory, SCHEDD_COUNT_KICKS_PREEMPT),
      .doorbell_count = Sum(memory, SCHEDD_COUNT_DOORBELLS),
      .unslotted_enqueue_count = Sum(memory, SCHEDD_COUNT_NO_SLOT),
      .table_full_count = Sum(memory, SCHEDD_COUNT_TABLE_FULL),
      .degraded_ns = DegradedNanos(*memory.header, attachment.kernel->NowNanos()),
      .run_time_ns = Sum(memory, SCHEDD_COUNT_RUN_NS),
      .ended_task_run_time_ns = Sum(memory, SCHEDD_COUNT_ENDED_RUN_NS),
      .unslotted_run_time_ns = Sum(memory, SCHEDD_COUNT_NO_SLOT_RUN_NS),
      .scheduling_allocation_count = engine.allocations,
      .scheduling_page_fault_count = page_faults,
      .pass_count = engine.passes,
      .degraded_run_count = Sum(memory, SCHEDD_COUNT_RUN_DEGRADED),
      .leased_wait_count = Sum(memory, SCHEDD_COUNT_WAITS_LEASED),
      .decision_latency_count = static_cast<int64_t>(decision_latency.count()),
      .decision_latency_mean_ns = latency.mean_ns,
      .decision_latency_p50_ns = latency.p50_ns,
      .decision_latency_p99_ns = latency.p99_ns,
      .decision_latency_max_ns = latency.max_ns,
      .sync_run_count = Sum(memory, SCHEDD_COUNT_RUN_DIRECT_SYNC),
  };
}

int64_t ReadLostEventCount(const SharedMemory& memory) {
  return Sum(memory, SCHEDD_COUNT_EVENTS_DROPPED) + Sum(memory, SCHEDD_COUNT_EVENTS_WITHHELD);
}

int64_t ReadWaitCount(const SharedMemory& memory) {
  return Sum(memory, SCHEDD_COUNT_EVENTS) + Sum(memory, SCHEDD_COUNT_WAITS_LEASED) +
         ReadLostEventCount(memory);
}

}  // namespace schedd
