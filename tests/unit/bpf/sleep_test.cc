// SPDX-License-Identifier: Apache-2.0
//
// What a waking task may claim (bpf/sleep.h), in user space.
#include "bpf/sleep.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace {

schedd_slot Woken(uint64_t wakeups, uint64_t begun, uint64_t ended) {
  schedd_slot slot = {};
  schedd_sleep_begin(&slot, begun);
  slot.wakeups = wakeups;
  schedd_sleep_end(&slot, ended);
  return slot;
}

TEST(SleepTest, CountsHowFarTheQueueCameOn) {
  EXPECT_EQ(Woken(2, 1'000, 51'000).slept_virtual_ns, 50'000u);
  EXPECT_EQ(Woken(2, 1'000, 1'000).slept_virtual_ns, 0u);
}

TEST(SleepTest, VirtualTimeMayWrap) {
  EXPECT_EQ(Woken(2, UINT64_MAX - 9, 40).slept_virtual_ns, 50u);
}

TEST(SleepTest, AQueueThatWentBackGivesNothing) {
  EXPECT_EQ(Woken(2, 51'000, 1'000).slept_virtual_ns, 0u);
}

TEST(SleepTest, BeforeItsFirstWakeupATaskDidNotSleepHere) {
  EXPECT_EQ(Woken(1, 0, 51'000).slept_virtual_ns, 0u);
}

}  // namespace
