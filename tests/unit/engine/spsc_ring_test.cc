// SPDX-License-Identifier: Apache-2.0
#include "server/engine/spsc_ring.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace schedd {
namespace {

TEST(SpscRingTest, GivesValuesInTheirOrder) {
  SpscRing<int, 4> ring;
  EXPECT_TRUE(ring.empty());
  EXPECT_TRUE(ring.Push(1));
  EXPECT_TRUE(ring.Push(2));
  EXPECT_FALSE(ring.empty());
  int value = 0;
  ASSERT_TRUE(ring.Pop(value));
  EXPECT_EQ(value, 1);
  ASSERT_TRUE(ring.Pop(value));
  EXPECT_EQ(value, 2);
  EXPECT_FALSE(ring.Pop(value));
  EXPECT_EQ(value, 2) << "untouched when there is none";
  EXPECT_TRUE(ring.empty());
}

TEST(SpscRingTest, HoldsItsCapacityAndNotMore) {
  SpscRing<int, 4> ring;
  for (int lap = 0; lap < 3; ++lap) {
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.Push(i));
    EXPECT_FALSE(ring.Push(99));
    for (int i = 0; i < 4; ++i) {
      int value = -1;
      ASSERT_TRUE(ring.Pop(value));
      EXPECT_EQ(value, i);
    }
  }
}

TEST(SpscRingTest, TwoThreadsLoseAndInventNothing) {
  // Not on the stack: gcc's AddressSanitizer keeps no alignment of 64 there for captured variables.
  const auto owner = std::make_unique<SpscRing<int, 8>>();
  SpscRing<int, 8>& ring = *owner;
  constexpr int kValues = 100'000;
  std::thread pusher([&ring] {
    for (int i = 0; i < kValues; ++i) {
      while (!ring.Push(i)) std::this_thread::yield();
    }
  });
  int wrong = 0;
  for (int expected = 0; expected < kValues;) {
    int value = -1;
    if (!ring.Pop(value)) {
      std::this_thread::yield();
      continue;
    }
    wrong += value != expected++;
  }
  pusher.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(ring.empty());
}

}  // namespace
}  // namespace schedd
