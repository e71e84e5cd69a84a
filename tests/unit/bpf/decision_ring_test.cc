// SPDX-License-Identifier: Apache-2.0
//
// The decision ring of bpf/ring.h in user space: one producer (the scheduling thread), many
// consumers (CPUs).
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <memory>
#include <thread>
#include <vector>

#include "bpf/ring.h"

namespace {

// Every field a function of `n`, so that a mixed-up record shows.
schedd_decision Make(uint32_t n) {
  schedd_decision decision = {};
  decision.slot = n;
  decision.seq = n * 3;
  decision.cpu = static_cast<int32_t>(n % 512);
  decision.flags = n % 4;
  decision.slice_ns = n * 5ull;
  decision.deadline = n * 7ull;
  decision.generation = n * 11ull;
  decision.weight = n * 13;
  decision.key = n * 2;
  decision.lease_us = n * 17;
  decision.lease_epoch = n * 19;
  return decision;
}

bool IsWhole(const schedd_decision& d) {
  const schedd_decision expected = Make(d.slot);
  return d.seq == expected.seq && d.cpu == expected.cpu && d.flags == expected.flags &&
         d.slice_ns == expected.slice_ns && d.deadline == expected.deadline &&
         d.generation == expected.generation && d.weight == expected.weight &&
         d.key == expected.key && d.lease_us == expected.lease_us &&
         d.lease_epoch == expected.lease_epoch;
}

class DecisionRingTest : public testing::Test {
 protected:
  bool Put(uint32_t n) {
    const schedd_decision decision = Make(n);
    return schedd_decision_put(ring_.get(), &decision) == 1;
  }

  std::unique_ptr<schedd_decision_ring> ring_ = std::make_unique<schedd_decision_ring>();
};

TEST_F(DecisionRingTest, IsEmptyAtFirst) {
  schedd_decision decision;
  EXPECT_EQ(schedd_decision_take(ring_.get(), &decision), 0);
  EXPECT_EQ(schedd_decision_room(ring_.get()), uint64_t{SCHEDD_DECISION_RING_SIZE});
}

// A producer that is killed may have written the ticket and not the head.
TEST_F(DecisionRingTest, TheNextProducerGoesOnWhereOneWasInterrupted) {
  for (uint32_t i = 1; i <= 3; ++i) ASSERT_TRUE(Put(i));
  ring_->head = 2;  // the third is whole, but its head was never stored
  schedd_decision decision;
  for (uint32_t i = 1; i <= 3; ++i) {  // consumers go by tickets
    ASSERT_EQ(schedd_decision_take(ring_.get(), &decision), 1);
  }
  schedd_decision_resume(ring_.get());
  EXPECT_EQ(schedd_decision_room(ring_.get()), uint64_t{SCHEDD_DECISION_RING_SIZE});
  ASSERT_TRUE(Put(4));
  ASSERT_EQ(schedd_decision_take(ring_.get(), &decision), 1);
  EXPECT_EQ(decision.slot, 4u);
}

TEST_F(DecisionRingTest, ARecordThatIsNotWholeIsWrittenAnew) {
  for (uint32_t i = 1; i <= 2; ++i) ASSERT_TRUE(Put(i));
  ring_->records[2].slot = 77;  // the producer came no further: no ticket
  schedd_decision_resume(ring_.get());
  EXPECT_EQ(schedd_decision_room(ring_.get()), SCHEDD_DECISION_RING_SIZE - 2u);
  ASSERT_TRUE(Put(3));
  schedd_decision decision;
  for (uint32_t i = 1; i <= 3; ++i) {
    ASSERT_EQ(schedd_decision_take(ring_.get(), &decision), 1);
    EXPECT_EQ(decision.slot, i);
  }
  EXPECT_EQ(schedd_decision_take(ring_.get(), &decision), 0);
}

TEST_F(DecisionRingTest, GivesWholeDecisionsInTheirOrder) {
  for (uint32_t i = 1; i <= 5; ++i) ASSERT_TRUE(Put(i));
  EXPECT_EQ(schedd_decision_room(ring_.get()), SCHEDD_DECISION_RING_SIZE - 5u);
  for (uint32_t i = 1; i <= 5; ++i) {
    schedd_decision decision;
    ASSERT_EQ(schedd_decision_take(ring_.get(), &decision), 1);
    EXPECT_EQ(decision.slot, i);
    EXPECT_TRUE(IsWhole(decision));
  }
}

TEST_F(DecisionRingTest, RefusesWhenFullAndGoesOnWhenRead) {
  for (uint32_t i = 0; i < SCHEDD_DECISION_RING_SIZE; ++i) ASSERT_TRUE(Put(i));
  EXPECT_EQ(schedd_decision_room(ring_.get()), 0u);
  EXPECT_FALSE(Put(9999));
  schedd_decision decision;
  ASSERT_EQ(schedd_decision_take(ring_.get(), &decision), 1);
  EXPECT_EQ(decision.slot, 0u) << "a refused decision must not overwrite the oldest";
  EXPECT_TRUE(Put(7777));
  EXPECT_FALSE(Put(9999));
}

TEST_F(DecisionRingTest, ARecordOfTheLastLapIsNotTakenAgain) {
  for (uint32_t lap = 0; lap < 3; ++lap) {
    for (uint32_t i = 0; i < SCHEDD_DECISION_RING_SIZE; ++i) ASSERT_TRUE(Put(i));
    schedd_decision decision;
    for (uint32_t i = 0; i < SCHEDD_DECISION_RING_SIZE; ++i) {
      ASSERT_EQ(schedd_decision_take(ring_.get(), &decision), 1);
    }
    ASSERT_EQ(schedd_decision_take(ring_.get(), &decision), 0) << "lap " << lap;
  }
}

TEST_F(DecisionRingTest, AHalfWrittenRecordIsNotTaken) {
  ASSERT_TRUE(Put(1));
  ring_->records[0].ticket = 0;  // as while the producer fills it
  schedd_decision decision;
  EXPECT_EQ(schedd_decision_take(ring_.get(), &decision), 0);
}

TEST_F(DecisionRingTest, ConsumersThatComeAtOnceShareARingOutAmongThem) {
  constexpr int kConsumers = 3;
  constexpr int kRounds = 100;
  std::vector<std::atomic<int>> taken(SCHEDD_DECISION_RING_SIZE);
  std::atomic<int> at_start{0};
  std::barrier round(kConsumers + 1);
  std::vector<std::thread> consumers;
  for (int i = 0; i < kConsumers; ++i) {
    consumers.emplace_back([&] {
      for (int r = 0; r < kRounds; ++r) {
        round.arrive_and_wait();
        // Waiting in a loop, they really begin together; a barrier wakes them one by one.
        ++at_start;
        while (at_start.load() < kConsumers) std::this_thread::yield();
        schedd_decision decision;
        int result;
        while ((result = schedd_decision_take(ring_.get(), &decision)) != 0) {
          if (result == 1) ++taken[decision.slot];
        }
        round.arrive_and_wait();
      }
    });
  }
  uint32_t not_once = 0;
  for (int r = 0; r < kRounds; ++r) {
    at_start = 0;
    for (uint32_t i = 0; i < SCHEDD_DECISION_RING_SIZE; ++i) {
      taken[i] = 0;
      EXPECT_TRUE(Put(i));
    }
    round.arrive_and_wait();
    round.arrive_and_wait();
    for (const std::atomic<int>& count : taken) not_once += count != 1;
  }
  for (std::thread& consumer : consumers) consumer.join();
  EXPECT_EQ(not_once, 0u);
}

TEST_F(DecisionRingTest, EveryDecisionIsTakenOnceByManyConsumers) {
  constexpr uint32_t kDecisions = 100'000;
  constexpr int kConsumers = 3;
  std::vector<std::atomic<int>> taken(kDecisions);
  std::atomic<uint32_t> total{0};
  std::atomic<uint32_t> torn{0};
  std::vector<std::thread> consumers;
  for (int i = 0; i < kConsumers; ++i) {
    consumers.emplace_back([&] {
      while (total.load() < kDecisions) {
        schedd_decision decision;
        const int result = schedd_decision_take(ring_.get(), &decision);
        if (result == 1) {
          if (!IsWhole(decision)) ++torn;
          ++taken[decision.slot];
          ++total;
        } else if (result == 0) {
          std::this_thread::yield();
        }
      }
    });
  }
  for (uint32_t i = 0; i < kDecisions; ++i) {
    while (!Put(i)) std::this_thread::yield();
  }
  for (std::thread& consumer : consumers) consumer.join();
  uint32_t not_once = 0;
  for (const std::atomic<int>& count : taken) not_once += count != 1;
  EXPECT_EQ(not_once, 0u);
  EXPECT_EQ(torn, 0u);
}

}  // namespace
