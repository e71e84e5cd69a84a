// SPDX-License-Identifier: Apache-2.0
//
// The whole control plane on its real threads: control thread, scheduling thread with the real
// engine; only the kernel is a fake.
#include "server/control/control.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "server/control/control_thread.h"
#include "server/control/error.h"
#include "server/control/scheduling_thread.h"
#include "server/control/task_query.h"

namespace schedd {
namespace {

// A kernel without tasks whose Wait() really sleeps until Wake().
class SleepingKernel : public Kernel {
 public:
  explicit SleepingKernel(std::atomic<bool>* attached)
      : attached_(attached), slots_(8), cpus_(2), events_(2) {
    header_.nr_cpus = 2;
    header_.nr_slots = 8;
    memory_ = {.header = &header_,
               .slots = slots_,
               .cpus = cpus_,
               .events = events_,
               .decisions = decisions_.get()};
  }

  const SharedMemory& memory() const override { return memory_; }
  int64_t NowNanos() const override { return absl::GetCurrentTimeNanos(); }
  void Commit() override {}
  void Wait(int64_t until_ns) override {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithDeadline(absl::Condition(&woken_), absl::FromUnixNanos(until_ns));
    woken_ = false;
  }
  void Wake() override {
    absl::MutexLock lock(&mutex_);
    woken_ = true;
  }
  absl::Status Attach() override {
    *attached_ = true;
    return absl::OkStatus();
  }
  absl::Status Detach() override {
    *attached_ = false;
    return absl::OkStatus();
  }
  std::optional<KernelExit> Exit() const override { return std::nullopt; }

 private:
  std::atomic<bool>* const attached_;
  schedd_header header_ = {};
  std::vector<schedd_slot> slots_;
  std::vector<schedd_cpu> cpus_;
  std::vector<schedd_event_ring> events_;
  std::unique_ptr<schedd_decision_ring> decisions_ = std::make_unique<schedd_decision_ring>();
  SharedMemory memory_;
  absl::Mutex mutex_;
  bool woken_ = false;
};

class SleepingHost : public KernelHost {
 public:
  absl::StatusOr<std::unique_ptr<Kernel>> Load(const LoadOptions&) override {
    return std::make_unique<SleepingKernel>(&attached);
  }
  KernelState ReadState() const override {
    if (!attached) return {};
    return {
        .attachment = KernelState::Attachment::kOurs, .ops_name = "schedd", .raw_state = "enabled"};
  }
  absl::StatusOr<std::string> CgroupPath(uint64_t) const override { return std::string(); }
  absl::Status PrepareSchedulingThread() override { return prepare_status; }
  absl::StatusOr<int64_t> PageFaultCount(int32_t) const override { return 0; }

  std::atomic<bool> attached = false;
  absl::Status prepare_status;
};

class ControlTest : public ::testing::Test {
 protected:
  Control& Build(const std::string& policy_kind = "vruntime") {
    control_ = std::make_unique<Control>(&thread_, &clock_, &host_,
                                         MakeSchedulingThreadFactory(&host_, policy_kind, {}),
                                         ControlOptions());
    return *control_;
  }

  ControlThread thread_;
  SystemClock clock_;
  SleepingHost host_;
  std::unique_ptr<Control> control_;
};

TEST_F(ControlTest, AChangeReachesTheRealSchedulingThread) {
  Control& control = Build();
  const absl::StatusOr<SchedulerInfo> attached = control.AttachScheduler({});
  ASSERT_TRUE(attached.ok()) << attached.status();
  EXPECT_EQ(attached->state, SchedulerState::kAttached);
  EXPECT_GE(attached->counters->pass_count, 1);  // the self-test
  EXPECT_EQ(attached->policy_generation, 1);

  const absl::StatusOr<PolicyInfo> updated =
      control.UpdatePolicy({.values = {{"base_slice", 5'000'000}}});
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->generation, 2);
  EXPECT_EQ(updated->applied_generation, 2);

  const absl::StatusOr<OverrideInfo> created =
      control.CreateOverride({.spec = {.selector = {.comm = "x"}, .weight = 5}, .id = "x"});
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(control.GetScheduler()->policy_generation, 3);
  EXPECT_EQ(control.ListOverrides(0, "")->overrides.size(), 1u);
  EXPECT_TRUE(control.UpdateOverride({.name = "taskOverrides/x", .spec = {.weight = 6}}).ok());
  EXPECT_EQ(control.GetOverride("taskOverrides/x")->spec.weight, 6);
  EXPECT_TRUE(control.DeleteOverride("taskOverrides/x", "").ok());
  EXPECT_EQ((*control.SnapshotTasks())->tasks.size(), 0u);
  EXPECT_EQ(GetErrorReason(control.GetTask("tasks/1-1").status()), reason::kTaskNotFound);
  EXPECT_EQ(control.GetPolicy(kPolicyName)->parameters.base_slice_ns, 5'000'000);

  const absl::StatusOr<SchedulerInfo> detached = control.DetachScheduler("done");
  EXPECT_EQ(detached->state, SchedulerState::kDetached);
  EXPECT_FALSE(host_.attached);
}

TEST_F(ControlTest, EachPolicyCanBeRun) {
  for (const char* kind : {"vruntime", "fifo"}) {
    EXPECT_TRUE(Build(kind).AttachScheduler({}).ok()) << kind;
    control_.reset();
  }
}

TEST_F(ControlTest, WhatTheRealThreadsCostIsTold) {
  Control& control = Build();
  ASSERT_TRUE(control.AttachScheduler({}).ok());
  // Each change wakes the scheduling thread.
  for (int64_t ms = 2; ms < 12; ++ms) {
    ASSERT_TRUE(control.UpdatePolicy({.values = {{"base_slice", ms * 1'000'000}}}).ok());
  }
  const absl::StatusOr<SchedulerInfo> info = control.GetScheduler();
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_GT(info->scheduling_cpu_duration, absl::ZeroDuration());
  // The kernel rounds the process's time down, user and system, before and after.
  EXPECT_GE(info->daemon_cpu_duration, info->scheduling_cpu_duration - absl::Microseconds(4));
  const SchedulerCounters& counters = *info->counters;
  EXPECT_GE(counters.scheduling_voluntary_switch_count, 1);
  EXPECT_GE(counters.scheduling_involuntary_switch_count, 0);
  EXPECT_GE(counters.daemon_voluntary_switch_count, counters.scheduling_voluntary_switch_count);
  EXPECT_GE(counters.daemon_involuntary_switch_count, counters.scheduling_involuntary_switch_count);
}

TEST_F(ControlTest, AnUnknownPolicyAttachesNothing) {
  EXPECT_FALSE(Build("nonsense").AttachScheduler({}).ok());
  EXPECT_FALSE(host_.attached);
}

TEST_F(ControlTest, AThreadThatCannotBePreparedAttachesNothing) {
  host_.prepare_status = absl::PermissionDeniedError("no real-time priority");
  const absl::Status status = Build().AttachScheduler({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(GetErrorReason(status), reason::kSelfTestFailed);
  EXPECT_FALSE(host_.attached);
}

TEST_F(ControlTest, TheWatchSeesAttachAndGenerations) {
  Control& control = Build();
  // The test's own time limit ends it.
  const auto after = [&control](int64_t sequence) {
    while (control.watch().Current()->sequence() <= sequence) std::this_thread::yield();
    return control.watch().Current();
  };
  const int64_t begin = control.watch().Current()->sequence();
  ASSERT_TRUE(control.AttachScheduler({}).ok());
  const auto attached = after(begin);
  EXPECT_EQ(attached->scheduler.state, SchedulerState::kAttached);
  ASSERT_TRUE(control.UpdatePolicy({.values = {{"base_slice", 5'000'000}}}).ok());
  const auto changed = after(attached->sequence());
  EXPECT_EQ(changed->applied_generation, 2);
  EXPECT_EQ(changed->state_sequence, attached->state_sequence);
}

TEST_F(ControlTest, AfterShutdownEveryCallIsRefused) {
  Control& control = Build();
  ASSERT_TRUE(control.AttachScheduler({}).ok());
  EXPECT_TRUE(control.Shutdown().ok());
  EXPECT_FALSE(host_.attached);
  const absl::Status statuses[] = {
      control.GetScheduler().status(),      control.AttachScheduler({}).status(),
      control.DetachScheduler("").status(), control.GetPolicy(kPolicyName).status(),
      control.UpdatePolicy({}).status(),    control.GetTask("tasks/1-1").status(),
      control.SnapshotTasks().status(),     control.CreateOverride({}).status(),
      control.GetOverride("x").status(),    control.ListOverrides(0, "").status(),
      control.UpdateOverride({}).status(),  control.DeleteOverride("x", "")};
  for (const absl::Status& status : statuses) {
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(GetErrorReason(status), reason::kDraining);
  }
  EXPECT_TRUE(control.Shutdown().ok());
}

TEST_F(ControlTest, AStoppedThreadAnswersInsteadOfHanging) {
  Control& control = Build();
  thread_.Stop();
  EXPECT_EQ(GetErrorReason(control.GetScheduler().status()), reason::kDraining);
  EXPECT_EQ(GetErrorReason(control.Shutdown()), reason::kDraining);
}

TEST_F(ControlTest, EndingWithoutShutdownDetaches) {
  ASSERT_TRUE(Build().AttachScheduler({}).ok());
  control_.reset();
  EXPECT_FALSE(host_.attached);
}

TEST_F(ControlTest, ManyCallersAtOnce) {
  Control& control = Build();
  ASSERT_TRUE(control.AttachScheduler({}).ok());
  std::vector<std::thread> callers;
  std::atomic<int64_t> highest = 0;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&control, &highest, i] {
      for (int j = 0; j < 25; ++j) {
        const absl::StatusOr<PolicyInfo> info =
            control.UpdatePolicy({.values = {{"base_slice", 5'000'000 + i * 1'000 + j}}});
        ASSERT_TRUE(info.ok()) << info.status();
        int64_t seen = highest;
        while (seen < info->generation && !highest.compare_exchange_weak(seen, info->generation)) {
        }
        ASSERT_TRUE(control.SnapshotTasks(absl::Milliseconds(1)).ok());
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(highest, 101);  // one generation for each change
  EXPECT_EQ(control.GetScheduler()->policy_generation, 101);
  EXPECT_EQ(control.GetScheduler()->counters->scheduling_allocation_count, 0);
}

TEST_F(ControlTest, OfAHundredWritersWithOneEtagOneWinsEachRound) {
  Control& control = Build();
  ASSERT_TRUE(control.AttachScheduler({}).ok());
  for (int round = 0; round < 10; ++round) {
    const PolicyInfo before = *control.GetPolicy(kPolicyName);
    std::atomic<int> won = 0;
    std::atomic<int> lost = 0;
    std::vector<std::thread> writers;
    for (int i = 0; i < 100; ++i) {
      writers.emplace_back([&, i] {
        const absl::StatusOr<PolicyInfo> info =
            control.UpdatePolicy({.values = {{"base_slice", 5'000'000 + i}}, .etag = before.etag});
        ++(info.ok() ? won : lost);
        if (!info.ok()) {
          EXPECT_EQ(GetErrorReason(info.status()), reason::kEtagMismatch);
        }
      });
    }
    for (std::thread& writer : writers) writer.join();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(lost, 99);
    EXPECT_EQ(control.GetPolicy(kPolicyName)->generation, before.generation + 1);
  }
}

}  // namespace
}  // namespace schedd
