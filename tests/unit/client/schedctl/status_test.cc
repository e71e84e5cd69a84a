// SPDX-License-Identifier: Apache-2.0
//
// schedctl status, and the words for a Scheduler.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "client/schedctl/scheduler_text.h"
#include "tests/unit/client/schedctl/harness.h"

namespace schedd::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

v1::Scheduler Attached() {
  v1::Scheduler scheduler;
  scheduler.set_name("schedulers/default");
  scheduler.set_state(v1::Scheduler::STATE_ATTACHED);
  scheduler.set_ops_name("schedd_0_1_0");
  scheduler.set_scope(v1::Scheduler::SCOPE_ALL);
  scheduler.set_policy_generation(4);
  scheduler.mutable_attach_time()->set_seconds(kNowSeconds - 100);
  scheduler.set_attach_count(2);
  scheduler.mutable_scheduling_cpu_duration()->set_seconds(1);
  scheduler.mutable_daemon_cpu_duration()->set_seconds(2);
  scheduler.set_daemon_version("0.1.0");
  scheduler.set_kernel_release("6.12.9");
  scheduler.set_policy_kind("vruntime");
  v1::SchedulerCounters& counters = *scheduler.mutable_counters();
  counters.set_task_count(132);
  counters.set_event_count(9000);
  counters.set_decision_count(8500);
  counters.set_stale_decision_count(20);
  counters.set_urgent_decision_count(1);
  counters.set_decided_run_count(8400);
  counters.set_undecided_run_count(100);
  counters.set_idle_run_count(900);
  counters.set_sync_run_count(100);
  counters.set_kernel_thread_run_count(400);
  counters.set_daemon_run_count(100);
  counters.set_preemption_count(33);
  counters.set_leased_wait_count(700);
  counters.set_scheduling_voluntary_switch_count(5000);
  counters.set_scheduling_involuntary_switch_count(7);
  counters.set_daemon_voluntary_switch_count(6000);
  counters.set_daemon_involuntary_switch_count(17);
  counters.set_decision_latency_count(8000);
  counters.set_decision_latency_mean_nanos(52'000);
  counters.set_decision_latency_p50_nanos(31'000);
  counters.set_decision_latency_p99_nanos(220'000);
  counters.set_decision_latency_max_nanos(3'100'000);
  return scheduler;
}

class StatusTest : public SchedctlTest {
 protected:
  Result Status(const v1::Scheduler& scheduler) {
    server_.get_scheduler.Returns(scheduler);
    return Run({"status"});
  }
};

TEST_F(StatusTest, Golden) {
  const Result result = Status(Attached());
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out,
            "state                           attached\n"
            "ops in the kernel               schedd_0_1_0\n"
            "attached since                  2026-11-22 20:29:25 (1m40s)\n"
            "attachments                     2\n"
            "scope                           all\n"
            "policy                          vruntime\n"
            "generation                      4\n"
            "tasks                           132\n"
            "runs                            10,000\n"
            "  decided by the policy         8,400 (84.0 %)\n"
            "  undecided (kernel's queue)    100 (1.0 %)\n"
            "  directly on an idle CPU       900 (9.0 %)\n"
            "  in the waker's place          100 (1.0 %)\n"
            "  kernel threads                400 (4.0 %)\n"
            "  schedd itself                 100 (1.0 %)\n"
            "preemptions                     33\n"
            "events                          9,000\n"
            "  not delivered                 0 (ring full 0, schedd silent 0)\n"
            "decisions                       8,500\n"
            "  too late                      20\n"
            "  for a CPU not allowed         0\n"
            "  urgent (starvation bound)     1\n"
            "decision latency p50/p99        31.0µs / 220µs (mean 52.0µs, max 3.10ms)\n"
            "waits under a lease             700\n"
            "time without schedd (degraded)  0\n"
            "  runs meanwhile                0\n"
            "schedd, all threads             2.00s CPU (2.0 % of one CPU)\n"
            "  context switches              6,000 voluntary, 17 involuntary\n"
            "scheduling thread               1.00s CPU (1.0 % of one CPU)\n"
            "  context switches              5,000 voluntary, 7 involuntary\n"
            "  allocations                   0\n"
            "  page faults                   0\n"
            "last exit                       none\n"
            "schedd                          0.1.0\n"
            "kernel                          6.12.9\n"
            "endpoint                        " +
                server_.endpoint() + "\n");
}

TEST_F(StatusTest, DetachedHasNoCounters) {
  v1::Scheduler scheduler;
  scheduler.set_state(v1::Scheduler::STATE_DETACHED);
  const Result result = Status(scheduler);
  EXPECT_THAT(result.out, StartsWith("state        detached\n"));
  EXPECT_THAT(result.out, Not(HasSubstr("runs")));
  EXPECT_THAT(result.out, Not(HasSubstr("attached since")));
}

TEST_F(StatusTest, EjectedSaysWhy) {
  v1::Scheduler scheduler;
  scheduler.set_state(v1::Scheduler::STATE_EJECTED);
  auto& exit = *scheduler.mutable_last_exit();
  exit.set_kind(1026);
  exit.set_reason("runnable task stall");
  exit.set_message("hog[77] failed to run for 5s");
  exit.mutable_exit_time()->set_seconds(kNowSeconds);
  exit.set_dump_path("/var/lib/schedd/dump.1");
  EXPECT_THAT(Status(scheduler).out,
              HasSubstr("last exit    2026-11-22 20:31:05 runnable task stall: hog[77] failed to "
                        "run for 5s (kind 1026), dump in /var/lib/schedd/dump.1\n"));
}

TEST_F(StatusTest, AttachmentsAfterEjectionsAreCountedAndAnnounced) {
  v1::Scheduler scheduler = Attached();
  scheduler.set_reattach_count(2);
  scheduler.set_reattach_limit(3);
  EXPECT_THAT(Status(scheduler).out, HasSubstr("  after ejections               2 of at most 3\n"));
  scheduler.mutable_reattach_time()->set_seconds(kNowSeconds);
  EXPECT_THAT(Status(scheduler).out, HasSubstr("2 of at most 3, next at 2026-11-22 20:31:05\n"));
}

TEST_F(StatusTest, LossesAreShownAndMarked) {
  v1::Scheduler scheduler = Attached();
  auto& counters = *scheduler.mutable_counters();
  counters.set_dropped_event_count(1000);
  counters.set_withheld_event_count(5);
  counters.mutable_degraded_duration()->set_nanos(20'000'000);
  counters.set_table_full_count(3);
  counters.set_unslotted_enqueue_count(40);
  counters.set_scheduling_page_fault_count(2);
  environment_.color = true;
  const Result result = Status(scheduler);
  EXPECT_THAT(result.out, HasSubstr("\033[33m1,005 (ring full 1,000, schedd silent 5)\033[0m"));
  EXPECT_THAT(result.out, HasSubstr("\033[33m20.0ms\033[0m"));
  EXPECT_THAT(result.out, HasSubstr("\033[33m3, enqueued 40 times\033[0m"));
  EXPECT_THAT(result.out, HasSubstr("page faults                   \033[33m2\033[0m"));
  EXPECT_THAT(result.out, HasSubstr("allocations                   0\n"));
}

TEST_F(StatusTest, WhatIsNotKnownOfTheCostIsNoNumber) {
  v1::Scheduler scheduler = Attached();
  auto& counters = *scheduler.mutable_counters();
  counters.set_scheduling_voluntary_switch_count(-1);
  counters.set_scheduling_involuntary_switch_count(-1);
  counters.set_decision_latency_count(0);
  const std::string out = Status(scheduler).out;
  EXPECT_THAT(out, HasSubstr("(1.0 % of one CPU)\n  context switches              unknown\n"));
  EXPECT_THAT(out, HasSubstr("decision latency p50/p99        -\n"));
}

TEST_F(StatusTest, NamesOfOthersCannotPlayWithTheTerminal) {
  v1::Scheduler scheduler;
  scheduler.set_state(v1::Scheduler::STATE_FOREIGN);
  scheduler.set_ops_name("x\033[2J");
  EXPECT_THAT(Status(scheduler).out, HasSubstr("x\\x1b[2J"));
}

// What people need not see; -o json has it.
const std::set<std::string> kCountersForMachinesOnly = {
    "delayed_batch_count", "refilled_slice_count",      "doorbell_count",
    "run_time_nanos",      "ended_task_run_time_nanos", "unslotted_run_time_nanos",
    "pass_count",          "decision_latency_count",
};

TEST_F(StatusTest, EveryOtherCounterIsShown) {
  const v1::Scheduler plain = Attached();
  const std::string before = Status(plain).out;
  const auto* type = v1::SchedulerCounters::descriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const auto* field = type->field(i);
    v1::Scheduler scheduler = plain;
    auto* counters = scheduler.mutable_counters();
    if (field->message_type() != nullptr) {
      counters->mutable_degraded_duration()->set_seconds(1);
    } else {
      counters->GetReflection()->SetInt64(counters, field, 77'777);
    }
    const bool shown = Status(scheduler).out != before;
    EXPECT_EQ(shown, !kCountersForMachinesOnly.contains(field->name())) << field->name();
  }
}

TEST_F(StatusTest, AsJsonEveryCounterIsThere) {
  server_.get_scheduler.Returns(Attached());
  const std::string json = Run({"status", "-o", "json"}).out;
  const auto* type = v1::SchedulerCounters::descriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    if (type->field(i)->message_type() != nullptr) continue;  // left out when not set
    EXPECT_THAT(json, HasSubstr("\"" + type->field(i)->json_name() + "\": "));
  }
}

TEST_F(StatusTest, AsJsonIsTheMessage) {
  server_.get_scheduler.Returns(Attached());
  const Result result = Run({"status", "-o", "json"});
  EXPECT_THAT(result.out, StartsWith("{\n  \"name\": \"schedulers/default\",\n"
                                     "  \"state\": \"STATE_ATTACHED\",\n"));
  EXPECT_THAT(result.out, HasSubstr("\"decidedRunCount\": \"8400\""));
  EXPECT_THAT(result.out, HasSubstr("\"droppedEventCount\": \"0\""));
}

// --- single words and sentences ---

TEST(StateCell, HasTheColorOfTheState) {
  v1::Scheduler scheduler;
  const struct {
    v1::Scheduler::State state;
    const char* text;
    Color color;
  } cases[] = {{v1::Scheduler::STATE_ATTACHED, "attached", Color::kGood},
               {v1::Scheduler::STATE_DETACHED, "detached", Color::kWarning},
               {v1::Scheduler::STATE_EJECTED, "ejected", Color::kBad},
               {v1::Scheduler::STATE_FOREIGN, "foreign", Color::kWarning}};
  for (const auto& c : cases) {
    scheduler.set_state(c.state);
    EXPECT_EQ(StateCell(scheduler).text, c.text);
    EXPECT_EQ(StateCell(scheduler).color, c.color);
  }
}

TEST(SchedulerSentence, SaysWhatIsAndWhatToDo) {
  v1::Scheduler scheduler = Attached();
  EXPECT_EQ(SchedulerSentence(scheduler), "attached: schedd_0_1_0 schedules all normal tasks");
  scheduler.set_scope(v1::Scheduler::SCOPE_EXT_ONLY);
  EXPECT_EQ(SchedulerSentence(scheduler), "attached: schedd_0_1_0 schedules the SCHED_EXT tasks");
  scheduler.set_state(v1::Scheduler::STATE_DETACHED);
  EXPECT_EQ(SchedulerSentence(scheduler), "detached: the kernel's own class schedules all tasks");
  scheduler.set_state(v1::Scheduler::STATE_EJECTED);
  scheduler.mutable_last_exit()->set_reason("runnable task stall");
  EXPECT_EQ(SchedulerSentence(scheduler),
            "ejected by the kernel: runnable task stall; attach again with schedctl scheduler "
            "attach");
  scheduler.set_reattach_count(1);
  scheduler.set_reattach_limit(3);
  scheduler.mutable_reattach_time()->set_seconds(kNowSeconds);
  EXPECT_EQ(SchedulerSentence(scheduler),
            "ejected by the kernel: runnable task stall; it is attached again soon (1 of at most 3 "
            "times)");
  scheduler.set_state(v1::Scheduler::STATE_FOREIGN);
  EXPECT_EQ(SchedulerSentence(scheduler), "another scheduler is attached: schedd_0_1_0");
  scheduler.set_state(v1::Scheduler::STATE_UNSUPPORTED);
  EXPECT_EQ(SchedulerSentence(scheduler), "this kernel has no sched_ext; see schedctl doctor");
  scheduler.set_state(v1::Scheduler::STATE_UNSPECIFIED);
  EXPECT_EQ(SchedulerSentence(scheduler), "unspecified");
}

}  // namespace
}  // namespace schedd::client
