// SPDX-License-Identifier: Apache-2.0
//
// The kernel's pages of events: a real one taken apart, and bytes that are none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/trace/event_format.h"
#include "client/trace/ring_page.h"
#include "tests/unit/client/trace/kernel_files.h"

namespace schedd::client {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string RealPage() { return absl::HexStringToBytes(kPageHex); }

SchedEventDecoder Decoder() {
  return SchedEventDecoder::Create(kSwitchFormat, kWakingFormat, kNewFormat).value();
}

// A little-endian number.
std::string Bytes(uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

std::string Page(uint64_t time_ns, const std::string& data, uint64_t flags = 0) {
  return Bytes(time_ns, 8) + Bytes(data.size() | flags, 8) + data;
}

std::string Word(uint32_t type, uint32_t delta) { return Bytes(type | (delta << 5), 4); }

RingPage Parse(const std::string& page) { return ParseRingPage(page, RingPageLayout{}); }

TEST(RingPageTest, TheRealOneHasAllItsEvents) {
  const std::string bytes = RealPage();
  const RingPage page = ParseRingPage(bytes, ParseRingPageLayout(kHeaderPage).value());
  EXPECT_FALSE(page.damaged);
  EXPECT_FALSE(page.lost_before);
  ASSERT_THAT(page.events, SizeIs(26));
  EXPECT_EQ(page.events[0].time_ns, 6'649'308'968);
  EXPECT_EQ(page.events[1].time_ns, 6'651'318'699);
  // After a gap that needs a word of its own.
  EXPECT_EQ(page.events[25].time_ns - page.events[24].time_ns, 745'251);
}

TEST(RingPageTest, LossIsMarked) {
  const std::string bytes = Page(5, Word(1, 2) + "abcd", uint64_t{1} << 31);
  const RingPage page = Parse(bytes);
  EXPECT_TRUE(page.lost_before);
  ASSERT_THAT(page.events, SizeIs(1));
  EXPECT_EQ(page.events[0].time_ns, 7);
  EXPECT_EQ(page.events[0].data, "abcd");
}

TEST(RingPageTest, LongTimesLongDataAndPadding) {
  const std::string bytes =
      Page(100, Word(30, 3) + Bytes(1, 4) +                            // 2^27 + 3 later
                    Word(29, 1) + Bytes(8, 4) + "????" +               // taken back
                    Word(0, 2) + Bytes(4 + 8, 4) + "12345678" +        // its size in a word
                    Word(31, 7) + Bytes(2, 4) + Word(1, 0) + "last" +  // an absolute time
                    Word(29, 0) + "never");                            // the rest is empty
  const RingPage page = Parse(bytes);
  EXPECT_FALSE(page.damaged);
  ASSERT_THAT(page.events, SizeIs(2));
  EXPECT_EQ(page.events[0].time_ns, 100 + (1 << 27) + 3 + 1 + 2);
  EXPECT_EQ(page.events[0].data, "12345678");
  EXPECT_EQ(page.events[1].time_ns, (2 << 27) + 7);
  EXPECT_EQ(page.events[1].data, "last");
}

TEST(RingPageTest, DamageEndsTheList) {
  for (const std::string& data :
       {Word(2, 0) + "abcd", Word(30, 0), Word(0, 0) + Bytes(3, 4), Word(0, 0) + Bytes(99, 4),
        Word(29, 1) + Bytes(99, 4), std::string("ab")}) {
    const RingPage page = Parse(Page(0, data));
    EXPECT_TRUE(page.damaged);
    EXPECT_THAT(page.events, IsEmpty());
  }
  EXPECT_TRUE(Parse("short").damaged);
  EXPECT_TRUE(Parse(Bytes(0, 8) + Bytes(4'000, 8)).damaged);
}

TEST(RingPageTest, NoBytesCrashIt) {
  std::mt19937 random(7);
  const std::string real = RealPage();
  const SchedEventDecoder decoder = Decoder();
  for (int round = 0; round < 3'000; ++round) {
    std::string bytes = real.substr(0, round % 2 == 0 ? real.size() : random() % real.size());
    for (int i = 0; i < 5 && !bytes.empty(); ++i) bytes[random() % bytes.size()] ^= random();
    const RingPage page = Parse(bytes);
    for (const RingEvent& event : page.events) decoder.Decode(event.data);
  }
}

TEST(RingPageTest, AnUnknownLayoutIsRefused) {
  EXPECT_TRUE(ParseRingPageLayout(kHeaderPage).ok());
  EXPECT_FALSE(ParseRingPageLayout("").ok());
  EXPECT_FALSE(
      ParseRingPageLayout(absl::StrReplaceAll(kHeaderPage, {{"u64 timestamp", "u64 x"}})).ok());
}

TEST(SchedEventTest, TheRealOnesAreDecoded) {
  const std::string bytes = RealPage();
  const RingPage page = Parse(bytes);
  const auto waking = Decoder().Decode(page.events.at(0).data);
  ASSERT_TRUE(waking.has_value());
  EXPECT_EQ(waking->kind, SchedEvent::Kind::kWaking);
  EXPECT_EQ(waking->current_tid, 118);
  EXPECT_TRUE(waking->in_interrupt);
  EXPECT_EQ(waking->task.tid, 9);
  EXPECT_EQ(waking->task.comm, "kworker/0:0");
  EXPECT_EQ(waking->task.prio, 120);
  const auto gives_way = Decoder().Decode(page.events.at(1).data);
  ASSERT_TRUE(gives_way.has_value());
  EXPECT_EQ(gives_way->kind, SchedEvent::Kind::kSwitchPreempted);
  EXPECT_EQ(gives_way->before.comm, "bash");
  EXPECT_EQ(gives_way->before.tid, 118);
  EXPECT_EQ(gives_way->task.tid, 9);
  EXPECT_FALSE(Decoder().Decode(page.events.at(2).data)->in_interrupt);
}

TEST(SchedEventTest, HowATaskLeavesItsCpu) {
  const std::string bytes = RealPage();
  std::string event(Parse(bytes).events.at(1).data);
  const auto kind = [&event](uint64_t state) {
    event.replace(32, 8, Bytes(state, 8));
    return Decoder().Decode(event)->kind;
  };
  EXPECT_EQ(kind(0), SchedEvent::Kind::kSwitchPreempted);
  EXPECT_EQ(kind(0x100), SchedEvent::Kind::kSwitchPreempted);
  EXPECT_EQ(kind(0x101), SchedEvent::Kind::kSwitchPreempted);
  EXPECT_EQ(kind(1), SchedEvent::Kind::kSwitchSleeps);
  EXPECT_EQ(kind(2), SchedEvent::Kind::kSwitchSleeps);
  EXPECT_EQ(kind(0x80), SchedEvent::Kind::kSwitchSleeps);
  EXPECT_EQ(kind(0x10), SchedEvent::Kind::kSwitchEnded);
  EXPECT_EQ(kind(0x20), SchedEvent::Kind::kSwitchEnded);
}

TEST(SchedEventTest, ANameMayStandElsewhereInTheEvent) {
  const std::string format =
      absl::StrReplaceAll(kNewFormat, {{"field:char comm[16];	offset:8;	size:16",
                                        "field:__data_loc char[] comm;	offset:8;	size:4"}});
  ASSERT_NE(format, kNewFormat);
  const auto decoder = SchedEventDecoder::Create(kSwitchFormat, kWakingFormat, format).value();
  const int id = ParseEventFormat(format)->id;
  std::string event(36, '\0');
  event.replace(0, 2, Bytes(id, 2));
  event.replace(8, 4, Bytes(36 | (5 << 16), 4));
  event.replace(24, 4, Bytes(77, 4));
  const auto decoded = decoder.Decode(event + "name" + '\0');
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->kind, SchedEvent::Kind::kNewTask);
  EXPECT_EQ(decoded->task.comm, "name");
  EXPECT_EQ(decoded->task.tid, 77);
  EXPECT_FALSE(decoder.Decode(event).has_value());  // it points out of the event
}

TEST(SchedEventTest, WhatIsNoneOfThem) {
  EXPECT_FALSE(Decoder().Decode("").has_value());
  EXPECT_FALSE(Decoder().Decode(Bytes(1, 2) + std::string(60, 'x')).has_value());
  const std::string bytes = RealPage();
  const RingPage page = Parse(bytes);
  EXPECT_FALSE(Decoder().Decode(page.events.at(1).data.substr(0, 40)).has_value());
}

TEST(SchedEventTest, AFormatWithoutWhatIsNeededIsRefused) {
  const auto without = SchedEventDecoder::Create(
      absl::StrReplaceAll(kSwitchFormat, {{"prev_state", "state"}}), kWakingFormat, kNewFormat);
  EXPECT_THAT(without.status().message(), HasSubstr("sched_switch has no field prev_state"));
  EXPECT_FALSE(ParseEventFormat("").ok());
  EXPECT_FALSE(ParseEventFormat("ID: x").ok());
  EXPECT_FALSE(ParseEventFormat("ID: 1\n\tfield:int a;\toffset:b;").ok());
}

}  // namespace
}  // namespace schedd::client
