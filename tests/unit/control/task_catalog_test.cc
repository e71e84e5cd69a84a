// SPDX-License-Identifier: Apache-2.0
#include "server/control/task_catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/control/control_fixture.h"

namespace schedd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TaskCatalogTest : public ControlFixture {
 protected:
  void SetUp() override {
    ControlFixture::SetUp();
    Attach();
  }

  TaskSnapshot Snapshot(absl::Duration max_age = absl::ZeroDuration()) {
    return **parts->catalog.Snapshot(max_age);
  }

  // Of the only task.
  TaskInfo Only() {
    const TaskSnapshot snapshot = Snapshot();
    EXPECT_EQ(snapshot.tasks.size(), 1u);
    return *snapshot.tasks.at(0).info;
  }

  static std::vector<std::string> Names(const TaskSnapshot& snapshot) {
    std::vector<std::string> names;
    for (const TaskEntry& entry : snapshot.tasks) names.push_back(entry.info->name);
    return names;
  }
};

TEST_F(TaskCatalogTest, ShowsIdentity) {
  host.cgroups[9] = "user.slice";
  host.kernel->PutTask(3, {.tid = 12,
                           .tgid = 10,
                           .start_ns = 555,
                           .comm = "na\xffme",
                           .uid = 4'294'967'295u,
                           .cgroup_id = 9,
                           .flags = SCHEDD_SLOT_KTHREAD,
                           .weight = 300});
  host.kernel->slot(3).nice = -5;
  host.kernel->slot(3).cpu = 1;
  const TaskInfo task = Only();
  EXPECT_EQ(task.name, "tasks/12-555");
  EXPECT_EQ(task.key, (TaskKey{12, 555}));
  EXPECT_EQ(task.tgid, 10);
  EXPECT_EQ(task.comm, "na\\xffme");
  EXPECT_EQ(task.uid, 4'294'967'295);
  EXPECT_EQ(task.cgroup_path, "/user.slice");
  EXPECT_TRUE(task.kernel_thread);
  EXPECT_EQ(task.weight, 300);
  EXPECT_EQ(task.nice, -5);
  EXPECT_EQ(task.cpu, 1);
  EXPECT_EQ(task.allowed_cpu_count, 2);
  EXPECT_EQ(task.policy, "policies/default");
  EXPECT_EQ(task.task_override, "");
  EXPECT_EQ(task.run_state, TaskRunState::kSleeping);
}

TEST_F(TaskCatalogTest, ShowsCounters) {
  host.kernel->PutTask(0, {});
  schedd_slot& slot = host.kernel->slot(0);
  slot.run_ns = 1;
  slot.wait_ns = 2;
  slot.generation = 3;
  slot.slice_ns = 4;
  slot.voluntary_switches = 5;
  slot.involuntary_switches = 6;
  slot.wakeups = 7;
  slot.migrations = 8;
  host.engine->view_ = {.vruntime_ns = 9, .lag_ns = -10};
  slot.latency_buckets[16] = 1;
  slot.latency_sum_ns = slot.latency_max_ns = 16'500;
  const TaskStats expected = {.policy_generation = 3,
                              .run_time_ns = 1,
                              .wait_time_ns = 2,
                              .vruntime_ns = 9,
                              .lag_ns = -10,
                              .slice_ns = 4,
                              .voluntary_switch_count = 5,
                              .involuntary_switch_count = 6,
                              .wakeup_count = 7,
                              .migration_count = 8,
                              .wakeup_latency_mean_ns = 16'500,
                              .wakeup_latency_p50_ns = 16'500,
                              .wakeup_latency_p99_ns = 16'500,
                              .wakeup_latency_max_ns = 16'500};
  EXPECT_EQ(Only().stats, expected);
}

TEST_F(TaskCatalogTest, ARunThatGoesOnCounts) {
  host.kernel->PutTask(0, {.state = SCHEDD_TASK_RUNNING});
  host.kernel->slot(0).run_ns = 100;
  host.kernel->slot(0).running_since_ns = static_cast<uint64_t>(host.kernel->NowNanos() - 30);
  host.kernel->slot(0).waiting_since_ns = 1;  // left over
  const TaskInfo task = Only();
  EXPECT_EQ(task.run_state, TaskRunState::kRunning);
  EXPECT_EQ(task.stats.run_time_ns, 130);
  EXPECT_EQ(task.stats.wait_time_ns, 0);
}

TEST_F(TaskCatalogTest, AWaitThatGoesOnCounts) {
  for (const uint32_t state : {SCHEDD_TASK_UNDECIDED, SCHEDD_TASK_DECIDED}) {
    host.kernel->PutTask(0, {.state = state});
    host.kernel->slot(0).wait_ns = 100;
    host.kernel->slot(0).waiting_since_ns = static_cast<uint64_t>(host.kernel->NowNanos() - 40);
    host.kernel->slot(0).running_since_ns = 1;  // left over
    const TaskInfo task = Only();
    EXPECT_EQ(task.run_state, TaskRunState::kQueued);
    EXPECT_EQ(task.stats.wait_time_ns, 140);
    EXPECT_EQ(task.stats.run_time_ns, 0);
  }
}

TEST_F(TaskCatalogTest, ARunThatBeganOnACpuAheadOfUsIsNotNegative) {
  host.kernel->PutTask(0, {.state = SCHEDD_TASK_RUNNING});
  host.kernel->slot(0).run_ns = 100;
  host.kernel->slot(0).running_since_ns = static_cast<uint64_t>(host.kernel->NowNanos() + 30);
  EXPECT_EQ(Only().stats.run_time_ns, 100);
}

TEST_F(TaskCatalogTest, LeavesOutFreeAndChangingSlots) {
  host.kernel->PutTask(0, {.tid = 1});
  host.kernel->PutTask(1, {.tid = 2});
  host.kernel->PutTask(2, {.tid = 3});
  host.kernel->EndTask(1);
  ++host.kernel->slot(2).key;
  EXPECT_THAT(Names(Snapshot()), ElementsAre("tasks/1-100"));
}

// Owners change all the time: what is shown of a task is that task's.
TEST_F(TaskCatalogTest, NeverMixesTwoOwners) {
  host.kernel->PutTask(0, {.tid = 1, .start_ns = 1});
  schedd_slot& slot = host.kernel->slot(0);
  slot.wakeups = 1;
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (uint32_t i = 2; !stop; ++i) {
      __atomic_store_n(&slot.key, slot.key + 1, __ATOMIC_SEQ_CST);
      __atomic_store_n(&slot.tid, static_cast<int32_t>(i), __ATOMIC_RELAXED);
      __atomic_store_n(&slot.start_boottime_ns, i, __ATOMIC_RELAXED);
      __atomic_store_n(&slot.wakeups, i, __ATOMIC_RELAXED);
      __atomic_store_n(&slot.key, slot.key + 1, __ATOMIC_SEQ_CST);
    }
  });
  int seen = 0;
  for (int i = 0; i < 200'000; ++i) {
    for (const TaskEntry& entry : Snapshot().tasks) {
      ++seen;
      ASSERT_EQ(entry.key, entry.info->key);
      ASSERT_EQ(entry.info->stats.wakeup_count, entry.key.tid);
    }
  }
  stop = true;
  writer.join();
  EXPECT_GT(seen, 0);
}

TEST_F(TaskCatalogTest, IsSortedByKey) {
  host.kernel->PutTask(0, {.tid = 30});
  host.kernel->PutTask(1, {.tid = 4});
  host.kernel->PutTask(2, {.tid = 200});
  EXPECT_THAT(Names(Snapshot()), ElementsAre("tasks/4-100", "tasks/30-100", "tasks/200-100"));
}

TEST_F(TaskCatalogTest, ASnapshotSaysWhenAndWhat) {
  sequence.Advance(absl::Seconds(2));
  host.kernel->Count(SCHEDD_COUNT_EVENTS_DROPPED, 4);
  const TaskSnapshot snapshot = Snapshot();
  EXPECT_EQ(snapshot.collect_time, clock.Now());
  EXPECT_EQ(snapshot.policy_generation, 1);
  EXPECT_EQ(snapshot.lost_event_count, 4);
}

TEST_F(TaskCatalogTest, ASnapshotIsSharedWhileItIsYoungEnough) {
  const auto first = *parts->catalog.Snapshot(absl::ZeroDuration());
  clock.Move(absl::Milliseconds(5));
  EXPECT_EQ(*parts->catalog.Snapshot(absl::Milliseconds(6)), first);
  EXPECT_NE(*parts->catalog.Snapshot(absl::Milliseconds(5)), first);
  EXPECT_NE(*parts->catalog.Snapshot(absl::ZeroDuration()),
            *parts->catalog.Snapshot(absl::ZeroDuration()));
}

TEST_F(TaskCatalogTest, ASnapshotOfAFormerAttachmentIsNotShared) {
  host.kernel->PutTask(0, {});
  EXPECT_EQ(Snapshot().tasks.size(), 1u);
  ASSERT_TRUE(parts->scheduler.Detach("").ok());
  Attach();
  EXPECT_EQ(Snapshot(absl::Hours(1)).tasks.size(), 0u);
}

TEST_F(TaskCatalogTest, WithoutAnAttachedSchedulerThereIsNothingToShow) {
  const std::string name = "tasks/1-100";
  ASSERT_TRUE(parts->scheduler.Detach("").ok());
  EXPECT_EQ(ErrorOf(parts->catalog.Snapshot(absl::Hours(1))),
            "FAILED_PRECONDITION SCHEDULER_DETACHED");
  EXPECT_EQ(ErrorOf(parts->catalog.Get(name)), "FAILED_PRECONDITION SCHEDULER_DETACHED");
}

TEST_F(TaskCatalogTest, GetFindsByName) {
  host.kernel->PutTask(0, {.tid = 1});
  host.kernel->PutTask(7, {.tid = 2, .comm = "me"});
  const absl::StatusOr<TaskInfo> task = parts->catalog.Get("tasks/2-100");
  ASSERT_TRUE(task.ok()) << task.status();
  EXPECT_EQ(task->comm, "me");
}

TEST_F(TaskCatalogTest, GetSaysThatATaskHasEnded) {
  host.kernel->PutTask(0, {.tid = 1});
  host.kernel->EndTask(0);
  const absl::Status status = parts->catalog.Get("tasks/1-100").status();
  EXPECT_EQ(ErrorOf(status), "NOT_FOUND TASK_NOT_FOUND");
  EXPECT_THAT(std::string(status.message()), HasSubstr("has ended, or never was"));
}

TEST_F(TaskCatalogTest, GetIsNotFooledByAReusedThreadId) {
  host.kernel->PutTask(0, {.tid = 1, .start_ns = 100});
  host.kernel->EndTask(0);
  host.kernel->PutTask(0, {.tid = 1, .start_ns = 900});
  const absl::Status status = parts->catalog.Get("tasks/1-100").status();
  EXPECT_EQ(ErrorOf(status), "NOT_FOUND TASK_NOT_FOUND");
  EXPECT_THAT(std::string(status.message()), HasSubstr("tasks/1-900"));
}

TEST_F(TaskCatalogTest, GetRefusesWhatIsNoName) {
  EXPECT_EQ(ErrorOf(parts->catalog.Get("1234")), "INVALID_ARGUMENT INVALID_NAME");
}

TEST_F(TaskCatalogTest, ShowsTheOverrideInForceAndItsWeight) {
  host.kernel->PutTask(0, {.comm = "hog"});
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "hog"}, .weight = 400}, .id = "boost"}).ok());
  TaskInfo task = Only();
  EXPECT_EQ(task.weight, 400);
  EXPECT_EQ(task.task_override, "taskOverrides/boost");
  ASSERT_TRUE(Delete("taskOverrides/boost").ok());
  task = Only();
  EXPECT_EQ(task.weight, 100);
  EXPECT_EQ(task.task_override, "");
}

TEST_F(TaskCatalogTest, AnOverrideOfTheSliceAloneLeavesTheWeight) {
  host.kernel->PutTask(0, {.comm = "hog", .weight = 77});
  ASSERT_TRUE(
      Create({.spec = {.selector = {.comm = "hog"}, .slice_ns = 5'000'000}, .id = "s"}).ok());
  EXPECT_EQ(Only().weight, 77);
  EXPECT_EQ(Only().task_override, "taskOverrides/s");
}

TEST_F(TaskCatalogTest, ASnapshotOutlivesTheAttachmentItIsOf) {
  host.kernel->PutTask(0, {.comm = "me"});
  const auto held = *parts->catalog.Snapshot(absl::ZeroDuration());
  host.kernel->Eject(Stall());
  EXPECT_EQ(ErrorOf(parts->catalog.Snapshot(absl::Hours(1))),
            "FAILED_PRECONDITION SCHEDULER_DETACHED");
  EXPECT_EQ(host.kernels_alive, 0);
  EXPECT_EQ(held->tasks.at(0).info->comm, "me");
  // The catalog keeps nothing of an ended attachment.
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(held->tasks.at(0).info.use_count(), 1);
}

TEST_F(TaskCatalogTest, AgeIsMeasuredByTheKernelsClock) {
  const auto first = *parts->catalog.Snapshot(absl::ZeroDuration());
  clock.Jump(absl::Hours(5));
  EXPECT_EQ(*parts->catalog.Snapshot(absl::Milliseconds(1)), first);
  clock.Jump(-absl::Hours(9));
  clock.Move(absl::Milliseconds(1));
  EXPECT_NE(*parts->catalog.Snapshot(absl::Milliseconds(1)), first);
}

TEST_F(TaskCatalogTest, ASnapshotHasTheGenerationThatIsInForce) {
  host.engine->automatic = false;
  parts->policy.Update({.values = {{"base_slice", 5'000'000}}},
                       [](const absl::StatusOr<PolicyInfo>&) {});
  EXPECT_EQ(Snapshot().policy_generation, 1);  // accepted, but not taken up yet
  host.engine->Step();
  EXPECT_EQ(Snapshot().policy_generation, 2);
}

TEST_F(TaskCatalogTest, TheNextOwnerOfASlotDoesNotShowTheOverrideOfTheLast) {
  host.kernel->PutTask(0, {.tid = 1, .comm = "hog"});
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "hog"}, .weight = 400}, .id = "boost"}).ok());
  host.kernel->PutTask(0, {.tid = 2, .comm = "hog", .weight = 55});
  // Nobody has looked at it yet.
  EXPECT_EQ(Only().task_override, "");
  EXPECT_EQ(Only().weight, 55);
  sequence.Advance(absl::Milliseconds(50));
  EXPECT_EQ(Only().task_override, "taskOverrides/boost");
}

TEST_F(TaskCatalogTest, ATaskWhoseCgroupIsGoneHasNoPath) {
  host.kernel->PutTask(0, {.cgroup_id = 999});
  EXPECT_EQ(Only().cgroup_path, "");
}

TEST_F(TaskCatalogTest, ARunOrWaitWithoutABeginningIsAsLongAsItWasCounted) {
  for (const uint32_t state : {SCHEDD_TASK_RUNNING, SCHEDD_TASK_UNDECIDED}) {
    host.kernel->PutTask(0, {.state = state});
    host.kernel->slot(0).run_ns = 100;
    host.kernel->slot(0).wait_ns = 200;
    EXPECT_EQ(Only().stats.run_time_ns, 100);
    EXPECT_EQ(Only().stats.wait_time_ns, 200);
  }
}

// --- what two snapshots share ---

class TaskSharingTest : public TaskCatalogTest {
 protected:
  void SetUp() override {
    host.cgroups = {{1, ""}, {2, "a"}, {3, "b"}};
    host.cgroup_weights = {{"a", 100}, {"b", 300}};
    TaskCatalogTest::SetUp();
    host.kernel->PutTask(0, {.tid = 1, .comm = "one", .cgroup_id = 2});
    host.kernel->PutTask(1, {.tid = 2, .comm = "two", .cgroup_id = 2});
    last_ = Snapshot();
  }

  // Looks again. True when the task in slot 0 is another than before, and newer; the other one must
  // be the same.
  bool IsNew() {
    const TaskSnapshot before = std::exchange(last_, Snapshot());
    EXPECT_GT(last_.version, before.version);
    EXPECT_EQ(last_.tasks.size(), 2u);
    EXPECT_EQ(last_.tasks.at(1).info, before.tasks.at(1).info);
    EXPECT_EQ(last_.tasks.at(1).version, before.tasks.at(1).version);
    const bool is_new = last_.tasks.at(0).info != before.tasks.at(0).info;
    EXPECT_EQ(last_.tasks.at(0).version, is_new ? last_.version : before.tasks.at(0).version);
    return is_new;
  }

  schedd_slot& slot() { return host.kernel->slot(0); }
  const TaskInfo& task() const { return *last_.tasks.at(0).info; }

  TaskSnapshot last_;
};

TEST_F(TaskSharingTest, ATaskThatSleepsOnIsTheSame) {
  EXPECT_GT(last_.version, 0);
  clock.Move(absl::Seconds(1));
  EXPECT_FALSE(IsNew());
  EXPECT_FALSE(IsNew());
}

TEST_F(TaskSharingTest, NiceValueOfASleeper) {
  slot().nice = 7;
  EXPECT_TRUE(IsNew());
  EXPECT_EQ(task().nice, 7);
  EXPECT_FALSE(IsNew());
}

TEST_F(TaskSharingTest, WeightOfASleeper) {
  slot().weight = 250;
  EXPECT_TRUE(IsNew());
  EXPECT_EQ(task().weight, 250);
}

TEST_F(TaskSharingTest, CpusOfASleeper) {
  slot().nr_allowed = 1;
  EXPECT_TRUE(IsNew());
  EXPECT_EQ(task().allowed_cpu_count, 1);
  slot().cpu = 1;
  EXPECT_TRUE(IsNew());
  EXPECT_EQ(task().cpu, 1);
}

TEST_F(TaskSharingTest, CgroupOfASleeper) {
  slot().cgroup_id = 3;
  EXPECT_TRUE(IsNew());
  EXPECT_EQ(task().cgroup_path, "/b");
}

TEST_F(TaskSharingTest, NameAndOwnerOfASleeper) {
  slot().comm[0] = 'O';
  EXPECT_TRUE(IsNew());
  EXPECT_EQ(task().comm, "One");
  slot().uid = 7;
  EXPECT_TRUE(IsNew());
  EXPECT_EQ(task().uid, 7);
  slot().tgid = 9;
  EXPECT_TRUE(IsNew());
  EXPECT_EQ(task().tgid, 9);
  slot().flags = SCHEDD_SLOT_KTHREAD;
  EXPECT_TRUE(IsNew());
  EXPECT_TRUE(task().kernel_thread);
}

TEST_F(TaskSharingTest, OverrideOfASleeper) {
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "one"}, .weight = 400}, .id = "boost"}).ok());
  EXPECT_TRUE(IsNew());
  EXPECT_EQ(task().weight, 400);
  EXPECT_EQ(task().task_override, "taskOverrides/boost");
  UpdateOverrideRequest request;
  request.name = "taskOverrides/boost";
  request.spec.weight = 500;
  request.update_mask = {"weight"};
  ASSERT_TRUE(Update(request).ok());
  EXPECT_TRUE(IsNew());
  EXPECT_EQ(task().weight, 500);
  EXPECT_FALSE(IsNew());
  ASSERT_TRUE(Delete("taskOverrides/boost").ok());
  EXPECT_TRUE(IsNew());
  EXPECT_EQ(task().weight, 100);
  EXPECT_EQ(task().task_override, "");
}

TEST_F(TaskSharingTest, AnOverrideThatSetsTheSameIsAnother) {
  ASSERT_TRUE(Create({.spec = {.selector = {.comm = "one"}, .weight = 100}, .id = "a"}).ok());
  EXPECT_TRUE(IsNew());
  EXPECT_EQ(task().task_override, "taskOverrides/a");
}

TEST_F(TaskSharingTest, ShareOfTheCgroupOfASleeper) {
  slot().cgroup_id = 3;
  EXPECT_TRUE(IsNew());
  EXPECT_DOUBLE_EQ(task().effective_weight, 100);
  host.cgroup_weights["b"] = 500;
  host.kernel->Count(SCHEDD_COUNT_EVENTS, 1);  // somebody waits, so shares count
  sequence.Advance(CgroupControl::kInterval);
  last_ = Snapshot();
  EXPECT_DOUBLE_EQ(task().effective_weight, 500);
  EXPECT_FALSE(IsNew());
  host.cgroup_weights["b"] = 200;
  sequence.Advance(absl::Seconds(10));
  EXPECT_TRUE(IsNew());
  EXPECT_DOUBLE_EQ(task().effective_weight, 200);
}

TEST_F(TaskSharingTest, EachCounterOfASleeper) {
  for (schedd_u64* const counter :
       {&slot().run_ns, &slot().wait_ns, &slot().generation, &slot().slice_ns,
        &slot().voluntary_switches, &slot().involuntary_switches, &slot().wakeups,
        &slot().migrations}) {
    *counter += 5;
    EXPECT_TRUE(IsNew());
    EXPECT_FALSE(IsNew());
  }
}

// It woke up, ran and sleeps again, all between two looks: only these two say so.
TEST_F(TaskSharingTest, LatencyOfAWakeupBetweenTwoLooks) {
  slot().latency_buckets[16] = 1;
  slot().latency_sum_ns = slot().latency_max_ns = 16'500;
  ++slot().seq;
  EXPECT_TRUE(IsNew());
  EXPECT_EQ(task().stats.wakeup_latency_mean_ns, 16'500);
}

TEST_F(TaskSharingTest, WhatTheEngineSaysOfASleeper) {
  for (const TaskEngineView& view :
       {TaskEngineView{.vruntime_ns = 9}, TaskEngineView{.vruntime_ns = 9, .lag_ns = -10}}) {
    host.engine->view_ = view;  // of all tasks
    const TaskSnapshot now = Snapshot();
    for (const TaskEntry& entry : now.tasks) {
      EXPECT_EQ(entry.version, now.version);
      EXPECT_EQ(entry.info->stats.vruntime_ns, view.vruntime_ns);
      EXPECT_EQ(entry.info->stats.lag_ns, view.lag_ns);
    }
  }
}

TEST_F(TaskSharingTest, ATaskThatRunsOrWaitsIsAlwaysNew) {
  for (const uint32_t state : {SCHEDD_TASK_RUNNING, SCHEDD_TASK_UNDECIDED, SCHEDD_TASK_DECIDED}) {
    slot().state = state;
    EXPECT_TRUE(IsNew());
    EXPECT_TRUE(IsNew()) << "it may have latencies that nothing else shows";
  }
  slot().state = SCHEDD_TASK_SLEEPING;
  EXPECT_TRUE(IsNew());
  EXPECT_FALSE(IsNew());
}

TEST_F(TaskSharingTest, ANextOwnerThatIsAlikeIsNew) {
  host.kernel->EndTask(0);
  host.kernel->PutTask(0, {.tid = 1, .comm = "one", .cgroup_id = 2});
  EXPECT_TRUE(IsNew());
}

TEST_F(TaskSharingTest, APathThatIsFoundLater) {
  slot().cgroup_id = 55;
  EXPECT_TRUE(IsNew());
  EXPECT_EQ(task().cgroup_path, "");
  EXPECT_FALSE(IsNew());
  host.cgroups[55] = "late";
  clock.Move(CgroupPaths::kNegativeAge);
  EXPECT_TRUE(IsNew());
  EXPECT_EQ(task().cgroup_path, "/late");
}

TEST_F(TaskSharingTest, NothingIsSharedWithAFormerAttachment) {
  ASSERT_TRUE(parts->scheduler.Detach("").ok());
  Attach();
  host.kernel->PutTask(0, {.tid = 1, .comm = "one", .cgroup_id = 2});
  const TaskSnapshot now = Snapshot();
  EXPECT_GT(now.version, last_.version);
  ASSERT_EQ(now.tasks.size(), 1u);
  EXPECT_EQ(now.tasks[0].version, now.version);
}

// Slots are taken and left in any order.
TEST_F(TaskCatalogTest, IsSortedWhateverComesAndGoes) {
  uint32_t random = 1;
  std::map<uint32_t, int32_t> tids;  // by slot
  for (int round = 0; round < 200; ++round) {
    for (int change = 0; change < 4; ++change) {
      random = random * 1'664'525 + 1'013'904'223;
      const uint32_t slot = (random >> 8) % host.slots;
      if (tids.erase(slot) > 0) host.kernel->EndTask(slot);
      if ((random >> 16) % 3 == 0) continue;
      tids[slot] = static_cast<int32_t>((random >> 12) % 1000 * 16 + slot + 1);
      host.kernel->PutTask(slot, {.tid = tids[slot]});
    }
    std::vector<int32_t> expected;
    for (const auto& [slot, tid] : tids) expected.push_back(tid);
    std::ranges::sort(expected);
    std::vector<int32_t> shown;
    for (const TaskEntry& entry : Snapshot().tasks) {
      shown.push_back(entry.key.tid);
      EXPECT_EQ(entry.info->key, entry.key);
    }
    ASSERT_EQ(shown, expected);
  }
}

}  // namespace
}  // namespace schedd
