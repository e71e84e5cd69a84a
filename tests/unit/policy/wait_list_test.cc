// SPDX-License-Identifier: Apache-2.0
//
// The list of waiting tasks by itself: its order, and the search for waits that are over.
#include "server/policy/wait_list.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/unit/policy/fake_waits.h"

namespace schedd {
namespace {

using Stage = VruntimeTask::Stage;

class WaitListTest : public ::testing::Test {
 protected:
  static constexpr size_t kTasks = 1000;

  // Waits for a CPU in the kernel since then, in its wait number 1.
  void Add(TaskId id, int64_t since_ns) {
    tasks_[id].sequence = 1;
    tasks_[id].stage = Stage::kHandedOver;
    list_.Add(tasks_[id], since_ns);
  }
  TaskId Oldest() { return static_cast<TaskId>(&list_.oldest() - tasks_.data()); }
  // All of them, oldest first; the list is empty then.
  std::vector<TaskId> TakeAll() {
    std::vector<TaskId> all;
    while (!list_.empty()) {
      all.push_back(Oldest());
      list_.Remove(tasks_[Oldest()]);
    }
    return all;
  }
  // How many of the first `count` tasks are still taken to be waiting.
  size_t HandedOver(TaskId count) const {
    size_t found = 0;
    for (TaskId id = 0; id < count; ++id) found += tasks_[id].stage == Stage::kHandedOver;
    return found;
  }

  std::vector<VruntimeTask> tasks_{kTasks};
  testing::FakeWaits waits_{kTasks};
  WaitList list_{tasks_};
};

TEST_F(WaitListTest, TheLongestWaitIsFirst) {
  EXPECT_TRUE(list_.empty());
  Add(7, 100);
  Add(3, 200);
  Add(5, 300);
  EXPECT_EQ(list_.size(), 3u);
  EXPECT_EQ(Oldest(), 7u);
  EXPECT_EQ(list_.oldest_since_ns(), 100);
  EXPECT_EQ(TakeAll(), (std::vector<TaskId>{7, 3, 5}));
  EXPECT_TRUE(list_.empty());
}

TEST_F(WaitListTest, WaitsThatBeganTogetherStayInTheOrderInWhichTheyCame) {
  for (const TaskId id : {4u, 2u, 9u}) Add(id, 100);
  EXPECT_EQ(TakeAll(), (std::vector<TaskId>{4, 2, 9}));
}

TEST_F(WaitListTest, AWaitThatIsHeardOfLateComesToItsPlace) {
  Add(1, 100);
  Add(2, 300);
  Add(3, 200);
  Add(4, 50);
  EXPECT_EQ(TakeAll(), (std::vector<TaskId>{4, 1, 3, 2}));
}

// Two hundred clients that call without a pause: a wait that went on after a turn of nothing was
// put behind a hundred that began half a second later.
TEST_F(WaitListTest, InTheMidstOfManyItComesToItsPlace) {
  for (TaskId id = 0; id < 500; ++id) Add(id, 10 * id);
  Add(500, 10 * 40 + 5);
  Add(501, 10 * 495 + 5);
  Add(502, 10 * 250 + 5);
  Add(503, 10 * 250 + 4);
  EXPECT_EQ(list_.size(), 504u);
  const std::vector<TaskId> all = TakeAll();
  ASSERT_EQ(all.size(), 504u);
  EXPECT_EQ(all[41], 500u);
  EXPECT_EQ(all[252], 503u);
  EXPECT_EQ(all[253], 502u);
  EXPECT_EQ(all[499], 501u);
}

TEST_F(WaitListTest, EachPolicyHasAnOrderOfItsOwn) {
  const auto policies = [this] {
    std::vector<int> found;
    list_.ForEachPolicy([&](PolicyIndex policy) { found.push_back(policy); });
    return found;
  };
  EXPECT_EQ(policies(), (std::vector<int>{}));
  for (TaskId id = 0; id < 6; ++id) tasks_[id].policy = id % 2 == 0 ? 63 : 5;
  for (TaskId id = 0; id < 6; ++id) Add(id, 100 - id);
  EXPECT_EQ(list_.size(), 6u);
  EXPECT_EQ(policies(), (std::vector<int>{5, 63}));
  EXPECT_EQ(&list_.oldest(5), &tasks_[5]);
  EXPECT_EQ(list_.oldest_since_ns(63), 96);
  // The policy that a task had when its wait began counts.
  tasks_[5].policy = 7;
  for (const TaskId id : {5u, 3u, 1u}) list_.Remove(tasks_[id]);
  EXPECT_EQ(policies(), (std::vector<int>{63}));
  EXPECT_EQ(list_.size(), 3u);
}

TEST_F(WaitListTest, SweepGoesFromPolicyToPolicyAndRoundAgain) {
  for (TaskId id = 0; id < 6; ++id) tasks_[id].policy = static_cast<PolicyIndex>(id / 2 * 31);
  for (TaskId id = 0; id < 6; ++id) Add(id, id);
  for (const TaskId id : {1u, 2u, 3u, 5u}) waits_.End(id, 1);
  list_.Sweep(waits_, 100, 5);
  EXPECT_EQ(HandedOver(6), 3u);
  list_.Sweep(waits_, 100, 2);  // 5, 0
  EXPECT_EQ(HandedOver(6), 2u);
  EXPECT_EQ(tasks_[0].stage, Stage::kHandedOver);
  EXPECT_EQ(tasks_[4].stage, Stage::kHandedOver);
  EXPECT_EQ(waits_.asked(), 7);
}

TEST_F(WaitListTest, SweepSeesThoseInTheMidstToo) {
  for (TaskId id = 0; id < 20; ++id) Add(id, 10 * id);
  Add(20, 25);
  Add(21, 15);
  for (const TaskId id : {3u, 20u, 21u}) waits_.End(id, 1);
  list_.Sweep(waits_, 100, 100);
  EXPECT_EQ(waits_.asked(), 22);
  EXPECT_EQ(list_.size(), 19u);
  EXPECT_EQ(HandedOver(22), 19u);
  list_.Sweep(waits_, 3, 100);  // goes on, round again
  EXPECT_EQ(waits_.asked(), 25);
}

TEST_F(WaitListTest, ATaskAddedAnewIsWhereItsNewWaitBegan) {
  for (TaskId id = 0; id < 20; ++id) Add(id, 10 * id);
  Add(20, 5);
  EXPECT_EQ(Oldest(), 0u);
  list_.Remove(tasks_[20]);
  Add(20, 500);
  list_.Remove(tasks_[0]);
  Add(0, 45);
  const std::vector<TaskId> all = TakeAll();
  EXPECT_EQ(all.front(), 1u);
  EXPECT_EQ(all[4], 0u);
  EXPECT_EQ(all.back(), 20u);
}

TEST_F(WaitListTest, SweepTakesOutTheWaitsThatAreOver) {
  for (TaskId id = 0; id < 6; ++id) Add(id, id);
  waits_.End(1, 1);
  waits_.End(4, 1);
  list_.Sweep(waits_, 100, 100);
  EXPECT_EQ(tasks_[1].stage, Stage::kAway);
  EXPECT_EQ(tasks_[4].stage, Stage::kAway);
  EXPECT_EQ(HandedOver(6), 4u);
  EXPECT_EQ(TakeAll(), (std::vector<TaskId>{0, 2, 3, 5}));
}

TEST_F(WaitListTest, SweepDoesNotAskOfWhatThePolicyItselfHolds) {
  Add(0, 0);
  tasks_[0].stage = Stage::kQueued;
  waits_.End(0, 1);
  list_.Sweep(waits_, 100, 100);
  EXPECT_EQ(waits_.asked(), 0);
  EXPECT_EQ(list_.size(), 1u);
}

TEST_F(WaitListTest, SweepEndsWithEnoughThatWait) {
  for (TaskId id = 0; id < 10; ++id) Add(id, id);
  waits_.End(0, 1);
  list_.Sweep(waits_, 3, 100);
  EXPECT_EQ(waits_.asked(), 4);  // three that wait, and the one that did not
}

TEST_F(WaitListTest, SweepLooksAtNoMoreThanItMayInAll) {
  for (TaskId id = 0; id < 10; ++id) Add(id, id);
  for (TaskId id = 0; id < 10; ++id) waits_.End(id, 1);
  list_.Sweep(waits_, 100, 4);
  EXPECT_EQ(waits_.asked(), 4);
  EXPECT_EQ(list_.size(), 6u);
}

TEST_F(WaitListTest, SweepNeverLooksTwiceAtOneInTheSameCall) {
  for (TaskId id = 0; id < 3; ++id) Add(id, id);
  list_.Sweep(waits_, 100, 100);
  EXPECT_EQ(waits_.asked(), 3);
}

TEST_F(WaitListTest, SweepGoesOnWhereItStoppedAndRoundAgain) {
  for (TaskId id = 0; id < 5; ++id) Add(id, id);
  list_.Sweep(waits_, 100, 3);  // 0, 1, 2
  waits_.End(0, 1);
  waits_.End(3, 1);
  list_.Sweep(waits_, 100, 2);  // 3, 4
  EXPECT_EQ(tasks_[0].stage, Stage::kHandedOver);
  EXPECT_EQ(tasks_[3].stage, Stage::kAway);
  list_.Sweep(waits_, 100, 1);  // 0
  EXPECT_EQ(tasks_[0].stage, Stage::kAway);
}

TEST_F(WaitListTest, TheOneToLookAtNextMayBeRemoved) {
  for (TaskId id = 0; id < 4; ++id) Add(id, id);
  list_.Sweep(waits_, 100, 1);
  list_.Remove(tasks_[1]);
  waits_.End(2, 1);
  list_.Sweep(waits_, 100, 1);
  EXPECT_EQ(tasks_[2].stage, Stage::kAway);
  EXPECT_EQ(TakeAll(), (std::vector<TaskId>{0, 3}));
}

TEST_F(WaitListTest, SweepOfNothing) {
  list_.Sweep(waits_, 100, 100);
  Add(0, 0);
  list_.Remove(tasks_[0]);
  list_.Sweep(waits_, 100, 100);
  EXPECT_EQ(waits_.asked(), 0);
}

TEST_F(WaitListTest, OneAskedForByItself) {
  Add(0, 0);
  Add(1, 1);
  waits_.End(0, 1);
  EXPECT_FALSE(list_.StillWaits(waits_, tasks_[0]));
  EXPECT_TRUE(list_.StillWaits(waits_, tasks_[1]));
  EXPECT_EQ(Oldest(), 1u);
}

}  // namespace
}  // namespace schedd
