// SPDX-License-Identifier: Apache-2.0
//
// Shares, overrides and bounds of waiting: engine and policy on the simulated machine.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "tests/unit/sim/rig.h"

namespace schedd {
namespace {

constexpr int64_t kSecond = 1'000 * kMs;

TEST(FairnessScenarioTest, HogsShareByTheKernelsWeights) {
  Rig rig({});
  const int32_t light = rig.Hog(100);
  const int32_t heavy = rig.Hog(300);
  rig.RunFor(10 * kSecond);
  EXPECT_NEAR(rig.Share(light, heavy), 0.25, 0.03);
}

TEST(FairnessScenarioTest, AnOverrideChangesSharesAndTakingItBackRestoresThem) {
  Rig rig({});
  const int32_t plain = rig.Hog();
  const int32_t boosted = rig.Hog();
  rig.RunFor(5 * kSecond);
  EXPECT_NEAR(rig.Share(plain, boosted), 0.5, 0.03);

  TaskSetting boost = rig.SettingFor(boosted);
  boost.weight = 300;
  ASSERT_TRUE(rig.Submit(2, {boost}));
  auto before = std::make_pair(rig.machine.RunNanos(plain), rig.machine.RunNanos(boosted));
  rig.RunFor(10 * kSecond);
  EXPECT_NEAR(rig.Share(plain, boosted, before), 0.25, 0.03);
  EXPECT_EQ(rig.slot(boosted).generation, 2u);
  EXPECT_EQ(rig.slot(boosted).decided_weight, 300u);
  EXPECT_EQ(rig.slot(plain).generation, 2u) << "all that is decided after it belongs to it";
  EXPECT_EQ(rig.slot(plain).decided_weight, 100u);

  ASSERT_TRUE(rig.Submit(3, {rig.SettingFor(boosted)}));
  before = std::make_pair(rig.machine.RunNanos(plain), rig.machine.RunNanos(boosted));
  rig.RunFor(10 * kSecond);
  EXPECT_NEAR(rig.Share(plain, boosted, before), 0.5, 0.03);
}

TEST(FairnessScenarioTest, AChangeIsInForceWithinATenthOfASecond) {
  Rig rig({});
  const int32_t hog = rig.Hog();
  rig.Hog();
  rig.RunFor(kSecond);
  TaskSetting boost = rig.SettingFor(hog);
  boost.weight = 1'000;
  ASSERT_TRUE(rig.Submit(2, {boost}));
  rig.RunFor(100 * kMs);
  EXPECT_EQ(rig.engine.applied_generation(), 2);
  EXPECT_EQ(rig.slot(hog).decided_weight, 1'000u);
}

// renice of a running task, up and down and over both at once, beside tasks that come and go on its
// CPU.
TEST(FairnessScenarioTest, SharesFollowTheKernelsWeightsWithinASecond) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    Rig rig({.nr_cpus = 2, .seed = seed});
    const int32_t plain = rig.Hog(100, {1});
    rig.RunFor(static_cast<int64_t>(seed) * 300 * kMs);
    const int32_t changed = rig.Hog(100, {1});
    for (int64_t i = 0; i < 3; ++i) {
      rig.machine.Spawn({.comm = "visitor", .program = {SleepFor((9 + i) * kMs), RunFor(2 * kMs)}});
    }
    rig.RunFor(kSecond);
    for (const int32_t weight : {305, 33, 305, 33, 100, 10'000, 33, 100}) {
      rig.machine.SetWeight(changed, weight);
      rig.RunFor(kSecond);
      const auto before =
          std::make_pair(rig.machine.RunNanos(changed), rig.machine.RunNanos(plain));
      rig.RunFor(2 * kSecond);
      const double share = rig.Share(changed, plain, before);
      const double want = static_cast<double>(weight) / (weight + 100);
      EXPECT_NEAR(share, want, 0.03) << "weight " << weight << ", seed " << seed;
    }
  }
}

// V must come as far as light tasks do, also where one that is too heavy for its share runs slower
// than they do.
TEST(FairnessScenarioTest, LightTasksShareByWeight) {
  for (const bool beside_a_heavy_one : {false, true}) {
    for (const auto& [light, heavy] : {std::pair{10, 30}, {1, 3}, {2, 6}, {1, 10}, {25, 75}}) {
      Rig rig({.nr_cpus = beside_a_heavy_one ? 2 : 1});
      if (beside_a_heavy_one) rig.Hog(10'000);
      const int32_t a = rig.Hog(light);
      const int32_t b = rig.Hog(heavy);
      rig.RunFor(2 * kSecond);
      const auto before = std::make_pair(rig.machine.RunNanos(a), rig.machine.RunNanos(b));
      rig.RunFor(20 * kSecond);
      const double want = static_cast<double>(light) / (light + heavy);
      EXPECT_NEAR(rig.Share(a, b, before), want, 0.03)
          << light << " to " << heavy << (beside_a_heavy_one ? " beside 10000" : "");
    }
  }
}

TEST(FairnessScenarioTest, ASliceOverrideIsWhatTheTaskGets) {
  Rig rig({});
  const int32_t hog = rig.Hog();
  rig.Hog();
  rig.RunFor(kSecond);
  TaskSetting setting = rig.SettingFor(hog);
  setting.slice_ns = 2 * kMs;
  ASSERT_TRUE(rig.Submit(2, {setting}));
  rig.RunFor(kSecond);
  EXPECT_EQ(rig.slot(hog).slice_ns, static_cast<uint64_t>(2 * kMs));
}

TEST(FairnessScenarioTest, ATaskThatInheritsSlotAndIdInheritsNoOverride) {
  Rig rig({});
  rig.Hog();
  rig.Hog();
  rig.RunFor(100 * kMs);
  const int32_t boosted = rig.Hog();
  rig.RunFor(100 * kMs);
  const uint32_t index = rig.machine.Find(boosted)->slot;
  TaskSetting boost = rig.SettingFor(boosted);
  boost.weight = 5'000;
  ASSERT_TRUE(rig.Submit(2, {boost}));
  rig.RunFor(kSecond);
  ASSERT_EQ(rig.slot(boosted).decided_weight, 5'000u);
  rig.machine.Kill(boosted);
  const int32_t heir = rig.Hog();
  ASSERT_EQ(rig.machine.Find(heir)->slot, index);
  rig.RunFor(kSecond);
  EXPECT_EQ(rig.slot(heir).decided_weight, 100u);
  EXPECT_EQ(rig.engine.view(index, rig.slot(heir).key).effective_weight, 100);
  EXPECT_EQ(rig.engine.view(index, boost.key).effective_weight, 0);
}

TEST(FairnessScenarioTest, NobodyWaitsMuchLongerThanTheStarvationBound) {
  Rig rig({});
  const int32_t faint = rig.Hog(/*weight=*/1);
  for (int i = 0; i < 10; ++i) rig.Hog(10'000);
  int64_t longest = 0;
  for (int i = 0; i < 1'000; ++i) {
    rig.RunFor(10 * kMs);
    longest = std::max(longest, rig.LongestWait());
  }
  // The bound, then the end of the slice under way and the tick after it.
  EXPECT_LE(longest, (500 + 50) * kMs);
  EXPECT_GT(rig.engine.stats().urgent_decisions, 0);
  EXPECT_GT(rig.machine.RunNanos(faint), 0);
}

TEST(FairnessScenarioTest, AnInteractiveTaskDoesNotWaitBehindHogs) {
  Rig rig({.nr_cpus = 2});
  for (int i = 0; i < 6; ++i) rig.Hog();
  const int32_t editor = rig.machine.Spawn(
      {.comm = "editor", .program = {RunFor(kMs / 2), SleepFor(15 * kMs, 10 * kMs)}});
  rig.RunFor(10 * kSecond);
  const schedd_slot& slot = rig.slot(editor);
  EXPECT_GT(slot.wakeups, 300u);
  EXPECT_LT(slot.latency_sum_ns / slot.wakeups, static_cast<uint64_t>(4 * kMs));
}

TEST(FairnessScenarioTest, FifoRunsEverybodyInTurn) {
  Rig rig({.policy = "fifo"});
  for (int i = 0; i < 4; ++i) rig.Hog();
  rig.RunFor(10 * kSecond);
  for (const int32_t tid : rig.machine.Tasks()) {
    EXPECT_NEAR(static_cast<double>(rig.machine.RunNanos(tid)), 2.5 * kSecond, 0.1 * kSecond);
  }
}

}  // namespace
}  // namespace schedd
