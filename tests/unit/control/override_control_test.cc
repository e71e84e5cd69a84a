// SPDX-License-Identifier: Apache-2.0
//
// Creating, listing and refusing; which override counts. See also override_update_test.cc and
// override_lifetime_test.cc.
#include "server/control/override_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "server/control/page_token.h"
#include "tests/unit/control/override_fixture.h"

namespace schedd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using OverrideControlTest = OverrideFixture;

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

TEST_F(OverrideControlTest, ValidationTakesNeitherAnIdNorAGeneration) {
  CreateOverrideRequest request = Request({.comm = "hog"}, 9);
  request.validate_only = true;
  for (int i = 0; i < 2; ++i) {
    const absl::StatusOr<OverrideInfo> would_be = Create(request);
    ASSERT_TRUE(would_be.ok()) << would_be.status();
    EXPECT_EQ(would_be->name, "taskOverrides/override-1");
    EXPECT_EQ(would_be->matched_task_count, 1);
    EXPECT_EQ(would_be->create_time, clock.Now());
  }
  EXPECT_EQ(Generation(), 1);
  EXPECT_THAT(host.engine->applied, IsEmpty());
  request.validate_only = false;
  EXPECT_EQ(Create(request)->name, "taskOverrides/override-1");
}

TEST_F(OverrideControlTest, AnIdOnceChosenIsNotChosenAgain) {
  ASSERT_TRUE(Create(Request({.comm = "a"}, 5)).ok());
  ASSERT_TRUE(Delete("taskOverrides/override-1").ok());
  EXPECT_EQ(Create(Request({.comm = "a"}, 5))->name, "taskOverrides/override-2");
}

TEST_F(OverrideControlTest, AtTheLimitWhatIsThereCanStillBeChanged) {
  for (size_t i = 0; i < OverrideControl::kMaxOverrides; ++i) {
    ASSERT_TRUE(Create(Request({.comm = "a"}, 5)).ok());
  }
  CreateOverrideRequest request = Request({.comm = "hog"}, 5, "one-more");
  request.validate_only = true;
  EXPECT_EQ(ErrorOf(Create(request)), "RESOURCE_EXHAUSTED TOO_MANY_OVERRIDES");
  // The name is the nearer reason.
  EXPECT_EQ(ErrorOf(Create(Request({.comm = "a"}, 5, "override-7"))),
            "ALREADY_EXISTS OVERRIDE_EXISTS");
  EXPECT_TRUE(Update({.name = "taskOverrides/override-7", .spec = {.weight = 6}}).ok());
  ASSERT_TRUE(Delete("taskOverrides/override-7").ok());
  request.validate_only = false;
  EXPECT_TRUE(Create(request).ok());
  EXPECT_EQ(InForce(2).weight, 5);
}

TEST_F(OverrideControlTest, ErrorsSayWhatToDo) {
  host.kernel->PutTask(3, {.tid = 30, .flags = SCHEDD_SLOT_DAEMON});
  ASSERT_TRUE(Create(Request({.comm = "hog"}, 5, "x")).ok());
  const std::pair<CreateOverrideRequest, const char*> cases[] = {
      {Request({.comm = "hog"}, 5, "x"),
       "taskOverrides/x exists: change it with UpdateTaskOverride"},
      {Request({.task = "tasks/9-9"}, 5), "tasks/9-9 has ended, or never was: ListTasks shows"},
      {Request({.tgid = 9}, 5), "process 9 has ended, or never was: ListTasks shows"},
      {Request({.task = "tasks/30-100"}, 5), "tasks/30-100 must never wait for this daemon"},
      {Request({.tgid = 30}, 5), "process 30 must never wait for this daemon"},
  };
  for (const auto& [request, words] : cases) {
    EXPECT_THAT(std::string(Create(request).status().message()), HasSubstr(words));
  }
  EXPECT_THAT(std::string(Get("y").status().message()),
              HasSubstr("there is no taskOverrides/y: it never was, was deleted, has expired"));
  EXPECT_THAT(std::string(Delete("taskOverrides/x", "stale").message()),
              HasSubstr("taskOverrides/x has changed since you read it (generation 2 now)"));
}

TEST_F(OverrideControlTest, ATaskAndItsProcessMayBothBeNamed) {
  EXPECT_TRUE(Create(Request({.task = "tasks/11-110", .tgid = 10}, 5)).ok());
  EXPECT_EQ(Weights(), (std::vector<int32_t>{0, 5, 0}));
  const absl::Status status = Create(Request({.task = "tasks/11-110", .tgid = 99}, 5)).status();
  EXPECT_EQ(ErrorOf(status), "NOT_FOUND TASK_NOT_FOUND");
  EXPECT_EQ(FieldOf(status), "task_override.selector.tgid");
}

TEST_F(OverrideControlTest, PagesHaveADefaultAndALargestSize) {
  for (int i = 0; i < 150; ++i) ASSERT_TRUE(Create(Request({.comm = "a"}, 5)).ok());
  const OverridePage page = *parts->overrides.List(0, "");
  EXPECT_EQ(page.overrides.size(), 100u);
  EXPECT_EQ(parts->overrides.List(0, page.next_page_token)->overrides.size(), 50u);
  EXPECT_EQ(parts->overrides.List(1'001, "")->overrides.size(), 150u);
  EXPECT_EQ(parts->overrides.List(150, "")->next_page_token, "");
}

TEST_F(OverrideControlTest, APageMayBeEmptyWhenTheRestIsGone) {
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(Create(Request({.comm = "x"}, 5, id)).ok());
  const std::string token = parts->overrides.List(1, "")->next_page_token;
  for (const char* id : {"a", "b", "c"}) {
    ASSERT_TRUE(Delete("taskOverrides/" + std::string(id)).ok());
  }
  const absl::StatusOr<OverridePage> page = parts->overrides.List(1, token);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(page->overrides, IsEmpty());
  EXPECT_EQ(page->next_page_token, "");
  EXPECT_EQ(ErrorOf(parts->overrides.List(1, EncodePageToken("tasks", "a"))),
            "INVALID_ARGUMENT INVALID_PAGE_TOKEN");
}

TEST_F(OverrideControlTest, ChangesAreLoggedWithTheirGeneration) {
  ASSERT_TRUE(Create(Request({.comm = "a"}, 5, "x")).ok());
  EXPECT_EQ(log.back(), "generation 2: created taskOverrides/x");
  ASSERT_TRUE(Update({.name = "taskOverrides/x", .spec = {.weight = 6}}).ok());
  EXPECT_EQ(log.back(), "generation 3: changed taskOverrides/x");
  ASSERT_TRUE(Delete("taskOverrides/x").ok());
  EXPECT_EQ(log.back(), "generation 4: deleted taskOverrides/x");
}

}  // namespace
}  // namespace schedd
