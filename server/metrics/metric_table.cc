// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/metric_table.h"

#include <bit>
#include <limits>
#include <utility>

#include "absl/time/time.h"

namespace schedd::metrics {
namespace {

using Samples = std::vector<Sample>;
using Type = Metric::Type;

constexpr double kNanosPerSecond = 1e9;

Samples One(double value) { return {{.value = value}}; }

double UnixSeconds(absl::Time time) { return absl::ToDoubleSeconds(time - absl::UnixEpoch()); }

// Counters begin at 0 with each attachment. In between there are none, rather than a 0 that would
// look like an attachment that does nothing.
template <int64_t SchedulerCounters::* kField>
Samples Count(const SchedulerInfo& info) {
  if (!info.counters.has_value()) return {};
  return One(static_cast<double>((*info.counters).*kField));
}

template <int64_t SchedulerCounters::* kField>
Samples CountIfKnown(const SchedulerInfo& info) {
  if (!info.counters.has_value() || (*info.counters).*kField < 0) return {};
  return Count<kField>(info);
}

template <int64_t SchedulerCounters::* kFieldNs>
Samples Seconds(const SchedulerInfo& info) {
  if (!info.counters.has_value()) return {};
  return One(static_cast<double>((*info.counters).*kFieldNs) / kNanosPerSecond);
}

Samples State(const SchedulerInfo& info) {
  constexpr std::pair<SchedulerState, const char*> kStates[] = {
      {SchedulerState::kAttached, "attached"},       {SchedulerState::kDetached, "detached"},
      {SchedulerState::kEjected, "ejected"},         {SchedulerState::kForeign, "foreign"},
      {SchedulerState::kUnsupported, "unsupported"},
  };
  Samples samples;
  for (const auto& [state, name] : kStates) {
    samples.push_back({.value = info.state == state ? 1.0 : 0.0, .labels = {{"state", name}}});
  }
  return samples;
}

Samples BuildInfo(const SchedulerInfo& info) {
  return {{.value = 1,
           .labels = {{"version", info.daemon_version},
                      {"kernel_release", info.kernel_release},
                      {"policy", info.policy_kind}}}};
}

Samples AttachTime(const SchedulerInfo& info) {
  return info.attach_time.has_value() ? One(UnixSeconds(*info.attach_time)) : Samples();
}

Samples LastExitTime(const SchedulerInfo& info) {
  return info.last_exit.has_value() ? One(UnixSeconds(info.last_exit->exit_time)) : Samples();
}

Samples SchedulingThreadCpu(const SchedulerInfo& info) {
  return info.attach_time.has_value() ? One(absl::ToDoubleSeconds(info.scheduling_cpu_duration))
                                      : Samples();
}

Samples DaemonCpu(const SchedulerInfo& info) {
  return info.attach_time.has_value() ? One(absl::ToDoubleSeconds(info.daemon_cpu_duration))
                                      : Samples();
}

// Only buckets that end at a power of two: 21 of them say enough.
Samples DecisionLatency(const SchedulerInfo& info) {
  if (!info.counters.has_value()) return {};
  const LatencyHistogram& latency = info.decision_latency;
  prometheus::ClientMetric::Histogram histogram;
  uint64_t seen = 0;
  for (size_t i = 0; i < latency.buckets.size(); ++i) {
    seen += latency.buckets[i];
    const uint64_t end_ns = LatencyBucketEnd(i);
    if (!std::has_single_bit(end_ns)) continue;
    const bool last = i + 1 == latency.buckets.size();
    histogram.bucket.push_back(
        {.cumulative_count = seen,
         .upper_bound = last ? std::numeric_limits<double>::infinity()
                             : static_cast<double>(end_ns) / kNanosPerSecond});
  }
  histogram.sample_count = seen;
  histogram.sample_sum = static_cast<double>(latency.sum_ns) / kNanosPerSecond;
  return {{.histogram = histogram}};
}

using C = SchedulerCounters;

constexpr Metric kMetrics[] = {
    // --- always there ---
    {"schedd_up", Type::kGauge, "0 or 1", "", "",
     "1 if schedd could tell how its scheduler stands; 0 while it ends, and then there is nothing "
     "else.",
     [](const SchedulerInfo&) { return One(1); }},
    {"schedd_build_info", Type::kGauge, "1", "daemon_version, kernel_release, policy_kind",
     "version,kernel_release,policy",
     "Version of schedd, release of the running kernel, scheduling policy.", BuildInfo},
    {"schedd_attached", Type::kGauge, "0 or 1", "state", "",
     "1 if the dispatcher is attached and enabled, as the kernel says.",
     [](const SchedulerInfo& i) { return One(i.state == SchedulerState::kAttached ? 1 : 0); }},
    {"schedd_state", Type::kGauge, "0 or 1", "state", "state",
     "1 for the state that the scheduler is in, 0 for the others: attached, detached, ejected (by "
     "the kernel), foreign (another scheduler), unsupported (no sched_ext).",
     State},
    {"schedd_attachments_total", Type::kCounter, "attachments", "attach_count", "",
     "Attachments since schedd began.",
     [](const SchedulerInfo& i) { return One(static_cast<double>(i.attach_count)); }},
    {"schedd_reattachments", Type::kGauge, "attachments", "reattach_count", "",
     "Times that schedd attached again by itself, or tried to, after ejections; 0 again 10 minutes "
     "after the last one.",
     [](const SchedulerInfo& i) { return One(i.reattach_count); }},
    {"schedd_reattachments_limit", Type::kGauge, "attachments", "reattach_limit", "",
     "Most of them; when they are used up, schedd stays ejected.",
     [](const SchedulerInfo& i) { return One(i.reattach_limit); }},
    {"schedd_policy_generation", Type::kGauge, "generation", "policy_generation", "",
     "Generation of parameters and overrides in force; 0 while not attached.",
     [](const SchedulerInfo& i) { return One(static_cast<double>(i.policy_generation)); }},
    {"schedd_roles_file_ok", Type::kGauge, "0 or 1", "roles_problem", "",
     "0 if the roles file could not be taken up at the last SIGHUP: the roles before are in force.",
     [](const SchedulerInfo& i) { return One(i.roles_problem.empty() ? 1 : 0); }},
    {"schedd_audit_ok", Type::kGauge, "0 or 1", "audit_problem", "",
     "0 if the last entry of the audit log could not be stored.",
     [](const SchedulerInfo& i) { return One(i.audit_problem.empty() ? 1 : 0); }},
    {"schedd_audit_entries_lost_total", Type::kCounter, "entries", "unstored_audit_entry_count", "",
     "Entries of the audit log that could not be stored since schedd began; the log of schedd has "
     "them.",
     [](const SchedulerInfo& i) { return One(static_cast<double>(i.unstored_audit_entry_count)); }},
    {"schedd_last_exit_timestamp_seconds", Type::kGauge, "seconds", "last_exit.exit_time", "",
     "When the last attachment ended, in Unix time; absent when none has.", LastExitTime},
    // --- while attached ---
    {"schedd_attach_timestamp_seconds", Type::kGauge, "seconds", "attach_time", "",
     "When the dispatcher was attached, in Unix time.", AttachTime},
    {"schedd_scheduling_thread_cpu_seconds_total", Type::kCounter, "seconds",
     "scheduling_cpu_duration", "", "CPU time that the scheduling thread used.",
     SchedulingThreadCpu},
    {"schedd_daemon_cpu_seconds_total", Type::kCounter, "seconds", "daemon_cpu_duration", "",
     "CPU time that all threads of schedd used, the scheduling thread among them.", DaemonCpu},
    {"schedd_tasks", Type::kGauge, "tasks", "counters.task_count", "", "Tasks that have a slot.",
     Count<&C::task_count>},
    {"schedd_events_total", Type::kCounter, "events", "counters.event_count", "",
     "Events sent to the scheduling thread: a task waits and is not placed.",
     Count<&C::event_count>},
    {"schedd_events_dropped_total", Type::kCounter, "events", "counters.dropped_event_count", "",
     "Events that found their ring full; the task ran from the kernel-side queue.",
     Count<&C::dropped_event_count>},
    {"schedd_events_withheld_total", Type::kCounter, "events", "counters.withheld_event_count", "",
     "Events not sent because the scheduling thread was silent for longer than decision_budget.",
     Count<&C::withheld_event_count>},
    {"schedd_decisions_total", Type::kCounter, "decisions", "counters.decision_count", "",
     "Decisions that took effect.", Count<&C::decision_count>},
    {"schedd_decisions_stale_total", Type::kCounter, "decisions", "counters.stale_decision_count",
     "", "Decisions that came too late: the task ran or slept meanwhile.",
     Count<&C::stale_decision_count>},
    {"schedd_decisions_bounced_total", Type::kCounter, "decisions",
     "counters.bounced_decision_count", "",
     "Decisions for a CPU that the task may not use; it went to any CPU.",
     Count<&C::bounced_decision_count>},
    {"schedd_decision_batches_delayed_total", Type::kCounter, "batches",
     "counters.delayed_batch_count", "", "Decisions that waited because their ring was full.",
     Count<&C::delayed_batch_count>},
    {"schedd_decisions_urgent_total", Type::kCounter, "decisions", "counters.urgent_decision_count",
     "", "Decisions for tasks that had waited starvation_bound.", Count<&C::urgent_decision_count>},
    {"schedd_idle_runs_total", Type::kCounter, "runs", "counters.idle_run_count", "",
     "Wakeups that ran at once on an idle CPU, without a decision.", Count<&C::idle_run_count>},
    {"schedd_sync_runs_total", Type::kCounter, "runs", "counters.sync_run_count", "",
     "Wakeups that ran at once in the place of the task that woke them and then went to sleep, "
     "without a decision.",
     Count<&C::sync_run_count>},
    {"schedd_kernel_thread_runs_total", Type::kCounter, "runs", "counters.kernel_thread_run_count",
     "", "Runs of kernel threads that never wait for user space.",
     Count<&C::kernel_thread_run_count>},
    {"schedd_daemon_runs_total", Type::kCounter, "runs", "counters.daemon_run_count", "",
     "Runs of schedd's own threads.", Count<&C::daemon_run_count>},
    {"schedd_decided_runs_total", Type::kCounter, "runs", "counters.decided_run_count", "",
     "Runs of decided tasks.", Count<&C::decided_run_count>},
    {"schedd_undecided_runs_total", Type::kCounter, "runs", "counters.undecided_run_count", "",
     "Runs of tasks that a CPU took before their decision came.", Count<&C::undecided_run_count>},
    {"schedd_slices_refilled_total", Type::kCounter, "slices", "counters.refilled_slice_count", "",
     "Slices prolonged because nobody waited, or only tasks with later deadlines.",
     Count<&C::refilled_slice_count>},
    {"schedd_preemptions_total", Type::kCounter, "preemptions", "counters.preemption_count", "",
     "Running tasks preempted by a decision.", Count<&C::preemption_count>},
    {"schedd_doorbells_total", Type::kCounter, "wakeups", "counters.doorbell_count", "",
     "Times the scheduling thread was woken by an event.", Count<&C::doorbell_count>},
    {"schedd_unslotted_enqueues_total", Type::kCounter, "enqueues",
     "counters.unslotted_enqueue_count", "", "Enqueues of tasks without a slot.",
     Count<&C::unslotted_enqueue_count>},
    {"schedd_tasks_refused_total", Type::kCounter, "tasks", "counters.table_full_count", "",
     "Tasks that got no slot because the table was full (--max-tasks).",
     Count<&C::table_full_count>},
    {"schedd_degraded_seconds_total", Type::kCounter, "seconds", "counters.degraded_duration", "",
     "Time in degraded mode: events withheld, tasks ran from the kernel-side queue.",
     Seconds<&C::degraded_ns>},
    {"schedd_run_seconds_total", Type::kCounter, "seconds", "counters.run_time_nanos", "",
     "CPU time of all tasks scheduled, ended ones included.", Seconds<&C::run_time_ns>},
    {"schedd_ended_task_run_seconds_total", Type::kCounter, "seconds",
     "counters.ended_task_run_time_nanos", "",
     "The part of schedd_run_seconds_total that belongs to tasks that have ended.",
     Seconds<&C::ended_task_run_time_ns>},
    {"schedd_unslotted_run_seconds_total", Type::kCounter, "seconds",
     "counters.unslotted_run_time_nanos", "",
     "The part of schedd_run_seconds_total that belongs to tasks without a slot.",
     Seconds<&C::unslotted_run_time_ns>},
    {"schedd_scheduling_allocations_total", Type::kCounter, "allocations",
     "counters.scheduling_allocation_count", "",
     "Heap allocations by the scheduling thread since it began its work; 0.",
     Count<&C::scheduling_allocation_count>},
    {"schedd_scheduling_page_faults_total", Type::kCounter, "page faults",
     "counters.scheduling_page_fault_count", "",
     "Page faults of the scheduling thread; 0. Absent when the host cannot tell.",
     CountIfKnown<&C::scheduling_page_fault_count>},
    {"schedd_scheduling_passes_total", Type::kCounter, "passes", "counters.pass_count", "",
     "Passes of the scheduling loop.", Count<&C::pass_count>},
    {"schedd_degraded_runs_total", Type::kCounter, "runs", "counters.degraded_run_count", "",
     "The part of schedd_undecided_runs_total that began in degraded mode.",
     Count<&C::degraded_run_count>},
    {"schedd_leased_waits_total", Type::kCounter, "waits", "counters.leased_wait_count", "",
     "Waits, after a wakeup or a preemption, for which an earlier decision was still good: no "
     "event, no decision.",
     Count<&C::leased_wait_count>},
    {"schedd_scheduling_voluntary_switches_total", Type::kCounter, "switches",
     "counters.scheduling_voluntary_switch_count", "",
     "Context switches of the scheduling thread because it waited for something to do. Absent when "
     "unknown.",
     CountIfKnown<&C::scheduling_voluntary_switch_count>},
    {"schedd_scheduling_involuntary_switches_total", Type::kCounter, "switches",
     "counters.scheduling_involuntary_switch_count", "",
     "Context switches of the scheduling thread because another task took its CPU. Absent when "
     "unknown.",
     CountIfKnown<&C::scheduling_involuntary_switch_count>},
    {"schedd_daemon_voluntary_switches_total", Type::kCounter, "switches",
     "counters.daemon_voluntary_switch_count", "",
     "Context switches of all threads of schedd because they waited for something.",
     Count<&C::daemon_voluntary_switch_count>},
    {"schedd_daemon_involuntary_switches_total", Type::kCounter, "switches",
     "counters.daemon_involuntary_switch_count", "",
     "Context switches of all threads of schedd because another task took their CPU.",
     Count<&C::daemon_involuntary_switch_count>},
    {"schedd_decision_latency_seconds", Type::kHistogram, "seconds",
     "counters.decision_latency_count, counters.decision_latency_mean_nanos, "
     "counters.decision_latency_p50_nanos, counters.decision_latency_p99_nanos, "
     "counters.decision_latency_max_nanos",
     "",
     "From an event to the run of its task, of waits that a decision placed; how long the task "
     "waited behind others is in it.",
     DecisionLatency},
};

prometheus::MetricType TypeOf(Type type) {
  switch (type) {
    case Type::kCounter:
      return prometheus::MetricType::Counter;
    case Type::kGauge:
      return prometheus::MetricType::Gauge;
    case Type::kHistogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

prometheus::MetricFamily MakeFamily(const Metric& metric, const Samples& samples) {
  prometheus::MetricFamily family;
  family.name = std::string(metric.name);
  family.help = std::string(metric.help);
  family.type = TypeOf(metric.type);
  for (const Sample& sample : samples) {
    prometheus::ClientMetric& line = family.metric.emplace_back();
    line.label = sample.labels;
    if (metric.type == Type::kCounter) line.counter.value = sample.value;
    if (metric.type == Type::kGauge) line.gauge.value = sample.value;
    if (metric.type == Type::kHistogram) line.histogram = sample.histogram;
  }
  return family;
}

}  // namespace

absl::Span<const Metric> Metrics() { return kMetrics; }

absl::string_view TypeName(Metric::Type type) {
  switch (type) {
    case Type::kCounter:
      return "counter";
    case Type::kGauge:
      return "gauge";
    case Type::kHistogram:
      return "histogram";
  }
  return "";
}

std::vector<prometheus::MetricFamily> Collect(const absl::StatusOr<SchedulerInfo>& info) {
  if (!info.ok()) return {MakeFamily(kMetrics[0], One(0))};
  std::vector<prometheus::MetricFamily> families;
  for (const Metric& metric : kMetrics) {
    const Samples samples = metric.read(*info);
    if (!samples.empty()) families.push_back(MakeFamily(metric, samples));
  }
  return families;
}

}  // namespace schedd::metrics
