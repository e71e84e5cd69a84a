// SPDX-License-Identifier: Apache-2.0
//
// How attachments end, and what is kept of them. See also scheduler_control_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "server/control/scheduler_control.h"
#include "tests/unit/control/control_fixture.h"

namespace schedd {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SchedulerEndTest : public ControlFixture {
 protected:
  SchedulerControl& scheduler() { return parts->scheduler; }
  std::shared_ptr<const SchedulerPulse> Pulse() { return scheduler().watch().Current(); }

  // An ejection that leaves a dump, and the attach after it.
  void EjectAndAttach(const std::string& dump) {
    host.kernel->Eject(Stall(dump));
    sequence.Advance(absl::Milliseconds(100));
    Attach();
  }

  std::string DumpDirectory() const {
    return ::testing::TempDir() + "/" +
           ::testing::UnitTest::GetInstance()->current_test_info()->name();
  }
};

TEST_F(SchedulerEndTest, AKernelThatIsGoneWithoutAWordIsReplaced) {
  Attach();
  host.kernel->Count(SCHEDD_COUNT_EVENTS_DROPPED, 3);
  host.state = {};
  host.events.clear();
  ASSERT_TRUE(scheduler().Attach({}).ok());
  EXPECT_THAT(host.events, ElementsAre("engine ends", "unload", "load", "engine", "attach"));
  const SchedulerInfo info = scheduler().Get();
  EXPECT_EQ(info.state, SchedulerState::kAttached);
  EXPECT_EQ(info.attach_count, 2);
  EXPECT_FALSE(info.last_exit.has_value());  // nobody knows why
  EXPECT_EQ(Pulse()->lost_event_count, 3);
}

TEST_F(SchedulerEndTest, AForeignSchedulerInThePlaceOfOursIsLeftAlone) {
  Attach();
  host.state = {.attachment = KernelState::Attachment::kForeign,
                .ops_name = "scx_rusty",
                .raw_state = "enabled"};
  host.events.clear();
  EXPECT_EQ(ErrorOf(scheduler().Attach({})), "FAILED_PRECONDITION SCHEDULER_BUSY");
  EXPECT_THAT(host.events, IsEmpty());
  EXPECT_EQ(scheduler().Get().state, SchedulerState::kForeign);
}

TEST_F(SchedulerEndTest, AFailedAttachAfterAnEjectionIsStillEjected) {
  Attach();
  host.kernel->Eject(Stall());
  host.load_status = absl::InternalError("verifier says no");
  EXPECT_EQ(ErrorOf(scheduler().Attach({})), "INTERNAL VERIFIER_REJECTED");
  EXPECT_EQ(log.back(), "attach failed: verifier says no");
  const SchedulerInfo info = scheduler().Get();
  EXPECT_EQ(info.state, SchedulerState::kEjected);
  EXPECT_EQ(info.attach_count, 1);
  EXPECT_EQ(info.last_exit->kind, 1026);
}

TEST_F(SchedulerEndTest, WhoComesBetweenLoadAndAttachIsNamed) {
  host.attach_status = absl::FailedPreconditionError("busy");
  host.state.ops_name = "scx_lavd";  // as it is read after the attempt
  EXPECT_EQ(GetErrorMetadata(scheduler().Attach({}))["ops_name"], "scx_lavd");
}

TEST_F(SchedulerEndTest, ValidatingBesideAnAttachedSchedulerDisturbsNobody) {
  Attach();
  FakeKernel* const ours = host.kernel;
  host.events.clear();
  ASSERT_TRUE(scheduler().Attach({.validate_only = true}).ok());
  EXPECT_THAT(host.events, ElementsAre("load", "unload"));
  host.kernel = ours;
  EXPECT_EQ(scheduler().Get().state, SchedulerState::kAttached);
  EXPECT_EQ(scheduler().Get().attach_count, 1);
}

TEST_F(SchedulerEndTest, ADetachAnswersWhoWaitsForAChange) {
  host.automatic_engine = false;
  Attach();
  std::optional<PolicyInfo> answer;
  parts->policy.Update({.values = {{"base_slice", 5'000'000}}},
                       [&](absl::StatusOr<PolicyInfo> a) { answer = *a; });
  ASSERT_TRUE(scheduler().Detach("").ok());
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->generation, 2);
  EXPECT_EQ(answer->applied_generation, 0);
  EXPECT_FALSE(answer->apply_time.has_value());
}

TEST_F(SchedulerEndTest, LostEventsOutlastAnEjection) {
  Attach();
  for (int i = 1; i <= 3; ++i) {
    host.kernel->Count(SCHEDD_COUNT_EVENTS_DROPPED, 2);
    EjectAndAttach("");
    EXPECT_EQ(Pulse()->lost_event_count, 2 * i);
    EXPECT_EQ(scheduler().Get().counters->dropped_event_count, 0);  // of this attachment
  }
}

TEST_F(SchedulerEndTest, PulsesSayWhenTheGenerationWasTakenUp) {
  EXPECT_EQ(Pulse()->applied_generation, 0);
  EXPECT_EQ(Pulse()->apply_time, absl::InfinitePast());
  Attach();
  const absl::Time attached = clock.Now();
  sequence.Advance(absl::Seconds(3));
  EXPECT_EQ(Pulse()->apply_time, attached);
  host.engine->automatic = false;
  parts->policy.Update({.values = {{"base_slice", 5'000'000}}},
                       [](const absl::StatusOr<PolicyInfo>&) {});
  sequence.Advance(absl::Microseconds(300));
  host.engine->Step();
  const absl::Time applied = clock.Now();
  sequence.Advance(absl::Milliseconds(1));
  EXPECT_EQ(Pulse()->applied_generation, 2);
  EXPECT_EQ(Pulse()->apply_time, applied);  // not when it was noticed
  ASSERT_TRUE(scheduler().Detach("").ok());
  EXPECT_EQ(Pulse()->apply_time, absl::InfinitePast());
}

TEST_F(SchedulerEndTest, PageFaultsNeedBothEndsOfTheCount) {
  Attach();
  host.page_faults = absl::NotFoundError("no such thread");
  EXPECT_EQ(scheduler().Get().counters->scheduling_page_fault_count, -1);
  ASSERT_TRUE(scheduler().Detach("").ok());
  Attach();
  host.page_faults = 12;  // known again, but not since when
  EXPECT_EQ(scheduler().Get().counters->scheduling_page_fault_count, -1);
}

TEST_F(SchedulerEndTest, CpuTimeIsOfThisAttachmentToo) {
  Attach();
  host.engine->cpu_time_ns_ += 900;
  EXPECT_EQ(scheduler().Get().scheduling_cpu_duration, absl::Nanoseconds(900));
  ASSERT_TRUE(scheduler().Detach("").ok());
  EXPECT_EQ(scheduler().Get().scheduling_cpu_duration, absl::ZeroDuration());
  Attach();
  EXPECT_EQ(scheduler().Get().scheduling_cpu_duration, absl::ZeroDuration());
}

TEST_F(SchedulerEndTest, SwitchesNeedBothEndsOfTheCount) {
  Attach();
  host.switches = absl::NotFoundError("no such thread");
  EXPECT_EQ(scheduler().Get().counters->scheduling_voluntary_switch_count, -1);
  EXPECT_EQ(scheduler().Get().counters->scheduling_involuntary_switch_count, -1);
  ASSERT_TRUE(scheduler().Detach("").ok());
  Attach();
  host.switches = SwitchCounts{.voluntary = 12, .involuntary = 12};  // since when?
  EXPECT_EQ(scheduler().Get().counters->scheduling_voluntary_switch_count, -1);
  EXPECT_EQ(scheduler().Get().counters->scheduling_involuntary_switch_count, -1);
}

TEST_F(SchedulerEndTest, TheDaemonsOwnCostIsOfThisAttachmentToo) {
  ProcessUsage usage = {.cpu_time_ns = 70'000, .switches = {.voluntary = 100, .involuntary = 10}};
  options.process_usage = [&usage] { return usage; };
  Build();
  Attach();
  usage = {.cpu_time_ns = 75'000, .switches = {.voluntary = 108, .involuntary = 13}};
  host.switches = SwitchCounts{.voluntary = 36, .involuntary = 6};
  SchedulerInfo info = scheduler().Get();
  EXPECT_EQ(info.daemon_cpu_duration, absl::Nanoseconds(5'000));
  EXPECT_EQ(info.counters->daemon_voluntary_switch_count, 8);
  EXPECT_EQ(info.counters->daemon_involuntary_switch_count, 3);
  EXPECT_EQ(info.counters->scheduling_voluntary_switch_count, 6);
  EXPECT_EQ(info.counters->scheduling_involuntary_switch_count, 2);
  ASSERT_TRUE(scheduler().Detach("").ok());
  EXPECT_EQ(scheduler().Get().daemon_cpu_duration, absl::ZeroDuration());
  Attach();
  info = scheduler().Get();
  EXPECT_EQ(info.daemon_cpu_duration, absl::ZeroDuration());
  EXPECT_EQ(info.counters->daemon_voluntary_switch_count, 0);
  EXPECT_EQ(info.counters->scheduling_voluntary_switch_count, 0);
}

TEST_F(SchedulerEndTest, AnExitWithoutADumpLeavesNoFile) {
  options.dump_directory = DumpDirectory();
  std::filesystem::remove_all(options.dump_directory);
  Build();
  Attach();
  EjectAndAttach("");
  EXPECT_EQ(scheduler().Get().last_exit->dump_path, "");
  EXPECT_FALSE(std::filesystem::exists(options.dump_directory));
  EXPECT_THAT(log, ::testing::Not(Contains(HasSubstr("dump"))));
}

TEST_F(SchedulerEndTest, OnlyTheNewestDumpsAreKept) {
  options.dump_directory = DumpDirectory();
  options.max_dumps = 2;
  std::filesystem::remove_all(options.dump_directory);
  Build();
  Attach();
  std::vector<std::string> paths;
  for (const char* dump : {"one", "two", "three"}) {
    EjectAndAttach(dump);
    paths.push_back(scheduler().Get().last_exit->dump_path);
  }
  EXPECT_FALSE(std::filesystem::exists(paths[0]));
  EXPECT_TRUE(std::filesystem::exists(paths[1]));
  EXPECT_TRUE(std::filesystem::exists(paths[2]));
}

TEST_F(SchedulerEndTest, ANegativeNumberOfDumpsIsNone) {
  options.dump_directory = DumpDirectory();
  options.max_dumps = -1;
  std::filesystem::remove_all(options.dump_directory);
  Build();
  Attach();
  EjectAndAttach("CPU states ...");
  EXPECT_EQ(scheduler().Get().last_exit->dump_path, "");
  EXPECT_FALSE(std::filesystem::exists(options.dump_directory));
}

TEST_F(SchedulerEndTest, AfterShutdownNothingMoves) {
  Attach();
  ASSERT_TRUE(scheduler().Shutdown().ok());
  EXPECT_THAT(log, Contains("detached: the daemon ends"));
  const int64_t number = Pulse()->sequence();
  host.state = {
      .attachment = KernelState::Attachment::kForeign, .ops_name = "scx", .raw_state = ""};
  sequence.Advance(absl::Seconds(1));
  EXPECT_EQ(Pulse()->sequence(), number);
  EXPECT_TRUE(scheduler().Shutdown().ok());  // again: nothing to do
}

TEST_F(SchedulerEndTest, ShutdownAfterAnEjectionNobodyNoticedKeepsItsReason) {
  Attach();
  host.kernel->Eject(Stall());
  ASSERT_TRUE(scheduler().Shutdown().ok());
  EXPECT_EQ(host.kernels_alive, 0);
  EXPECT_EQ(scheduler().Get().state, SchedulerState::kEjected);
  EXPECT_EQ(scheduler().Get().last_exit->reason, "runnable task stall");
}

// --- handing over, adopting
// ---------------------------------------------------------------------------

TEST_F(SchedulerEndTest, HandingOverStopsTheEngineBeforeItLetsGo) {
  Attach();
  host.events.clear();
  scheduler().HandOver();
  EXPECT_THAT(host.events, ElementsAre("engine ends", "release", "unload"));
  EXPECT_EQ(host.state.attachment, KernelState::Attachment::kOurs) << "no detach";
  EXPECT_EQ(scheduler().attachment(), nullptr);
}

TEST_F(SchedulerEndTest, ThereMayBeNothingToHandOver) {
  scheduler().HandOver();
  EXPECT_THAT(host.events, IsEmpty());
}

TEST_F(SchedulerEndTest, AdoptsWhatAnEarlierDaemonLeft) {
  std::vector<std::string> lines;
  options.log = [&lines](const std::string& line) { lines.push_back(line); };
  host.state = {
      .attachment = KernelState::Attachment::kOurs, .ops_name = "schedd", .raw_state = "enabled"};
  host.adopt_status = absl::OkStatus();
  ASSERT_TRUE(scheduler().Attach({}).ok());
  EXPECT_THAT(host.events, ElementsAre("adopt", "engine"));
  EXPECT_THAT(lines, Contains(HasSubstr("adopted, generation 1")));
  const SchedulerInfo info = scheduler().Get();
  EXPECT_EQ(info.state, SchedulerState::kAttached);
  EXPECT_EQ(info.attach_count, 1);
}

TEST_F(SchedulerEndTest, TheScopeOfAnAdoptedDispatcherIsItsOwn) {
  options.load.ext_tasks_only = true;  // the fake kernel's, too
  host.adopt_status = absl::OkStatus();
  ASSERT_TRUE(scheduler().Attach({.scope = SchedulerScope::kAll}).ok());
  EXPECT_EQ(scheduler().Get().scope, SchedulerScope::kExtOnly);
}

TEST_F(SchedulerEndTest, AnotherDaemonsDispatcherIsLeftToItWhileItLives) {
  host.state = {
      .attachment = KernelState::Attachment::kOurs, .ops_name = "schedd", .raw_state = "enabled"};
  host.adopt_status = absl::FailedPreconditionError("its daemon lives");
  const absl::Status status = scheduler().Attach({});
  EXPECT_EQ(ErrorOf(status), "FAILED_PRECONDITION SCHEDULER_BUSY");
  EXPECT_THAT(host.events, IsEmpty());
}

TEST_F(SchedulerEndTest, AnAdoptionThatFailsLeavesNothing) {
  host.adopt_status = absl::OkStatus();
  host.engine_status = absl::InternalError("no thread");
  EXPECT_FALSE(scheduler().Attach({}).ok());
  EXPECT_EQ(host.kernels_alive, 0);
  EXPECT_EQ(scheduler().attachment(), nullptr);
}

}  // namespace
}  // namespace schedd
