// SPDX-License-Identifier: Apache-2.0
#include "server/control/task_info.h"

#include <gtest/gtest.h>

#include "server/control/error.h"

namespace schedd {
namespace {

TEST(TaskNameTest, ComesBack) {
  const TaskKey key = {.tid = 4711, .start_boottime_ns = 18'446'744'073'709'551'615u};
  EXPECT_EQ(FormatTaskName(key), "tasks/4711-18446744073709551615");
  EXPECT_EQ(*ParseTaskName(FormatTaskName(key)), key);
}

TEST(TaskNameTest, RefusesEverythingElse) {
  for (const char* bad :
       {"", "tasks/", "tasks/1", "tasks/1-", "tasks/-1", "tasks/1-2-3", "tasks/0-5", "tasks/-3-5",
        "tasks/01-5", "tasks/1-05", "tasks/+1-5", "tasks/ 1-5", "tasks/1-5 ", "Tasks/1-5", "1-5",
        "tasks/1-18446744073709551616", "tasks/2147483648-5", "tasks/x-5", "tasks/1-0x5"}) {
    const absl::Status status = ParseTaskName(bad).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_EQ(GetErrorReason(status), reason::kInvalidName) << bad;
  }
}

TEST(TaskKeyTest, OrdersByThreadThenStart) {
  EXPECT_LT((TaskKey{1, 9}), (TaskKey{2, 3}));
  EXPECT_LT((TaskKey{2, 3}), (TaskKey{2, 4}));
}

}  // namespace
}  // namespace schedd
