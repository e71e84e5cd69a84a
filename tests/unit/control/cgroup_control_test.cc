// SPDX-License-Identifier: Apache-2.0
#include "server/control/cgroup_control.h"

#include <gtest/gtest.h>

#include "tests/unit/control/control_fixture.h"

namespace schedd {
namespace {

class CgroupControlTest : public ControlFixture {
 protected:
  void SetUp() override {
    ControlFixture::SetUp();
    host.cgroups = {{1, ""}, {2, "a"}, {3, "b"}};
    host.cgroup_weights = {{"a", 100}, {"b", 300}};
    Attach();
  }

  // A task that always wants a CPU.
  uint32_t Hog(uint32_t slot, uint64_t cgroup_id, uint32_t weight = 100) {
    const uint32_t key = host.kernel->PutTask(slot, {.tid = static_cast<int32_t>(100 + slot),
                                                     .cgroup_id = cgroup_id,
                                                     .state = SCHEDD_TASK_RUNNING,
                                                     .weight = weight});
    host.kernel->slot(slot).running_since_ns = static_cast<uint64_t>(host.kernel->NowNanos());
    return key;
  }

  // The hogs share CPUs: somebody waits all the time.
  void Compete(absl::Duration duration) {
    for (; duration > absl::ZeroDuration(); duration -= CgroupControl::kInterval) {
      host.kernel->Count(SCHEDD_COUNT_EVENTS, 1);
      sequence.Advance(CgroupControl::kInterval);
    }
  }
  void Look() { Compete(CgroupControl::kInterval); }
  double Factor(uint64_t cgroup_id) const { return host.engine->shares.Factor(cgroup_id); }
  size_t Sent() const { return host.engine->applied.size(); }
};

TEST_F(CgroupControlTest, TheEngineGetsTheShares) {
  Hog(0, 1);
  Hog(1, 2);
  Hog(2, 2);
  Hog(3, 3);
  Look();
  EXPECT_DOUBLE_EQ(Factor(1), 1);
  EXPECT_DOUBLE_EQ(Factor(2), 0.5);
  EXPECT_DOUBLE_EQ(Factor(3), 3);
  EXPECT_DOUBLE_EQ(Factor(77), 0.5) << "the least: being new is no gain";
}

TEST_F(CgroupControlTest, IsNoNewGeneration) {
  const int64_t before = host.engine->applied_generation();
  Hog(0, 2);
  Hog(1, 2);
  Look();
  ASSERT_EQ(Sent(), 1u);
  EXPECT_EQ(host.engine->applied_generation(), before);
}

TEST_F(CgroupControlTest, NothingIsSentWithoutGroupsOrChanges) {
  Hog(0, 1);
  Look();
  EXPECT_EQ(Sent(), 0u) << "only the root";
  Hog(1, 2);
  Hog(2, 2);
  Look();
  EXPECT_EQ(Sent(), 1u);
  Look();
  Look();
  EXPECT_EQ(Sent(), 1u);
}

TEST_F(CgroupControlTest, AChangeOfWeightIsInForceWithinHalfASecond) {
  Hog(0, 2);
  Look();
  host.cgroup_weights["a"] = 250;
  Compete(absl::Milliseconds(400));
  EXPECT_DOUBLE_EQ(Factor(2), 2.5);
}

// Each look reads all slots, and a file for each group: a machine with nothing to do is left alone.
TEST_F(CgroupControlTest, WhereNobodyWaitsItLooksOnceASecond) {
  Hog(0, 2);
  Hog(1, 2);
  sequence.Advance(9 * CgroupControl::kInterval);
  EXPECT_EQ(Sent(), 0u);
  sequence.Advance(CgroupControl::kInterval);
  EXPECT_EQ(Sent(), 1u);
  host.cgroup_weights["a"] = 250;
  sequence.Advance(9 * CgroupControl::kInterval);
  EXPECT_EQ(Sent(), 1u);
  for (const schedd_counter counter :
       {SCHEDD_COUNT_EVENTS, SCHEDD_COUNT_WAITS_LEASED, SCHEDD_COUNT_EVENTS_DROPPED}) {
    Compete(CgroupControl::kInterval);
    const size_t before = Sent();
    host.cgroup_weights["a"] *= 2;
    sequence.Advance(2 * CgroupControl::kInterval);  // what was read of a group is good for 200 ms
    EXPECT_EQ(Sent(), before) << counter;
    host.kernel->Count(counter, 1);
    sequence.Advance(CgroupControl::kInterval);
    EXPECT_EQ(Sent(), before + 1) << counter;
  }
}

TEST_F(CgroupControlTest, WhoSleepsLeavesTheirShareToOthers) {
  Hog(0, 2);
  Hog(1, 2);
  Look();
  EXPECT_DOUBLE_EQ(Factor(2), 0.5);
  schedd_slot& slot = host.kernel->slot(1);
  slot.run_ns = static_cast<uint64_t>(host.kernel->NowNanos()) - slot.running_since_ns;
  slot.state = SCHEDD_TASK_SLEEPING;
  Compete(absl::Seconds(2));
  EXPECT_NEAR(Factor(2), 1, 0.011);
}

TEST_F(CgroupControlTest, WhenTheControllerGoesAllCountAlikeAgain) {
  Hog(0, 2);
  Hog(1, 2);
  Look();
  host.cgroup_weights = {};
  Compete(absl::Milliseconds(400));
  EXPECT_EQ(host.engine->shares, CgroupShares());
}

TEST_F(CgroupControlTest, AnOverriddenTaskTakesNoPartInTheDivision) {
  Hog(0, 2);
  Hog(1, 2);
  CreateOverrideRequest request;
  request.spec.selector.tgid = 100;
  request.spec.weight = 400;
  ASSERT_TRUE(Create(request).ok());
  Look();
  EXPECT_DOUBLE_EQ(Factor(2), 1) << "the other hog has the group for itself";
  EXPECT_DOUBLE_EQ(host.engine->shares.scale, 1);
}

TEST_F(CgroupControlTest, ThreadsOfTheDaemonAndVitalKernelThreadsTakeNoPart) {
  Hog(0, 2);
  for (const uint32_t flag : {SCHEDD_SLOT_DAEMON, SCHEDD_SLOT_DIRECT}) {
    Hog(1, 2);
    host.kernel->slot(1).flags = flag;
    Look();
    EXPECT_DOUBLE_EQ(Factor(2), 1);
  }
}

TEST_F(CgroupControlTest, ManyInAGroupAreScaledUp) {
  for (uint32_t slot = 0; slot < 10; ++slot) Hog(slot, 2);
  Look();
  EXPECT_DOUBLE_EQ(Factor(2), 0.1);
  EXPECT_DOUBLE_EQ(host.engine->shares.scale, 3.4) << "10 is too coarse a weight";
}

TEST_F(CgroupControlTest, ANewEngineIsToldAnew) {
  Hog(0, 2);
  Hog(1, 2);
  Look();
  ASSERT_TRUE(parts->scheduler.Detach("").ok());
  sequence.Advance(CgroupControl::kInterval);
  Attach();
  EXPECT_DOUBLE_EQ(Factor(2), 1);
  Hog(0, 2);
  Hog(1, 2);
  Look();
  EXPECT_DOUBLE_EQ(Factor(2), 0.5);
}

TEST_F(CgroupControlTest, TasksShowWithWhichWeightTheyCompete) {
  Hog(0, 3, 50);
  Hog(1, 3, 100);
  Look();
  const auto tasks = parts->catalog.Snapshot(absl::ZeroDuration());
  ASSERT_TRUE(tasks.ok());
  ASSERT_EQ((*tasks)->tasks.size(), 2u);
  EXPECT_EQ((*tasks)->tasks[0].info->weight, 50);
  EXPECT_DOUBLE_EQ((*tasks)->tasks[0].info->effective_weight, 100);
  EXPECT_DOUBLE_EQ((*tasks)->tasks[1].info->effective_weight, 200);
}

TEST_F(CgroupControlTest, AnOverriddenTaskCompetesWithTheOverride) {
  Hog(0, 3);
  CreateOverrideRequest request;
  request.spec.selector.tgid = 100;
  request.spec.weight = 700;
  ASSERT_TRUE(Create(request).ok());
  Look();
  EXPECT_DOUBLE_EQ(
      (*parts->catalog.Snapshot(absl::ZeroDuration()))->tasks[0].info->effective_weight, 700);
}

TEST_F(CgroupControlTest, AfterShutdownNothingIsLookedAt) {
  Hog(0, 2);
  Hog(1, 2);
  parts->cgroup_shares.Shutdown();
  Look();
  EXPECT_EQ(Sent(), 0u);
}

}  // namespace
}  // namespace schedd
