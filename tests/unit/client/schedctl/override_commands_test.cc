// SPDX-License-Identifier: Apache-2.0
//
// schedctl task boost, unboost, overrides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/client/schedctl/harness.h"

namespace schedd::client {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class BoostTest : public SchedctlTest {
 protected:
  BoostTest() {
    // schedd's part: a name, a generation, an end instead of a TTL.
    server_.create_override.handler =
        [](const v1::CreateTaskOverrideRequest& request) -> absl::StatusOr<v1::TaskOverride> {
      v1::TaskOverride made = request.task_override();
      made.set_name("taskOverrides/" +
                    (request.task_override_id().empty() ? "o-1" : request.task_override_id()));
      made.set_matched_task_count(3);
      made.set_generation(request.validate_only() ? 0 : 9);
      if (made.has_ttl()) {
        const int64_t end = kNowSeconds + made.ttl().seconds();
        made.mutable_expire_time()->set_seconds(end);
      }
      return made;
    };
  }

  Result Boost(std::vector<std::string> words) {
    words.insert(words.begin(), {"task", "boost"});
    return Run(words);
  }

  const v1::CreateTaskOverrideRequest& request() { return server_.create_override.requests.back(); }
  const v1::TaskSelector& selector() { return request().task_override().selector(); }
};

TEST_F(BoostTest, SaysWhatHappened) {
  const Result result = Boost({"--tgid", "1234", "--weight", "400", "--ttl", "30s"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            "o-1: weight 400 for 3 tasks now, until 2026-11-22 20:31:35 (generation 9)\n");
  EXPECT_EQ(selector().tgid(), 1234);
  EXPECT_EQ(request().task_override().weight(), 400);
  EXPECT_EQ(request().task_override().ttl().seconds(), 30);
  EXPECT_FALSE(request().task_override().has_slice());
  EXPECT_FALSE(selector().has_uid());
  EXPECT_FALSE(request().validate_only());
}

TEST_F(BoostTest, ForGood) {
  EXPECT_EQ(Boost({"--comm", "nginx", "--weight", "400", "--slice", "5ms", "--id", "web"}).out,
            "web: weight 400, slice 5ms for 3 tasks now, for good (generation 9)\n");
  EXPECT_EQ(request().task_override_id(), "web");
  EXPECT_EQ(request().task_override().slice().nanos(), 5'000'000);
  EXPECT_EQ(selector().comm(), "nginx");
}

TEST_F(BoostTest, ASliceAlone) {
  EXPECT_THAT(Boost({"--uid", "0", "--slice", "2ms"}).out, StartsWith("o-1: slice 2ms for"));
  EXPECT_TRUE(selector().has_uid());
  EXPECT_EQ(selector().uid(), 0);
  EXPECT_EQ(request().task_override().weight(), 0);
}

TEST_F(BoostTest, AllSelectorsTogether) {
  v1::ListTasksResponse tasks;
  tasks.add_tasks()->set_name("tasks/77-5");
  server_.list_tasks.Returns(tasks);
  const Result result = Boost({"--task", "77", "--tgid", "70", "--comm", "hog", "--cgroup", "/a/b",
                               "--uid", "1000", "--weight", "50"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(server_.list_tasks.requests.at(0).filter(), "tid = 77");
  EXPECT_EQ(selector().task(), "tasks/77-5");
  EXPECT_EQ(selector().tgid(), 70);
  EXPECT_EQ(selector().comm(), "hog");
  EXPECT_EQ(selector().cgroup_path(), "/a/b");
  EXPECT_EQ(selector().uid(), 1000);
}

TEST_F(BoostTest, ACgroupMayBeItsPathInTheFileSystem) {
  Boost({"--cgroup", "/sys/fs/cgroup/system.slice", "--weight", "50"});
  EXPECT_EQ(selector().cgroup_path(), "/system.slice");
  Boost({"--cgroup", "/sys/fs/cgroup", "--weight", "50"});
  EXPECT_EQ(selector().cgroup_path(), "/");
  Boost({"--cgroup", "system.slice", "--weight", "50"});
  EXPECT_EQ(selector().cgroup_path(), "system.slice");
}

TEST_F(BoostTest, DryRunChangesNothingAndSaysSo) {
  EXPECT_EQ(Boost({"--comm", "hog", "--weight", "50", "--ttl", "1m", "--dry-run"}).out,
            "valid: weight 50 for 3 tasks now, until 2026-11-22 20:32:05; nothing was changed\n");
  EXPECT_TRUE(request().validate_only());
}

TEST_F(BoostTest, ATtlThatScheddGivesBackAsItIs) {
  v1::TaskOverride made;
  made.set_name("taskOverrides/o-1");
  made.set_weight(50);
  made.set_matched_task_count(1);
  made.mutable_ttl()->set_seconds(90);
  server_.create_override.Returns(made);
  EXPECT_EQ(Boost({"--comm", "hog", "--weight", "50", "--ttl", "90s", "--dry-run"}).out,
            "valid: weight 50 for 1 task now, for 1m30s; nothing was changed\n");
}

TEST_F(BoostTest, AnIdMayBeAWholeName) {
  Boost({"--comm", "hog", "--weight", "50", "--id", "taskOverrides/web"});
  EXPECT_EQ(request().task_override_id(), "web");
}

TEST_F(BoostTest, ATaskByItsWholeName) {
  v1::Task task;
  task.set_name("tasks/77-5");
  server_.get_task.Returns(task);
  EXPECT_EQ(Boost({"--task", "tasks/77-5", "--weight", "50"}).code, 0);
  EXPECT_EQ(server_.get_task.requests.at(0).name(), "tasks/77-5");
  EXPECT_EQ(selector().task(), "tasks/77-5");
}

TEST_F(BoostTest, LongTimesAndLargeWeights) {
  EXPECT_EQ(Boost({"--uid", "4294967295", "--weight", "10000", "--ttl", "720h"}).code, 0);
  EXPECT_EQ(selector().uid(), 4'294'967'295);
  EXPECT_EQ(request().task_override().weight(), 10'000);
  EXPECT_EQ(request().task_override().ttl().seconds(), 720 * 3600);
}

TEST_F(BoostTest, NamesOfTasksAreSentAsTheyAre) {
  Boost({"--comm", "a b\"c", "--weight", "50"});
  EXPECT_EQ(selector().comm(), "a b\"c");
}

TEST_F(BoostTest, QuietPrintsTheNameForScripts) {
  const Result result = Boost({"--comm", "hog", "--weight", "50", "-q"});
  EXPECT_EQ(result.out, "o-1\n");
  EXPECT_THAT(result.err, IsEmpty());
}

TEST_F(BoostTest, AsJsonIsTheOverride) {
  EXPECT_THAT(Boost({"--comm", "hog", "--weight", "50", "-o", "json"}).out,
              StartsWith("{\n  \"name\": \"taskOverrides/o-1\",\n"));
}

// --- what is wrong is said before anything is sent ---

struct BadBoost {
  std::vector<std::string> words;
  const char* says;
};

class BadBoostTest : public BoostTest, public testing::WithParamInterface<BadBoost> {};

TEST_P(BadBoostTest, IsCode2AndSendsNothing) {
  const Result result = Boost(GetParam().words);
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr(GetParam().says));
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(server_.create_override.requests, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, BadBoostTest,
    testing::Values(
        BadBoost{{"--weight", "400"}, "which tasks? give at least one of --task, --tgid"},
        BadBoost{{"--comm", "hog"}, "what to change? give --weight, --slice or both"},
        BadBoost{{"--comm", "hog", "--ttl", "5s"}, "what to change?"},
        BadBoost{{"--comm", "hog", "--weight", "0"}, "--weight must be 1 to 10000"},
        BadBoost{{"--tgid", "0", "--weight", "50"}, "--tgid must be a process ID from 1"},
        BadBoost{{"--comm", "hog", "--weight", "heavy"}, "--weight"},
        BadBoost{{"--comm", "hog", "--weight", "99999999999"}, "--weight"},
        BadBoost{{"--tgid", "me", "--weight", "50"}, "--tgid"},
        BadBoost{{"--comm", "hog", "--weight", "50", "--ttl", "5"},
                 "--ttl: duration \"5\" has no unit"},
        BadBoost{{"--comm", "hog", "--slice", "fast"}, "--slice: \"fast\" is not a duration"},
        BadBoost{{"--task", "hog", "--weight", "50"}, "\"hog\" is not a task"}));

TEST_F(BoostTest, WhatScheddMustJudgeReachesSchedd) {
  server_.create_override.Returns(DetailedError(absl::StatusCode::kInvalidArgument,
                                                "weight must be 1 to 10000", "INVALID_OVERRIDE"));
  EXPECT_EQ(Boost({"--comm", "hog", "--weight", "10001"}).code, 2);
  EXPECT_EQ(request().task_override().weight(), 10001);
  EXPECT_EQ(Boost({"--comm", "hog", "--weight", "-5"}).code, 2);
  EXPECT_EQ(request().task_override().weight(), -5);
  EXPECT_EQ(Boost({"--comm", "hog", "--weight", "5", "--ttl", "-1s"}).code, 2);
  EXPECT_EQ(request().task_override().ttl().seconds(), -1);
}

TEST_F(BoostTest, ATaskThatIsNotThere) {
  server_.list_tasks.Returns(v1::ListTasksResponse());
  EXPECT_EQ(Boost({"--task", "77", "--weight", "50"}).code, 3);
  EXPECT_THAT(server_.create_override.requests, IsEmpty());
}

TEST_F(BoostTest, AnIdThatIsTaken) {
  server_.create_override.Returns(
      DetailedError(absl::StatusCode::kAlreadyExists, "web exists", "OVERRIDE_EXISTS"));
  EXPECT_EQ(Boost({"--comm", "hog", "--weight", "50", "--id", "web"}).code, 6);
}

// --- unboost, overrides ---

class OverridesTest : public SchedctlTest {
 protected:
  OverridesTest() {
    v1::ListTaskOverridesResponse reply;
    auto* first = reply.add_task_overrides();
    first->set_name("taskOverrides/web");
    first->mutable_selector()->set_comm("nginx");
    first->mutable_selector()->set_uid(33);
    first->set_weight(400);
    first->set_matched_task_count(12);
    first->set_generation(9);
    first->mutable_expire_time()->set_seconds(kNowSeconds + 95);
    auto* second = reply.add_task_overrides();
    second->set_name("taskOverrides/batch");
    second->mutable_selector()->set_task("tasks/7-1");
    second->mutable_selector()->set_tgid(7);
    second->mutable_selector()->set_cgroup_path("/b");
    second->mutable_slice()->set_nanos(2'000'000);
    second->set_generation(10);
    server_.list_overrides.Returns(reply);
    server_.delete_override.Returns(google::protobuf::Empty());
  }
};

TEST_F(OverridesTest, Golden) {
  EXPECT_EQ(
      Run({"task", "overrides"}).out,
      "ID     WEIGHT  SLICE  TASKS  EXPIRES-IN  GENERATION  SELECTOR\n"
      "web       400      -     12       1m35s           9  comm=nginx uid=33\n"
      "batch       -    2ms      0       never          10  task=tasks/7-1 tgid=7 cgroup=/b\n");
}

TEST_F(OverridesTest, NoneIsSaid) {
  server_.list_overrides.Returns(v1::ListTaskOverridesResponse());
  const Result result = Run({"task", "overrides"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "schedctl: no overrides\n");
}

TEST_F(OverridesTest, AsYaml) {
  EXPECT_THAT(Run({"task", "overrides", "-o", "yaml"}).out,
              StartsWith("---\ntaskOverrides:\n  - name: taskOverrides/web\n"));
}

TEST_F(OverridesTest, UnboostByName) {
  const Result result = Run({"task", "unboost", "web", "taskOverrides/batch"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, "web: removed\nbatch: removed\n");
  ASSERT_EQ(server_.delete_override.requests.size(), 2u);
  EXPECT_EQ(server_.delete_override.requests[0].name(), "taskOverrides/web");
  EXPECT_EQ(server_.delete_override.requests[1].name(), "taskOverrides/batch");
}

TEST_F(OverridesTest, UnboostAll) {
  EXPECT_EQ(Run({"task", "unboost", "--all"}).out, "2 overrides removed\n");
  EXPECT_EQ(server_.delete_override.requests.size(), 2u);
}

TEST_F(OverridesTest, UnboostAllDoesNotMindOneThatExpiredMeanwhile) {
  server_.delete_override.handler =
      [](const v1::DeleteTaskOverrideRequest& request) -> absl::StatusOr<google::protobuf::Empty> {
    if (request.name() == "taskOverrides/web") return absl::NotFoundError("expired");
    return google::protobuf::Empty();
  };
  const Result result = Run({"task", "unboost", "--all"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, "1 override removed\n");
}

TEST_F(OverridesTest, UnboostQuietly) {
  EXPECT_THAT(Run({"-q", "task", "unboost", "web"}).out, IsEmpty());
  EXPECT_THAT(Run({"-q", "task", "unboost", "--all"}).out, IsEmpty());
}

TEST_F(OverridesTest, UnboostWhatIsNotThere) {
  server_.delete_override.Returns(
      DetailedError(absl::StatusCode::kNotFound, "no such override", "OVERRIDE_NOT_FOUND"));
  EXPECT_EQ(Run({"task", "unboost", "web"}).code, 3);
}

// What was removed before the error is removed, and said.
TEST_F(OverridesTest, UnboostStopsAtTheFirstError) {
  server_.delete_override.handler =
      [](const v1::DeleteTaskOverrideRequest& request) -> absl::StatusOr<google::protobuf::Empty> {
    if (request.name() == "taskOverrides/b") return absl::NotFoundError("no b");
    return google::protobuf::Empty();
  };
  const Result result = Run({"task", "unboost", "a", "b", "c"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.out, "a: removed\n");
  EXPECT_EQ(server_.delete_override.requests.size(), 2u);
}

TEST_F(OverridesTest, UnboostAllMindsOtherErrors) {
  server_.delete_override.Returns(absl::PermissionDeniedError("not for you"));
  EXPECT_EQ(Run({"task", "unboost", "--all"}).code, 4);
  EXPECT_EQ(server_.delete_override.requests.size(), 1u);
}

TEST_F(OverridesTest, UnboostAllOfNoneIsDone) {
  server_.list_overrides.Returns(v1::ListTaskOverridesResponse());
  const Result result = Run({"task", "unboost", "--all"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, "0 overrides removed\n");
}

TEST_F(OverridesTest, UnboostNeedsToKnowWhich) {
  EXPECT_EQ(Run({"task", "unboost"}).code, 2);
  EXPECT_THAT(Run({"task", "unboost"}).err, HasSubstr("which overrides? give their names"));
  EXPECT_EQ(Run({"task", "unboost", "--all", "web"}).code, 2);
  EXPECT_THAT(server_.delete_override.requests, IsEmpty());
}

}  // namespace
}  // namespace schedd::client
