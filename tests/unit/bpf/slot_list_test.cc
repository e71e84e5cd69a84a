// SPDX-License-Identifier: Apache-2.0
//
// The list of free slots of bpf/slot_list.h in user space.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "bpf/abi.h"

namespace {

struct Table {
  explicit Table(uint32_t slots) : slots(slots) { header.nr_slots = slots; }
  schedd_header header = {};
  std::vector<schedd_slot> slots;
};

schedd_slot* SlotAt(void* context, uint32_t index) {
  auto* table = static_cast<Table*>(context);
  return index < table->slots.size() ? &table->slots[index] : nullptr;
}

}  // namespace

#define SCHEDD_SLOT_AT(context, index) SlotAt(context, index)
#include "bpf/slot_list.h"

namespace {

uint32_t Take(Table& table) { return schedd_slot_take(&table.header, &table); }
bool Give(Table& table, uint32_t slot) {
  return schedd_slot_give(&table.header, &table, slot) == 1;
}

TEST(SlotListTest, FreshSlotsComeInOrder) {
  Table table(4);
  EXPECT_EQ(Take(table), 0u);
  EXPECT_EQ(Take(table), 1u);
  EXPECT_EQ(table.header.used_slots, 2u);
  EXPECT_EQ(table.header.slots_high_water, 2u);
}

TEST(SlotListTest, AFullTableGivesNone) {
  Table table(3);
  for (uint32_t i = 0; i < 3; ++i) EXPECT_EQ(Take(table), i);
  EXPECT_EQ(Take(table), SCHEDD_NO_SLOT);
  EXPECT_EQ(table.header.used_slots, 3u);
}

TEST(SlotListTest, ReturnedSlotsAreUsedBeforeFreshOnes) {
  Table table(8);
  for (int i = 0; i < 3; ++i) Take(table);
  EXPECT_TRUE(Give(table, 1));
  EXPECT_TRUE(Give(table, 0));
  EXPECT_EQ(table.header.used_slots, 1u);
  EXPECT_EQ(Take(table), 0u) << "the last one given is the warmest";
  EXPECT_EQ(Take(table), 1u);
  EXPECT_EQ(Take(table), 3u);
  EXPECT_EQ(table.header.slots_high_water, 4u);
}

TEST(SlotListTest, EmptyAfterAllAreReturnedAndTaken) {
  Table table(2);
  EXPECT_EQ(Take(table), 0u);
  EXPECT_EQ(Take(table), 1u);
  EXPECT_TRUE(Give(table, 0));
  EXPECT_EQ(Take(table), 0u);
  EXPECT_EQ(Take(table), SCHEDD_NO_SLOT);
}

TEST(SlotListTest, RefusesASlotThatIsNotThere) {
  Table table(2);
  EXPECT_FALSE(Give(table, 2));
  EXPECT_EQ(table.header.used_slots, 0u);
}

TEST(SlotListTest, EachChangeOfTheHeadHasItsOwnNumber) {
  // What protects a CAS against a list that changed and came back.
  Table table(2);
  Take(table);
  std::set<uint64_t> heads = {table.header.free_head};
  for (int i = 0; i < 10; ++i) {
    Give(table, 0);
    EXPECT_TRUE(heads.insert(table.header.free_head).second);
    Take(table);
    EXPECT_TRUE(heads.insert(table.header.free_head).second);
  }
}

TEST(SlotListTest, ThreadsNeverHoldTheSameSlotAndLoseNone) {
  constexpr uint32_t kSlots = 16;
  constexpr int kThreads = 4;
  constexpr int kRounds = 20'000;
  Table table(kSlots);
  std::vector<std::atomic<int>> holders(kSlots);
  std::atomic<int> shared{0};
  std::atomic<int> lost{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kRounds; ++i) {
        const uint32_t slot = Take(table);
        if (slot == SCHEDD_NO_SLOT) continue;
        if (++holders[slot] != 1) ++shared;
        --holders[slot];
        while (!Give(table, slot)) ++lost;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(shared, 0);
  EXPECT_EQ(table.header.used_slots, 0u);
  // All of them are still there, each once.
  std::set<uint32_t> all;
  for (uint32_t i = 0; i < kSlots; ++i) all.insert(Take(table));
  EXPECT_EQ(all.size(), kSlots);
  EXPECT_EQ(all.count(SCHEDD_NO_SLOT), 0u);
  EXPECT_EQ(Take(table), SCHEDD_NO_SLOT);
}

}  // namespace
