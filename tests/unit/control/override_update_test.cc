// SPDX-License-Identifier: Apache-2.0
//
// Changing overrides: masks, etags, what an update keeps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/control/override_control.h"
#include "tests/unit/control/override_fixture.h"

namespace schedd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using OverrideUpdateTest = OverrideFixture;

TEST_F(OverrideUpdateTest, UpdateChangesWhatTheMaskNames) {
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

TEST_F(OverrideUpdateTest, AnUpdateCanEndTheEnd) {
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "hog"}, .weight = 5, .ttl = absl::Seconds(1)},
                      .id = "x"})
                  .ok());
  ASSERT_TRUE(Update({.name = "taskOverrides/x", .spec = {.ttl = absl::Seconds(10)}}).ok());
  sequence.Advance(absl::Milliseconds(9'999));
  EXPECT_EQ(InForce(2).weight, 5);
  sequence.Advance(absl::Milliseconds(1));
  EXPECT_EQ(InForce(2).weight, 0);
}

TEST_F(OverrideUpdateTest, RefusedUpdatesChangeNothing) {
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

TEST_F(OverrideUpdateTest, OfTwoWritersWithOneEtagTheSecondLoses) {
  const std::string etag = Create(Request({.comm = "hog"}, 5, "x"))->etag;
  ASSERT_TRUE(Update({.name = "taskOverrides/x", .spec = {.weight = 6}, .etag = etag}).ok());
  EXPECT_EQ(ErrorOf(Update({.name = "taskOverrides/x", .spec = {.weight = 7}, .etag = etag})),
            "ABORTED ETAG_MISMATCH");
  EXPECT_EQ(ErrorOf(Delete("taskOverrides/x", etag)), "ABORTED ETAG_MISMATCH");
  EXPECT_EQ(InForce(2).weight, 6);
  EXPECT_TRUE(Delete("taskOverrides/x", Get("x")->etag).ok());
}

TEST_F(OverrideUpdateTest, TheEngineIsToldTheNewValueAndNothingInBetween) {
  ASSERT_TRUE(Create(Request({.uid = 33}, 5, "below")).ok());
  ASSERT_TRUE(Create(Request({.tgid = 10}, 6, "x")).ok());
  host.engine->applied.clear();
  ASSERT_TRUE(Update({.name = "taskOverrides/x", .spec = {.weight = 7}}).ok());
  ASSERT_EQ(host.engine->applied.size(), 1u);
  EXPECT_EQ(host.engine->applied[0].generation, 4);
  EXPECT_FALSE(host.engine->applied[0].parameters.has_value());
  EXPECT_EQ(host.engine->applied[0].settings.size(), 2u);
  EXPECT_EQ(Weights(), (std::vector<int32_t>{7, 7, 0}));
}

TEST_F(OverrideUpdateTest, TheSameValueAgainIsAGenerationAndNoNewsForTheEngine) {
  ASSERT_TRUE(Create(Request({.comm = "hog"}, 5, "x")).ok());
  const absl::StatusOr<OverrideInfo> info =
      Update({.name = "taskOverrides/x", .spec = {.weight = 5}});
  EXPECT_EQ(info->generation, 3);
  EXPECT_EQ(host.engine->applied.back().generation, 3);
  EXPECT_THAT(host.engine->applied.back().settings, IsEmpty());
}

TEST_F(OverrideUpdateTest, WhatTheMaskDoesNotNameStays) {
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "hog"},
                               .weight = 5,
                               .slice_ns = 2 * kMs,
                               .expire_time = clock.Now() + absl::Seconds(30)},
                      .id = "x"})
                  .ok());
  const OverrideInfo before = *Get("x");
  sequence.Advance(absl::Seconds(7));
  const OverrideInfo after = *Update({.name = "taskOverrides/x", .spec = {.weight = 6}});
  EXPECT_EQ(after.create_time, before.create_time);
  EXPECT_EQ(after.spec.expire_time, before.spec.expire_time);  // not from now on again
  EXPECT_EQ(after.spec.slice_ns, before.spec.slice_ns);
  EXPECT_NE(after.etag, before.etag);
}

TEST_F(OverrideUpdateTest, ATtlCountsFromTheUpdate) {
  ASSERT_TRUE(Create(Request({.comm = "hog"}, 5, "x")).ok());
  sequence.Advance(absl::Seconds(7));
  const absl::StatusOr<OverrideInfo> info =
      Update({.name = "taskOverrides/x", .spec = {.ttl = absl::Seconds(3)}});
  EXPECT_EQ(*info->spec.expire_time, clock.Now() + absl::Seconds(3));
  sequence.Advance(absl::Seconds(3));
  EXPECT_EQ(ErrorOf(Get("x")), "NOT_FOUND OVERRIDE_NOT_FOUND");
}

TEST_F(OverrideUpdateTest, AnExpiredOneCannotBeRevived) {
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "hog"}, .weight = 5, .ttl = absl::Seconds(1)},
                      .id = "x"})
                  .ok());
  clock.Move(absl::Seconds(1));  // no timer has run yet
  EXPECT_EQ(ErrorOf(Update({.name = "taskOverrides/x", .spec = {.ttl = absl::Seconds(9)}})),
            "NOT_FOUND OVERRIDE_NOT_FOUND");
  EXPECT_EQ(ErrorOf(Delete("taskOverrides/x")), "NOT_FOUND OVERRIDE_NOT_FOUND");
}

TEST_F(OverrideUpdateTest, WithTheSameSelectorItNeedsNoScheduler) {
  ASSERT_TRUE(Create(Request({.task = "tasks/20-200"}, 5, "x")).ok());
  ASSERT_TRUE(parts->scheduler.Detach("").ok());
  EXPECT_TRUE(Update({.name = "taskOverrides/x", .spec = {.weight = 6}}).ok());
  EXPECT_TRUE(Update({.name = "taskOverrides/x",
                      .spec = {.selector = {.task = "tasks/20-200"}, .weight = 7},
                      .update_mask = {"*"}})
                  .ok());
  EXPECT_EQ(ErrorOf(Update({.name = "taskOverrides/x", .spec = {.selector = {.uid = 0}}})),
            "FAILED_PRECONDITION SCHEDULER_DETACHED");
  EXPECT_EQ(Get("x")->spec.weight, 7);
}

TEST_F(OverrideUpdateTest, AProtectedTargetIsRefused) {
  host.kernel->PutTask(3, {.tid = 30, .flags = SCHEDD_SLOT_DAEMON});
  ASSERT_TRUE(Create(Request({.comm = "hog"}, 5, "x")).ok());
  EXPECT_EQ(ErrorOf(Update({.name = "taskOverrides/x", .spec = {.selector = {.tgid = 30}}})),
            "FAILED_PRECONDITION TASK_PROTECTED");
  EXPECT_EQ(InForce(2).weight, 5);
}

TEST_F(OverrideUpdateTest, TheWholeIsCheckedAgainstThePolicyInForce) {
  ASSERT_TRUE(
      Create({.spec = {.selector = {.comm = "hog"}, .weight = 5, .slice_ns = 2 * kMs}, .id = "x"})
          .ok());
  ASSERT_TRUE(UpdatePolicy({.values = {{"min_slice", 3 * kMs}}}).ok());
  EXPECT_EQ(Get("x")->spec.slice_ns, 2 * kMs);  // the policy cuts it; it is not lost
  const absl::Status status = Update({.name = "taskOverrides/x", .spec = {.weight = 6}}).status();
  EXPECT_EQ(ErrorOf(status), "INVALID_ARGUMENT PARAMETER_OUT_OF_RANGE");
  EXPECT_EQ(FieldOf(status), "task_override.slice");
  EXPECT_TRUE(
      Update({.name = "taskOverrides/x", .spec = {.weight = 6}, .update_mask = {"weight", "slice"}})
          .ok());
  EXPECT_EQ(InForce(2).slice_ns, 0);
}

TEST_F(OverrideUpdateTest, MovedToAnotherProcessItForgetsTheFirst) {
  ASSERT_TRUE(Create(Request({.tgid = 10}, 5, "x")).ok());
  ASSERT_TRUE(Update({.name = "taskOverrides/x", .spec = {.selector = {.tgid = 20}}}).ok());
  EXPECT_EQ(Weights(), (std::vector<int32_t>{0, 0, 5}));
  host.kernel->EndTask(0);
  host.kernel->EndTask(1);
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_TRUE(Get("x").ok());
  EXPECT_EQ(InForce(2).weight, 5);
}

TEST_F(OverrideUpdateTest, AnUpdateWhileDetachedStillKnowsTheProcess) {
  ASSERT_TRUE(Create(Request({.tgid = 20}, 5, "x")).ok());
  ASSERT_TRUE(parts->scheduler.Detach("").ok());
  ASSERT_TRUE(Update({.name = "taskOverrides/x", .spec = {.weight = 6}}).ok());
  Attach();
  host.kernel->PutTask(0, {.tid = 20, .start_ns = 999, .comm = "innocent"});
  sequence.Advance(absl::Milliseconds(100));
  EXPECT_EQ(InForce(0).weight, 0);
  EXPECT_EQ(ErrorOf(Get("x")), "NOT_FOUND OVERRIDE_NOT_FOUND");
}

TEST_F(OverrideUpdateTest, ValidationShowsTheResultUnderTheOldEtag) {
  ASSERT_TRUE(Create(Request({.comm = "hog"}, 5, "x")).ok());
  const OverrideInfo before = *Get("x");
  UpdateOverrideRequest request = {.name = "taskOverrides/x",
                                   .spec = {.selector = {.comm = "web"}, .weight = 6},
                                   .etag = before.etag,
                                   .validate_only = true};
  const absl::StatusOr<OverrideInfo> would_be = Update(request);
  ASSERT_TRUE(would_be.ok()) << would_be.status();
  EXPECT_EQ(would_be->spec.weight, 6);
  EXPECT_EQ(would_be->matched_task_count, 1);
  EXPECT_EQ(would_be->etag, before.etag);
  EXPECT_EQ(Weights(), (std::vector<int32_t>{0, 0, 5}));
  request.etag = "stale";
  EXPECT_EQ(ErrorOf(Update(request)), "ABORTED ETAG_MISMATCH");
}

TEST_F(OverrideUpdateTest, AnAnswerIsOfItsOwnChange) {
  host.engine->automatic = false;
  std::vector<std::string> answers;
  const auto record = [&answers](const absl::StatusOr<OverrideInfo>& info) {
    answers.push_back(absl::StrCat(info->generation, ": ", info->spec.weight));
  };
  parts->overrides.Create(Request({.comm = "hog"}, 5, "x"), record);
  parts->overrides.Update({.name = "taskOverrides/x", .spec = {.weight = 6}}, record);
  parts->overrides.Update({.name = "taskOverrides/x", .spec = {.weight = 7}}, record);
  sequence.Advance(absl::Milliseconds(5));
  EXPECT_THAT(answers, IsEmpty());
  host.engine->Step();
  sequence.Advance(absl::Milliseconds(1));
  EXPECT_THAT(answers, ElementsAre("2: 5", "3: 6", "4: 7"));
  // One that is gone when it is answered is shown as it was.
  parts->overrides.Update({.name = "taskOverrides/x", .spec = {.weight = 8}}, record);
  parts->overrides.Delete("taskOverrides/x", "", [&answers](const absl::Status& status) {
    answers.push_back(status.ok() ? "deleted" : status.ToString());
  });
  host.engine->Step();
  sequence.Advance(absl::Milliseconds(1));
  EXPECT_THAT(answers, ElementsAre("2: 5", "3: 6", "4: 7", "5: 8", "deleted"));
}

}  // namespace
}  // namespace schedd
