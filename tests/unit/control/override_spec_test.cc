// SPDX-License-Identifier: Apache-2.0
#include "server/control/override_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/unit/control/control_fixture.h"

namespace schedd {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMs = 1'000'000;
constexpr absl::Duration kTenYears = absl::Hours(24 * 365 * 10);
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

// ---- selectors

TEST(ParseSelectorTest, TakesEachFieldToItsLimit) {
  const TaskSelector good[] = {
      {.task = "tasks/1-0"},
      {.task = "tasks/2147483647-18446744073709551615"},
      {.tgid = 1},
      {.tgid = std::numeric_limits<int32_t>::max()},
      {.comm = "123456789012345"},
      {.comm = R"(\xff2345678901234\x0a)"},  // 15 bytes, however long it looks
      {.cgroup_path = "/"},
      {.cgroup_path = "..."},
      {.uid = 0},
      {.uid = 4'294'967'295},
  };
  for (const TaskSelector& selector : good) {
    EXPECT_TRUE(ParseSelector(selector).ok()) << ParseSelector(selector).status();
  }
}

TEST(ParseSelectorTest, KeepsAllThatIsSet) {
  const absl::StatusOr<ParsedSelector> parsed = ParseSelector(
      {.task = "tasks/11-110", .tgid = 10, .comm = "web", .cgroup_path = "a//b/", .uid = 33});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed->task, (TaskKey{11, 110}));
  EXPECT_EQ(parsed->tgid, 10);
  EXPECT_EQ(FormatComm(*parsed->comm), "web");
  EXPECT_EQ(parsed->cgroup_path, "/a/b");
  EXPECT_EQ(parsed->uid, 33);
}

TEST(ParseSelectorTest, ErrorsNameTheFieldAndSayWhatIsWrong) {
  const std::pair<TaskSelector, const char*> cases[] = {
      {{}, "task_override.selector is empty: set at least one of task, tgid, comm"},
      {{.task = "tasks/0-5"}, "task_override.selector.task is no task name: \"tasks/0-5\" is not"},
      {{.tgid = std::numeric_limits<int32_t>::min()},
       "task_override.selector.tgid is -2147483648: a process ID is larger than 0"},
      {{.comm = "1234567890123456"},
       "task_override.selector.comm is longer than 15 bytes, so no task has it"},
      {{.cgroup_path = ".."}, "task_override.selector.cgroup_path must not have . or .. in it"},
      {{.cgroup_path = "/a/./b"}, "task_override.selector.cgroup_path must not have . or .. in it"},
      {{.uid = -1}, "task_override.selector.uid is -1: a user ID is 0 to 4294967295"},
      {{.uid = 4'294'967'296}, "task_override.selector.uid is 4294967296: a user ID is 0 to"},
      // One good field does not make up for a bad one.
      {{.tgid = 10, .uid = -1}, "task_override.selector.uid is -1"},
  };
  for (const auto& [selector, words] : cases) {
    const absl::Status status = ParseSelector(selector).status();
    EXPECT_EQ(ErrorOf(status), "INVALID_ARGUMENT INVALID_SELECTOR") << words;
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
    EXPECT_TRUE(std::string(words).starts_with(FieldOf(status))) << FieldOf(status);
  }
}

SlotIdentity Worker(uint32_t flags = 0) {
  SlotIdentity identity = {.key = 2,
                           .task = {.tid = 11, .start_boottime_ns = 110},
                           .tgid = 10,
                           .uid = 33,
                           .cgroup_id = 3,
                           .comm = {},
                           .flags = flags};
  std::memcpy(identity.comm.data(), "worker", 6);
  return identity;
}

struct MatchCase {
  TaskSelector selector;
  const char* cgroup_path;
  bool matches;
};

TEST(ParsedSelectorTest, MatchesWhenAllThatIsSetDoes) {
  const MatchCase cases[] = {
      {{.task = "tasks/11-110"}, "/a/b", true},
      {{.task = "tasks/11-111"}, "/a/b", false},  // the same thread ID, another task
      {{.task = "tasks/10-110"}, "/a/b", false},
      {{.tgid = 10}, "/a/b", true},
      {{.tgid = 11}, "/a/b", false},  // a thread ID is no process ID
      {{.comm = "worker"}, "/a/b", true},
      {{.comm = "work"}, "/a/b", false},
      {{.comm = "workers"}, "/a/b", false},
      {{.comm = "Worker"}, "/a/b", false},
      {{.uid = 33}, "/a/b", true},
      {{.uid = 0}, "/a/b", false},  // root is a user like another, not "any"
      {{.cgroup_path = "/"}, "/a/b", true},
      {{.cgroup_path = "/a"}, "/a/b", true},
      {{.cgroup_path = "/a/b"}, "/a/b", true},
      {{.cgroup_path = "/a/b/c"}, "/a/b", false},
      {{.cgroup_path = "/a/bb"}, "/a/b", false},
      {{.cgroup_path = "/"}, "", false},  // its cgroup is gone: in none
      {{.tgid = 10, .comm = "worker", .cgroup_path = "/a", .uid = 33}, "/a/b", true},
      {{.tgid = 9, .comm = "worker", .cgroup_path = "/a", .uid = 33}, "/a/b", false},
      {{.tgid = 10, .comm = "x", .cgroup_path = "/a", .uid = 33}, "/a/b", false},
      {{.tgid = 10, .comm = "worker", .cgroup_path = "/x", .uid = 33}, "/a/b", false},
      {{.tgid = 10, .comm = "worker", .cgroup_path = "/a", .uid = 34}, "/a/b", false},
  };
  for (const MatchCase& c : cases) {
    const absl::StatusOr<ParsedSelector> selector = ParseSelector(c.selector);
    ASSERT_TRUE(selector.ok()) << selector.status();
    EXPECT_EQ(selector->Matches(Worker(), c.cgroup_path), c.matches)
        << c.selector.task << " " << c.selector.tgid << " " << c.selector.comm << " "
        << c.selector.cgroup_path << " " << c.selector.uid.value_or(-1);
    EXPECT_FALSE(selector->Matches(Worker(SCHEDD_SLOT_DAEMON), c.cgroup_path));
    EXPECT_EQ(selector->needs_cgroup(), !c.selector.cgroup_path.empty());
  }
}

TEST(ParsedSelectorTest, TheMoreSpecificGoesFirstWhateverItsAge) {
  // From the least to the most specific.
  const TaskSelector selectors[] = {
      {.uid = 33},
      {.cgroup_path = "/"},
      {.cgroup_path = "/", .uid = 33},
      {.cgroup_path = "/a"},
      {.cgroup_path = "/a/b"},
      {.comm = "worker"},
      {.comm = "worker", .uid = 33},
      {.comm = "worker", .cgroup_path = "/"},
      {.tgid = 10},
      {.tgid = 10, .uid = 33},
      {.tgid = 10, .comm = "worker"},
      {.task = "tasks/11-110"},
      {.task = "tasks/11-110", .tgid = 10},
  };
  for (size_t i = 0; i + 1 < std::size(selectors); ++i) {
    const OverridePrecedence older = ParseSelector(selectors[i])->Precedence(900);
    const OverridePrecedence newer = ParseSelector(selectors[i + 1])->Precedence(1);
    EXPECT_LT(older, newer) << i;
  }
}

TEST(ParsedSelectorTest, OfEquallySpecificOnesTheNewerGoesFirst) {
  const ParsedSelector a = *ParseSelector({.cgroup_path = "a/b"});
  const ParsedSelector b = *ParseSelector({.cgroup_path = "//c//d//"});  // spelled longer
  EXPECT_LT(a.Precedence(1), b.Precedence(2));
  EXPECT_LT(b.Precedence(1), a.Precedence(2));
}

// ---- values

struct ValueCase {
  int32_t weight;
  std::optional<int64_t> slice_ns;
  const char* error;
  const char* message;
};

TEST(CheckOverrideValuesTest, WeightsAndSlices) {
  const ValueCase cases[] = {
      {1, {}, "OK", ""},
      {10'000, {}, "OK", ""},
      {0, kMs, "OK", ""},
      {0, 40 * kMs, "OK", ""},
      {7, 2 * kMs, "OK", ""},
      {0,
       {},
       "INVALID_ARGUMENT INVALID_OVERRIDE",
       "task_override.weight and slice are both unset: set a weight (1 to 10000) or a slice"},
      {-1,
       {},
       "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE",
       "task_override.weight is -1: use 1 to 10000 (100 is nice 0), or 0 to leave the task's own"},
      {10'001, kMs, "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE",
       "task_override.weight is 10001: use 1 to 10000 (100 is nice 0), or 0 to leave the task's "
       "own"},
      {5, kMs - 1, "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE",
       "task_override.slice is 999.999us: use 1ms to 40ms (min_slice and max_slice of the policy), "
       "or leave it out"},
      {0, 40 * kMs + 1, "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE",
       "task_override.slice is 40.000001ms: use 1ms to 40ms (min_slice and max_slice of the "
       "policy), or leave it out"},
  };
  for (const ValueCase& c : cases) {
    const absl::Status status =
        CheckOverrideValues({.weight = c.weight, .slice_ns = c.slice_ns}, PolicyParameters());
    EXPECT_EQ(ErrorOf(status), c.error);
    EXPECT_EQ(status.message(), c.message);
  }
}

TEST(CheckOverrideValuesTest, TheSliceIsMeasuredByThePolicyInForce) {
  PolicyParameters policy;
  policy.min_slice_ns = 5 * kMs;
  policy.max_slice_ns = 50 * kMs;
  EXPECT_FALSE(CheckOverrideValues({.slice_ns = 5 * kMs - 1}, policy).ok());
  EXPECT_TRUE(CheckOverrideValues({.slice_ns = 5 * kMs}, policy).ok());
  EXPECT_TRUE(CheckOverrideValues({.slice_ns = 50 * kMs}, policy).ok());
}

// ---- expiration

struct ExpiryCase {
  OverrideSpec spec;
  const char* words;  // of the error; empty: accepted
  std::optional<absl::Time> end;
};

TEST(ExpireTimeOfTest, ComesFromEitherField) {
  constexpr absl::Duration kTick = absl::Nanoseconds(1);
  const ExpiryCase cases[] = {
      {{}, "", {}},
      {{.ttl = kTick}, "", kNow + kTick},
      {{.ttl = kTenYears}, "", kNow + kTenYears},
      {{.expire_time = kNow + kTick}, "", kNow + kTick},
      {{.expire_time = kNow + kTenYears}, "", kNow + kTenYears},
      {{.ttl = absl::ZeroDuration()}, "task_override.ttl is 0: it must be longer than 0", {}},
      {{.ttl = -absl::Milliseconds(1'500)}, "task_override.ttl is -1.5s: it must be longer", {}},
      {{.ttl = kTenYears + kTick}, "task_override.ttl is more than 10 years away", {}},
      {{.ttl = absl::InfiniteDuration()}, "task_override.ttl is more than 10 years away", {}},
      {{.ttl = -absl::InfiniteDuration()}, "task_override.ttl is -inf", {}},
      {{.expire_time = kNow}, "task_override.expire_time is in the past (", {}},
      {{.expire_time = absl::InfinitePast()},
       "task_override.expire_time is in the past (infinite-past): choose a time to come",
       {}},
      {{.expire_time = kNow + kTenYears + kTick},
       "task_override.expire_time is more than 10 years away",
       {}},
      {{.expire_time = absl::InfiniteFuture()}, "task_override.expire_time is more than 10", {}},
      {{.expire_time = kNow + kTick, .ttl = kTick},
       "task_override.ttl and expire_time are both set: set one",
       {}},
  };
  for (const ExpiryCase& c : cases) {
    const absl::StatusOr<std::optional<absl::Time>> end = ExpireTimeOf(c.spec, kNow);
    if (*c.words == '\0') {
      ASSERT_TRUE(end.ok()) << end.status();
      EXPECT_EQ(*end, c.end);
    } else {
      EXPECT_EQ(ErrorOf(end), "INVALID_ARGUMENT INVALID_EXPIRATION");
      EXPECT_THAT(std::string(end.status().message()), HasSubstr(c.words));
    }
  }
}

// ---- update masks

// All fields on one line; "-" for one that is not set.
std::string Show(const OverrideSpec& spec) {
  const TaskSelector& s = spec.selector;
  return absl::StrCat(
      s.task.empty() ? "-" : s.task, " ", s.tgid == 0 ? "-" : absl::StrCat(s.tgid), " ",
      s.comm.empty() ? "-" : s.comm, " ", s.cgroup_path.empty() ? "-" : s.cgroup_path, " ",
      s.uid ? absl::StrCat(*s.uid) : "-", " ", spec.weight == 0 ? "-" : absl::StrCat(spec.weight),
      " ", spec.slice_ns ? absl::StrCat(*spec.slice_ns) : "-", " ",
      spec.expire_time ? absl::StrCat("@", absl::ToUnixSeconds(*spec.expire_time)) : "-", " ",
      spec.ttl ? absl::FormatDuration(*spec.ttl) : "-");
}

OverrideSpec Current() {
  return {
      .selector = {.task = "t1", .tgid = 1, .comm = "c1", .cgroup_path = "/1", .uid = 1},
      .weight = 1,
      .slice_ns = 1,
      .expire_time = absl::FromUnixSeconds(1),
  };
}

struct MaskCase {
  std::vector<std::string> mask;
  const char* full;   // after a change that sets every field
  const char* empty;  // after one that sets none
};

TEST(MergeOverrideSpecTest, TheMaskSaysWhatChanges) {
  const OverrideSpec change = {
      .selector = {.task = "t2", .tgid = 2, .comm = "c2", .cgroup_path = "/2", .uid = 2},
      .weight = 2,
      .slice_ns = 2,
      .ttl = absl::Seconds(2)};
  ASSERT_EQ(Show(Current()), "t1 1 c1 /1 1 1 1 @1 -");
  const MaskCase cases[] = {
      {{"selector.task"}, "t2 1 c1 /1 1 1 1 @1 -", "- 1 c1 /1 1 1 1 @1 -"},
      {{"selector.tgid"}, "t1 2 c1 /1 1 1 1 @1 -", "t1 - c1 /1 1 1 1 @1 -"},
      {{"selector.comm"}, "t1 1 c2 /1 1 1 1 @1 -", "t1 1 - /1 1 1 1 @1 -"},
      {{"selector.cgroup_path"}, "t1 1 c1 /2 1 1 1 @1 -", "t1 1 c1 - 1 1 1 @1 -"},
      {{"selector.uid"}, "t1 1 c1 /1 2 1 1 @1 -", "t1 1 c1 /1 - 1 1 @1 -"},
      {{"weight"}, "t1 1 c1 /1 1 2 1 @1 -", "t1 1 c1 /1 1 - 1 @1 -"},
      {{"slice"}, "t1 1 c1 /1 1 1 2 @1 -", "t1 1 c1 /1 1 1 - @1 -"},
      {{"ttl"}, "t1 1 c1 /1 1 1 1 - 2s", "t1 1 c1 /1 1 1 1 - -"},
      {{"expire_time"}, "t1 1 c1 /1 1 1 1 - 2s", "t1 1 c1 /1 1 1 1 - -"},
      {{"selector"}, "t2 2 c2 /2 2 1 1 @1 -", "- - - - - 1 1 @1 -"},
      {{"weight", "slice", "weight"}, "t1 1 c1 /1 1 2 2 @1 -", "t1 1 c1 /1 1 - - @1 -"},
      {{"*"}, "t2 2 c2 /2 2 2 2 - 2s", "- - - - - - - - -"},
  };
  for (const MaskCase& c : cases) {
    EXPECT_EQ(Show(*MergeOverrideSpec(Current(), change, c.mask)), c.full) << c.mask[0];
    EXPECT_EQ(Show(*MergeOverrideSpec(Current(), {}, c.mask)), c.empty) << c.mask[0];
  }
}

TEST(MergeOverrideSpecTest, WithoutAMaskWhatIsSetChanges) {
  const std::pair<OverrideSpec, const char*> cases[] = {
      {{.selector = {.task = "t2"}}, "t2 1 c1 /1 1 1 1 @1 -"},
      {{.selector = {.tgid = 2}}, "t1 2 c1 /1 1 1 1 @1 -"},
      {{.selector = {.comm = "c2"}}, "t1 1 c2 /1 1 1 1 @1 -"},
      {{.selector = {.cgroup_path = "/2"}}, "t1 1 c1 /2 1 1 1 @1 -"},
      {{.selector = {.uid = 0}}, "t1 1 c1 /1 0 1 1 @1 -"},
      {{.weight = 2}, "t1 1 c1 /1 1 2 1 @1 -"},
      {{.slice_ns = 2}, "t1 1 c1 /1 1 1 2 @1 -"},
      {{.expire_time = absl::FromUnixSeconds(2)}, "t1 1 c1 /1 1 1 1 @2 -"},
      {{.ttl = absl::Seconds(2)}, "t1 1 c1 /1 1 1 1 - 2s"},
      {{.selector = {.tgid = 2}, .slice_ns = 2}, "t1 2 c1 /1 1 1 2 @1 -"},
  };
  for (const auto& [change, merged] : cases) {
    EXPECT_EQ(Show(*MergeOverrideSpec(Current(), change, {})), merged);
  }
}

TEST(MergeOverrideSpecTest, UnknownPathsAreRefusedWithTheKnownOnes) {
  for (const char* path :
       {"", "selector.", "selector.nonsense", "comm", "Weight", "weight ", "name", "etag", "**"}) {
    const absl::Status status =
        MergeOverrideSpec(Current(), {.weight = 2}, {"weight", path}).status();
    EXPECT_EQ(ErrorOf(status), "INVALID_ARGUMENT UNKNOWN_FIELD") << path;
    EXPECT_EQ(FieldOf(status), "update_mask");
    EXPECT_EQ(status.message(),
              absl::StrCat("update_mask: an override has no field \"", path,
                           "\" to change: use selector, selector.task, selector.tgid, "
                           "selector.comm, selector.cgroup_path, selector.uid, weight, slice, "
                           "expire_time, ttl, or * for all"));
  }
}

TEST(MergeOverrideSpecTest, NothingToChangeIsAnError) {
  const absl::Status status = MergeOverrideSpec(Current(), {}, {}).status();
  EXPECT_EQ(ErrorOf(status), "INVALID_ARGUMENT EMPTY_UPDATE");
  EXPECT_EQ(FieldOf(status), "update_mask");
}

// ---- names

TEST(OverrideNameTest, IdsAreSmallLettersDigitsAndHyphens) {
  for (const std::string& id :
       {std::string("a"), std::string("z-"), std::string("a--0-9z"), "a" + std::string(62, '0')}) {
    EXPECT_TRUE(CheckOverrideId(id).ok()) << id;
    EXPECT_EQ(*ParseOverrideName("taskOverrides/" + id), id);
  }
  for (const std::string& id :
       {std::string(), std::string("-a"), std::string("0a"), std::string("A"), std::string("a_"),
        std::string("a b"), std::string("a/b"), std::string("\xc3\xa4"), std::string("a\0", 2),
        std::string(64, 'a')}) {
    EXPECT_EQ(ErrorOf(CheckOverrideId(id)), "INVALID_ARGUMENT INVALID_NAME") << id;
    EXPECT_EQ(FieldOf(CheckOverrideId(id)), "task_override_id");
    const absl::Status status = ParseOverrideName("taskOverrides/" + id).status();
    EXPECT_EQ(ErrorOf(status), "INVALID_ARGUMENT INVALID_NAME") << id;
    EXPECT_EQ(FieldOf(status), "name");
  }
}

TEST(OverrideNameTest, NamesOfOtherThingsAreRefused) {
  for (const char* name : {"", "a", "taskOverrides", "taskoverrides/a", "/taskOverrides/a",
                           "tasks/1-1", "policies/default", "taskOverrides/taskOverrides/a"}) {
    EXPECT_EQ(ErrorOf(ParseOverrideName(name)), "INVALID_ARGUMENT INVALID_NAME") << name;
  }
}

}  // namespace
}  // namespace schedd
