// SPDX-License-Identifier: Apache-2.0
#include "server/control/scheduler_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/unit/control/control_fixture.h"

namespace schedd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SchedulerControlTest : public ControlFixture {
 protected:
  SchedulerControl& scheduler() { return parts->scheduler; }
  std::shared_ptr<const SchedulerPulse> Pulse() { return scheduler().watch().Current(); }

  void SetForeign(const std::string& name) {
    host.state = {
        .attachment = KernelState::Attachment::kForeign, .ops_name = name, .raw_state = "enabled"};
  }

  // After a failed attach nothing may be left.
  void ExpectNothingAttached() {
    EXPECT_EQ(host.kernels_alive, 0);
    EXPECT_EQ(host.engine, nullptr);
    EXPECT_EQ(scheduler().attachment(), nullptr);
    EXPECT_EQ(scheduler().Get().attach_count, 0);
  }
};

TEST_F(SchedulerControlTest, BeginsDetached) {
  options.daemon_version = "1.2";
  options.kernel_release = "6.12";
  options.policy_kind = "fifo";
  const SchedulerInfo info = scheduler().Get();
  EXPECT_EQ(info.state, SchedulerState::kDetached);
  EXPECT_EQ(info.attach_count, 0);
  EXPECT_FALSE(info.attach_time.has_value());
  EXPECT_FALSE(info.counters.has_value());
  EXPECT_FALSE(info.last_exit.has_value());
  EXPECT_EQ(info.policy_generation, 0);
  EXPECT_EQ(info.daemon_version, "1.2");
  EXPECT_EQ(info.kernel_release, "6.12");
  EXPECT_EQ(info.policy_kind, "fifo");
}

TEST_F(SchedulerControlTest, AttachLoadsStartsTheEngineAndAttachesLast) {
  sequence.Advance(absl::Seconds(3));
  ASSERT_TRUE(scheduler().Attach({}).ok());
  EXPECT_THAT(host.events, ElementsAre("load", "engine", "attach"));
  const SchedulerInfo info = scheduler().Get();
  EXPECT_EQ(info.state, SchedulerState::kAttached);
  EXPECT_EQ(info.ops_name, "schedd");
  EXPECT_EQ(*info.attach_time, clock.Now());
  EXPECT_EQ(info.attach_count, 1);
  EXPECT_EQ(info.policy_generation, 1);
  EXPECT_EQ(info.scope, SchedulerScope::kAll);
}

TEST_F(SchedulerControlTest, AttachingAgainChangesNothing) {
  Attach();
  host.events.clear();
  sequence.Advance(absl::Seconds(3));
  const absl::Time attached = *scheduler().Get().attach_time;
  EXPECT_TRUE(scheduler().Attach({.scope = SchedulerScope::kExtOnly}).ok());
  EXPECT_TRUE(host.events.empty());
  EXPECT_EQ(scheduler().Get().attach_count, 1);
  EXPECT_EQ(*scheduler().Get().attach_time, attached);
}

TEST_F(SchedulerControlTest, ScopeIsThatOfTheRequestOrTheConfiguration) {
  options.load.ext_tasks_only = true;
  options.load.max_tasks = 99;
  EXPECT_EQ(scheduler().Get().scope, SchedulerScope::kExtOnly);
  Attach();
  EXPECT_TRUE(host.kernel->options().ext_tasks_only);
  EXPECT_EQ(host.kernel->options().max_tasks, 99u);
  ASSERT_TRUE(scheduler().Detach("").ok());
  ASSERT_TRUE(scheduler().Attach({.scope = SchedulerScope::kAll}).ok());
  EXPECT_FALSE(host.kernel->options().ext_tasks_only);
  EXPECT_EQ(scheduler().Get().scope, SchedulerScope::kAll);
  ASSERT_TRUE(scheduler().Detach("").ok());
  EXPECT_EQ(scheduler().Get().scope, SchedulerScope::kExtOnly);
}

TEST_F(SchedulerControlTest, ValidateOnlyLoadsAndForgets) {
  ASSERT_TRUE(scheduler().Attach({.validate_only = true}).ok());
  EXPECT_THAT(host.events, ElementsAre("load", "unload"));
  ExpectNothingAttached();
  host.load_status = absl::InternalError("R1 invalid mem access");
  EXPECT_EQ(ErrorOf(scheduler().Attach({.validate_only = true})), "INTERNAL VERIFIER_REJECTED");
}

struct LoadErrorCase {
  absl::Status status;
  const char* expected;
};

TEST_F(SchedulerControlTest, LoadErrorsGetTheirReasons) {
  const LoadErrorCase cases[] = {
      {absl::PermissionDeniedError("not root"), "PERMISSION_DENIED PRIVILEGE_MISSING"},
      {absl::UnimplementedError("no sched_ext"), "UNIMPLEMENTED SCHED_EXT_UNSUPPORTED"},
      {absl::InternalError("verifier says no"), "INTERNAL VERIFIER_REJECTED"},
      {absl::ResourceExhaustedError("no memory"), "RESOURCE_EXHAUSTED ATTACH_FAILED"},
  };
  for (const LoadErrorCase& c : cases) {
    host.load_status = c.status;
    const absl::Status status = scheduler().Attach({});
    EXPECT_EQ(ErrorOf(status), c.expected);
    EXPECT_EQ(status.message(), c.status.message());
    ExpectNothingAttached();
  }
}

TEST_F(SchedulerControlTest, AFailedSelfTestUndoesTheLoad) {
  host.engine_status = absl::DeadlineExceededError("no pass");
  EXPECT_EQ(ErrorOf(scheduler().Attach({})), "DEADLINE_EXCEEDED SELF_TEST_FAILED");
  EXPECT_THAT(host.events, ElementsAre("load", "engine", "unload"));
  ExpectNothingAttached();
}

TEST_F(SchedulerControlTest, AFailedAttachUndoesAllInOrder) {
  host.attach_status = absl::InternalError("bpf link: busy");
  EXPECT_EQ(ErrorOf(scheduler().Attach({})), "INTERNAL ATTACH_FAILED");
  EXPECT_THAT(host.events, ElementsAre("load", "engine", "attach", "engine ends", "unload"));
  ExpectNothingAttached();
  host.attach_status = absl::OkStatus();
  EXPECT_TRUE(scheduler().Attach({}).ok());
}

TEST_F(SchedulerControlTest, AKernelThatAllowsNoSchedulerIsNoFailureOfOurs) {
  host.attach_status = absl::UnimplementedError("not beside isolcpus=");
  EXPECT_EQ(ErrorOf(scheduler().Attach({})), "UNIMPLEMENTED SCHED_EXT_UNSUPPORTED");
  ExpectNothingAttached();
}

TEST_F(SchedulerControlTest, AForeignSchedulerIsNamedAndLeftAlone) {
  SetForeign("scx_rusty");
  const absl::Status status = scheduler().Attach({});
  EXPECT_EQ(ErrorOf(status), "FAILED_PRECONDITION SCHEDULER_BUSY");
  EXPECT_THAT(std::string(status.message()), HasSubstr("scx_rusty"));
  EXPECT_EQ(GetErrorMetadata(status)["ops_name"], "scx_rusty");
  EXPECT_TRUE(host.events.empty());
  EXPECT_EQ(scheduler().Get().state, SchedulerState::kForeign);
  EXPECT_EQ(scheduler().Get().ops_name, "scx_rusty");
}

TEST_F(SchedulerControlTest, ASchedulerThatComesBetweenIsBusyToo) {
  host.attach_status = absl::FailedPreconditionError("\"scx_lavd\" is attached");
  EXPECT_EQ(ErrorOf(scheduler().Attach({})), "FAILED_PRECONDITION SCHEDULER_BUSY");
  ExpectNothingAttached();
}

TEST_F(SchedulerControlTest, OursByAnotherProcessIsForeign) {
  host.state = {
      .attachment = KernelState::Attachment::kOurs, .ops_name = "schedd", .raw_state = "enabled"};
  EXPECT_EQ(scheduler().Get().state, SchedulerState::kForeign);
  const absl::Status status = scheduler().Attach({});
  EXPECT_EQ(ErrorOf(status), "FAILED_PRECONDITION SCHEDULER_BUSY");
  EXPECT_THAT(std::string(status.message()), HasSubstr("another schedd"));
}

TEST_F(SchedulerControlTest, AKernelWithoutSchedExtIsUnsupported) {
  host.state.attachment = KernelState::Attachment::kUnsupported;
  EXPECT_EQ(scheduler().Get().state, SchedulerState::kUnsupported);
}

TEST_F(SchedulerControlTest, TheStateIsTheKernelsAndNotOurs) {
  Attach();
  host.state.attachment = KernelState::Attachment::kDetached;
  EXPECT_EQ(scheduler().Get().state, SchedulerState::kDetached);
  EXPECT_FALSE(scheduler().Get().counters.has_value());
}

TEST_F(SchedulerControlTest, DetachGivesBackAndKeepsTheExit) {
  Attach();
  host.events.clear();
  sequence.Advance(absl::Seconds(1));
  ASSERT_TRUE(scheduler().Detach("maintenance").ok());
  EXPECT_THAT(host.events, ElementsAre("detach", "engine ends", "unload"));
  const SchedulerInfo info = scheduler().Get();
  EXPECT_EQ(info.state, SchedulerState::kDetached);
  EXPECT_EQ(info.last_exit->kind, 64);
  EXPECT_EQ(info.last_exit->reason, "unregistered from user space");
  EXPECT_EQ(info.last_exit->exit_time, clock.Now());
  EXPECT_EQ(log.back(), "detached: maintenance");
}

TEST_F(SchedulerControlTest, DetachingAgainChangesNothing) {
  EXPECT_TRUE(scheduler().Detach("").ok());
  Attach();
  ASSERT_TRUE(scheduler().Detach("").ok());
  host.events.clear();
  EXPECT_TRUE(scheduler().Detach("").ok());
  EXPECT_TRUE(host.events.empty());
}

TEST_F(SchedulerControlTest, AFailedDetachLeavesItAttached) {
  Attach();
  host.detach_status = absl::InternalError("no");
  EXPECT_EQ(ErrorOf(scheduler().Detach("")), "INTERNAL DETACH_FAILED");
  EXPECT_EQ(scheduler().Get().state, SchedulerState::kAttached);
  EXPECT_NE(host.engine, nullptr);
}

TEST_F(SchedulerControlTest, ShutdownUnloadsEvenWhenTheDetachFails) {
  Attach();
  host.detach_status = absl::InternalError("no");
  EXPECT_FALSE(scheduler().Shutdown().ok());
  EXPECT_EQ(host.kernels_alive, 0);
  parts->overrides.Shutdown();
  EXPECT_EQ(sequence.timer_count(), 0u);
}

TEST_F(SchedulerControlTest, AnEjectionIsNoticedWithinATick) {
  Attach();
  const int64_t number = Pulse()->state_sequence;
  host.kernel->Eject(Stall());
  sequence.Advance(absl::Milliseconds(100));
  EXPECT_EQ(host.kernels_alive, 0);
  EXPECT_EQ(host.engine, nullptr);
  EXPECT_EQ(Pulse()->scheduler.state, SchedulerState::kEjected);
  EXPECT_GT(Pulse()->state_sequence, number);
  EXPECT_EQ(Pulse()->scheduler.last_exit->kind, 1026);
  EXPECT_THAT(log.back(), HasSubstr("ejected by the kernel: runnable task stall"));
}

TEST_F(SchedulerControlTest, AnEjectionIsNoticedByWhoeverAsksFirst) {
  Attach();
  host.kernel->Eject(Stall());
  EXPECT_EQ(scheduler().Get().state, SchedulerState::kEjected);
  EXPECT_EQ(host.kernels_alive, 0);
}

TEST_F(SchedulerControlTest, EjectedStaysUntilTheNextAttach) {
  Attach();
  host.kernel->Eject(Stall());
  sequence.Advance(absl::Seconds(5));
  EXPECT_EQ(scheduler().Get().state, SchedulerState::kEjected);  // not attached again by itself
  EXPECT_TRUE(scheduler().Detach("").ok());
  EXPECT_EQ(scheduler().Get().state, SchedulerState::kEjected);
  Attach();
  EXPECT_EQ(scheduler().Get().state, SchedulerState::kAttached);
  EXPECT_EQ(scheduler().Get().attach_count, 2);
  EXPECT_EQ(scheduler().Get().last_exit->kind, 1026);
  ASSERT_TRUE(scheduler().Detach("").ok());
  EXPECT_EQ(scheduler().Get().state, SchedulerState::kDetached);
}

TEST_F(SchedulerControlTest, AForeignSchedulerAfterAnEjectionIsForeign) {
  Attach();
  host.kernel->Eject(Stall());
  SetForeign("scx_simple");
  EXPECT_EQ(scheduler().Get().state, SchedulerState::kForeign);
}

TEST_F(SchedulerControlTest, TheDumpOfAnEjectionIsKept) {
  options.dump_directory = ::testing::TempDir() + "/scheduler_control_dumps";
  std::filesystem::remove_all(options.dump_directory);
  Build();
  Attach();
  host.kernel->Eject(Stall("CPU states ..."));
  const std::string path = scheduler().Get().last_exit->dump_path;
  std::stringstream content;
  content << std::ifstream(path).rdbuf();
  EXPECT_EQ(content.str(), "CPU states ...");
}

TEST_F(SchedulerControlTest, ADumpThatCannotBeKeptIsLogged) {
  options.dump_directory = "/proc/no/such/place";
  Build();
  Attach();
  host.kernel->Eject(Stall("CPU states ..."));
  EXPECT_EQ(scheduler().Get().last_exit->dump_path, "");
  EXPECT_THAT(log, ::testing::Contains(HasSubstr("dump is lost")));
}

TEST_F(SchedulerControlTest, CountersAreOfThisAttachment) {
  Attach();
  host.kernel->Count(SCHEDD_COUNT_EVENTS, 3, 0);
  host.kernel->Count(SCHEDD_COUNT_EVENTS, 4, 1);
  host.engine->stats_.passes = 11;
  host.engine->cpu_time_ns_ += 2'000;
  host.page_faults = 9;
  const SchedulerInfo info = scheduler().Get();
  EXPECT_EQ(info.counters->event_count, 7);
  EXPECT_EQ(info.counters->pass_count, 11);
  EXPECT_EQ(info.counters->scheduling_page_fault_count, 2);
  EXPECT_EQ(info.scheduling_cpu_duration, absl::Nanoseconds(2'000));
}

TEST_F(SchedulerControlTest, DecisionLatenciesAreToldOnceForApiAndMetrics) {
  EXPECT_EQ(scheduler().Get().decision_latency.count(), 0u);
  Attach();
  schedd_cpu& cpu = host.kernel->memory().cpus[1];
  cpu.decision_latency_buckets[8] = 3;
  cpu.decision_latency_sum_ns = 27'000;
  cpu.decision_latency_max_ns = 9'100;
  const SchedulerInfo info = scheduler().Get();
  EXPECT_EQ(info.decision_latency.count(), 3u);
  EXPECT_EQ(info.decision_latency.sum_ns, 27'000u);
  EXPECT_EQ(info.counters->decision_latency_count, 3);
  EXPECT_EQ(info.counters->decision_latency_mean_ns, 9'000);
  EXPECT_EQ(info.counters->decision_latency_max_ns, 9'100);
}

TEST_F(SchedulerControlTest, PageFaultsThatTheHostCannotTellAreMinusOne) {
  host.page_faults = absl::UnimplementedError("simulated");
  Attach();
  EXPECT_EQ(scheduler().Get().counters->scheduling_page_fault_count, -1);
}

TEST_F(SchedulerControlTest, LostEventsArePublishedAndNeverShrink) {
  Attach();
  scheduler().watch().AddListener([] {});
  const int64_t number = Pulse()->sequence();
  host.kernel->Count(SCHEDD_COUNT_EVENTS_DROPPED, 2);
  host.kernel->Count(SCHEDD_COUNT_EVENTS_WITHHELD, 3);
  sequence.Advance(absl::Milliseconds(100));
  EXPECT_EQ(Pulse()->sequence(), number + 1);
  EXPECT_EQ(Pulse()->lost_event_count, 5);
  ASSERT_TRUE(scheduler().Detach("").ok());
  EXPECT_EQ(Pulse()->lost_event_count, 5);
  Attach();
  host.kernel->Count(SCHEDD_COUNT_EVENTS_DROPPED, 1);
  sequence.Advance(absl::Milliseconds(100));
  EXPECT_EQ(Pulse()->lost_event_count, 6);
}

TEST_F(SchedulerControlTest, AppliedGenerationsArePublishedAtOnce) {
  Attach();
  std::vector<int64_t> seen;
  scheduler().watch().AddListener([&] { seen.push_back(Pulse()->applied_generation); });
  parts->policy.Update({.values = {{"base_slice", 5'000'000}}},
                       [](const absl::StatusOr<PolicyInfo>&) {});
  sequence.Advance(absl::Milliseconds(2));
  EXPECT_THAT(seen, ElementsAre(2));
}

TEST_F(SchedulerControlTest, AnIdleSchedulerIsNoNews) {
  Attach();
  const int64_t number = Pulse()->sequence();
  sequence.Advance(absl::Seconds(60));
  EXPECT_EQ(Pulse()->sequence(), number);
}

TEST_F(SchedulerControlTest, AForeignSchedulerThatComesIsNoticedByItself) {
  scheduler().watch().AddListener([] {});
  SetForeign("scx_rusty");
  sequence.Advance(absl::Milliseconds(100));
  EXPECT_EQ(Pulse()->scheduler.state, SchedulerState::kForeign);
}

// To look costs some dozens of files and counters.
TEST_F(SchedulerControlTest, WhereNobodyListensItLooksOnceASecond) {
  SetForeign("scx_rusty");
  sequence.Advance(absl::Milliseconds(800));
  EXPECT_EQ(Pulse()->scheduler.state, SchedulerState::kDetached);
  sequence.Advance(absl::Milliseconds(200));
  EXPECT_EQ(Pulse()->scheduler.state, SchedulerState::kForeign);
}

}  // namespace
}  // namespace schedd
