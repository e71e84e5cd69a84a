// SPDX-License-Identifier: Apache-2.0
#include "server/faults/faulty_kernel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "tests/unit/engine/fake_kernel.h"
#include "tests/unit/faults/told_faults.h"

namespace schedd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint32_t kSlots = 8;

class FaultyKernelTest : public ::testing::Test {
 protected:
  FaultyKernelTest() {
    auto real = std::make_unique<FakeKernel>(/*nr_cpus=*/2, kSlots);
    real_ = real.get();
    kernel_ = std::make_unique<FaultyKernel>(std::move(real), &faults_);
    for (uint32_t slot = 0; slot < kSlots; ++slot) real_->EnqueueNew(slot);
    real_->header().slots_high_water = kSlots;
  }

  // True for one that the dispatcher may put into effect.
  bool IsCurrent(const schedd_decision& decision) const {
    if (decision.slot >= kSlots) return false;
    const schedd_slot& slot = real_->slot(decision.slot);
    return decision.seq == slot.seq && decision.key == slot.key;
  }

  ToldFaults faults_;
  FakeKernel* real_ = nullptr;
  std::unique_ptr<FaultyKernel> kernel_;
};

TEST_F(FaultyKernelTest, WithoutAFaultItIsTheRealOne) {
  real_->is_adopted = true;
  kernel_->Commit();
  kernel_->Wait(77);
  kernel_->Wake();
  EXPECT_EQ(real_->commits, 1);
  EXPECT_THAT(real_->waits, ElementsAre(77));
  EXPECT_EQ(real_->wakes, 1);
  EXPECT_EQ(kernel_->NowNanos(), real_->now_ns);
  EXPECT_EQ(kernel_->memory().header, real_->memory().header);
  EXPECT_TRUE(kernel_->adopted());
  EXPECT_TRUE(kernel_->Attach().ok());
  EXPECT_TRUE(kernel_->Detach().ok());
  EXPECT_FALSE(kernel_->Exit().has_value());
  EXPECT_THAT(real_->TakeDecisions(), IsEmpty());
}

TEST_F(FaultyKernelTest, BusyHoldsTheThreadAndItsHeartbeat) {
  faults_.fault = Fault::kBusy;
  faults_.last_look = 1'000;
  faults_.on_look = [this] { EXPECT_EQ(real_->commits, 0); };
  real_->header().heartbeat_ns = 5;
  kernel_->Commit();
  EXPECT_GE(faults_.looks, 1'000);
  EXPECT_EQ(real_->header().heartbeat_ns, 5u);
  faults_.on_look = nullptr;
}

TEST_F(FaultyKernelTest, BusyHoldsItBeforeItSleepsToo) {
  faults_.fault = Fault::kBusy;
  faults_.last_look = 1'000;
  faults_.on_look = [this] { EXPECT_THAT(real_->waits, IsEmpty()); };
  kernel_->Wait(77);
  EXPECT_GE(faults_.looks, 1'000);
  EXPECT_THAT(real_->waits, ElementsAre(77));
}

TEST_F(FaultyKernelTest, DeafHasAHeartbeat) {
  faults_.fault = Fault::kDeaf;
  faults_.last_look = 1'000;
  faults_.on_look = [this] { real_->now_ns += 10; };
  kernel_->Commit();
  EXPECT_NEAR(static_cast<double>(real_->header().heartbeat_ns), static_cast<double>(real_->now_ns),
              50);
  EXPECT_EQ(real_->commits, 1);
  EXPECT_THAT(real_->TakeDecisions(), IsEmpty());
}

TEST_F(FaultyKernelTest, AsleepSleepsPastItsDoorbell) {
  faults_.fault = Fault::kAsleep;
  kernel_->Wait(real_->now_ns + 1'000);
  EXPECT_THAT(real_->waits, IsEmpty());
  kernel_->Wait(real_->now_ns - 1'000);  // over already
  EXPECT_THAT(real_->waits, IsEmpty());
  kernel_->Commit();
  EXPECT_EQ(real_->commits, 1);
}

TEST_F(FaultyKernelTest, StaleDecisionsOfEachKind) {
  faults_.fault = Fault::kStale;
  for (int i = 0; i < 4; ++i) kernel_->Commit();
  EXPECT_EQ(real_->commits, 4);
  const std::vector<schedd_decision> decisions = real_->TakeDecisions();
  ASSERT_EQ(decisions.size(), 256u);
  int old_waits = 0;
  int old_tasks = 0;
  int no_slots = 0;
  int no_cpus = 0;
  std::set<uint32_t> slots;
  for (const schedd_decision& decision : decisions) {
    if (decision.slot >= kSlots) {
      ++no_slots;
      continue;
    }
    slots.insert(decision.slot);
    const schedd_slot& slot = real_->slot(decision.slot);
    if (decision.seq != slot.seq) ++old_waits;
    if (decision.key != slot.key) ++old_tasks;
    if (IsCurrent(decision)) {
      ++no_cpus;
      EXPECT_GE(decision.cpu, 512) << "would be put into effect as it is";
    }
  }
  EXPECT_EQ(old_waits, 64);
  EXPECT_EQ(old_tasks, 64);
  EXPECT_EQ(no_slots, 64);
  EXPECT_EQ(no_cpus, 64);
  EXPECT_EQ(slots.size(), kSlots);
}

TEST_F(FaultyKernelTest, FloodFillsTheRingAndDoesNotCommit) {
  faults_.fault = Fault::kFlood;
  kernel_->Commit();
  EXPECT_EQ(real_->commits, 0);
  EXPECT_EQ(schedd_decision_room(real_->memory().decisions), 0u);
  EXPECT_EQ(real_->TakeDecisions().size(), size_t{SCHEDD_DECISION_RING_SIZE});
}

TEST_F(FaultyKernelTest, FloodFillsItBeforeASleepAgain) {
  faults_.fault = Fault::kFlood;
  kernel_->Wait(77);
  EXPECT_EQ(schedd_decision_room(real_->memory().decisions), 0u);
  EXPECT_THAT(real_->waits, ElementsAre(77));
}

TEST_F(FaultyKernelTest, WithoutTasksThereIsNothingToDecide) {
  faults_.fault = Fault::kFlood;
  real_->header().slots_high_water = 0;
  kernel_->Commit();
  EXPECT_THAT(real_->TakeDecisions(), IsEmpty());
}

TEST_F(FaultyKernelTest, VersionIsThatOfNobody) {
  kernel_->Wait(1);
  EXPECT_EQ(real_->header().abi_version, uint32_t{SCHEDD_ABI_VERSION});
  faults_.fault = Fault::kVersion;
  kernel_->Wait(1);
  EXPECT_NE(real_->header().abi_version, uint32_t{SCHEDD_ABI_VERSION});
}

}  // namespace
}  // namespace schedd
