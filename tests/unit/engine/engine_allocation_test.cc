// SPDX-License-Identifier: Apache-2.0
//
// I4: a pass allocates nothing, with the real policies, whatever happens in it.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>

#include "server/base/allocation_guard.h"
#include "server/engine/engine.h"
#include "server/policy/registry.h"
#include "tests/unit/engine/fake_kernel.h"

namespace schedd {
namespace {

constexpr uint32_t kSlots = 256;
constexpr uint32_t kCpus = 4;

// Takes the decisions as the dispatcher would, and allocates nothing itself.
class DrainingKernel : public FakeKernel {
 public:
  DrainingKernel() : FakeKernel(kCpus, kSlots) {}

  void Commit() override {
    schedd_decision decision;
    while (schedd_decision_take(memory().decisions, &decision) == 1) {
      slot(decision.slot).state = SCHEDD_TASK_DECIDED;
      ++applied;
    }
  }
  int64_t applied = 0;
};

class EngineAllocationTest : public testing::TestWithParam<std::string> {};

TEST_P(EngineAllocationTest, APassAllocatesNothing) {
  DrainingKernel kernel;
  Engine engine(&kernel, *MakePolicy(GetParam(), kSlots, kCpus), EngineOptions(),
                PolicyParameters(), 1);
  std::mt19937_64 random(5);
  for (uint32_t i = 0; i < kSlots; ++i) kernel.NewOwner(i);
  engine.Step();
  const int64_t before = ArmedAllocationCount();
  for (int64_t round = 2; round < 5'000; ++round) {
    kernel.now_ns += static_cast<int64_t>(random() % 3'000'000);
    for (uint64_t i = 0, count = random() % 12; i < count; ++i) {
      const auto slot = static_cast<uint32_t>(random() % kSlots);
      if (random() % 10 == 0) kernel.NewOwner(slot);
      kernel.RunAndSleep(slot, random() % 8'000'000);
      kernel.slot(slot).wakeups += random() % 2;
      kernel.Enqueue(slot, static_cast<uint32_t>(random() % kCpus));
    }
    auto directive = std::make_unique<Directive>();
    directive->generation = round;
    directive->parameters = PolicyParameters{.base_slice_ns = 1'000'000 + round};
    const auto boosted = static_cast<uint32_t>(random() % kSlots);
    directive->settings.push_back(
        {.slot = boosted, .key = kernel.slot(boosted).key, .weight = 400});
    ASSERT_TRUE(engine.Submit(directive));

    ArmAllocationCount();
    engine.Step();
    DisarmAllocationCount();
  }
  EXPECT_EQ(ArmedAllocationCount() - before, 0);
  EXPECT_GT(kernel.applied, 10'000) << "there was something to do";
}

TEST(AllocationGuardTest, WouldHaveSeenAnAllocation) {
  const int64_t before = ArmedAllocationCount();
  ArmAllocationCount();
  const std::string long_enough_for_the_heap(100, 'x');
  DisarmAllocationCount();
  EXPECT_GT(ArmedAllocationCount() - before, 0) << long_enough_for_the_heap;
}

INSTANTIATE_TEST_SUITE_P(Policies, EngineAllocationTest, testing::ValuesIn(PolicyNames()));

}  // namespace
}  // namespace schedd
