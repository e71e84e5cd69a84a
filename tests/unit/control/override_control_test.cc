// SPDX-License-Identifier: Apache-2.0
#include "server/control/override_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "tests/unit/control/control_fixture.h"

namespace schedd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kMs = 1'000'000;

CreateOverrideRequest Request(const TaskSelector& selector, int32_t weight,
                              const std::string& id = "") {
  return {.spec = {.selector = selector, .weight = weight}, .id = id};
}

class OverrideControlTest : public ControlFixture {
 protected:
  void SetUp() override {
    ControlFixture::SetUp();
    host.cgroups = {{1, ""}, {2, "a"}, {3, "a/b"}, {4, "ab"}};
    Attach();
    // Two threads of one process, and one of another.
    host.kernel->PutTask(0, {.tid = 10, .tgid = 10, .start_ns = 100, .comm = "web", .uid = 33});
    host.kernel->PutTask(
        1, {.tid = 11, .tgid = 10, .start_ns = 110, .comm = "worker", .uid = 33, .cgroup_id = 3});
    host.kernel->PutTask(
        2, {.tid = 20, .tgid = 20, .start_ns = 200, .comm = "hog", .uid = 0, .cgroup_id = 4});
  }

  absl::StatusOr<OverrideInfo> Get(const std::string& id) {
    return parts->overrides.Get("taskOverrides/" + id);
  }
  std::vector<int32_t> Weights() const {
    return {InForce(0).weight, InForce(1).weight, InForce(2).weight};
  }
  int64_t Generation() const { return parts->generations.current(); }
  size_t Count() { return parts->overrides.List(0, "")->overrides.size(); }

  // A refused request must leave all as it was.
  void ExpectRefused(const CreateOverrideRequest& request, const std::string& error,
                     const std::string& field) {
    const int64_t generation = Generation();
    const size_t count = Count();
    const absl::Status status = Create(request).status();
    EXPECT_EQ(ErrorOf(status), error) << status.message();
    EXPECT_EQ(FieldOf(status), field) << status.message();
    EXPECT_EQ(Generation(), generation);
    EXPECT_EQ(Count(), count);
    EXPECT_THAT(host.engine->settings, IsEmpty());
  }
};

TEST_F(OverrideControlTest, EachSelectorMatchesItsTasks) {
  const std::pair<TaskSelector, std::vector<int32_t>> cases[] = {
      {{.task = "tasks/11-110"}, {0, 7, 0}},
      {{.tgid = 10}, {7, 7, 0}},
      {{.comm = "hog"}, {0, 0, 7}},
      {{.cgroup_path = "a"}, {0, 7, 0}},
      {{.cgroup_path = "/a/b/"}, {0, 7, 0}},
      {{.cgroup_path = "/"}, {7, 7, 7}},
      {{.uid = 33}, {7, 7, 0}},
      {{.uid = 0}, {0, 0, 7}},
      {{.tgid = 10, .comm = "web"}, {7, 0, 0}},
      {{.comm = "web", .uid = 0}, {0, 0, 0}},
  };
  for (const auto& [selector, weights] : cases) {
    const absl::StatusOr<OverrideInfo> created = Create(Request(selector, 7, "x"));
    ASSERT_TRUE(created.ok()) << created.status();
    EXPECT_EQ(Weights(), weights) << selector.task << selector.tgid << selector.comm;
    EXPECT_EQ(created->matched_task_count, std::ranges::count(weights, 7));
    ASSERT_TRUE(Delete("taskOverrides/x").ok());
    EXPECT_EQ(Weights(), (std::vector<int32_t>{0, 0, 0}));
  }
}

TEST_F(OverrideControlTest, ACreatedOverrideIsDescribed) {
  sequence.Advance(absl::Seconds(3));
  const absl::StatusOr<OverrideInfo> created = Create({.spec = {.selector = {.comm = "hog"},
                                                                .weight = 400,
                                                                .slice_ns = 5 * kMs,
                                                                .ttl = absl::Seconds(30)},
                                                       .id = "boost-1"});
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->name, "taskOverrides/boost-1");
  EXPECT_EQ(created->spec.selector.comm, "hog");
  EXPECT_EQ(created->spec.weight, 400);
  EXPECT_EQ(created->spec.slice_ns, 5 * kMs);
  EXPECT_FALSE(created->spec.ttl.has_value());
  EXPECT_EQ(*created->spec.expire_time, clock.Now() + absl::Seconds(30));
  EXPECT_EQ(created->create_time, clock.Now());
  EXPECT_EQ(created->generation, 2);
  EXPECT_EQ(created->matched_task_count, 1);
  EXPECT_EQ(InForce(2).weight, 400);
  EXPECT_EQ(InForce(2).slice_ns, 5 * kMs);
  EXPECT_EQ(host.engine->applied_generation(), 2);
  EXPECT_EQ(Get("boost-1")->etag, created->etag);
}

TEST_F(OverrideControlTest, IdsAreChosenWhenNoneIsGiven) {
  EXPECT_EQ(Create(Request({.comm = "a"}, 5))->name, "taskOverrides/override-1");
  ASSERT_TRUE(Create(Request({.comm = "a"}, 5, "override-3")).ok());
  EXPECT_EQ(Create(Request({.comm = "a"}, 5))->name, "taskOverrides/override-4");
}

TEST_F(OverrideControlTest, RefusedRequestsChangeNothing) {
  const TaskSelector hog = {.comm = "hog"};
  ExpectRefused(Request({}, 5), "INVALID_ARGUMENT INVALID_SELECTOR", "task_override.selector");
  ExpectRefused(Request({.task = "hog"}, 5), "INVALID_ARGUMENT INVALID_SELECTOR",
                "task_override.selector.task");
  ExpectRefused(Request({.tgid = -1}, 5), "INVALID_ARGUMENT INVALID_SELECTOR",
                "task_override.selector.tgid");
  ExpectRefused(Request({.comm = "1234567890123456"}, 5), "INVALID_ARGUMENT INVALID_SELECTOR",
                "task_override.selector.comm");
  ExpectRefused(Request({.cgroup_path = "a/../b"}, 5), "INVALID_ARGUMENT INVALID_SELECTOR",
                "task_override.selector.cgroup_path");
  ExpectRefused(Request({.uid = -1}, 5), "INVALID_ARGUMENT INVALID_SELECTOR",
                "task_override.selector.uid");
  ExpectRefused(Request({.uid = int64_t{1} << 32}, 5), "INVALID_ARGUMENT INVALID_SELECTOR",
                "task_override.selector.uid");
  ExpectRefused(Request(hog, 0), "INVALID_ARGUMENT INVALID_OVERRIDE", "task_override.weight");
  ExpectRefused(Request(hog, -1), "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE",
                "task_override.weight");
  ExpectRefused(Request(hog, 10'001), "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE",
                "task_override.weight");
  for (const int64_t slice_ns : {int64_t{0}, -kMs, kMs - 1, 40 * kMs + 1}) {
    ExpectRefused({.spec = {.selector = hog, .slice_ns = slice_ns}},
                  "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE", "task_override.slice");
  }
  for (const absl::Duration ttl : {-absl::Seconds(1), absl::ZeroDuration()}) {
    ExpectRefused({.spec = {.selector = hog, .weight = 5, .ttl = ttl}},
                  "INVALID_ARGUMENT INVALID_EXPIRATION", "task_override.ttl");
  }
  ExpectRefused({.spec = {.selector = hog, .weight = 5, .ttl = absl::InfiniteDuration()}},
                "INVALID_ARGUMENT INVALID_EXPIRATION", "task_override.ttl");
  ExpectRefused({.spec = {.selector = hog, .weight = 5, .expire_time = clock.Now()}},
                "INVALID_ARGUMENT INVALID_EXPIRATION", "task_override.expire_time");
  ExpectRefused({.spec = {.selector = hog,
                          .weight = 5,
                          .expire_time = clock.Now() + absl::Seconds(1),
                          .ttl = absl::Seconds(1)}},
                "INVALID_ARGUMENT INVALID_EXPIRATION", "task_override.ttl");
  ExpectRefused(Request({.task = "tasks/10-999"}, 5), "NOT_FOUND TASK_NOT_FOUND",
                "task_override.selector.task");
  ExpectRefused(Request({.tgid = 11}, 5), "NOT_FOUND TASK_NOT_FOUND",
                "task_override.selector.tgid");
  for (const char* id : {"A", "1a", "-a", "a_b", "a.b", "a/b"}) {
    ExpectRefused(Request(hog, 5, id), "INVALID_ARGUMENT INVALID_NAME", "task_override_id");
  }
  ExpectRefused(Request(hog, 5, std::string(64, 'a')), "INVALID_ARGUMENT INVALID_NAME",
                "task_override_id");
}

TEST_F(OverrideControlTest, TheLimitsThemselvesAreAllowed) {
  EXPECT_TRUE(Create(Request({.comm = "a"}, 1, std::string(63, 'a'))).ok());
  EXPECT_TRUE(Create(Request({.comm = "a"}, 10'000, "a-9")).ok());
  for (const int64_t slice_ns : {kMs, 40 * kMs}) {
    EXPECT_TRUE(Create({.spec = {.selector = {.comm = "a"}, .slice_ns = slice_ns}}).ok());
  }
}

TEST_F(OverrideControlTest, AnIdCanBeUsedOnce) {
  ASSERT_TRUE(Create(Request({.comm = "a"}, 5, "x")).ok());
  EXPECT_EQ(ErrorOf(Create(Request({.comm = "b"}, 5, "x"))), "ALREADY_EXISTS OVERRIDE_EXISTS");
  EXPECT_EQ(Get("x")->spec.selector.comm, "a");
  ASSERT_TRUE(Delete("taskOverrides/x").ok());
  EXPECT_TRUE(Create(Request({.comm = "b"}, 5, "x")).ok());
}

TEST_F(OverrideControlTest, ThereIsALimit) {
  for (size_t i = 0; i < OverrideControl::kMaxOverrides; ++i) {
    ASSERT_TRUE(Create(Request({.comm = "a"}, 5)).ok());
  }
  EXPECT_EQ(ErrorOf(Create(Request({.comm = "a"}, 5))), "RESOURCE_EXHAUSTED TOO_MANY_OVERRIDES");
}

TEST_F(OverrideControlTest, ProtectedThreadsAreNeverMatched) {
  host.kernel->PutTask(3, {.tid = 30, .comm = "hog", .flags = SCHEDD_SLOT_DAEMON});
  host.kernel->PutTask(
      4, {.tid = 40, .comm = "hog", .flags = SCHEDD_SLOT_KTHREAD | SCHEDD_SLOT_DIRECT});
  host.kernel->PutTask(5, {.tid = 50, .comm = "hog", .flags = SCHEDD_SLOT_KTHREAD});
  EXPECT_EQ(ErrorOf(Create(Request({.task = "tasks/30-100"}, 5))),
            "FAILED_PRECONDITION TASK_PROTECTED");
  EXPECT_EQ(ErrorOf(Create(Request({.tgid = 40}, 5))), "FAILED_PRECONDITION TASK_PROTECTED");
  EXPECT_EQ(Create(Request({.comm = "hog"}, 5))->matched_task_count, 2);
  EXPECT_EQ(InForce(3).weight, 0);
  EXPECT_EQ(InForce(4).weight, 0);
  EXPECT_EQ(InForce(5).weight, 5);
}

TEST_F(OverrideControlTest, TheMostSpecificCountsWhateverTheOrderOfCreation) {
  struct Step {
    TaskSelector selector;
    int32_t weight;
  };
  std::vector<Step> steps = {
      {{.uid = 33}, 1},        {{.cgroup_path = "a"}, 2}, {{.cgroup_path = "a/b"}, 3},
      {{.comm = "worker"}, 4}, {{.tgid = 10}, 5},         {{.task = "tasks/11-110"}, 6}};
  for (const bool backwards : {false, true}) {
    if (backwards) std::ranges::reverse(steps);
    for (size_t i = 0; i < steps.size(); ++i) {
      ASSERT_TRUE(
          Create(Request(steps[i].selector, steps[i].weight, "w" + std::to_string(steps[i].weight)))
              .ok());
      EXPECT_EQ(InForce(1).weight, backwards ? 6 : static_cast<int32_t>(i + 1));
    }
    // Each that goes gives way to the next.
    for (int32_t weight = 6; weight >= 1; --weight) {
      EXPECT_EQ(InForce(1).weight, weight);
      ASSERT_TRUE(Delete("taskOverrides/w" + std::to_string(weight)).ok());
    }
    EXPECT_EQ(InForce(1).weight, 0);
  }
}

TEST_F(OverrideControlTest, OfTwoAlikeTheNewerCountsAndAnUpdateDoesNotMakeItNewer) {
  ASSERT_TRUE(Create(Request({.comm = "hog"}, 5, "old")).ok());
  ASSERT_TRUE(Create(Request({.comm = "hog"}, 6, "new")).ok());
  EXPECT_EQ(InForce(2).weight, 6);
  EXPECT_EQ(Get("old")->matched_task_count, 0);
  ASSERT_TRUE(Update({.name = "taskOverrides/old", .spec = {.weight = 9}}).ok());
  EXPECT_EQ(InForce(2).weight, 6);
  ASSERT_TRUE(Delete("taskOverrides/new").ok());
  EXPECT_EQ(InForce(2).weight, 9);
}

TEST_F(OverrideControlTest, WhatTheOneInForceLeavesIsNotFilledFromAnother) {
  ASSERT_TRUE(Create(Request({.uid = 0}, 5)).ok());
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "hog"}, .slice_ns = 2 * kMs}}).ok());
  EXPECT_EQ(InForce(2).weight, 0);
  EXPECT_EQ(InForce(2).slice_ns, 2 * kMs);
}

TEST_F(OverrideControlTest, EndsExactlyWithItsTtlAndLeavesTheBaseline) {
  ASSERT_TRUE(Create(Request({.uid = 0}, 5, "base")).ok());
  ASSERT_TRUE(
      Create({.spec = {.selector = {.comm = "hog"}, .weight = 9, .ttl = absl::Milliseconds(1'234)},
              .id = "short"})
          .ok());
  const int64_t generation = Generation();
  sequence.Advance(absl::Milliseconds(1'233));
  EXPECT_EQ(InForce(2).weight, 9);
  EXPECT_TRUE(Get("short").ok());
  sequence.Advance(absl::Milliseconds(1));
  EXPECT_EQ(InForce(2).weight, 5);
  EXPECT_EQ(ErrorOf(Get("short")), "NOT_FOUND OVERRIDE_NOT_FOUND");
  EXPECT_EQ(Generation(), generation + 1);
  EXPECT_EQ(Get("base")->matched_task_count, 1);
}

TEST_F(OverrideControlTest, AnExpiryAfterAClockJumpIsNoticed) {
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "hog"},
                               .weight = 9,
                               .expire_time = clock.Now() + absl::Hours(2)},
                      .id = "x"})
                  .ok());
  clock.Jump(absl::Hours(3));
  EXPECT_EQ(ErrorOf(Get("x")), "NOT_FOUND OVERRIDE_NOT_FOUND");
}

TEST_F(OverrideControlTest, ExpiresWhileDetached) {
  ASSERT_TRUE(parts->scheduler.Detach("").ok());
  ASSERT_TRUE(
      Create({.spec = {.selector = {.comm = "hog"}, .weight = 9, .ttl = absl::Seconds(5)}}).ok());
  sequence.Advance(absl::Seconds(6));
  EXPECT_EQ(Count(), 0u);
  EXPECT_EQ(log.back(), "generation 3: taskOverrides/override-1 expired");
}

TEST_F(OverrideControlTest, NewTasksAreMatchedWithinFiftyMillisecondsWithoutAGeneration) {
  ASSERT_TRUE(Create(Request({.comm = "late"}, 9, "x")).ok());
  const int64_t generation = Generation();
  host.kernel->PutTask(5, {.tid = 50, .comm = "late"});
  EXPECT_EQ(InForce(5).weight, 0);
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(InForce(5).weight, 9);
  EXPECT_EQ(Generation(), generation);
  EXPECT_EQ(host.engine->applied_generation(), generation);
  EXPECT_EQ(Get("x")->matched_task_count, 1);
}

TEST_F(OverrideControlTest, ATaskThatChangesItsNameIsMatchedAnew) {
  ASSERT_TRUE(Create(Request({.comm = "exec"}, 9, "x")).ok());
  std::memcpy(host.kernel->slot(2).comm, "exec", 5);
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(InForce(2).weight, 9);
  std::memcpy(host.kernel->slot(2).comm, "else", 5);
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(InForce(2).weight, 0);
  EXPECT_EQ(Get("x")->matched_task_count, 0);
}

TEST_F(OverrideControlTest, ATaskThatMovesToAnotherCgroupIsMatchedAnew) {
  ASSERT_TRUE(Create(Request({.cgroup_path = "a"}, 9)).ok());
  host.kernel->slot(2).cgroup_id = 2;
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(InForce(2).weight, 9);
}

TEST_F(OverrideControlTest, AReusedSlotInheritsNothing) {
  ASSERT_TRUE(Create(Request({.comm = "hog"}, 9, "x")).ok());
  host.kernel->EndTask(2);
  host.kernel->PutTask(2, {.tid = 60, .comm = "innocent"});
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(InForce(2).weight, 0);
  EXPECT_EQ(parts->overrides.OverrideOf(2, host.kernel->slot(2).key).name, "");
  EXPECT_EQ(Get("x")->matched_task_count, 0);
  // And when the new owner matches too, the engine is told of the new owner.
  host.kernel->EndTask(2);
  const uint32_t key = host.kernel->PutTask(2, {.tid = 61, .comm = "hog"});
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(host.engine->settings[2].key, key);
  EXPECT_EQ(InForce(2).weight, 9);
}

TEST_F(OverrideControlTest, ANewOwnerThatMatchesLikeTheOldOneIsToldToTheEngine) {
  ASSERT_TRUE(Create(Request({.comm = "hog"}, 9)).ok());
  host.kernel->EndTask(2);
  host.kernel->PutTask(2, {.tid = 61, .comm = "hog"});
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(InForce(2).weight, 9);
}

TEST_F(OverrideControlTest, AnOverrideOfATaskEndsWithIt) {
  ASSERT_TRUE(Create(Request({.task = "tasks/20-200"}, 9, "x")).ok());
  const int64_t generation = Generation();
  host.kernel->EndTask(2);
  host.kernel->PutTask(2, {.tid = 20, .start_ns = 999});  // the same thread ID again
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(ErrorOf(Get("x")), "NOT_FOUND OVERRIDE_NOT_FOUND");
  EXPECT_EQ(InForce(2).weight, 0);
  EXPECT_EQ(Generation(), generation);
}

TEST_F(OverrideControlTest, AnOverrideOfAProcessEndsWithItsLastThread) {
  ASSERT_TRUE(Create(Request({.tgid = 10}, 9, "x")).ok());
  host.kernel->EndTask(0);  // the first thread
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_TRUE(Get("x").ok());
  EXPECT_EQ(InForce(1).weight, 9);
  host.kernel->EndTask(1);
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(ErrorOf(Get("x")), "NOT_FOUND OVERRIDE_NOT_FOUND");
}

TEST_F(OverrideControlTest, AReusedProcessIdIsAnotherProcess) {
  ASSERT_TRUE(Create(Request({.tgid = 20}, 9, "x")).ok());
  // Between two looks: ended, and its number given to another.
  host.kernel->EndTask(2);
  host.kernel->PutTask(2, {.tid = 20, .start_ns = 999, .comm = "innocent"});
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(InForce(2).weight, 0);
  EXPECT_EQ(ErrorOf(Get("x")), "NOT_FOUND OVERRIDE_NOT_FOUND");
}

TEST_F(OverrideControlTest, AReusedProcessIdAcrossADetachIsAnotherProcess) {
  ASSERT_TRUE(Create(Request({.tgid = 20}, 9, "x")).ok());
  ASSERT_TRUE(parts->scheduler.Detach("").ok());
  EXPECT_TRUE(Get("x").ok());
  Attach();
  host.kernel->PutTask(0, {.tid = 20, .start_ns = 999, .comm = "innocent"});
  sequence.Advance(absl::Milliseconds(100));
  EXPECT_EQ(InForce(0).weight, 0);
  EXPECT_EQ(ErrorOf(Get("x")), "NOT_FOUND OVERRIDE_NOT_FOUND");
}

TEST_F(OverrideControlTest, OutlastsDetachAttachAndEjection) {
  ASSERT_TRUE(Create(Request({.comm = "hog"}, 9, "x")).ok());
  ASSERT_TRUE(parts->scheduler.Detach("").ok());
  EXPECT_EQ(Get("x")->matched_task_count, 0);
  Attach();
  host.kernel->PutTask(4, {.tid = 20, .start_ns = 200, .comm = "hog"});
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(InForce(4).weight, 9);
  host.kernel->Eject(Stall());
  sequence.Advance(absl::Milliseconds(100));
  Attach();
  host.kernel->PutTask(7, {.tid = 20, .start_ns = 200, .comm = "hog"});
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(InForce(7).weight, 9);
  EXPECT_EQ(Get("x")->generation, 2);
}

TEST_F(OverrideControlTest, WhileDetachedATaskCannotBeChecked) {
  ASSERT_TRUE(parts->scheduler.Detach("").ok());
  EXPECT_EQ(ErrorOf(Create(Request({.task = "tasks/20-200"}, 9))),
            "FAILED_PRECONDITION SCHEDULER_DETACHED");
  EXPECT_EQ(ErrorOf(Create(Request({.tgid = 20}, 9))), "FAILED_PRECONDITION SCHEDULER_DETACHED");
  EXPECT_TRUE(Create(Request({.comm = "hog"}, 9)).ok());
}

TEST_F(OverrideControlTest, UpdateChangesWhatTheMaskNames) {
  ASSERT_TRUE(
      Create({.spec = {.selector = {.comm = "hog"}, .weight = 5, .ttl = absl::Hours(1)}, .id = "x"})
          .ok());
  const absl::Time expire_time = *Get("x")->spec.expire_time;
  absl::StatusOr<OverrideInfo> info = Update({.name = "taskOverrides/x",
                                              .spec = {.weight = 50, .slice_ns = 3 * kMs},
                                              .update_mask = {"weight"}});
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->spec.weight, 50);
  EXPECT_FALSE(info->spec.slice_ns.has_value());
  EXPECT_EQ(*info->spec.expire_time, expire_time);
  EXPECT_EQ(info->generation, 3);
  EXPECT_EQ(InForce(2).weight, 50);

  info = Update({.name = "taskOverrides/x", .spec = {.selector = {.comm = "web"}}});
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(Weights(), (std::vector<int32_t>{50, 0, 0}));
  EXPECT_EQ(info->matched_task_count, 1);

  info = Update({.name = "taskOverrides/x", .update_mask = {"ttl"}});
  ASSERT_TRUE(info.ok());
  EXPECT_FALSE(info->spec.expire_time.has_value());  // without end now

  info = Update({.name = "taskOverrides/x",
                 .spec = {.selector = {.uid = 0}, .slice_ns = 3 * kMs},
                 .update_mask = {"*"}});
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->spec.weight, 0);
  EXPECT_EQ(info->spec.selector.comm, "");
  EXPECT_EQ(InForce(2).slice_ns, 3 * kMs);
  EXPECT_EQ(InForce(0).weight, 0);
}

TEST_F(OverrideControlTest, AnUpdateCanEndTheEnd) {
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "hog"}, .weight = 5, .ttl = absl::Seconds(1)},
                      .id = "x"})
                  .ok());
  ASSERT_TRUE(Update({.name = "taskOverrides/x", .spec = {.ttl = absl::Seconds(10)}}).ok());
  sequence.Advance(absl::Milliseconds(9'999));
  EXPECT_EQ(InForce(2).weight, 5);
  sequence.Advance(absl::Milliseconds(1));
  EXPECT_EQ(InForce(2).weight, 0);
}

TEST_F(OverrideControlTest, RefusedUpdatesChangeNothing) {
  ASSERT_TRUE(Create(Request({.comm = "hog"}, 5, "x")).ok());
  const std::pair<UpdateOverrideRequest, std::string> cases[] = {
      {{.name = "taskOverrides/x"}, "INVALID_ARGUMENT EMPTY_UPDATE"},
      {{.name = "taskOverrides/x", .spec = {.weight = 10'001}},
       "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE"},
      {{.name = "taskOverrides/x", .update_mask = {"weight"}}, "INVALID_ARGUMENT INVALID_OVERRIDE"},
      {{.name = "taskOverrides/x", .update_mask = {"selector"}},
       "INVALID_ARGUMENT INVALID_SELECTOR"},
      {{.name = "taskOverrides/x", .spec = {.weight = 6}, .update_mask = {"nonsense"}},
       "INVALID_ARGUMENT UNKNOWN_FIELD"},
      {{.name = "taskOverrides/x", .spec = {.selector = {.task = "tasks/1-1"}}},
       "NOT_FOUND TASK_NOT_FOUND"},
      {{.name = "taskOverrides/y", .spec = {.weight = 6}}, "NOT_FOUND OVERRIDE_NOT_FOUND"},
      {{.name = "x", .spec = {.weight = 6}}, "INVALID_ARGUMENT INVALID_NAME"},
      {{.name = "taskOverrides/x", .spec = {.weight = 6}, .etag = "stale"},
       "ABORTED ETAG_MISMATCH"},
  };
  for (const auto& [request, error] : cases) {
    EXPECT_EQ(ErrorOf(Update(request)), error);
    EXPECT_EQ(Get("x")->spec.weight, 5);
    EXPECT_EQ(Generation(), 2);
    EXPECT_EQ(InForce(2).weight, 5);
  }
}

TEST_F(OverrideControlTest, OfTwoWritersWithOneEtagTheSecondLoses) {
  const std::string etag = Create(Request({.comm = "hog"}, 5, "x"))->etag;
  ASSERT_TRUE(Update({.name = "taskOverrides/x", .spec = {.weight = 6}, .etag = etag}).ok());
  EXPECT_EQ(ErrorOf(Update({.name = "taskOverrides/x", .spec = {.weight = 7}, .etag = etag})),
            "ABORTED ETAG_MISMATCH");
  EXPECT_EQ(ErrorOf(Delete("taskOverrides/x", etag)), "ABORTED ETAG_MISMATCH");
  EXPECT_EQ(InForce(2).weight, 6);
  EXPECT_TRUE(Delete("taskOverrides/x", Get("x")->etag).ok());
}

TEST_F(OverrideControlTest, ValidateOnlyCountsAndChangesNothing) {
  ASSERT_TRUE(Create(Request({.comm = "web"}, 5, "x")).ok());
  CreateOverrideRequest request = Request({.uid = 33}, 9, "y");
  request.validate_only = true;
  // One of the two tasks of the user has a more specific one.
  EXPECT_EQ(Create(request)->matched_task_count, 1);
  EXPECT_EQ(Count(), 1u);
  const absl::StatusOr<OverrideInfo> update =
      Update({.name = "taskOverrides/x",
              .spec = {.selector = {.comm = "hog"}, .weight = 50},
              .validate_only = true});
  EXPECT_EQ(update->matched_task_count, 1);
  EXPECT_EQ(update->spec.weight, 50);
  EXPECT_EQ(Generation(), 2);
  EXPECT_EQ(Weights(), (std::vector<int32_t>{5, 0, 0}));
  request.spec.weight = 10'001;
  EXPECT_EQ(ErrorOf(Create(request)), "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE");
}

TEST_F(OverrideControlTest, NamesThatAreNotThere) {
  EXPECT_EQ(ErrorOf(Get("none")), "NOT_FOUND OVERRIDE_NOT_FOUND");
  EXPECT_EQ(ErrorOf(parts->overrides.Get("taskOverrides/")), "INVALID_ARGUMENT INVALID_NAME");
  EXPECT_EQ(ErrorOf(Delete("taskOverrides/none")), "NOT_FOUND OVERRIDE_NOT_FOUND");
  EXPECT_EQ(ErrorOf(Delete("none")), "INVALID_ARGUMENT INVALID_NAME");
}

TEST_F(OverrideControlTest, ListsByNameInPagesThatSurviveChanges) {
  for (const char* id : {"c", "a", "e", "b", "d"}) {
    ASSERT_TRUE(Create(Request({.comm = "x"}, 5, id)).ok());
  }
  const auto names = [](const OverridePage& page) {
    std::vector<std::string> all;
    for (const OverrideInfo& info : page.overrides) all.push_back(info.name.substr(14));
    return all;
  };
  const OverridePage first = *parts->overrides.List(2, "");
  EXPECT_THAT(names(first), ElementsAre("a", "b"));
  ASSERT_TRUE(Delete("taskOverrides/b").ok());
  ASSERT_TRUE(Create(Request({.comm = "x"}, 5, "aa")).ok());
  const OverridePage second = *parts->overrides.List(2, first.next_page_token);
  EXPECT_THAT(names(second), ElementsAre("c", "d"));
  const OverridePage third = *parts->overrides.List(2, second.next_page_token);
  EXPECT_THAT(names(third), ElementsAre("e"));
  EXPECT_EQ(third.next_page_token, "");
  EXPECT_EQ(parts->overrides.List(5, "")->next_page_token, "");
  EXPECT_EQ(ErrorOf(parts->overrides.List(-1, "")), "INVALID_ARGUMENT INVALID_PAGE_SIZE");
  EXPECT_EQ(ErrorOf(parts->overrides.List(2, "???")), "INVALID_ARGUMENT INVALID_PAGE_TOKEN");
}

TEST_F(OverrideControlTest, TheAnswerWaitsForTheSchedulingThread) {
  host.engine->automatic = false;
  std::optional<OverrideInfo> answer;
  parts->overrides.Create(Request({.comm = "hog"}, 9),
                          [&](absl::StatusOr<OverrideInfo> a) { answer = *a; });
  sequence.Advance(absl::Milliseconds(20));
  EXPECT_FALSE(answer.has_value());
  host.engine->Step();
  sequence.Advance(absl::Milliseconds(1));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->matched_task_count, 1);
}

TEST_F(OverrideControlTest, WithoutOverridesNothingIsScanned) {
  sequence.Advance(absl::Milliseconds(500));
  const size_t idle = sequence.timer_count();
  ASSERT_TRUE(Create(Request({.comm = "x"}, 5, "x")).ok());
  EXPECT_GT(sequence.timer_count(), idle);
  ASSERT_TRUE(Delete("taskOverrides/x").ok());
  sequence.Advance(absl::Milliseconds(100));
  EXPECT_EQ(sequence.timer_count(), idle);
}

}  // namespace
}  // namespace schedd
