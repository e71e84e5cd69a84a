// SPDX-License-Identifier: Apache-2.0
#include "server/control/slot_identity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace schedd {
namespace {

std::array<char, SCHEDD_COMM_LEN> Comm(const std::string& text) {
  std::array<char, SCHEDD_COMM_LEN> comm = {};
  std::memcpy(comm.data(), text.data(), std::min(text.size(), comm.size()));
  return comm;
}

schedd_slot MakeSlot() {
  schedd_slot slot = {};
  slot.key = 6;
  slot.tid = 12;
  slot.tgid = 10;
  slot.uid = 1000;
  slot.start_boottime_ns = 777;
  slot.cgroup_id = 42;
  std::memcpy(slot.comm, "nginx", 6);
  slot.flags = SCHEDD_SLOT_KTHREAD;
  slot.state = SCHEDD_TASK_SLEEPING;
  return slot;
}

TEST(ReadIdentityTest, CopiesEveryField) {
  const schedd_slot slot = MakeSlot();
  const std::optional<SlotIdentity> identity = ReadIdentity(slot);
  const SlotIdentity expected = {.key = 6,
                                 .task = {.tid = 12, .start_boottime_ns = 777},
                                 .tgid = 10,
                                 .uid = 1000,
                                 .cgroup_id = 42,
                                 .comm = Comm("nginx"),
                                 .flags = SCHEDD_SLOT_KTHREAD};
  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(*identity, expected);
}

TEST(ReadIdentityTest, NobodyOwnsAFreeOrChangingOrUnusedSlot) {
  schedd_slot slot = MakeSlot();
  slot.state = SCHEDD_TASK_FREE;
  EXPECT_FALSE(ReadIdentity(slot).has_value());
  slot = MakeSlot();
  slot.key = 7;
  EXPECT_FALSE(ReadIdentity(slot).has_value());
  slot.key = 0;
  EXPECT_FALSE(ReadIdentity(slot).has_value());
}

TEST(ReadIdentityTest, WhatIsBehindTheEndOfCommIsNoDifference) {
  schedd_slot slot = MakeSlot();
  std::memcpy(slot.comm, "sh\0junk", 8);
  EXPECT_EQ(ReadIdentity(slot)->comm, Comm("sh"));
}

// A writer that changes owners all the time: whatever is read belongs to one of them.
TEST(ReadIdentityTest, NeverMixesTwoOwners) {
  schedd_slot slot = MakeSlot();
  slot.tid = 0;
  slot.start_boottime_ns = 0;
  slot.cgroup_id = 0;
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (uint32_t i = 1; !stop; ++i) {
      __atomic_store_n(&slot.key, slot.key + 1, __ATOMIC_SEQ_CST);
      __atomic_store_n(&slot.tid, static_cast<int32_t>(i), __ATOMIC_RELAXED);
      __atomic_store_n(&slot.start_boottime_ns, i, __ATOMIC_RELAXED);
      __atomic_store_n(&slot.cgroup_id, i, __ATOMIC_RELAXED);
      __atomic_store_n(&slot.key, slot.key + 1, __ATOMIC_SEQ_CST);
    }
  });
  // Long enough that the writer is met in the middle many times. On a busy machine the writer may
  // be off its CPU in the middle of a change for long: then on until something was read.
  int read = 0;
  for (int64_t i = 0; i < 2'000'000 || read == 0; ++i) {
    const std::optional<SlotIdentity> identity = ReadIdentity(slot);
    if (!identity.has_value()) continue;
    ++read;
    ASSERT_EQ(identity->task.start_boottime_ns, static_cast<uint64_t>(identity->task.tid));
    ASSERT_EQ(identity->cgroup_id, static_cast<uint64_t>(identity->task.tid));
  }
  stop = true;
  writer.join();
  EXPECT_GT(read, 0);
}

TEST(SlotIdentityTest, DaemonAndVitalKernelThreadsAreProtected) {
  EXPECT_FALSE((SlotIdentity{.flags = 0}).is_protected());
  EXPECT_FALSE((SlotIdentity{.flags = SCHEDD_SLOT_KTHREAD}).is_protected());
  EXPECT_TRUE((SlotIdentity{.flags = SCHEDD_SLOT_DAEMON}).is_protected());
  EXPECT_TRUE((SlotIdentity{.flags = SCHEDD_SLOT_KTHREAD | SCHEDD_SLOT_DIRECT}).is_protected());
}

struct CommCase {
  std::string raw;
  std::string shown;
};

TEST(FormatCommTest, ShowsValidUtf8) {
  const CommCase cases[] = {
      {"nginx", "nginx"},
      {"", ""},
      {"kworker/0:1-eve", "kworker/0:1-eve"},
      {"a b", "a b"},
      {"caf\xc3\xa9", "caf\xc3\xa9"},
      {"\xe2\x82\xac", "\xe2\x82\xac"},
      {"\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7"},
      {"a\xff", "a\\xff"},
      {"\xc3", "\\xc3"},                             // cut sequence
      {"\xc3(", "\\xc3("},                           // no continuation
      {"\xc0\xaf", "\\xc0\\xaf"},                    // overlong
      {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},           // overlong
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},           // surrogate
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // beyond Unicode
      {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
      {"\x80", "\\x80"},
      {"a\nb\x7f", "a\\x0ab\\x7f"},
      {"a\\b", "a\\x5cb"},
  };
  for (const CommCase& c : cases) {
    EXPECT_EQ(FormatComm(Comm(c.raw)), c.shown);
    EXPECT_EQ(ParseComm(c.shown), Comm(c.raw)) << c.shown;
  }
}

TEST(FormatCommTest, TakesAllSixteenBytesWithoutAnEnd) {
  EXPECT_EQ(FormatComm(Comm("0123456789abcdef")), "0123456789abcdef");
}

TEST(ParseCommTest, RefusesWhatNoTaskCanHave) {
  EXPECT_TRUE(ParseComm("123456789012345").has_value());
  EXPECT_FALSE(ParseComm("1234567890123456").has_value());
  EXPECT_TRUE(ParseComm("12345678901234\\xff").has_value());  // 15 bytes
  EXPECT_FALSE(ParseComm("123456789012345\\xff").has_value());
}

TEST(ParseCommTest, ABackslashThatIsNoEscapeStandsForItself) {
  EXPECT_EQ(*ParseComm("\\x"), Comm("\\x"));
  EXPECT_EQ(*ParseComm("\\xzz"), Comm("\\xzz"));
}

TEST(UsedSlotsTest, EndsAtTheHighWaterMarkAndNeverBehindTheArray) {
  schedd_header header = {};
  std::vector<schedd_slot> slots(4);
  const SharedMemory memory = {
      .header = &header, .slots = slots, .cpus = {}, .events = {}, .decisions = nullptr};
  EXPECT_EQ(UsedSlots(memory).size(), 0u);
  header.slots_high_water = 3;
  EXPECT_EQ(UsedSlots(memory).size(), 3u);
  header.slots_high_water = 99;
  EXPECT_EQ(UsedSlots(memory).size(), 4u);
}

}  // namespace
}  // namespace schedd
