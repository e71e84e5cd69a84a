// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/convert.h"

namespace schedd::rpc {
namespace {

v1::Scheduler::State ToProto(SchedulerState state) {
  switch (state) {
    case SchedulerState::kDetached:
      return v1::Scheduler::STATE_DETACHED;
    case SchedulerState::kAttached:
      return v1::Scheduler::STATE_ATTACHED;
    case SchedulerState::kEjected:
      return v1::Scheduler::STATE_EJECTED;
    case SchedulerState::kForeign:
      return v1::Scheduler::STATE_FOREIGN;
    case SchedulerState::kUnsupported:
      return v1::Scheduler::STATE_UNSUPPORTED;
  }
  return v1::Scheduler::STATE_UNSPECIFIED;
}

v1::Scheduler::Scope ToProto(SchedulerScope scope) {
  switch (scope) {
    case SchedulerScope::kAll:
      return v1::Scheduler::SCOPE_ALL;
    case SchedulerScope::kExtOnly:
      return v1::Scheduler::SCOPE_EXT_ONLY;
    case SchedulerScope::kConfigured:
      break;
  }
  return v1::Scheduler::SCOPE_UNSPECIFIED;
}

v1::SchedulerCounters ToProto(const SchedulerCounters& info) {
  v1::SchedulerCounters counters;
  counters.set_task_count(info.task_count);
  counters.set_event_count(info.event_count);
  counters.set_dropped_event_count(info.dropped_event_count);
  counters.set_withheld_event_count(info.withheld_event_count);
  counters.set_decision_count(info.decision_count);
  counters.set_stale_decision_count(info.stale_decision_count);
  counters.set_bounced_decision_count(info.bounced_decision_count);
  counters.set_delayed_batch_count(info.delayed_batch_count);
  counters.set_urgent_decision_count(info.urgent_decision_count);
  counters.set_idle_run_count(info.idle_run_count);
  counters.set_sync_run_count(info.sync_run_count);
  counters.set_kernel_thread_run_count(info.kernel_thread_run_count);
  counters.set_daemon_run_count(info.daemon_run_count);
  counters.set_decided_run_count(info.decided_run_count);
  counters.set_undecided_run_count(info.undecided_run_count);
  counters.set_refilled_slice_count(info.refilled_slice_count);
  counters.set_preemption_count(info.preemption_count);
  counters.set_doorbell_count(info.doorbell_count);
  counters.set_unslotted_enqueue_count(info.unslotted_enqueue_count);
  counters.set_table_full_count(info.table_full_count);
  *counters.mutable_degraded_duration() = rpc::ToProto(absl::Nanoseconds(info.degraded_ns));
  counters.set_run_time_nanos(info.run_time_ns);
  counters.set_ended_task_run_time_nanos(info.ended_task_run_time_ns);
  counters.set_unslotted_run_time_nanos(info.unslotted_run_time_ns);
  counters.set_scheduling_allocation_count(info.scheduling_allocation_count);
  counters.set_scheduling_page_fault_count(info.scheduling_page_fault_count);
  counters.set_pass_count(info.pass_count);
  counters.set_degraded_run_count(info.degraded_run_count);
  counters.set_leased_wait_count(info.leased_wait_count);
  counters.set_scheduling_voluntary_switch_count(info.scheduling_voluntary_switch_count);
  counters.set_scheduling_involuntary_switch_count(info.scheduling_involuntary_switch_count);
  counters.set_daemon_voluntary_switch_count(info.daemon_voluntary_switch_count);
  counters.set_daemon_involuntary_switch_count(info.daemon_involuntary_switch_count);
  counters.set_decision_latency_count(info.decision_latency_count);
  counters.set_decision_latency_mean_nanos(info.decision_latency_mean_ns);
  counters.set_decision_latency_p50_nanos(info.decision_latency_p50_ns);
  counters.set_decision_latency_p99_nanos(info.decision_latency_p99_ns);
  counters.set_decision_latency_max_nanos(info.decision_latency_max_ns);
  return counters;
}

v1::Task::RunState ToProto(TaskRunState state) {
  switch (state) {
    case TaskRunState::kRunning:
      return v1::Task::RUN_STATE_RUNNING;
    case TaskRunState::kQueued:
      return v1::Task::RUN_STATE_QUEUED;
    case TaskRunState::kSleeping:
      return v1::Task::RUN_STATE_SLEEPING;
  }
  return v1::Task::RUN_STATE_UNSPECIFIED;
}

void ToProto(const TaskStats& info, v1::TaskStats* stats) {
  stats->set_policy_generation(info.policy_generation);
  stats->set_run_time_nanos(info.run_time_ns);
  stats->set_wait_time_nanos(info.wait_time_ns);
  stats->set_vruntime_nanos(info.vruntime_ns);
  stats->set_lag_nanos(info.lag_ns);
  stats->set_slice_nanos(info.slice_ns);
  stats->set_voluntary_switch_count(info.voluntary_switch_count);
  stats->set_involuntary_switch_count(info.involuntary_switch_count);
  stats->set_wakeup_count(info.wakeup_count);
  stats->set_migration_count(info.migration_count);
  stats->set_wakeup_latency_mean_nanos(info.wakeup_latency_mean_ns);
  stats->set_wakeup_latency_p50_nanos(info.wakeup_latency_p50_ns);
  stats->set_wakeup_latency_p99_nanos(info.wakeup_latency_p99_ns);
  stats->set_wakeup_latency_max_nanos(info.wakeup_latency_max_ns);
}

}  // namespace

google::protobuf::Duration ToProto(absl::Duration duration) {
  google::protobuf::Duration result;
  absl::Duration rest;
  result.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  result.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  return result;
}

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp result;
  const int64_t seconds = absl::ToUnixSeconds(time);  // rounds down: nanos is never negative
  result.set_seconds(seconds);
  result.set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return result;
}

absl::Time FromProto(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

v1::Scheduler ToProto(const SchedulerInfo& info) {
  v1::Scheduler scheduler;
  scheduler.set_name(kSchedulerName);
  scheduler.set_state(ToProto(info.state));
  scheduler.set_ops_name(info.ops_name);
  scheduler.set_scope(ToProto(info.scope));
  if (info.last_exit.has_value()) {
    v1::ExitInfo& exit = *scheduler.mutable_last_exit();
    exit.set_kind(info.last_exit->kind);
    exit.set_reason(info.last_exit->reason);
    exit.set_message(info.last_exit->message);
    *exit.mutable_exit_time() = ToProto(info.last_exit->exit_time);
    exit.set_dump_path(info.last_exit->dump_path);
  }
  scheduler.set_policy_generation(info.policy_generation);
  if (info.attach_time.has_value()) {
    *scheduler.mutable_attach_time() = ToProto(*info.attach_time);
  }
  scheduler.set_attach_count(info.attach_count);
  *scheduler.mutable_scheduling_cpu_duration() = ToProto(info.scheduling_cpu_duration);
  *scheduler.mutable_daemon_cpu_duration() = ToProto(info.daemon_cpu_duration);
  if (info.counters.has_value()) *scheduler.mutable_counters() = ToProto(*info.counters);
  scheduler.set_daemon_version(info.daemon_version);
  scheduler.set_kernel_release(info.kernel_release);
  scheduler.set_policy_kind(info.policy_kind);
  scheduler.set_roles_problem(info.roles_problem);
  scheduler.set_audit_problem(info.audit_problem);
  scheduler.set_unstored_audit_entry_count(info.unstored_audit_entry_count);
  scheduler.set_reattach_count(info.reattach_count);
  scheduler.set_reattach_limit(info.reattach_limit);
  if (info.reattach_time.has_value()) {
    *scheduler.mutable_reattach_time() = ToProto(*info.reattach_time);
  }
  return scheduler;
}

AttachRequest FromProto(const v1::AttachSchedulerRequest& request) {
  AttachRequest result;
  result.validate_only = request.validate_only();
  if (request.scope() == v1::Scheduler::SCOPE_ALL) result.scope = SchedulerScope::kAll;
  if (request.scope() == v1::Scheduler::SCOPE_EXT_ONLY) result.scope = SchedulerScope::kExtOnly;
  return result;
}

v1::Task ToProto(const TaskInfo& info) {
  v1::Task task;
  ToProto(info, &task);
  return task;
}

void ToProto(const TaskInfo& info, v1::Task* task) {
  task->set_name(info.name);
  task->set_tid(info.key.tid);
  task->set_tgid(info.tgid);
  task->set_comm(info.comm);
  task->set_cgroup_path(info.cgroup_path);
  task->set_nice(info.nice);
  task->set_weight(info.weight);
  task->set_effective_weight(info.effective_weight);
  task->set_run_state(ToProto(info.run_state));
  task->set_cpu(info.cpu);
  task->set_policy(info.policy);
  task->set_task_override(info.task_override);
  ToProto(info.stats, task->mutable_stats());
  task->set_uid(info.uid);
  task->set_kernel_thread(info.kernel_thread);
  task->set_allowed_cpu_count(info.allowed_cpu_count);
}

}  // namespace schedd::rpc
