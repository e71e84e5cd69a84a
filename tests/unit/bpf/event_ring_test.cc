// SPDX-License-Identifier: Apache-2.0
//
// The event ring of bpf/ring.h in user space: one producer (a CPU), one consumer (the scheduling
// thread).
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "bpf/ring.h"

namespace {

class EventRingTest : public testing::Test {
 protected:
  // False when the ring is full.
  bool Put(uint32_t slot) {
    schedd_event* event = schedd_event_reserve(ring_.get());
    if (event == nullptr) return false;
    *event = {};
    event->slot = slot;
    event->seq = slot * 3;
    event->time_ns = slot * 7ull;
    schedd_event_publish(ring_.get());
    return true;
  }

  // SCHEDD_NO_SLOT when there is none.
  uint32_t Take() {
    schedd_event event;
    return schedd_event_take(ring_.get(), &event) ? event.slot : uint32_t{SCHEDD_NO_SLOT};
  }

  std::unique_ptr<schedd_event_ring> ring_ = std::make_unique<schedd_event_ring>();
};

TEST_F(EventRingTest, IsEmptyAtFirst) {
  EXPECT_EQ(schedd_event_backlog(ring_.get()), 0u);
  EXPECT_EQ(Take(), SCHEDD_NO_SLOT);
}

TEST_F(EventRingTest, GivesEventsInTheirOrder) {
  for (uint32_t i = 0; i < 5; ++i) ASSERT_TRUE(Put(i));
  EXPECT_EQ(schedd_event_backlog(ring_.get()), 5u);
  for (uint32_t i = 0; i < 5; ++i) EXPECT_EQ(Take(), i);
  EXPECT_EQ(Take(), SCHEDD_NO_SLOT);
}

TEST_F(EventRingTest, CarriesEveryField) {
  schedd_event* event = schedd_event_reserve(ring_.get());
  const schedd_event written = {.slot = 1,
                                .seq = 2,
                                .key = 4,
                                .flags = SCHEDD_EVENT_WAKEUP,
                                .time_ns = 5,
                                .cpu = 6,
                                .reserved = 0};
  *event = written;
  schedd_event_publish(ring_.get());
  schedd_event read;
  ASSERT_EQ(schedd_event_take(ring_.get(), &read), 1);
  EXPECT_EQ(read.slot, 1u);
  EXPECT_EQ(read.seq, 2u);
  EXPECT_EQ(read.key, 4u);
  EXPECT_EQ(read.flags, uint32_t{SCHEDD_EVENT_WAKEUP});
  EXPECT_EQ(read.time_ns, 5u);
  EXPECT_EQ(read.cpu, 6);
}

TEST_F(EventRingTest, AReservedEventIsNotSeenBeforeItIsPublished) {
  ASSERT_NE(schedd_event_reserve(ring_.get()), nullptr);
  EXPECT_EQ(schedd_event_backlog(ring_.get()), 0u);
  EXPECT_EQ(Take(), SCHEDD_NO_SLOT);
}

TEST_F(EventRingTest, RefusesWhenFullAndGoesOnWhenRead) {
  for (uint32_t i = 0; i < SCHEDD_EVENT_RING_SIZE; ++i) ASSERT_TRUE(Put(i));
  EXPECT_FALSE(Put(9999));
  EXPECT_EQ(schedd_event_backlog(ring_.get()), uint64_t{SCHEDD_EVENT_RING_SIZE});
  EXPECT_EQ(Take(), 0u);
  EXPECT_TRUE(Put(7777));
  EXPECT_FALSE(Put(9999));
  for (uint32_t i = 1; i < SCHEDD_EVENT_RING_SIZE; ++i) ASSERT_EQ(Take(), i);
  EXPECT_EQ(Take(), 7777u);
  EXPECT_EQ(Take(), SCHEDD_NO_SLOT);
}

TEST_F(EventRingTest, PositionsMayWrapAroundTheirType) {
  const uint64_t near_end = ~0ull - 2;
  ring_->head = near_end;
  ring_->tail = near_end;
  for (uint32_t i = 0; i < SCHEDD_EVENT_RING_SIZE; ++i) ASSERT_TRUE(Put(i));
  EXPECT_FALSE(Put(9999));
  for (uint32_t i = 0; i < SCHEDD_EVENT_RING_SIZE; ++i) ASSERT_EQ(Take(), i);
  EXPECT_EQ(Take(), SCHEDD_NO_SLOT);
}

TEST_F(EventRingTest, TwoThreadsLoseAndInventNothing) {
  constexpr uint32_t kEvents = 200'000;
  std::thread producer([this] {
    for (uint32_t i = 0; i < kEvents; ++i) {
      while (!Put(i)) std::this_thread::yield();
    }
  });
  uint32_t wrong = 0;
  for (uint32_t expected = 0; expected < kEvents;) {
    schedd_event event;
    if (!schedd_event_take(ring_.get(), &event)) {
      std::this_thread::yield();
      continue;
    }
    if (event.slot != expected || event.seq != expected * 3 || event.time_ns != expected * 7ull) {
      ++wrong;
    }
    ++expected;
  }
  producer.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(Take(), SCHEDD_NO_SLOT);
}

}  // namespace
