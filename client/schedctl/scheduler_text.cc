// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/scheduler_text.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/schedctl/format.h"

namespace schedd::client {
namespace {

using v1::Scheduler;
using v1::SchedulerCounters;

std::string OfRuns(int64_t part, int64_t whole) {
  return absl::StrCat(Count(part), " (", Share(part, whole), ")");
}

// The colour of a number that should be zero.
Cell ZeroIsGood(int64_t number, std::string text) {
  return Cell(std::move(text), number == 0 ? Color::kNone : Color::kWarning);
}

void AddRunRows(const SchedulerCounters& counters, Table& table) {
  const int64_t all = counters.decided_run_count() + counters.undecided_run_count() +
                      counters.idle_run_count() + counters.sync_run_count() +
                      counters.kernel_thread_run_count() + counters.daemon_run_count();
  table.AddRow({"runs", Count(all)});
  table.AddRow({"  decided by the policy", OfRuns(counters.decided_run_count(), all)});
  table.AddRow({"  undecided (kernel's queue)", OfRuns(counters.undecided_run_count(), all)});
  table.AddRow({"  directly on an idle CPU", OfRuns(counters.idle_run_count(), all)});
  table.AddRow({"  in the waker's place", OfRuns(counters.sync_run_count(), all)});
  table.AddRow({"  kernel threads", OfRuns(counters.kernel_thread_run_count(), all)});
  table.AddRow({"  schedd itself", OfRuns(counters.daemon_run_count(), all)});
  table.AddRow({"preemptions", Count(counters.preemption_count())});
}

std::string DecisionLatencyText(const SchedulerCounters& counters) {
  if (counters.decision_latency_count() == 0) return "-";
  return absl::StrCat(ShortNanos(counters.decision_latency_p50_nanos()), " / ",
                      ShortNanos(counters.decision_latency_p99_nanos()), " (mean ",
                      ShortNanos(counters.decision_latency_mean_nanos()), ", max ",
                      ShortNanos(counters.decision_latency_max_nanos()), ")");
}

void AddLossRows(const SchedulerCounters& counters, Table& table) {
  const int64_t lost = counters.dropped_event_count() + counters.withheld_event_count();
  table.AddRow({"events", Count(counters.event_count())});
  table.AddRow(
      {"  not delivered",
       ZeroIsGood(lost,
                  absl::StrCat(Count(lost), " (ring full ", Count(counters.dropped_event_count()),
                               ", schedd silent ", Count(counters.withheld_event_count()), ")"))});
  table.AddRow({"decisions", Count(counters.decision_count())});
  table.AddRow({"  too late", Count(counters.stale_decision_count())});
  table.AddRow({"  for a CPU not allowed", Count(counters.bounced_decision_count())});
  table.AddRow({"  urgent (starvation bound)", Count(counters.urgent_decision_count())});
  table.AddRow({"decision latency p50/p99", DecisionLatencyText(counters)});
  table.AddRow({"waits under a lease", Count(counters.leased_wait_count())});
  const int64_t slotless = counters.table_full_count() + counters.unslotted_enqueue_count();
  if (slotless > 0) {
    table.AddRow(
        {"tasks without a slot",
         ZeroIsGood(slotless, absl::StrCat(Count(counters.table_full_count()), ", enqueued ",
                                           Count(counters.unslotted_enqueue_count()), " times"))});
  }
  const absl::Duration degraded = FromProto(counters.degraded_duration());
  table.AddRow({"time without schedd (degraded)",
                ZeroIsGood(absl::ToInt64Nanoseconds(degraded), ShortDuration(degraded))});
  table.AddRow({"  runs meanwhile",
                ZeroIsGood(counters.degraded_run_count(), Count(counters.degraded_run_count()))});
}

// CPU time used since the attachment began, and how much of one CPU that is.
std::string CpuText(absl::Duration used, const Scheduler& scheduler, absl::Time now) {
  std::string text = absl::StrCat(ShortDuration(used), " CPU");
  if (scheduler.has_attach_time()) {
    const absl::Duration since = now - FromProto(scheduler.attach_time());
    absl::StrAppend(&text, " (",
                    Share(absl::ToInt64Microseconds(used), absl::ToInt64Microseconds(since)),
                    " of one CPU)");
  }
  return text;
}

std::string SwitchText(int64_t voluntary, int64_t involuntary) {
  if (voluntary < 0 || involuntary < 0) return "unknown";
  return absl::StrCat(Count(voluntary), " voluntary, ", Count(involuntary), " involuntary");
}

void AddCostRows(const Scheduler& scheduler, absl::Time now, Table& table) {
  const SchedulerCounters& counters = scheduler.counters();
  table.AddRow(
      {"schedd, all threads", CpuText(FromProto(scheduler.daemon_cpu_duration()), scheduler, now)});
  table.AddRow({"  context switches", SwitchText(counters.daemon_voluntary_switch_count(),
                                                 counters.daemon_involuntary_switch_count())});
  table.AddRow({"scheduling thread",
                CpuText(FromProto(scheduler.scheduling_cpu_duration()), scheduler, now)});
  table.AddRow({"  context switches", SwitchText(counters.scheduling_voluntary_switch_count(),
                                                 counters.scheduling_involuntary_switch_count())});
  table.AddRow({"  allocations", ZeroIsGood(counters.scheduling_allocation_count(),
                                            Count(counters.scheduling_allocation_count()))});
  table.AddRow({"  page faults", ZeroIsGood(counters.scheduling_page_fault_count(),
                                            Count(counters.scheduling_page_fault_count()))});
}

std::string ExitText(const v1::ExitInfo& exit, absl::TimeZone zone) {
  std::string text = absl::StrCat(LocalTime(exit.exit_time(), zone), " ", exit.reason());
  if (!exit.message().empty()) absl::StrAppend(&text, ": ", exit.message());
  absl::StrAppend(&text, " (kind ", exit.kind(), ")");
  if (!exit.dump_path().empty()) absl::StrAppend(&text, ", dump in ", exit.dump_path());
  return text;
}

// How often it was attached again by itself, and when it will be next.
Cell ReattachCell(const Scheduler& scheduler, absl::TimeZone zone) {
  std::string text = absl::StrCat(Count(scheduler.reattach_count()), " of at most ",
                                  Count(scheduler.reattach_limit()));
  if (scheduler.has_reattach_time()) {
    absl::StrAppend(&text, ", next at ", LocalTime(scheduler.reattach_time(), zone));
  }
  return Cell(std::move(text), Color::kWarning);
}

std::string WhatFollowsAnEjection(const Scheduler& scheduler) {
  if (scheduler.has_reattach_time()) {
    return absl::StrCat("it is attached again soon (", scheduler.reattach_count(), " of at most ",
                        scheduler.reattach_limit(), " times)");
  }
  return "attach again with schedctl scheduler attach";
}

}  // namespace

Cell StateCell(const Scheduler& scheduler) {
  const std::string text = EnumText(Scheduler::State_descriptor(), scheduler.state());
  switch (scheduler.state()) {
    case Scheduler::STATE_ATTACHED:
      return Cell(text, Color::kGood);
    case Scheduler::STATE_EJECTED:
      return Cell(text, Color::kBad);
    default:
      return Cell(text, Color::kWarning);
  }
}

std::string SchedulerSentence(const Scheduler& scheduler) {
  switch (scheduler.state()) {
    case Scheduler::STATE_ATTACHED:
      return absl::StrCat("attached: ", Printable(scheduler.ops_name()), " schedules ",
                          scheduler.scope() == Scheduler::SCOPE_EXT_ONLY ? "the SCHED_EXT tasks"
                                                                         : "all normal tasks");
    case Scheduler::STATE_DETACHED:
      return "detached: the kernel's own class schedules all tasks";
    case Scheduler::STATE_EJECTED:
      return absl::StrCat("ejected by the kernel: ", Printable(scheduler.last_exit().reason()),
                          "; ", WhatFollowsAnEjection(scheduler));
    case Scheduler::STATE_FOREIGN:
      return absl::StrCat("another scheduler is attached: ", Printable(scheduler.ops_name()));
    case Scheduler::STATE_UNSUPPORTED:
      return "this kernel has no sched_ext; see schedctl doctor";
    default:
      return EnumText(Scheduler::State_descriptor(), scheduler.state());
  }
}

void AddSchedulerRows(const Scheduler& scheduler, absl::Time now, absl::TimeZone zone,
                      Table& table) {
  table.AddRow({"state", StateCell(scheduler)});
  if (!scheduler.ops_name().empty()) table.AddRow({"ops in the kernel", scheduler.ops_name()});
  if (scheduler.has_attach_time()) {
    table.AddRow({"attached since",
                  absl::StrCat(LocalTime(scheduler.attach_time(), zone), " (",
                               ShortDuration(now - FromProto(scheduler.attach_time())), ")")});
  }
  table.AddRow({"attachments", Count(scheduler.attach_count())});
  if (scheduler.reattach_count() > 0) {
    table.AddRow({"  after ejections", ReattachCell(scheduler, zone)});
  }
  if (scheduler.scope() != Scheduler::SCOPE_UNSPECIFIED) {
    table.AddRow({"scope", EnumText(Scheduler::Scope_descriptor(), scheduler.scope())});
  }
  table.AddRow({"policy", scheduler.policy_kind()});
  table.AddRow({"generation", Count(scheduler.policy_generation())});
  if (scheduler.has_counters()) {
    table.AddRow({"tasks", Count(scheduler.counters().task_count())});
    AddRunRows(scheduler.counters(), table);
    AddLossRows(scheduler.counters(), table);
    AddCostRows(scheduler, now, table);
  }
  table.AddRow(
      {"last exit", scheduler.has_last_exit() ? ExitText(scheduler.last_exit(), zone) : "none"});
  table.AddRow({"schedd", scheduler.daemon_version()});
  table.AddRow({"kernel", scheduler.kernel_release()});
}

}  // namespace schedd::client
