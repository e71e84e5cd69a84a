// SPDX-License-Identifier: Apache-2.0
#include "server/engine/machine_observer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/engine/fake_kernel.h"
#include "tests/unit/engine/scripted_policy.h"

namespace schedd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kNowNs = 2'000'000'000;

class MachineObserverTest : public testing::Test {
 protected:
  CpuView Observe(size_t cpu = 0) {
    const MachineView view = observer_.Observe(kNowNs);
    EXPECT_EQ(view.now_ns, kNowNs);
    EXPECT_EQ(view.cpus.size(), 2u);
    return view.At(static_cast<uint32_t>(cpu));
  }

  void Run(uint32_t cpu, uint32_t slot, int64_t since_ns) {
    schedd_cpu& c = kernel_.memory().cpus[cpu];
    c.slot = slot;
    c.slot_key = slot < 8 ? kernel_.slot(slot).key : 0;
    c.since_ns = static_cast<uint64_t>(since_ns);
  }

  FakeKernel kernel_;
  ScriptedPolicy policy_;
  TaskTable table_{kernel_.memory().slots};
  MachineObserver observer_{kernel_.memory().cpus, &table_};
};

TEST_F(MachineObserverTest, ACpuWithoutATaskOfOursIsProtected) {
  EXPECT_EQ(Observe().kind, CpuView::Kind::kProtected);
}

TEST_F(MachineObserverTest, AnIdleCpuIsIdle) {
  kernel_.memory().cpus[1].idle = 1;
  EXPECT_EQ(Observe(0).kind, CpuView::Kind::kProtected);
  EXPECT_EQ(Observe(1).kind, CpuView::Kind::kIdle);
}

TEST_F(MachineObserverTest, NobodyIsSentToAnOfflineCpu) {
  kernel_.memory().cpus[1].idle = 1;
  kernel_.memory().cpus[1].offline = 1;
  EXPECT_EQ(Observe(1).kind, CpuView::Kind::kProtected);
}

TEST_F(MachineObserverTest, AProtectedTaskIsNotShownAsPreemptible) {
  kernel_.NewOwner(0);
  Run(0, 0, kNowNs - 5);
  kernel_.memory().cpus[0].protected_task = 1;
  EXPECT_EQ(Observe().kind, CpuView::Kind::kProtected);
}

TEST_F(MachineObserverTest, ShowsTheTaskAndWhatNoEventHasToldOfIt) {
  const schedd_event event = kernel_.EnqueueNew(3);
  kernel_.slot(3).run_ns = 1'000;
  table_.Describe(event);
  kernel_.slot(3).run_ns = 1'500;
  Run(0, 3, kNowNs - 200);
  kernel_.memory().cpus[0].taken_ns = static_cast<uint64_t>(kNowNs - 900);
  const CpuView view = Observe();
  EXPECT_EQ(view.kind, CpuView::Kind::kTask);
  EXPECT_EQ(view.taken_ns, kNowNs - 900);
  EXPECT_EQ(view.task, 3u);
  EXPECT_EQ(view.since_ns, kNowNs - 200);
  EXPECT_EQ(view.unbilled_ns, 700);
}

TEST_F(MachineObserverTest, ShowsWhoRunsOutOfTurn) {
  const schedd_event event = kernel_.EnqueueNew(3);
  table_.Describe(event);
  Run(0, 3, kNowNs - 200);
  EXPECT_FALSE(Observe().out_of_turn);
  kernel_.slot(3).urgent_seq = event.seq;
  EXPECT_TRUE(Observe().out_of_turn);
}

TEST_F(MachineObserverTest, ATaskThatRunsWithoutEverAnEventIsShownToo) {
  kernel_.NewOwner(3);
  kernel_.slot(3).run_ns = 1'500;
  Run(0, 3, kNowNs - 200);
  const CpuView view = Observe();
  EXPECT_EQ(view.kind, CpuView::Kind::kTask);
  EXPECT_EQ(view.unbilled_ns, 1'700);
  EXPECT_THAT(policy_.exits, IsEmpty());
}

TEST_F(MachineObserverTest, ARunThatBeganAfterTheClockWasReadIsNotNegative) {
  kernel_.NewOwner(3);
  Run(0, 3, kNowNs + 50);
  EXPECT_EQ(Observe().unbilled_ns, 0);
}

TEST_F(MachineObserverTest, ASlotOutOfRangeIsProtected) {
  Run(0, 8, kNowNs);
  EXPECT_EQ(Observe().kind, CpuView::Kind::kProtected);
}

TEST_F(MachineObserverTest, ThePolicyForgetsAFormerOwnerAfterItDecidedAndBeforeItSeesTheNext) {
  table_.Describe(kernel_.EnqueueNew(3));
  kernel_.NewOwner(3);
  kernel_.slot(3).run_ns = 50;
  Run(0, 3, kNowNs - 10);
  EXPECT_EQ(Observe().kind, CpuView::Kind::kProtected);
  EXPECT_THAT(policy_.exits, IsEmpty()) << "in the middle of its work";
  observer_.ForgetFormerOwners(policy_);
  EXPECT_THAT(policy_.exits, ElementsAre(3u));
  const CpuView view = Observe();
  EXPECT_EQ(view.kind, CpuView::Kind::kTask);
  EXPECT_EQ(view.unbilled_ns, 60);
  observer_.ForgetFormerOwners(policy_);
  EXPECT_THAT(policy_.exits, ElementsAre(3u)) << "once is enough";
}

TEST_F(MachineObserverTest, WithinAPassACpuLooksAsItDidFirst) {
  Observe();  // an earlier pass
  kernel_.memory().cpus[0].idle = 1;
  const MachineView view = observer_.Observe(kNowNs);
  EXPECT_EQ(view.At(0).kind, CpuView::Kind::kIdle);
  kernel_.memory().cpus[0].idle = 0;
  kernel_.memory().cpus[1].idle = 1;
  EXPECT_EQ(view.At(0).kind, CpuView::Kind::kIdle);
  EXPECT_EQ(view.At(1).kind, CpuView::Kind::kIdle) << "it was not looked at before";
  EXPECT_EQ(observer_.Observe(kNowNs).At(0).kind, CpuView::Kind::kProtected);
}

}  // namespace
}  // namespace schedd
