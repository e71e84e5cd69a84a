// SPDX-License-Identifier: Apache-2.0
//
// The host of `schedd --kernel=sim`. It follows the real clock; the tests wait for things to
// happen, not for time to pass.
#include "server/sim/sim_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <set>
#include <string>
#include <thread>

#include "server/engine/engine.h"
#include "server/engine/shared_access.h"
#include "server/policy/registry.h"

namespace schedd {
namespace {

using testing::HasSubstr;

// False when it does not come true in ten seconds.
bool Eventually(const std::function<bool()>& condition) {
  const int64_t give_up_ns = PacedMachine::NowNanos() + 10'000'000'000;
  while (!condition()) {
    if (PacedMachine::NowNanos() > give_up_ns) return false;
    std::this_thread::yield();
  }
  return true;
}

// A daemon in small: an engine on a thread of its own.
class SimHostTest : public testing::Test {
 protected:
  void SetUp() override {
    auto kernel = host_.Load(LoadOptions());
    ASSERT_TRUE(kernel.ok()) << kernel.status();
    kernel_ = *std::move(kernel);
    const SharedMemory& memory = kernel_->memory();
    auto policy = MakePolicy("vruntime", static_cast<uint32_t>(memory.slots.size()),
                             static_cast<uint32_t>(memory.cpus.size()));
    ASSERT_TRUE(policy.ok());
    engine_ = std::make_unique<Engine>(kernel_.get(), *std::move(policy), EngineOptions(),
                                       PolicyParameters(), 1);
    thread_ = std::thread([this] { engine_->Run(); });
    ASSERT_TRUE(Eventually([this] { return engine_->stats().passes > 0; }));
  }
  void TearDown() override {
    engine_->Stop();
    thread_.join();
  }

  uint64_t Count(schedd_counter counter) const {
    uint64_t sum = 0;
    for (const schedd_cpu& cpu : kernel_->memory().cpus) sum += LoadShared(cpu.counters[counter]);
    return sum;
  }

  SimHost host_{{}};
  std::unique_ptr<Kernel> kernel_;
  std::unique_ptr<Engine> engine_;
  std::thread thread_;
};

TEST_F(SimHostTest, SchedulesItsTasks) {
  ASSERT_TRUE(kernel_->Attach().ok());
  EXPECT_TRUE(Eventually([this] { return Count(SCHEDD_COUNT_DECISIONS_APPLIED) > 20; }));
  EXPECT_TRUE(Eventually([this] { return Count(SCHEDD_COUNT_RUN_DECIDED) > 20; }));
  EXPECT_EQ(kernel_->memory().header->daemon_tgid, static_cast<uint32_t>(getpid()));
}

TEST_F(SimHostTest, ReadsTheStateFromTheMachine) {
  EXPECT_EQ(host_.ReadState().attachment, KernelState::Attachment::kDetached);
  EXPECT_EQ(host_.ReadState().raw_state, "disabled");
  EXPECT_EQ(host_.ReadState().ops_name, "");
  ASSERT_TRUE(kernel_->Attach().ok());
  EXPECT_EQ(host_.ReadState().attachment, KernelState::Attachment::kOurs);
  EXPECT_EQ(host_.ReadState().raw_state, "enabled");
  EXPECT_EQ(host_.ReadState().ops_name, "schedd");
  EXPECT_FALSE(kernel_->Exit().has_value());
  ASSERT_TRUE(kernel_->Detach().ok());
  EXPECT_EQ(host_.ReadState().attachment, KernelState::Attachment::kDetached);
  ASSERT_TRUE(kernel_->Exit().has_value());
  EXPECT_EQ(kernel_->Exit()->kind, 64);
  EXPECT_EQ(LoadShared(kernel_->memory().header->used_slots), 0u);
  ASSERT_TRUE(kernel_->Attach().ok()) << "and once more";
  EXPECT_FALSE(kernel_->Exit().has_value());
}

TEST_F(SimHostTest, OnlyOneSchedulerAtATime) {
  ASSERT_TRUE(kernel_->Attach().ok());
  auto second = host_.Load({.ops_name = "schedd_two"});
  ASSERT_TRUE(second.ok());
  const absl::Status refused = (*second)->Attach();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("\"schedd\" is attached"));
  ASSERT_TRUE((*second)->Detach().ok()) << "not its own: nothing happens";
  EXPECT_EQ(host_.ReadState().ops_name, "schedd");
  ASSERT_TRUE(kernel_->Detach().ok());
  ASSERT_TRUE((*second)->Attach().ok());
  EXPECT_EQ(host_.ReadState().ops_name, "schedd_two");
  second->reset();
  EXPECT_EQ(host_.ReadState().ops_name, "") << "a kernel that is gone is not attached";
}

TEST_F(SimHostTest, NamesControlGroups) {
  ASSERT_TRUE(kernel_->Attach().ok());
  std::set<std::string> paths;
  for (uint64_t i = 0; i < LoadShared(kernel_->memory().header->slots_high_water); ++i) {
    const auto path = host_.CgroupPath(LoadShared(kernel_->memory().slots[i].cgroup_id));
    ASSERT_TRUE(path.ok()) << path.status();
    paths.insert(*path);
  }
  EXPECT_THAT(paths, testing::IsSupersetOf({"", "system.slice/db", "user.slice/session-1"}));
  EXPECT_EQ(host_.CgroupPath(4711).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(SimHostTest, TasksComeAndGo) {
  ASSERT_TRUE(kernel_->Attach().ok());
  EXPECT_TRUE(Eventually([this] { return Count(SCHEDD_COUNT_ENDED_RUN_NS) > 0; }))
      << "a short-lived task ran and ended";
}

TEST_F(SimHostTest, CountsPageFaultsOfAThread) {
  ASSERT_TRUE(Eventually([this] { return engine_->scheduling_tid() != 0; }));
  const auto faults = host_.PageFaultCount(engine_->scheduling_tid());
  ASSERT_TRUE(faults.ok()) << faults.status();
  // A thread that touches new pages faults.
  const auto before = host_.PageFaultCount(gettid());
  ASSERT_TRUE(before.ok());
  constexpr size_t kBytes = 64 << 20;
  std::unique_ptr<char[]> fresh(new char[kBytes]);
  for (size_t i = 0; i < kBytes; i += 4096) fresh[i] = 1;
  const auto after = host_.PageFaultCount(gettid());
  ASSERT_TRUE(after.ok());
  EXPECT_GT(*after, *before);
  EXPECT_EQ(host_.PageFaultCount(999'999'999).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(SimHostTest, TheSchedulingThreadAllocatesNothing) {
  ASSERT_TRUE(kernel_->Attach().ok());
  ASSERT_TRUE(Eventually([this] { return engine_->stats().decisions > 50; }));
  EXPECT_EQ(engine_->stats().allocations, 0);
}

TEST_F(SimHostTest, AChangeIsAppliedPromptly) {
  ASSERT_TRUE(kernel_->Attach().ok());
  auto directive = std::make_unique<Directive>();
  directive->generation = 2;
  ASSERT_TRUE(engine_->Submit(directive));
  EXPECT_TRUE(Eventually([this] { return engine_->applied_generation() == 2; }));
}

TEST(SimHostLoadTest, RefusesOptionsOutOfRangeAndSaysWhatIsAllowed) {
  SimHost host({.workload = nullptr});
  const auto code = [&host](const LoadOptions& options) {
    return host.Load(options).status().code();
  };
  EXPECT_EQ(code({.max_tasks = 0}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.watchdog_timeout_ms = 0}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.watchdog_timeout_ms = 30'001}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.ops_name = "other"}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.ext_tasks_only = true}), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(code({.max_tasks = 1, .watchdog_timeout_ms = 30'000, .ops_name = "schedd"}),
            absl::StatusCode::kOk);
  EXPECT_THAT(std::string(host.Load({.watchdog_timeout_ms = 30'001}).status().message()),
              HasSubstr("1 to 30000"));
}

TEST(SimHostLoadTest, AKernelKeepsItsMachineAlive) {
  std::unique_ptr<Kernel> kernel;
  {
    SimHost host({.nr_cpus = 2});
    kernel = *host.Load(LoadOptions());
  }
  EXPECT_TRUE(kernel->Attach().ok());
  EXPECT_EQ(kernel->memory().cpus.size(), 2u);
}

TEST(PacedKernelTest, WakeEndsAWait) {
  SimHost host({.workload = nullptr});
  const std::unique_ptr<Kernel> kernel = *host.Load(LoadOptions());
  kernel->Wake();
  kernel->Wait(INT64_MAX);  // woken before
  std::thread waiter([&kernel] { kernel->Wait(INT64_MAX); });
  kernel->Wake();
  waiter.join();
  kernel->Wait(PacedMachine::NowNanos() - 1);  // its time is over
}

// --- a workload from a file ---

constexpr int64_t kSecond = 1'000'000'000;

SimWorkload TwoTenants() {
  SimWorkload workload;
  workload.topology = {.nodes = 2, .cores_per_llc = 3};
  workload.tasks = {{.count = 2, .spec = {.comm = "hog", .cgroup = "a"}},
                    {.start_ns = 10 * kSecond, .spec = {.comm = "late", .cgroup = "b"}}};
  workload.tasks[0].spec.program = {RunFor(10'000'000)};
  workload.tasks[1].spec.program = {RunFor(1'000'000), SleepFor(1'000'000)};
  workload.cgroup_weights = {{"a", 400}};
  return workload;
}

// Names of the tasks in the kernel's slots.
std::set<std::string> Comms(const Kernel& kernel) {
  std::set<std::string> comms;
  const uint64_t used = LoadShared(kernel.memory().header->slots_high_water);
  for (uint64_t i = 0; i < used; ++i) comms.insert(kernel.memory().slots[i].comm);
  return comms;
}

TEST(SimHostWorkloadTest, MachineTasksAndGroupsAreThoseOfTheWorkload) {
  SimHost host({.scenario = TwoTenants()});
  const std::unique_ptr<Kernel> kernel = *host.Load(LoadOptions());
  EXPECT_EQ(kernel->memory().cpus.size(), 6u);
  ASSERT_TRUE(kernel->Attach().ok());
  EXPECT_EQ(Comms(*kernel), std::set<std::string>({"hog"}));
  EXPECT_EQ(host.CgroupWeight("a").value_or(0), 400);
  EXPECT_EQ(host.CgroupWeight("b").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(SimHost({}).CgroupWeight("a").status().code(), absl::StatusCode::kNotFound);
}

TEST(SimHostWorkloadTest, ItsClockGoesAsFastAsItIsTold) {
  // The machine's clock begins between the two, with the host's.
  const int64_t before_ns = PacedMachine::NowNanos();
  SimHost host({.scenario = TwoTenants(), .speed = 100});
  const std::unique_ptr<Kernel> kernel = *host.Load(LoadOptions());
  const int64_t after_ns = PacedMachine::NowNanos();
  ASSERT_TRUE(kernel->Attach().ok());
  // A task that starts after 10 s.
  EXPECT_TRUE(Eventually([&kernel] { return Comms(*kernel).count("late") > 0; }));
  const int64_t now_ns = kernel->NowNanos();
  const int64_t really_now_ns = PacedMachine::NowNanos();
  EXPECT_GT(now_ns - before_ns, 10 * kSecond);
  // Never faster; slower only as far as a busy host, or one with a sanitizer, cannot keep up.
  EXPECT_LE(now_ns - after_ns, 100 * (really_now_ns - before_ns));
  EXPECT_GE(now_ns - before_ns, 10 * (really_now_ns - before_ns));
}

TEST(SimHostWorkloadTest, AWaitIsAsLongOnTheMachinesClock) {
  for (const double speed : {0.5, 20.0}) {
    SimHost host({.workload = nullptr, .speed = speed});
    const std::unique_ptr<Kernel> kernel = *host.Load(LoadOptions());
    const int64_t really_begun_ns = PacedMachine::NowNanos();
    const int64_t until_ns = kernel->NowNanos() + kSecond / 10;
    kernel->Wait(until_ns);
    EXPECT_GE(kernel->NowNanos(), until_ns - 1'000);  // what a double rounds
    EXPECT_GE(static_cast<double>(PacedMachine::NowNanos() - really_begun_ns),
              0.9 * kSecond / 10 / speed);
  }
}

TEST(SimHostWorkloadTest, AWaitForEverIsOneAtAnySpeed) {
  for (const double speed : {0.001, 1'000.0}) {
    SimHost host({.workload = nullptr, .speed = speed});
    const std::unique_ptr<Kernel> kernel = *host.Load(LoadOptions());
    std::atomic<bool> awake{false};
    std::thread waiter([&] {
      kernel->Wait(INT64_MAX);
      awake = true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_FALSE(awake) << speed;
    kernel->Wake();
    waiter.join();
  }
}

TEST(SimHostWorkloadTest, AStallHoldsTheSchedulingThreadUntilItIsOverOrCalled) {
  SimWorkload workload = TwoTenants();
  workload.changes = {
      {.kind = SimChange::Kind::kStall, .duration_ns = 2 * kSecond},
      {.at_ns = 5 * kSecond, .kind = SimChange::Kind::kStall, .duration_ns = 3'600 * kSecond}};
  const int64_t really_begun_ns = PacedMachine::NowNanos();
  SimHost host({.scenario = workload, .speed = 10});
  const std::unique_ptr<Kernel> kernel = *host.Load(LoadOptions());
  const int64_t begun_ns = kernel->NowNanos();
  kernel->Wait(begun_ns);
  EXPECT_GE(PacedMachine::NowNanos() - really_begun_ns, kSecond / 10 * 2 - 1'000'000);
  std::atomic<bool> awake{false};
  std::thread waiter([&] {
    // Until the second stall holds it, which would take six minutes.
    while (kernel->NowNanos() < begun_ns + 6 * kSecond) kernel->Wait(kernel->NowNanos() + kSecond);
    awake = true;
  });
  EXPECT_TRUE(Eventually([&] { return kernel->NowNanos() > begun_ns + 12 * kSecond; }));
  EXPECT_FALSE(awake);
  kernel->Wake();
  EXPECT_TRUE(Eventually([&] { return awake.load(); }));
  waiter.join();
}

TEST(SimHostWorkloadTest, AdversityBeginsWhenTheWorkloadSays) {
  SimWorkload workload = TwoTenants();
  workload.topology = SimTopology::Flat(1);  // tasks wait, and the scheduler hears of it
  workload.tasks[1].start_ns = 0;
  workload.changes = {{.at_ns = kSecond / 10,
                       .kind = SimChange::Kind::kAdversity,
                       .adversity = {.event_ring_size = 0}}};
  SimHost host({.scenario = workload});
  const std::unique_ptr<Kernel> kernel = *host.Load(LoadOptions());
  ASSERT_TRUE(kernel->Attach().ok());
  const auto count = [&kernel](schedd_counter counter) {
    uint64_t sum = 0;
    for (const schedd_cpu& cpu : kernel->memory().cpus) sum += LoadShared(cpu.counters[counter]);
    return sum;
  };
  EXPECT_TRUE(Eventually([&] {
    // As a scheduling thread that lives but reads nothing.
    StoreSharedRelease(kernel->memory().header->heartbeat_ns,
                       static_cast<uint64_t>(kernel->NowNanos()));
    return count(SCHEDD_COUNT_EVENTS_DROPPED) > 0;
  }));
  EXPECT_LT(count(SCHEDD_COUNT_EVENTS), uint64_t{SCHEDD_EVENT_RING_SIZE}) << "no ring was full";
}

}  // namespace
}  // namespace schedd
