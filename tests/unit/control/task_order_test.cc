// SPDX-License-Identifier: Apache-2.0
#include "server/control/task_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "tests/unit/control/control_fixture.h"

namespace schedd {
namespace {

using ::testing::StartsWith;

TaskInfo Task(int32_t tid, const std::string& comm, int64_t lag_ns, uint64_t start_ns = 1) {
  TaskInfo task;
  task.key = {.tid = tid, .start_boottime_ns = start_ns};
  task.comm = comm;
  task.stats.lag_ns = lag_ns;
  return task;
}

// Ties in every field, negative numbers, texts that are prefixes of others, bytes above ASCII.
std::vector<TaskInfo> Mixed() {
  return {Task(1, "b", -3),       Task(2, "a", 5),    Task(3, "b", 5),       Task(4, "", -3),
          Task(5, "a", 0),        Task(5, "a", 0, 2), Task(6, "aa", 5),      Task(7, "B", -3),
          Task(8, "\xc3\xa9", 0), Task(9, "b,c:", 5), Task(10, "b", 5, 900), Task(11, "\\xff", -3)};
}

constexpr const char* kOrders[] = {
    "",
    "tid desc",
    "comm",
    "comm desc",
    "stats.lag_nanos",
    "stats.lag_nanos desc, comm",
    "comm, stats.lag_nanos desc, tid desc",
    "run_state",  // the same for all
};

TEST(TaskOrderTest, IsTotalAndAPositionCutsItInTwo) {
  for (const char* order_by : kOrders) {
    const absl::StatusOr<TaskOrder> order = TaskOrder::Parse(order_by);
    ASSERT_TRUE(order.ok()) << order.status();
    std::vector<TaskInfo> tasks = Mixed();
    std::ranges::sort(
        tasks, [&order](const TaskInfo& a, const TaskInfo& b) { return order->Before(a, b); });
    for (size_t i = 0; i < tasks.size(); ++i) {
      const TaskPosition position = order->PositionOf(tasks[i]);
      for (size_t j = 0; j < tasks.size(); ++j) {
        EXPECT_EQ(order->Before(tasks[i], tasks[j]), i < j) << order_by << ": " << i << ", " << j;
        EXPECT_EQ(order->After(tasks[j], position), i < j) << order_by << ": " << i << ", " << j;
      }
    }
  }
}

TEST(TaskOrderTest, TiesGoByKeyWhateverTheDirection) {
  for (const char* order_by : {"comm", "comm desc"}) {
    const absl::StatusOr<TaskOrder> order = TaskOrder::Parse(order_by);
    EXPECT_TRUE(order->Before(Task(1, "a", 0), Task(2, "a", 0))) << order_by;
    EXPECT_TRUE(order->Before(Task(2, "a", 0, 1), Task(2, "a", 0, 2))) << order_by;
  }
}

TEST(TaskOrderTest, SpaceAroundFieldsIsFree) {
  const absl::StatusOr<TaskOrder> order = TaskOrder::Parse("\t comm \n desc ,tid\r");
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_TRUE(order->Before(Task(2, "b", 0), Task(1, "a", 0)));
}

TEST(TaskOrderTest, ErrorsNameTheField) {
  for (const char* order_by : {",", "tid, ,comm", " ,tid", "tid DESC", "tid asc", "comm tid",
                               "stats.run_time_nanos; tid", "-tid", "stats", "*"}) {
    const absl::Status status = TaskOrder::Parse(order_by).status();
    EXPECT_EQ(ErrorOf(status), "INVALID_ARGUMENT INVALID_ORDER") << order_by;
    EXPECT_EQ(FieldOf(status), "order_by") << order_by;
    EXPECT_THAT(std::string(status.message()), StartsWith("order_by: "));
  }
}

TEST(TaskOrderTest, EightFieldsAreAllowed) {
  EXPECT_TRUE(TaskOrder::Parse("tid,tgid,comm,nice,weight,cpu,uid,policy").ok());
  EXPECT_FALSE(TaskOrder::Parse("tid,tgid,comm,nice,weight,cpu,uid,policy,name").ok());
}

TEST(TaskOrderTest, PositionsComeBackFromText) {
  const TaskInfo tasks[] = {
      Task(1, "", 0),
      Task(std::numeric_limits<int32_t>::max(), "a,b:c\"\\", std::numeric_limits<int64_t>::max(),
           std::numeric_limits<uint64_t>::max()),
      Task(2, std::string("\xff\n\0,", 4), std::numeric_limits<int64_t>::min()),
  };
  const absl::StatusOr<TaskOrder> order = TaskOrder::Parse("comm, stats.lag_nanos desc");
  for (const TaskInfo& task : tasks) {
    const TaskPosition position = order->PositionOf(task);
    const std::optional<TaskPosition> back = order->DecodePosition(order->EncodePosition(position));
    ASSERT_TRUE(back.has_value()) << order->EncodePosition(position);
    EXPECT_EQ(back->key, task.key);
    EXPECT_EQ(back->values, position.values);
  }
}

TEST(TaskOrderTest, ThePlainOrderIsTheKeyAlone) {
  const absl::StatusOr<TaskOrder> order = TaskOrder::Parse("");
  EXPECT_EQ(order->EncodePosition(order->PositionOf(Task(7, "x", 1, 9))), "7,9");
  EXPECT_EQ(order->DecodePosition("7,9")->key, (TaskKey{7, 9}));
}

TEST(TaskOrderTest, TextsOfOtherOrdersAreNoPositions) {
  const absl::StatusOr<TaskOrder> order = TaskOrder::Parse("comm, stats.lag_nanos");
  ASSERT_TRUE(order->DecodePosition("7,9,YQ,5").has_value());
  for (const char* bad : {
           "",
           "7",
           "7,9",
           "7,9,YQ",
           "7,9,YQ,5,6",         // one too many
           "7,9,YQ,",            // no number
           "7,9,YQ,YQ",          // a text for a number
           "7,9,!,5",            // no base64
           "x,9,YQ,5",           // no thread ID
           "2147483648,9,YQ,5",  // one too large
           "7,-9,YQ,5",          // no start time
           "7,18446744073709551616,YQ,5",
           "7,9,YQ,9223372036854775808",
       }) {
    EXPECT_FALSE(order->DecodePosition(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace schedd
