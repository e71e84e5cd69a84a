// SPDX-License-Identifier: Apache-2.0
//
// The kernel port on a virtual clock.
#include "server/sim/sim_kernel.h"

#include <gtest/gtest.h>

#include <vector>

#include "bpf/ring.h"

namespace schedd {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kStart = 1'000'000'000;

class SimKernelTest : public testing::Test {
 protected:
  SimMachine machine_{{.nr_cpus = 2, .start_ns = kStart}};
  SimKernel kernel_{&machine_, {.max_tasks = 16, .call_cost_ns = 100}};
};

TEST_F(SimKernelTest, OffersTheMemoryOfTheAbi) {
  const SharedMemory& memory = kernel_.memory();
  EXPECT_EQ(memory.header->abi_version, uint32_t{SCHEDD_ABI_VERSION});
  EXPECT_EQ(memory.header->nr_cpus, 2u);
  EXPECT_EQ(memory.header->nr_slots, 16u);
  EXPECT_EQ(memory.slots.size(), 16u);
  EXPECT_EQ(memory.cpus.size(), 2u);
  EXPECT_EQ(memory.events.size(), 2u);
  EXPECT_EQ(memory.cpus[0].slot, SCHEDD_NO_SLOT);
}

TEST_F(SimKernelTest, EachLookAtTheClockTakesTime) {
  EXPECT_EQ(kernel_.NowNanos(), kStart + 100);
  EXPECT_EQ(kernel_.NowNanos(), kStart + 200);
}

TEST_F(SimKernelTest, WaitEndsAtItsTime) {
  std::vector<int64_t> woken_ns;
  kernel_.RunUntil(kStart + 10 * kMs, [&] {
    kernel_.Wait(woken_ns.empty() ? kStart + 3 * kMs : INT64_MAX);
    woken_ns.push_back(machine_.now_ns());
  });
  EXPECT_EQ(woken_ns, (std::vector<int64_t>{kStart + 3 * kMs, kStart + 10 * kMs}));
}

TEST_F(SimKernelTest, WaitEndsNoLaterThanTheRun) {
  int turns = 0;
  kernel_.RunUntil(kStart + 10 * kMs, [&] {
    ++turns;
    kernel_.Wait(INT64_MAX);
  });
  EXPECT_EQ(machine_.now_ns(), kStart + 10 * kMs);
  EXPECT_EQ(turns, 1);
}

TEST_F(SimKernelTest, WakeEndsAWaitBeforeItBegins) {
  kernel_.Wake();
  int turns = 0;
  kernel_.RunUntil(kStart + 10 * kMs, [&] {
    if (++turns == 1) {
      kernel_.Wait(INT64_MAX);
      EXPECT_EQ(machine_.now_ns(), kStart) << "it was woken before";
    } else {
      kernel_.Wait(INT64_MAX);
    }
  });
  EXPECT_EQ(turns, 2);
}

TEST_F(SimKernelTest, AnEngineWithoutACpuOfItsOwnTakesOneWhenItWakes) {
  for (const bool shares : {false, true}) {
    SimMachine machine({.nr_cpus = 2, .start_ns = kStart});
    SimKernel kernel(&machine, {.max_tasks = 16, .call_cost_ns = 100, .shares_cpus = shares});
    ASSERT_TRUE(kernel.Attach().ok());
    for (int i = 0; i < 2; ++i) machine.Spawn({.program = {RunFor(1'000 * kMs)}});
    kernel.RunUntil(kStart + 22 * kMs, [&] { kernel.Wait(machine.now_ns() + 5 * kMs); });
    // At 5, 10, 15, 20 and 22 ms; the hogs' first two are among them.
    EXPECT_EQ(machine.context_switches(), shares ? 2 + 4 : 2);
  }
}

TEST_F(SimKernelTest, ADoorbellEndsAWaitAtItsMoment) {
  ASSERT_TRUE(kernel_.Attach().ok());
  kernel_.memory().header->heartbeat_ns = kStart;
  for (int i = 0; i < 2; ++i) machine_.Spawn({.program = {RunFor(1'000 * kMs)}});
  machine_.Spawn({.program = {SleepFor(7 * kMs), RunFor(kMs)}});
  machine_.AdvanceTo(kStart + 12 * kMs);
  schedd_event event;
  while (schedd_event_take(&kernel_.memory().events[0], &event)) {
  }
  kernel_.memory().header->heartbeat_ns = static_cast<uint64_t>(machine_.now_ns());
  kernel_.memory().header->parked = 1;
  int64_t woken_ns = 0;
  kernel_.RunUntil(kStart + 40 * kMs, [&] {
    kernel_.Wait(INT64_MAX);
    if (woken_ns == 0) woken_ns = machine_.now_ns();
  });
  ASSERT_TRUE(schedd_event_take(&kernel_.memory().events[0], &event) ||
              schedd_event_take(&kernel_.memory().events[1], &event));
  EXPECT_EQ(woken_ns, static_cast<int64_t>(event.time_ns));
}

TEST_F(SimKernelTest, AttachAndDetachTwiceIsOnce) {
  const int32_t tid = machine_.Spawn({.program = {RunFor(1'000 * kMs)}});
  EXPECT_FALSE(kernel_.Exit().has_value());
  ASSERT_TRUE(kernel_.Attach().ok());
  ASSERT_TRUE(kernel_.Attach().ok());
  EXPECT_EQ(kernel_.memory().header->used_slots, 1u);
  EXPECT_NE(machine_.Find(tid)->slot, SCHEDD_NO_SLOT);
  ASSERT_TRUE(kernel_.Detach().ok());
  ASSERT_TRUE(kernel_.Detach().ok());
  EXPECT_EQ(kernel_.memory().header->used_slots, 0u);
  ASSERT_TRUE(kernel_.Exit().has_value());
  EXPECT_EQ(kernel_.Exit()->kind, 64);
}

TEST(SimKernelLifeTest, TheMachineOutlivesItsKernel) {
  SimMachine machine({.nr_cpus = 1, .start_ns = kStart});
  const int32_t tid = machine.Spawn({.program = {RunFor(1'000 * kMs)}});
  {
    SimKernel kernel(&machine, {});
    ASSERT_TRUE(kernel.Attach().ok());
    machine.AdvanceTo(kStart + 5 * kMs);
  }
  machine.AdvanceTo(kStart + 50 * kMs);
  EXPECT_EQ(machine.RunNanos(tid), 50 * kMs);
}

}  // namespace
}  // namespace schedd
