// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "schedd/v1/policy_service.pb.h"
#include "schedd/v1/scheduler_service.pb.h"
#include "schedd/v1/task_service.pb.h"

namespace schedd::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// --- durations that people type ---

struct Parsed {
  const char* text;
  int64_t nanos;
};

class GoodDuration : public testing::TestWithParam<Parsed> {};

TEST_P(GoodDuration, IsParsed) {
  const auto duration = ParseDuration(GetParam().text);
  ASSERT_TRUE(duration.ok()) << duration.status();
  EXPECT_EQ(absl::ToInt64Nanoseconds(*duration), GetParam().nanos);
}

INSTANTIATE_TEST_SUITE_P(All, GoodDuration,
                         testing::Values(Parsed{"5ms", 5'000'000}, Parsed{"500us", 500'000},
                                         Parsed{"1.5s", 1'500'000'000}, Parsed{"7ns", 7},
                                         Parsed{"1h30m", 5'400'000'000'000}, Parsed{"0", 0},
                                         Parsed{"0s", 0}, Parsed{"-1s", -1'000'000'000},
                                         Parsed{"+2m", 120'000'000'000},
                                         // Nothing is shorter than a nanosecond.
                                         Parsed{"1.75ns", 1}, Parsed{"0.25ns", 0}));

struct Refused {
  const char* text;
  const char* why;
};

class BadDuration : public testing::TestWithParam<Refused> {};

TEST_P(BadDuration, IsRefusedWithAnExample) {
  const auto duration = ParseDuration(GetParam().text);
  EXPECT_EQ(duration.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(duration.status().message()),
              AllOf(HasSubstr(GetParam().why), HasSubstr("5ms")));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadDuration,
    testing::Values(Refused{"", "is not a duration"}, Refused{"5", "has no unit"},
                    Refused{"-5", "has no unit"}, Refused{"ms", "is not a duration"},
                    Refused{"5 ms", "is not a duration"}, Refused{"5d", "is not a duration"},
                    Refused{"5msx", "is not a duration"}, Refused{"inf", "is not a duration"},
                    Refused{"-inf", "is not a duration"}, Refused{"99999999999h", "too long"}));

TEST(DurationProto, GoesThereAndBack) {
  for (const absl::Duration duration :
       {absl::ZeroDuration(), absl::Nanoseconds(1), absl::Milliseconds(1500),
        -absl::Milliseconds(1500), absl::Hours(1000)}) {
    EXPECT_EQ(FromProto(ToProto(duration)), duration);
  }
}

TEST(DurationProto, SignsOfSecondsAndNanosAgree) {
  const auto proto = ToProto(-absl::Milliseconds(1500));
  EXPECT_EQ(proto.seconds(), -1);
  EXPECT_EQ(proto.nanos(), -500'000'000);
}

// --- durations that people read ---

TEST(ExactDuration, ShowsAllDigits) {
  EXPECT_EQ(ExactDuration(absl::Milliseconds(10)), "10ms");
  EXPECT_EQ(ExactDuration(absl::Nanoseconds(1'234'567)), "1.234567ms");
  EXPECT_EQ(ExactDuration(absl::ZeroDuration()), "0");
}

struct Shown {
  int64_t nanos;
  const char* text;
};

class ShortForm : public testing::TestWithParam<Shown> {};

TEST_P(ShortForm, Is) { EXPECT_EQ(ShortNanos(GetParam().nanos), GetParam().text); }

constexpr int64_t kSecond = 1'000'000'000;

INSTANTIATE_TEST_SUITE_P(
    All, ShortForm,
    testing::Values(Shown{0, "0"}, Shown{1, "1ns"}, Shown{999, "999ns"}, Shown{1000, "1.00µs"},
                    Shown{9994, "9.99µs"}, Shown{9996, "10.0µs"}, Shown{99'940, "99.9µs"},
                    Shown{99'960, "100µs"}, Shown{999'499, "999µs"}, Shown{999'600, "1.00ms"},
                    Shown{12'345'678, "12.3ms"}, Shown{kSecond, "1.00s"},
                    Shown{59'940'000'000, "59.9s"}, Shown{59'960'000'000, "1m00s"},
                    Shown{245 * kSecond, "4m05s"}, Shown{3599 * kSecond, "59m59s"},
                    Shown{3600 * kSecond, "1h00m"}, Shown{11'520 * kSecond, "3h12m"},
                    Shown{86'400 * kSecond, "1d00h"}, Shown{442'800 * kSecond, "5d03h"},
                    Shown{-12'345'678, "-12.3ms"},
                    Shown{std::numeric_limits<int64_t>::max(), "106751d23h"}));

TEST(LocalTime, IsInTheZoneGiven) {
  google::protobuf::Timestamp time;
  EXPECT_EQ(LocalTime(time, absl::UTCTimeZone()), "-");
  time.set_seconds(1'795'379'465);
  EXPECT_EQ(LocalTime(time, absl::UTCTimeZone()), "2026-11-22 20:31:05");
  EXPECT_EQ(LocalTime(time, absl::FixedTimeZone(3600)), "2026-11-22 21:31:05");
}

// --- numbers ---

TEST(Count, HasCommas) {
  EXPECT_EQ(Count(0), "0");
  EXPECT_EQ(Count(999), "999");
  EXPECT_EQ(Count(1000), "1,000");
  EXPECT_EQ(Count(1'234'567), "1,234,567");
  EXPECT_EQ(Count(-1), "-1");
  EXPECT_EQ(Count(-999), "-999");
  EXPECT_EQ(Count(-1000), "-1,000");
}

TEST(Share, OfNothingIsNotANumber) {
  EXPECT_EQ(Share(1, 4), "25.0 %");
  EXPECT_EQ(Share(2, 3), "66.7 %");
  EXPECT_EQ(Share(0, 0), "-");
}

// --- enums ---

TEST(EnumText, LeavesThePrefixOut) {
  EXPECT_EQ(EnumText(v1::Task::RunState_descriptor(), v1::Task::RUN_STATE_SLEEPING), "sleeping");
  EXPECT_EQ(EnumText(v1::Scheduler::Scope_descriptor(), v1::Scheduler::SCOPE_EXT_ONLY), "ext-only");
  EXPECT_EQ(EnumText(v1::PlacementMode_descriptor(), v1::PLACEMENT_MODE_IDLE_BYPASS),
            "idle-bypass");
}

TEST(EnumText, ShowsAValueOfTheFutureAsItsNumber) {
  EXPECT_EQ(EnumText(v1::Task::RunState_descriptor(), 77), "77");
}

TEST(FindEnumValue, TakesWhatPeopleType) {
  const auto* type = v1::PlacementMode_descriptor();
  for (const char* text : {"all-decisions", "all_decisions", "ALL_DECISIONS",
                           "PLACEMENT_MODE_ALL_DECISIONS", "placement-mode-all-decisions"}) {
    const auto* value = FindEnumValue(type, text);
    ASSERT_NE(value, nullptr) << text;
    EXPECT_EQ(value->number(), v1::PLACEMENT_MODE_ALL_DECISIONS);
  }
  EXPECT_EQ(FindEnumValue(type, "decisions"), nullptr);
  EXPECT_EQ(FindEnumValue(type, ""), nullptr);
}

TEST(EnumChoices, LeavesUnspecifiedOut) {
  EXPECT_EQ(EnumChoices(v1::PlacementMode_descriptor()), "idle-bypass, all-decisions");
}

// --- text from outside ---

TEST(Printable, ControlCharactersCannotReachATerminal) {
  EXPECT_EQ(Printable("nginx"), "nginx");
  EXPECT_EQ(Printable("a\033[31mb\n"), "a\\x1b[31mb\\x0a");
  EXPECT_EQ(Printable("\x7f"), "\\x7f");
  EXPECT_EQ(Printable("ü"), "ü");
}

TEST(LastSegment, IsWhatFollowsTheLastSlash) {
  EXPECT_EQ(LastSegment("taskOverrides/a"), "a");
  EXPECT_EQ(LastSegment("a"), "a");
  EXPECT_EQ(LastSegment(""), "");
}

}  // namespace
}  // namespace schedd::client
