// SPDX-License-Identifier: Apache-2.0
//
// How overrides end, and how they follow tasks and attachments that come and go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "server/control/override_control.h"
#include "tests/unit/control/override_fixture.h"

namespace schedd {
namespace {

using ::testing::HasSubstr;

using OverrideLifetimeTest = OverrideFixture;

TEST_F(OverrideLifetimeTest, EndsExactlyWithItsTtlAndLeavesTheBaseline) {
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

TEST_F(OverrideLifetimeTest, AnExpiryAfterAClockJumpIsNoticed) {
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "hog"},
                               .weight = 9,
                               .expire_time = clock.Now() + absl::Hours(2)},
                      .id = "x"})
                  .ok());
  clock.Jump(absl::Hours(3));
  EXPECT_EQ(ErrorOf(Get("x")), "NOT_FOUND OVERRIDE_NOT_FOUND");
}

// The kernel takes the tasks from a dispatcher that it ends before it says so.
TEST_F(OverrideLifetimeTest, OutlastsAnEjectionThatIsUnderWay) {
  ASSERT_TRUE(Create(Request({.tgid = 20}, 9, "kept")).ok());
  for (uint32_t slot = 0; slot < 3; ++slot) host.kernel->EndTask(slot);
  host.state = {
      .attachment = KernelState::Attachment::kDetached, .ops_name = "", .raw_state = "disabling"};
  sequence.Advance(absl::Seconds(1));
  EXPECT_TRUE(Get("kept").ok());
  host.kernel->Eject(Stall());
  sequence.Advance(absl::Seconds(1));
  Attach();
  PutTasks();
  sequence.Advance(absl::Milliseconds(50));
  ASSERT_TRUE(Get("kept").ok());
  EXPECT_EQ(InForce(2).weight, 9);
}

TEST_F(OverrideLifetimeTest, ExpiresWhileDetached) {
  ASSERT_TRUE(parts->scheduler.Detach("").ok());
  ASSERT_TRUE(
      Create({.spec = {.selector = {.comm = "hog"}, .weight = 9, .ttl = absl::Seconds(5)}}).ok());
  sequence.Advance(absl::Seconds(6));
  EXPECT_EQ(Count(), 0u);
  EXPECT_EQ(log.back(), "generation 3: taskOverrides/override-1 expired");
}

TEST_F(OverrideLifetimeTest, NewTasksAreMatchedWithinFiftyMillisecondsWithoutAGeneration) {
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

TEST_F(OverrideLifetimeTest, ATaskThatChangesItsNameIsMatchedAnew) {
  ASSERT_TRUE(Create(Request({.comm = "exec"}, 9, "x")).ok());
  std::memcpy(host.kernel->slot(2).comm, "exec", 5);
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(InForce(2).weight, 9);
  std::memcpy(host.kernel->slot(2).comm, "else", 5);
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(InForce(2).weight, 0);
  EXPECT_EQ(Get("x")->matched_task_count, 0);
}

TEST_F(OverrideLifetimeTest, ATaskThatMovesToAnotherCgroupIsMatchedAnew) {
  ASSERT_TRUE(Create(Request({.cgroup_path = "a"}, 9)).ok());
  host.kernel->slot(2).cgroup_id = 2;
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(InForce(2).weight, 9);
}

TEST_F(OverrideLifetimeTest, AReusedSlotInheritsNothing) {
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

TEST_F(OverrideLifetimeTest, ANewOwnerThatMatchesLikeTheOldOneIsToldToTheEngine) {
  ASSERT_TRUE(Create(Request({.comm = "hog"}, 9)).ok());
  host.kernel->EndTask(2);
  host.kernel->PutTask(2, {.tid = 61, .comm = "hog"});
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(InForce(2).weight, 9);
}

TEST_F(OverrideLifetimeTest, AnOverrideOfATaskEndsWithIt) {
  ASSERT_TRUE(Create(Request({.task = "tasks/20-200"}, 9, "x")).ok());
  const int64_t generation = Generation();
  host.kernel->EndTask(2);
  host.kernel->PutTask(2, {.tid = 20, .start_ns = 999});  // the same thread ID again
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(ErrorOf(Get("x")), "NOT_FOUND OVERRIDE_NOT_FOUND");
  EXPECT_EQ(InForce(2).weight, 0);
  EXPECT_EQ(Generation(), generation);
}

TEST_F(OverrideLifetimeTest, AnOverrideOfAProcessEndsWithItsLastThread) {
  ASSERT_TRUE(Create(Request({.tgid = 10}, 9, "x")).ok());
  host.kernel->EndTask(0);  // the first thread
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_TRUE(Get("x").ok());
  EXPECT_EQ(InForce(1).weight, 9);
  host.kernel->EndTask(1);
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(ErrorOf(Get("x")), "NOT_FOUND OVERRIDE_NOT_FOUND");
}

TEST_F(OverrideLifetimeTest, AReusedProcessIdIsAnotherProcess) {
  ASSERT_TRUE(Create(Request({.tgid = 20}, 9, "x")).ok());
  // Between two looks: ended, and its number given to another.
  host.kernel->EndTask(2);
  host.kernel->PutTask(2, {.tid = 20, .start_ns = 999, .comm = "innocent"});
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(InForce(2).weight, 0);
  EXPECT_EQ(ErrorOf(Get("x")), "NOT_FOUND OVERRIDE_NOT_FOUND");
}

TEST_F(OverrideLifetimeTest, AReusedProcessIdAcrossADetachIsAnotherProcess) {
  ASSERT_TRUE(Create(Request({.tgid = 20}, 9, "x")).ok());
  ASSERT_TRUE(parts->scheduler.Detach("").ok());
  EXPECT_TRUE(Get("x").ok());
  Attach();
  host.kernel->PutTask(0, {.tid = 20, .start_ns = 999, .comm = "innocent"});
  sequence.Advance(absl::Milliseconds(100));
  EXPECT_EQ(InForce(0).weight, 0);
  EXPECT_EQ(ErrorOf(Get("x")), "NOT_FOUND OVERRIDE_NOT_FOUND");
}

TEST_F(OverrideLifetimeTest, OutlastsDetachAttachAndEjection) {
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

TEST_F(OverrideLifetimeTest, WhileDetachedATaskCannotBeChecked) {
  ASSERT_TRUE(parts->scheduler.Detach("").ok());
  EXPECT_EQ(ErrorOf(Create(Request({.task = "tasks/20-200"}, 9))),
            "FAILED_PRECONDITION SCHEDULER_DETACHED");
  EXPECT_EQ(ErrorOf(Create(Request({.tgid = 20}, 9))), "FAILED_PRECONDITION SCHEDULER_DETACHED");
  EXPECT_TRUE(Create(Request({.comm = "hog"}, 9)).ok());
}

TEST_F(OverrideLifetimeTest, WithoutOverridesNothingIsScanned) {
  sequence.Advance(absl::Milliseconds(500));
  const size_t idle = sequence.timer_count();
  ASSERT_TRUE(Create(Request({.comm = "x"}, 5, "x")).ok());
  EXPECT_GT(sequence.timer_count(), idle);
  ASSERT_TRUE(Delete("taskOverrides/x").ok());
  sequence.Advance(absl::Milliseconds(100));
  EXPECT_EQ(sequence.timer_count(), idle);
}

TEST_F(OverrideLifetimeTest, AClockSetForwardIsNoticedWithinASecondByItself) {
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "hog"},
                               .weight = 9,
                               .expire_time = clock.Now() + absl::Hours(2)}})
                  .ok());
  ASSERT_TRUE(parts->scheduler.Detach("").ok());  // nor is anybody looking for tasks
  clock.Jump(absl::Hours(3));
  sequence.Advance(absl::Seconds(1));
  EXPECT_THAT(log.back(), HasSubstr("override-1 expired"));
}

TEST_F(OverrideLifetimeTest, AClockSetBackMakesItLonger) {
  ASSERT_TRUE(
      Create({.spec = {.selector = {.comm = "hog"}, .weight = 9, .ttl = absl::Seconds(5)}}).ok());
  clock.Jump(-absl::Seconds(10));
  sequence.Advance(absl::Seconds(14));
  EXPECT_EQ(InForce(2).weight, 9);
  sequence.Advance(absl::Seconds(1));
  EXPECT_EQ(InForce(2).weight, 0);
}

TEST_F(OverrideLifetimeTest, WhatExpiresTogetherIsOneGeneration) {
  for (const char* id : {"a", "b"}) {
    ASSERT_TRUE(Create({.spec = {.selector = {.comm = "hog"}, .weight = 9, .ttl = absl::Seconds(1)},
                        .id = id})
                    .ok());
  }
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "hog"}, .weight = 8, .ttl = absl::Seconds(2)},
                      .id = "c"})
                  .ok());
  sequence.Advance(absl::Seconds(1));
  EXPECT_EQ(Generation(), 5);
  EXPECT_EQ(host.engine->applied_generation(), 5);
  EXPECT_EQ(log.at(log.size() - 2), "generation 5: taskOverrides/a expired");
  EXPECT_EQ(log.back(), "generation 5: taskOverrides/b expired");
  sequence.Advance(absl::Seconds(1));
  EXPECT_EQ(Generation(), 6);
  EXPECT_EQ(InForce(2).weight, 0);
}

TEST_F(OverrideLifetimeTest, WhatHasExpiredIsNotShownEvenBeforeItsTimer) {
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "hog"}, .weight = 9, .ttl = absl::Seconds(1)},
                      .id = "x"})
                  .ok());
  clock.Move(absl::Seconds(1));
  EXPECT_EQ(Count(), 0u);
  // Its name is free again, and the new one has a life of its own.
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "hog"}, .weight = 8, .ttl = absl::Seconds(1)},
                      .id = "x"})
                  .ok());
  sequence.Advance(absl::Milliseconds(999));
  EXPECT_EQ(InForce(2).weight, 8);
}

TEST_F(OverrideLifetimeTest, TheEndOfATaskIsLoggedAndNoGeneration) {
  ASSERT_TRUE(Create(Request({.task = "tasks/20-200"}, 9, "x")).ok());
  host.kernel->EndTask(2);
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(log.back(), "taskOverrides/x ended: its task or process has");
  EXPECT_EQ(Generation(), 2);
}

TEST_F(OverrideLifetimeTest, AnOverrideOfATaskOutlastsAnEjectionAsLongAsTheTask) {
  ASSERT_TRUE(Create(Request({.task = "tasks/20-200"}, 9, "x")).ok());
  ASSERT_TRUE(Create(Request({.task = "tasks/10-100"}, 8, "y")).ok());
  host.kernel->Eject(Stall());
  sequence.Advance(absl::Milliseconds(100));
  EXPECT_EQ(Count(), 2u);
  Attach();
  host.kernel->PutTask(6, {.tid = 20, .start_ns = 200});  // the other has ended meanwhile
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(InForce(6).weight, 9);
  EXPECT_TRUE(Get("x").ok());
  EXPECT_EQ(ErrorOf(Get("y")), "NOT_FOUND OVERRIDE_NOT_FOUND");
}

TEST_F(OverrideLifetimeTest, ADetachAnswersWhoWaits) {
  host.engine->automatic = false;
  std::optional<OverrideInfo> created;
  bool deleted = false;
  parts->overrides.Create(Request({.comm = "hog"}, 9, "x"),
                          [&](absl::StatusOr<OverrideInfo> a) { created = *a; });
  ASSERT_TRUE(parts->scheduler.Detach("").ok());
  ASSERT_TRUE(created.has_value());
  EXPECT_EQ(created->generation, 2);
  EXPECT_EQ(Get("x")->matched_task_count, 0);
  parts->overrides.Delete("taskOverrides/x", "", [&](const absl::Status& a) { deleted = a.ok(); });
  EXPECT_TRUE(deleted);  // at once: there is nobody to tell
}

TEST_F(OverrideLifetimeTest, ASilentSchedulingThreadIsNotWaitedForForEver) {
  host.engine->automatic = false;
  std::optional<OverrideInfo> answer;
  parts->overrides.Create(Request({.comm = "hog"}, 9, "x"),
                          [&](absl::StatusOr<OverrideInfo> a) { answer = *a; });
  sequence.Advance(options.apply_timeout - absl::Milliseconds(1));
  EXPECT_FALSE(answer.has_value());
  sequence.Advance(absl::Milliseconds(1));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->generation, 2);
  EXPECT_EQ(InForce(2).weight, 0);
  host.engine->Step();  // it was not lost
  EXPECT_EQ(InForce(2).weight, 9);
}

TEST_F(OverrideLifetimeTest, ShutdownLeavesNoTimer) {
  ASSERT_TRUE(
      Create({.spec = {.selector = {.comm = "hog"}, .weight = 9, .ttl = absl::Hours(1)}}).ok());
  parts->overrides.Shutdown();
  ASSERT_TRUE(parts->scheduler.Shutdown().ok());
  EXPECT_EQ(sequence.timer_count(), 0u);
}

TEST_F(OverrideLifetimeTest, WhatComesFirstEndsFirstWhateverWasSetFirst) {
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "hog"}, .weight = 9, .ttl = absl::Seconds(50)},
                      .id = "long"})
                  .ok());
  ASSERT_TRUE(
      Create({.spec = {.selector = {.comm = "web"}, .weight = 8, .ttl = absl::Milliseconds(300)},
              .id = "short"})
          .ok());
  sequence.Advance(absl::Milliseconds(300));
  EXPECT_EQ(Weights(), (std::vector<int32_t>{0, 0, 9}));
  sequence.Advance(absl::Milliseconds(49'699));
  EXPECT_EQ(InForce(2).weight, 9);
  sequence.Advance(absl::Milliseconds(1));
  EXPECT_EQ(InForce(2).weight, 0);
}

}  // namespace
}  // namespace schedd
