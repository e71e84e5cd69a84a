// SPDX-License-Identifier: Apache-2.0
//
// How the dispatcher reckons with virtual time (bpf/virtual_time.h), in user space.
#include "bpf/virtual_time.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kFloor = 5'000 * kMs;

schedd_header Terms() {
  schedd_header header = {};
  header.sleeper_credit_ns = 20 * kMs;
  return header;
}

schedd_slot Task(uint64_t deadline, uint32_t weight = 100) {
  schedd_slot slot = {};
  slot.deadline = deadline;
  slot.decided_weight = weight;
  return slot;
}

uint64_t PlaceOfWoken(uint64_t deadline, uint64_t slept, uint32_t weight = 100) {
  const schedd_header header = Terms();
  schedd_slot slot = Task(deadline, weight);
  slot.slept_virtual_ns = slept;
  return schedd_place_in_queue(&header, &slot, 1, kFloor);
}

TEST(VirtualTimeTest, IsCpuTimeOverWeight) {
  schedd_slot slot = Task(0, 200);
  slot.weight = 50;
  EXPECT_EQ(schedd_virtual_ns(&slot, 10 * kMs), 5 * kMs);
  slot.decided_weight = 0;
  EXPECT_EQ(schedd_virtual_ns(&slot, 10 * kMs), 20 * kMs);
  slot.weight = 0;
  EXPECT_EQ(schedd_virtual_ns(&slot, 10 * kMs), 10 * kMs);
}

TEST(VirtualTimeTest, AWakingTaskClaimsWhatTheQueueCameOn) {
  EXPECT_EQ(PlaceOfWoken(kFloor - 500 * kMs, 7 * kMs), kFloor - 7 * kMs);
  EXPECT_EQ(PlaceOfWoken(kFloor - 500 * kMs, 0), kFloor);
  EXPECT_EQ(PlaceOfWoken(kFloor - 3 * kMs, 7 * kMs), kFloor - 3 * kMs);
}

TEST(VirtualTimeTest, AWakingTaskClaimsNoMoreThanTheCredit) {
  EXPECT_EQ(PlaceOfWoken(kFloor - 500 * kMs, 90 * kMs), kFloor - 20 * kMs);
  // CPU time: a heavy task's is less virtual time.
  EXPECT_EQ(PlaceOfWoken(kFloor - 500 * kMs, 90 * kMs, 400), kFloor - 5 * kMs);
}

TEST(VirtualTimeTest, OneWhoseSliceEndedKeepsItsDeadlineWithinTheLead) {
  const schedd_header header = Terms();
  const auto place = [&header](uint64_t deadline) {
    const schedd_slot slot = Task(deadline);
    return schedd_place_in_queue(&header, &slot, 0, kFloor);
  };
  EXPECT_EQ(place(kFloor - 199 * kMs), kFloor - 199 * kMs);
  EXPECT_EQ(place(kFloor - 500 * kMs), kFloor - 200 * kMs);
}

TEST(VirtualTimeTest, NobodyIsPlacedFurtherBehindThanTheLead) {
  const schedd_header header = Terms();
  const schedd_slot slot = Task(kFloor + 900 * kMs);
  EXPECT_EQ(schedd_place_in_queue(&header, &slot, 0, kFloor), kFloor + 200 * kMs);
  EXPECT_EQ(PlaceOfWoken(kFloor + 900 * kMs, 0), kFloor + 200 * kMs);
}

TEST(VirtualTimeTest, MayWrap) {
  const schedd_header header = Terms();
  schedd_slot slot = Task(UINT64_MAX - 4);
  slot.slept_virtual_ns = 50;
  EXPECT_EQ(schedd_place_in_queue(&header, &slot, 1, 5), UINT64_MAX - 4);
  slot.slept_virtual_ns = 6;
  EXPECT_EQ(schedd_place_in_queue(&header, &slot, 1, 5), UINT64_MAX);
}

TEST(VirtualTimeTest, TheRunningTasksDeadlineMovesOn) {
  const schedd_slot slot = Task(kFloor - 50 * kMs, 200);
  EXPECT_EQ(schedd_deadline_of_running(&slot, kFloor, 10 * kMs), kFloor - 45 * kMs);
  const schedd_slot left_behind = Task(kFloor - 900 * kMs, 200);
  EXPECT_EQ(schedd_deadline_of_running(&left_behind, kFloor, 10 * kMs), kFloor - 195 * kMs);
}

TEST(VirtualTimeTest, WhoWakesIsHeldBackByNoDeadlineOfAnotherCpusTime) {
  const schedd_header header = Terms();
  schedd_slot hog = Task(kFloor - 150 * kMs, 100);
  hog.slept_virtual_ns = 20 * kMs;
  hog.awake_run_ns = 3'000 * kMs;
  EXPECT_EQ(schedd_deadline_to_take(&header, &hog, kFloor, 4 * kMs), kFloor + 4 * kMs);
}

TEST(VirtualTimeTest, WhoWakesIsHeldBackByWhatTheOtherOneWokeWith) {
  const schedd_header header = Terms();
  schedd_slot sleeper = Task(kFloor - 150 * kMs, 200);
  sleeper.slept_virtual_ns = 8 * kMs;
  EXPECT_EQ(schedd_deadline_to_take(&header, &sleeper, kFloor, 4 * kMs), kFloor - 6 * kMs);
  sleeper.awake_run_ns = 10 * kMs;
  EXPECT_EQ(schedd_deadline_to_take(&header, &sleeper, kFloor, 4 * kMs), kFloor - kMs)
      << "5 of 8 ms are used";
  sleeper.slept_virtual_ns = 900 * kMs;
  EXPECT_EQ(schedd_deadline_to_take(&header, &sleeper, kFloor, 4 * kMs), kFloor - 3 * kMs)
      << "no more than the terms allow: 10 ms, 5 of them used";
}

TEST(VirtualTimeTest, ADeadlineAheadOfTheQueueCountsAsItIs) {
  const schedd_header header = {};
  const schedd_slot slot = Task(kFloor + 30 * kMs, 100);
  EXPECT_EQ(schedd_deadline_to_take(&header, &slot, kFloor, 4 * kMs), kFloor + 34 * kMs);
}

}  // namespace
