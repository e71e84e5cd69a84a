// SPDX-License-Identifier: Apache-2.0
#include "server/policy/fifo.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/policy/fake_waits.h"

namespace schedd {
namespace {

TEST(FifoTest, FirstComeFirstServedWhateverTheWeight) {
  FifoPolicy policy(16);
  testing::FakeWaits waits(16);
  policy.OnEvent({.task = 9, .sequence = 1, .time_ns = 30, .weight = 1});
  policy.OnEvent({.task = 2, .sequence = 1, .time_ns = 20, .weight = 10'000});
  policy.OnEvent({.task = 5, .sequence = 1, .time_ns = 10});
  policy.OnEvent({.task = 9, .sequence = 2, .time_ns = 40});  // comes anew: to the end
  std::vector<Decision> out(16);
  ASSERT_EQ(policy.Schedule({}, waits, out), 3u);
  EXPECT_EQ(out[0].task, 2u);
  EXPECT_EQ(out[1].task, 5u);
  EXPECT_EQ(out[2].task, 9u);
  EXPECT_LT(out[1].deadline, out[2].deadline);
  const PolicyParameters defaults;
  EXPECT_EQ(out[0].slice_ns, defaults.base_slice_ns);
  for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(out[i].yields) << "taking turns is the policy";

  policy.OnEvent({.task = 2, .sequence = 2});
  ASSERT_EQ(policy.Schedule({}, waits, std::span(out).last(1)), 1u);
  EXPECT_GT(out[15].deadline, out[2].deadline) << "later calls come after all earlier ones";
}

// Those that an earlier daemon decided wait with its deadlines: nobody who comes later may overtake
// them.
TEST(FifoTest, GoesOnBehindThoseThatWaitAlready) {
  FifoPolicy policy(16);
  testing::FakeWaits waits(16);
  const uint64_t floors[] = {70, 5'000, 0};
  policy.Resume(floors);
  policy.OnEvent({.task = 1, .sequence = 1, .time_ns = 30});
  policy.OnEvent({.task = 2, .sequence = 1, .time_ns = 9'000});
  std::vector<Decision> out(16);
  ASSERT_EQ(policy.Schedule({}, waits, out), 2u);
  EXPECT_EQ(out[0].deadline, 5'001u);
  EXPECT_EQ(out[1].deadline, 9'000u);
}

}  // namespace
}  // namespace schedd
