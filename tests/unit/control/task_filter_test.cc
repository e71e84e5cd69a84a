// SPDX-License-Identifier: Apache-2.0
#include "server/control/task_filter.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/control/error.h"
#include "server/control/task_fields.h"

namespace schedd {
namespace {

TaskInfo Sample() {
  TaskInfo task;
  task.key = {.tid = 12, .start_boottime_ns = 5};
  task.name = "tasks/12-5";
  task.tgid = 10;
  task.comm = "nginx: worker";
  task.cgroup_path = "/system.slice/nginx.service";
  task.nice = -5;
  task.weight = 300;
  task.effective_weight = 33.33333333;
  task.run_state = TaskRunState::kQueued;
  task.cpu = 3;
  task.policy = "policies/default";
  task.uid = 33;
  task.kernel_thread = false;
  task.allowed_cpu_count = 4;
  task.stats.run_time_ns = 5'000'000;
  task.stats.lag_ns = -7;
  task.stats.wakeup_latency_p99_ns = 1'500'000;
  return task;
}

struct MatchCase {
  const char* filter;
  bool matches;
};

TEST(TaskFilterTest, Matches) {
  const MatchCase cases[] = {
      {"", true},
      {"  \t\n", true},
      {"tid = 12", true},
      {"tid=12", true},
      {"tid != 12", false},
      {"tid < 12", false},
      {"tid <= 12", true},
      {"tid > 11", true},
      {"tid >= 13", false},
      {"nice = -5", true},
      {"nice < 0", true},
      {"stats.lag_nanos>-8", true},
      {"effective_weight = 33.333333", true},
      {"effective_weight = 33", false},
      {"effective_weight > 33", true},
      {"effective_weight < 3.4e1", true},
      {"stats.run_time_nanos = 5000000", true},
      {"stats.run_time_nanos = 5ms", true},
      {"stats.run_time_nanos > 4.9ms", true},
      {"stats.wakeup_latency_p99_nanos >= 1.5ms", true},
      {"stats.wakeup_latency_p99_nanos > 0.01s", false},
      {"comm = \"nginx: worker\"", true},
      {"comm = 'nginx: worker'", true},
      {"comm = \"nginx\"", false},
      {"comm = \"nginx*\"", true},
      {"comm = nginx*", true},
      {"comm != nginx*", false},
      {"comm = apache*", false},
      {"comm = \"*\"", true},
      {"comm = *", true},
      {"comm = \"nginx\\*\"", false},  // a star, not a prefix
      {"comm > \"nginw\"", true},
      {"comm < \"nginw\"", false},
      {"cgroup_path = \"/system.slice/*\"", true},
      {"cgroup_path = /system.slice/nginx.service", true},
      {"name = tasks/12-5", true},
      {"run_state = QUEUED", true},
      {"run_state = RUN_STATE_QUEUED", true},
      {"run_state = RUNNING", false},
      {"run_state != SLEEPING", true},
      {"kernel_thread = false", true},
      {"kernel_thread = true", false},
      {"kernel_thread != true", true},
      {"task_override = \"\"", true},
      {"task_override != \"\"", false},
      {"policy = \"policies/default\"", true},
      {"uid = 33 AND cpu = 3 AND allowed_cpu_count = 4", true},
      {"uid = 33 AND cpu = 2", false},
      {"uid = 0 OR cpu = 3", true},
      {"uid = 0 OR cpu = 2", false},
      {"NOT uid = 0", true},
      {"NOT NOT uid = 0", false},
      {"NOT (uid = 33 AND cpu = 3)", false},
      {"(uid = 0 OR weight = 300) AND (NOT tid = 1)", true},
      {"uid = 0 OR (weight = 300 AND tid = 1)", false},
      {"((((tid = 12))))", true},
      {"tgid=10 AND\ntid=12", true},
      {"comm = AND", false},  // a keyword is a text where a value belongs
  };
  const TaskInfo task = Sample();
  for (const MatchCase& c : cases) {
    const absl::StatusOr<TaskFilter> filter = TaskFilter::Parse(c.filter);
    ASSERT_TRUE(filter.ok()) << c.filter << ": " << filter.status();
    EXPECT_EQ(filter->Matches(task), c.matches) << c.filter;
  }
}

TEST(TaskFilterTest, EscapesInQuotes) {
  TaskInfo task = Sample();
  task.comm = "a\"b'c\\xff*";
  for (const char* text : {R"(comm = "a\"b'c\xff\*")", R"(comm = 'a"b\'c\\xff\*')"}) {
    const absl::StatusOr<TaskFilter> filter = TaskFilter::Parse(text);
    ASSERT_TRUE(filter.ok()) << filter.status();
    EXPECT_TRUE(filter->Matches(task)) << text;
  }
}

struct ErrorCase {
  const char* filter;
  int position;
  const char* words;
};

TEST(TaskFilterTest, ErrorsSayWhereAndWhatIsAllowed) {
  const ErrorCase cases[] = {
      {"nonsense = 1", 1, "there is no field \"nonsense\": use one of name, tid"},
      {"tid", 4, "found the end after tid where =, !="},
      {"tid =", 6, "found the end where tid needs a whole number"},
      {"tid = x", 7, "found \"x\" where tid needs a whole number"},
      {"tid = 1.5", 7, "needs a whole number"},
      {"tid = 5ms", 7, "needs a whole number"},
      {"tid = 99999999999999999999", 7, "needs a whole number"},
      {"effective_weight = heavy", 20, "found \"heavy\" where effective_weight needs a number"},
      {"effective_weight = 1e12", 20, "needs a number"},
      {"effective_weight = nan", 20, "needs a number"},
      {"tid = 1*", 7, "needs a whole number"},
      {"stats.run_time_nanos = soon", 24, "or a duration such as 5ms"},
      {"run_state = ASLEEP", 13, "needs RUNNING, QUEUED or SLEEPING"},
      {"run_state < RUNNING", 11, "the operator < does not work for run_state: use = or !="},
      {"kernel_thread = yes", 17, "needs true or false"},
      {"comm > \"a*\"", 8, "works with = and != only"},
      {"tid = 1 tid = 2", 9, "where AND, OR or the end is expected"},
      {"tid = 1 and tid = 2", 9, "where AND, OR or the end is expected"},
      {"tid = 1 AND", 12, "found the end where a field is expected"},
      {"AND tid = 1", 1, "there is no field \"AND\""},
      {"tid = 1 AND tid = 2 OR tid = 3", 21, "OR after AND: put one of them into parentheses"},
      {"tid = 1 OR tid = 2 AND tid = 3", 20, "AND after OR"},
      {"(tid = 1", 9, "where the ) for position 1 is expected"},
      {"tid = 1)", 8, "found \")\" where AND, OR or the end"},
      {"()", 2, "where a field is expected"},
      {"NOT", 4, "where a field is expected"},
      {"comm = \"abc", 8, "the quote that begins here is not closed"},
      {"comm = \"abc\\\"", 8, "the quote that begins here is not closed"},
      {"tid ! 5", 5, "\"!\" alone is no operator"},
      {"tid == 5", 6, "needs a whole number"},
      {"tid = 5;", 8, "the character ';' is not part of the language"},
      {"stats = 5", 1, "there is no field"},
      {"\"tid\" = 5", 1, "where a field is expected"},
      {"tid* = 5", 1, "there is no field \"tid*\""},
      {"5 = tid", 1, "there is no field \"5\""},
  };
  for (const ErrorCase& c : cases) {
    const absl::Status status = TaskFilter::Parse(c.filter).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.filter;
    EXPECT_EQ(GetErrorReason(status), reason::kInvalidFilter) << c.filter;
    EXPECT_EQ(GetErrorMetadata(status)["position"], absl::StrCat(c.position))
        << c.filter << ": " << status.message();
    EXPECT_NE(std::string(status.message()).find(c.words), std::string::npos)
        << c.filter << ": " << status.message();
  }
}

std::string Repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(TaskFilterTest, NestingIsBounded) {
  EXPECT_TRUE(TaskFilter::Parse(Repeat("(", 31) + "tid=1" + Repeat(")", 31)).ok());
  const absl::Status deep = TaskFilter::Parse(Repeat("(", 32) + "tid=1" + Repeat(")", 32)).status();
  EXPECT_EQ(GetErrorReason(deep), reason::kInvalidFilter);
  EXPECT_FALSE(TaskFilter::Parse(Repeat("NOT ", 32) + "tid=1").ok());
  EXPECT_FALSE(TaskFilter::Parse(Repeat("(", 4'000)).ok());
}

TEST(TaskFilterTest, LengthAndComparisonsAreBounded) {
  EXPECT_TRUE(TaskFilter::Parse("tid=1" + Repeat(" OR tid=1", 255)).ok());
  EXPECT_FALSE(TaskFilter::Parse("tid=1" + Repeat(" OR tid=1", 256)).ok());
  EXPECT_TRUE(TaskFilter::Parse("tid=1" + std::string(4'091, ' ')).ok());
  EXPECT_FALSE(TaskFilter::Parse("tid=1" + std::string(4'092, ' ')).ok());
}

// Every field of the table works in a filter.
TEST(TaskFilterTest, EveryFieldCanBeCompared) {
  for (const TaskField& field : TaskFields()) {
    const char* value = field.type == TaskField::Type::kText       ? "\"x\""
                        : field.type == TaskField::Type::kRunState ? "RUNNING"
                        : field.type == TaskField::Type::kBoolean  ? "true"
                                                                   : "123456789";
    const absl::StatusOr<TaskFilter> filter =
        TaskFilter::Parse(absl::StrCat(field.path, " = ", value));
    ASSERT_TRUE(filter.ok()) << filter.status();
    EXPECT_FALSE(filter->Matches(Sample())) << field.path;
  }
}

TEST(TaskFilterTest, LimitsSayWhereTheyAreMet) {
  const std::pair<std::string, const char*> cases[] = {
      {Repeat("(", 40) + "tid=1", "filter, position 33: more than 32 levels of nesting"},
      {"tid=1" + Repeat(" OR tid=1", 256), "filter, position 2305: more than 256 comparisons"},
      {std::string(5'000, ' '), "filter, position 4097: the filter is longer than 4096 bytes"},
  };
  for (const auto& [filter, message] : cases) {
    EXPECT_EQ(std::string(TaskFilter::Parse(filter).status().message()), message);
  }
}

TEST(TaskFilterTest, NumbersAtTheirLimits) {
  TaskInfo task = Sample();
  task.uid = 4'294'967'295;
  task.stats.lag_ns = INT64_MIN;
  task.stats.run_time_ns = INT64_MAX;
  const MatchCase cases[] = {
      {"uid = 4294967295", true},
      {"uid > 4294967294", true},
      {"stats.lag_nanos = -9223372036854775808", true},
      {"stats.lag_nanos < -100h", true},
      {"stats.run_time_nanos = 9223372036854775807", true},
      {"stats.run_time_nanos >= inf", true},  // no longer time can be counted
      {"stats.run_time_nanos <= 100h", false},
      {"stats.wakeup_latency_p99_nanos < 1h30m0.5s", true},
      {"nice = '-5'", true},  // quotes do no harm to numbers
      {"kernel_thread = \"false\"", true},
  };
  for (const MatchCase& c : cases) {
    const absl::StatusOr<TaskFilter> filter = TaskFilter::Parse(c.filter);
    ASSERT_TRUE(filter.ok()) << filter.status();
    EXPECT_EQ(filter->Matches(task), c.matches) << c.filter;
  }
}

TEST(TaskFilterTest, ACopyIsTheSameFilter) {
  const TaskFilter copy = *TaskFilter::Parse("tid = 12 AND NOT comm = x*");
  const TaskFilter another = copy;
  EXPECT_TRUE(another.Matches(Sample()));
  TaskInfo task = Sample();
  task.comm = "xyz";
  EXPECT_FALSE(another.Matches(task));
}

}  // namespace
}  // namespace schedd
