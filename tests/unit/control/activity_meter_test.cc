// SPDX-License-Identifier: Apache-2.0
#include "server/control/activity_meter.h"

#include <gtest/gtest.h>

namespace schedd {
namespace {

constexpr int64_t kMs = 1'000'000;

TEST(ActivityMeterTest, IsThePartOfTheTimeInWhichATaskIsRunnable) {
  ActivityMeter meter;
  EXPECT_DOUBLE_EQ(meter.Note(3, 2, 25 * kMs, 100 * kMs), 0.25);
  EXPECT_DOUBLE_EQ(meter.Note(3, 2, 50 * kMs, 100 * kMs), 0.25);
}

TEST(ActivityMeterTest, FollowsInHalves) {
  ActivityMeter meter;
  meter.Note(0, 2, 0, 100 * kMs);
  EXPECT_DOUBLE_EQ(meter.Note(0, 2, 100 * kMs, 100 * kMs), 0.5);
  EXPECT_DOUBLE_EQ(meter.Note(0, 2, 200 * kMs, 100 * kMs), 0.75);
  EXPECT_DOUBLE_EQ(meter.Note(0, 2, 200 * kMs, 100 * kMs), 0.375);
}

TEST(ActivityMeterTest, IsNeverMoreThanOneNorLessThanZero) {
  ActivityMeter meter;
  EXPECT_DOUBLE_EQ(meter.Note(0, 2, 500 * kMs, 100 * kMs), 1) << "it is older than the last look";
  EXPECT_DOUBLE_EQ(meter.Note(0, 2, 400 * kMs, 100 * kMs), 0.5) << "read in the middle of a switch";
}

TEST(ActivityMeterTest, OneThatSleepsComesToNothing) {
  ActivityMeter meter;
  meter.Note(0, 2, 100 * kMs, 100 * kMs);
  double activity = 1;
  for (int i = 0; i < 12; ++i) activity = meter.Note(0, 2, 100 * kMs, 100 * kMs);
  EXPECT_EQ(activity, 0);
}

TEST(ActivityMeterTest, ANewOwnerOfASlotStartsAfresh) {
  ActivityMeter meter;
  meter.Note(0, 2, 100 * kMs, 100 * kMs);
  EXPECT_DOUBLE_EQ(meter.Note(0, 4, 10 * kMs, 100 * kMs), 0.1);
  meter.Reset();
  EXPECT_DOUBLE_EQ(meter.Note(0, 4, 20 * kMs, 100 * kMs), 0.2);
}

}  // namespace
}  // namespace schedd
