// SPDX-License-Identifier: Apache-2.0
//
// What the API says of the scheduler, as plain values (schedd.v1.Scheduler).
//
// Value objects, owned by whoever holds them. Counters count since attach_time. Nothing here can
// fail.
#ifndef SCHEDD_CONTROL_SCHEDULER_INFO_H_
#define SCHEDD_CONTROL_SCHEDULER_INFO_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "server/engine/latency.h"

namespace schedd {

inline constexpr char kSchedulerName[] = "schedulers/default";

enum class SchedulerState {
  kDetached,
  kAttached,
  kEjected,      // the kernel ended our attachment; until the next attach, by whomever
  kForeign,      // another scheduler, or another schedd, is attached
  kUnsupported,  // no sched_ext in this kernel
};

enum class SchedulerScope {
  kConfigured,  // in a request: as the daemon was configured
  kAll,         // every SCHED_NORMAL, BATCH, IDLE and EXT task
  kExtOnly,     // only SCHED_EXT tasks
};

// Why an attachment ended.
struct ExitInfo {
  int64_t kind = 0;  // enum scx_exit_kind
  std::string reason = {};
  std::string message = {};
  absl::Time exit_time = {};
  std::string dump_path = {};  // empty when there is none

  bool operator==(const ExitInfo&) const = default;
};

// Fields as in schedd.v1.SchedulerCounters, in its order.
struct SchedulerCounters {
  int64_t task_count = 0;
  int64_t event_count = 0;
  int64_t dropped_event_count = 0;
  int64_t withheld_event_count = 0;
  int64_t decision_count = 0;
  int64_t stale_decision_count = 0;
  int64_t bounced_decision_count = 0;
  int64_t delayed_batch_count = 0;
  int64_t urgent_decision_count = 0;
  int64_t idle_run_count = 0;
  int64_t kernel_thread_run_count = 0;
  int64_t daemon_run_count = 0;
  int64_t decided_run_count = 0;
  int64_t undecided_run_count = 0;
  int64_t refilled_slice_count = 0;
  int64_t preemption_count = 0;
  int64_t doorbell_count = 0;
  int64_t unslotted_enqueue_count = 0;
  int64_t table_full_count = 0;
  int64_t degraded_ns = 0;
  int64_t run_time_ns = 0;
  int64_t ended_task_run_time_ns = 0;
  int64_t unslotted_run_time_ns = 0;
  int64_t scheduling_allocation_count = 0;
  int64_t scheduling_page_fault_count = 0;  // since attach; -1: the host cannot tell
  int64_t pass_count = 0;
  int64_t degraded_run_count = 0;
  int64_t leased_wait_count = 0;
  int64_t scheduling_voluntary_switch_count = 0;    // since attach; -1: unknown
  int64_t scheduling_involuntary_switch_count = 0;  // since attach; -1: unknown
  int64_t daemon_voluntary_switch_count = 0;
  int64_t daemon_involuntary_switch_count = 0;
  int64_t decision_latency_count = 0;
  int64_t decision_latency_mean_ns = 0;
  int64_t decision_latency_p50_ns = 0;
  int64_t decision_latency_p99_ns = 0;
  int64_t decision_latency_max_ns = 0;
  int64_t sync_run_count = 0;

  bool operator==(const SchedulerCounters&) const = default;

  // Events that the scheduling thread never saw.
  int64_t lost_event_count() const { return dropped_event_count + withheld_event_count; }
};

struct SchedulerInfo {
  SchedulerState state = SchedulerState::kDetached;  // read from the kernel for this value
  std::string ops_name = {};                         // of the scheduler attached, ours or not
  SchedulerScope scope = SchedulerScope::kAll;  // of the attachment; when detached, as configured
  std::optional<ExitInfo> last_exit = {};
  int64_t policy_generation = 0;               // in force; 0 when ours is not attached
  std::optional<absl::Time> attach_time = {};  // set while ours is attached
  int64_t attach_count = 0;
  // Times that it was attached again (or that was tried) by itself, after ejections, since the
  // count began: reattach_budget.h.
  int32_t reattach_count = 0;
  int32_t reattach_limit = 0;                    // most of them; 0: never
  std::optional<absl::Time> reattach_time = {};  // of the next one, while one is planned
  absl::Duration scheduling_cpu_duration =
      {};                                   // CPU time of the scheduling thread since attach_time
  absl::Duration daemon_cpu_duration = {};  // the same of all threads of this process
  std::optional<SchedulerCounters> counters = {};  // set while ours is attached
  // What counters.decision_latency_* are computed from; empty when ours is not attached.
  LatencyHistogram decision_latency = {};
  std::string daemon_version = {};
  std::string kernel_release = {};
  std::string policy_kind = {};
  // Of the API, not of the scheduler: set by who knows it (rpc/access_state.h).
  std::string roles_problem = {};  // why the roles file could not be taken up again; empty: it was
  std::string audit_problem = {};  // why the audit log is not written; empty: it is
  int64_t unstored_audit_entry_count = 0;
};

struct AttachRequest {
  bool validate_only = false;  // load and verify, do not attach
  SchedulerScope scope = SchedulerScope::kConfigured;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_SCHEDULER_INFO_H_
