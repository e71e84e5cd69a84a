// SPDX-License-Identifier: Apache-2.0
//
// The host of `schedd --kernel=sim`. It follows the real clock; the tests wait for things to
// happen, not for time to pass.
#include "server/sim/sim_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

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

}  // namespace
}  // namespace schedd
