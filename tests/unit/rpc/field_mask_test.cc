// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/field_mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "schedd/v1/task_service.pb.h"
#include "server/control/error.h"

namespace schedd::rpc {
namespace {

using ::testing::HasSubstr;

v1::Task FullTask() {
  v1::Task task;
  task.set_name("tasks/1-1");
  task.set_tid(1);
  task.set_comm("x");
  task.mutable_stats()->set_run_time_nanos(10);
  task.mutable_stats()->set_wait_time_nanos(20);
  return task;
}

absl::StatusOr<ReadMask> Make(const std::vector<std::string>& paths) {
  google::protobuf::FieldMask mask;
  for (const std::string& path : paths) mask.add_paths(path);
  return ReadMask::Create(mask, *v1::Task::descriptor(), "read_mask");
}

// The task as the mask leaves it, in one line.
std::string Trimmed(const std::vector<std::string>& paths) {
  const auto mask = Make(paths);
  EXPECT_TRUE(mask.ok()) << mask.status();
  v1::Task task = FullTask();
  if (mask.ok()) mask->Trim(&task);
  return task.ShortDebugString();
}

TEST(ReadMaskTest, EmptyAndStarWantEverything) {
  EXPECT_EQ(Trimmed({}), FullTask().ShortDebugString());
  EXPECT_EQ(Trimmed({"*"}), FullTask().ShortDebugString());
  EXPECT_EQ(Trimmed({"comm", "*"}), FullTask().ShortDebugString());
}

TEST(ReadMaskTest, KeepsWhatIsNamed) {
  EXPECT_EQ(Trimmed({"comm"}), "comm: \"x\"");
  EXPECT_EQ(Trimmed({"tid", "name"}), "name: \"tasks/1-1\" tid: 1");
  EXPECT_EQ(Trimmed({"stats"}), "stats { run_time_nanos: 10 wait_time_nanos: 20 }");
  EXPECT_EQ(Trimmed({"stats.wait_time_nanos"}), "stats { wait_time_nanos: 20 }");
  EXPECT_EQ(Trimmed({"stats.wait_time_nanos", "stats"}),
            "stats { run_time_nanos: 10 wait_time_nanos: 20 }");
}

TEST(ReadMaskTest, UnknownPathIsRefusedWithTheAllowedOnes) {
  for (const char* path : {"cgroup", "stats.runtime", "comm.x", "", "stats.", "Comm"}) {
    const absl::Status status = Make({"tid", path}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << path;
    EXPECT_EQ(GetErrorReason(status), "UNKNOWN_FIELD");
    EXPECT_EQ(GetErrorMetadata(status)["field"], "read_mask");
    const std::string message(status.message());
    EXPECT_THAT(message, HasSubstr(std::string("'") + path + "'"));
    EXPECT_THAT(message, HasSubstr("*, name, tid"));
    EXPECT_THAT(message, HasSubstr("stats.run_time_nanos"));
  }
}

// Star does not excuse what stands beside it.
TEST(ReadMaskTest, UnknownPathBesideStarIsRefusedToo) { EXPECT_FALSE(Make({"*", "nope"}).ok()); }

}  // namespace
}  // namespace schedd::rpc
