// SPDX-License-Identifier: Apache-2.0
#include "server/control/task_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace schedd {
namespace {

using ::testing::StartsWith;
using Type = TaskField::Type;

// Every value is another one.
TaskInfo Distinct() {
  return {.key = {.tid = 101, .start_boottime_ns = 102},
          .name = "the name",
          .tgid = 103,
          .comm = "the comm",
          .cgroup_path = "the cgroup",
          .nice = -5,
          .weight = 104,
          .effective_weight = 34.6666666,
          .run_state = TaskRunState::kSleeping,
          .cpu = 105,
          .policy = "the policy",
          .task_override = "the override",
          .stats = {.policy_generation = 201,
                    .run_time_ns = 202,
                    .wait_time_ns = 203,
                    .vruntime_ns = 204,
                    .lag_ns = -205,
                    .slice_ns = 206,
                    .voluntary_switch_count = 207,
                    .involuntary_switch_count = 208,
                    .wakeup_count = 209,
                    .migration_count = 210,
                    .wakeup_latency_mean_ns = 211,
                    .wakeup_latency_p50_ns = 212,
                    .wakeup_latency_p99_ns = 213,
                    .wakeup_latency_max_ns = 214},
          .uid = 4'294'967'295,
          .kernel_thread = true,
          .allowed_cpu_count = 106};
}

struct FieldCase {
  const char* path;
  Type type;
  const char* value;  // of Distinct()
};

constexpr FieldCase kCases[] = {
    {"name", Type::kText, "the name"},
    {"tid", Type::kInteger, "101"},
    {"tgid", Type::kInteger, "103"},
    {"comm", Type::kText, "the comm"},
    {"cgroup_path", Type::kText, "the cgroup"},
    {"nice", Type::kInteger, "-5"},
    {"weight", Type::kInteger, "104"},
    {"run_state", Type::kRunState, "2"},
    {"cpu", Type::kInteger, "105"},
    {"policy", Type::kText, "the policy"},
    {"task_override", Type::kText, "the override"},
    {"uid", Type::kInteger, "4294967295"},
    {"kernel_thread", Type::kBoolean, "1"},
    {"allowed_cpu_count", Type::kInteger, "106"},
    {"effective_weight", Type::kDecimal, "34666667"},
    {"stats.policy_generation", Type::kInteger, "201"},
    {"stats.run_time_nanos", Type::kNanos, "202"},
    {"stats.wait_time_nanos", Type::kNanos, "203"},
    {"stats.vruntime_nanos", Type::kNanos, "204"},
    {"stats.lag_nanos", Type::kNanos, "-205"},
    {"stats.slice_nanos", Type::kNanos, "206"},
    {"stats.voluntary_switch_count", Type::kInteger, "207"},
    {"stats.involuntary_switch_count", Type::kInteger, "208"},
    {"stats.wakeup_count", Type::kInteger, "209"},
    {"stats.migration_count", Type::kInteger, "210"},
    {"stats.wakeup_latency_mean_nanos", Type::kNanos, "211"},
    {"stats.wakeup_latency_p50_nanos", Type::kNanos, "212"},
    {"stats.wakeup_latency_p99_nanos", Type::kNanos, "213"},
    {"stats.wakeup_latency_max_nanos", Type::kNanos, "214"},
};

TEST(TaskFieldsTest, EachReadsItsOwn) {
  const TaskInfo task = Distinct();
  for (const FieldCase& c : kCases) {
    const TaskField* field = FindTaskField(c.path);
    ASSERT_NE(field, nullptr) << c.path;
    EXPECT_EQ(field->type, c.type) << c.path;
    // One of the two readers, and not the other.
    ASSERT_EQ(field->text != nullptr, c.type == Type::kText) << c.path;
    ASSERT_EQ(field->number == nullptr, c.type == Type::kText) << c.path;
    const std::string value =
        field->text != nullptr ? field->text(task) : absl::StrCat(field->number(task));
    EXPECT_EQ(value, c.value) << c.path;
  }
}

TEST(TaskFieldsTest, NoneIsThereTwiceOrUntested) {
  std::set<std::string> paths;
  for (const TaskField& field : TaskFields()) paths.emplace(field.path);
  EXPECT_EQ(paths.size(), TaskFields().size());
  EXPECT_EQ(paths.size(), std::size(kCases));
}

TEST(TaskFieldsTest, OnlyWholePathsAreFound) {
  for (const char* path :
       {"", "stats", "stats.", "run_time_nanos", "Tid", "tid ", "key", "state"}) {
    EXPECT_EQ(FindTaskField(path), nullptr) << path;
  }
}

TEST(TaskFieldsTest, TheListHasAllInOrder) {
  EXPECT_THAT(TaskFieldList(), StartsWith("name, tid, tgid, comm, cgroup_path, nice, weight, "));
  for (const FieldCase& c : kCases) {
    EXPECT_NE(absl::StrCat(", ", TaskFieldList(), ",").find(absl::StrCat(", ", c.path, ",")),
              std::string::npos)
        << c.path;
  }
}

TEST(ParseRunStateTest, WordsWithAndWithoutTheirPrefix) {
  const std::pair<const char*, TaskRunState> cases[] = {
      {"RUNNING", TaskRunState::kRunning},         {"QUEUED", TaskRunState::kQueued},
      {"SLEEPING", TaskRunState::kSleeping},       {"RUN_STATE_RUNNING", TaskRunState::kRunning},
      {"RUN_STATE_QUEUED", TaskRunState::kQueued}, {"RUN_STATE_SLEEPING", TaskRunState::kSleeping},
  };
  for (const auto& [word, state] : cases) {
    int64_t number = -1;
    EXPECT_TRUE(ParseRunState(word, &number)) << word;
    EXPECT_EQ(number, static_cast<int64_t>(state)) << word;
  }
}

TEST(ParseRunStateTest, OtherWordsLeaveTheNumberAlone) {
  for (const char* word : {"", "running", "RUN_STATE_", "RUN_STATE_UNSPECIFIED", "0",
                           "RUN_STATE_RUN_STATE_RUNNING", "RUNNING "}) {
    int64_t number = -1;
    EXPECT_FALSE(ParseRunState(word, &number)) << word;
    EXPECT_EQ(number, -1) << word;
  }
}

}  // namespace
}  // namespace schedd
