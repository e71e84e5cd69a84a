// SPDX-License-Identifier: Apache-2.0
#include "server/control/process_usage.h"

#include <gtest/gtest.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace schedd {
namespace {

int64_t ProcessClock() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec;
}

// Uses CPU time until the process has used `ns` more.
void Burn(int64_t ns) {
  const int64_t end = ProcessClock() + ns;
  while (ProcessClock() < end) {
  }
}

void SleepTenTimes() {
  for (int i = 0; i < 10; ++i) std::this_thread::sleep_for(std::chrono::microseconds(100));
}

TEST(ProcessUsageTest, TheCpuTimeIsThatOfTheProcessClock) {
  const int64_t clock_before = ProcessClock();
  const ProcessUsage before = ReadProcessUsage();
  Burn(20'000'000);
  const ProcessUsage after = ReadProcessUsage();
  const int64_t used = after.cpu_time_ns - before.cpu_time_ns;
  EXPECT_GE(used, 19'900'000);  // two roundings
  EXPECT_LE(used, ProcessClock() - clock_before + 100'000);
}

TEST(ProcessUsageTest, ThreadsThatHaveEndedCount) {
  const ProcessUsage before = ReadProcessUsage();
  std::thread([] {
    Burn(10'000'000);
    SleepTenTimes();
  }).join();
  const ProcessUsage after = ReadProcessUsage();
  EXPECT_GE(after.cpu_time_ns - before.cpu_time_ns, 9'900'000);
  EXPECT_GE(after.switches.voluntary - before.switches.voluntary, 10);
  EXPECT_GE(after.switches.involuntary, before.switches.involuntary);
}

TEST(ProcessUsageTest, SleepsAreVoluntarySwitchesOfTheThread) {
  const auto before = ReadThreadSwitches(gettid());
  ASSERT_TRUE(before.ok()) << before.status();
  SleepTenTimes();
  const auto after = ReadThreadSwitches(gettid());
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_GE(after->voluntary - before->voluntary, 10);
  EXPECT_GE(after->involuntary, before->involuntary);
}

TEST(ProcessUsageTest, OfAnotherThreadNothingIsCounted) {
  const auto before = ReadThreadSwitches(gettid());
  std::thread([] {
    for (int i = 0; i < 100; ++i) SleepTenTimes();
  }).join();
  const auto after = ReadThreadSwitches(gettid());
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_LT(after->voluntary - before->voluntary, 100);
}

TEST(ProcessUsageTest, AThreadThatThereIsNot) {
  EXPECT_EQ(ReadThreadSwitches(999'999'999).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace schedd
