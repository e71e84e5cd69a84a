// SPDX-License-Identifier: Apache-2.0
#include "server/control/override_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/unit/control/fake_host.h"
#include "tests/unit/control/manual_time.h"

namespace schedd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class OverrideTableTest : public ::testing::Test {
 protected:
  void SetUp() override {
    host_.cgroups = {{1, ""}, {2, "a"}};
    table_.Reset(&kernel_.memory());
    // Two threads of one process, and one of another.
    kernel_.PutTask(1, {.tid = 10, .tgid = 10, .start_ns = 100, .comm = "web", .uid = 33});
    kernel_.PutTask(2, {.tid = 11, .tgid = 10, .start_ns = 110, .comm = "worker", .uid = 33});
    kernel_.PutTask(4, {.tid = 20, .start_ns = 200, .comm = "hog", .uid = 0, .cgroup_id = 2});
    table_.Refresh(attached_);
    table_.TakeSettings();
  }

  const std::function<bool()> attached_ = [] { return true; };

  // Each newer than the one before.
  Override Make(const std::string& id, const TaskSelector& selector, int32_t weight,
                std::optional<int64_t> slice_ns = {}) {
    Override made;
    made.id = id;
    made.spec = {.selector = selector, .weight = weight, .slice_ns = slice_ns};
    made.selector = *ParseSelector(selector);
    made.creation = ++created_;
    return made;
  }
  void Add(const std::string& id, const TaskSelector& selector, int32_t weight,
           std::optional<int64_t> slice_ns = {}) {
    table_.Add(Make(id, selector, weight, slice_ns));
  }

  // "slot: weight" or "slot: weight/slice", as the engine is told.
  std::vector<std::string> Told() {
    std::vector<std::string> told;
    for (const TaskSetting& setting : table_.TakeSettings()) {
      EXPECT_EQ(setting.key, kernel_.slot(setting.slot).key);
      told.push_back(
          absl::StrCat(setting.slot, ": ", setting.weight,
                       setting.slice_ns == 0 ? "" : absl::StrCat("/", setting.slice_ns)));
    }
    return told;
  }
  int32_t Count(const std::string& id) const { return table_.Find(id)->matched_task_count; }

  ManualClock clock_;
  FakeHost host_{&clock_};
  FakeKernel kernel_{&host_, LoadOptions()};
  CgroupPaths cgroups_{&host_, &clock_};
  OverrideTable table_{&cgroups_};
  int64_t created_ = 0;
};

TEST_F(OverrideTableTest, TheEngineIsToldOnceAndInTheOrderOfSlots) {
  Add("hog", {.comm = "hog"}, 9);
  Add("users", {.uid = 33}, 5, 700);
  EXPECT_THAT(Told(), ElementsAre("1: 5/700", "2: 5/700", "4: 9"));
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(OverrideTableTest, WhatIsUndoneBeforeItIsToldIsNotTold) {
  Add("a", {.comm = "hog"}, 9);
  table_.Remove("a");
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(OverrideTableTest, AnotherOneWithTheSameValuesIsNoNews) {
  Add("a", {.comm = "hog"}, 9, 700);
  Told();
  table_.Remove("a");
  Add("b", {.uid = 0}, 9, 700);
  EXPECT_THAT(Told(), IsEmpty());
  Add("c", {.comm = "hog"}, 9, 701);
  EXPECT_THAT(Told(), ElementsAre("4: 9/701"));
}

TEST_F(OverrideTableTest, ARemovedOneGivesWayToTheNext) {
  Add("all", {.cgroup_path = "/"}, 1);
  Add("user", {.uid = 33}, 2);  // newer, yet less specific
  Add("process", {.tgid = 10}, 3);
  Add("worker", {.comm = "worker"}, 4);  // newer, yet less specific
  EXPECT_THAT(Told(), ElementsAre("1: 3", "2: 3", "4: 1"));
  EXPECT_THAT((std::vector{Count("all"), Count("user"), Count("process"), Count("worker")}),
              ElementsAre(1, 0, 2, 0));
  table_.Remove("process");
  EXPECT_THAT(Told(), ElementsAre("1: 1", "2: 4"));
  EXPECT_THAT((std::vector{Count("all"), Count("user"), Count("worker")}), ElementsAre(2, 0, 1));
  table_.Remove("all");
  EXPECT_THAT(Told(), ElementsAre("1: 2", "4: 0"));
  table_.Remove("worker");
  EXPECT_THAT(Told(), ElementsAre("2: 2"));
  EXPECT_EQ(Count("user"), 2);
}

TEST_F(OverrideTableTest, CountsWhomACandidateWouldWin) {
  Add("worker", {.comm = "worker"}, 4);
  Add("process", {.tgid = 10, .comm = "web"}, 5);
  const auto count = [this](const TaskSelector& selector, const std::string& replaced) {
    return table_.CountMatches(Make("new", selector, 1), replaced);
  };
  EXPECT_EQ(count({.cgroup_path = "/"}, ""), 1);
  EXPECT_EQ(count({.cgroup_path = "/"}, "worker"), 2);
  EXPECT_EQ(count({.cgroup_path = "/"}, "process"), 2);
  EXPECT_EQ(count({.comm = "worker"}, ""), 1);  // newer of two alike
  EXPECT_EQ(count({.task = "tasks/10-100"}, ""), 1);
  EXPECT_EQ(count({.comm = "nobody"}, ""), 0);
  // Asking changes nothing.
  EXPECT_EQ(Count("worker"), 1);
  EXPECT_THAT(Told(), ElementsAre("1: 5", "2: 4"));
}

TEST_F(OverrideTableTest, BehindTheOneReplacedMayStandAnother) {
  Add("user", {.uid = 33}, 2);
  Add("comm", {.comm = "worker"}, 3);
  Add("process", {.tgid = 10}, 4);
  // Without "process": "worker" goes to "comm", "web" to "user".
  EXPECT_EQ(table_.CountMatches(Make("process", {.cgroup_path = "/"}, 1), "process"), 2);
  EXPECT_EQ(table_.CountMatches(Make("process", {.uid = 33}, 1), "process"), 1);
  EXPECT_EQ(table_.CountMatches(Make("process", {.comm = "worker"}, 1), "process"), 1);
}

TEST_F(OverrideTableTest, WhatIsAddedBeforeTheFirstLookMatchesWithIt) {
  table_.Reset(&kernel_.memory());
  Add("hog", {.comm = "hog"}, 9);
  EXPECT_EQ(Count("hog"), 0);
  EXPECT_THAT(Told(), IsEmpty());
  EXPECT_THAT(table_.Refresh(attached_), IsEmpty());
  EXPECT_EQ(Count("hog"), 1);
  EXPECT_THAT(Told(), ElementsAre("4: 9"));
}

TEST_F(OverrideTableTest, ANewAttachmentIsToldAnew) {
  Add("hog", {.comm = "hog"}, 9);
  EXPECT_THAT(Told(), ElementsAre("4: 9"));
  table_.Reset(nullptr);
  EXPECT_EQ(Count("hog"), 0);
  EXPECT_THAT(table_.Refresh(attached_), IsEmpty());
  EXPECT_THAT(Told(), IsEmpty());
  table_.Reset(&kernel_.memory());
  table_.Refresh(attached_);
  EXPECT_THAT(Told(), ElementsAre("4: 9"));
}

TEST_F(OverrideTableTest, OverridesOfWhatHasEndedAreRemoved) {
  Add("thread", {.task = "tasks/11-110"}, 4);
  Add("process", {.tgid = 20}, 5);
  Add("name", {.comm = "hog"}, 6);
  Add("both", {.task = "tasks/10-100", .tgid = 20}, 7);  // matches nobody, but both are there
  EXPECT_THAT(table_.Refresh(attached_), IsEmpty());
  kernel_.EndTask(2);
  kernel_.EndTask(4);
  EXPECT_THAT(table_.Refresh(attached_), ElementsAre("both", "process", "thread"));
  EXPECT_EQ(table_.overrides().size(), 1u);
  EXPECT_EQ(Count("name"), 0);
  EXPECT_THAT(Told(), IsEmpty());  // nobody is there to be told of
}

TEST_F(OverrideTableTest, SlotsThatTheDispatchersEndEmptiesAreNoEndedTasks) {
  Add("process", {.tgid = 20}, 5);
  kernel_.EndTask(4);
  EXPECT_THAT(table_.Refresh([] { return false; }), IsEmpty());
  EXPECT_EQ(table_.overrides().size(), 1u);
  // Asked only when it matters: it costs a look into the kernel's files.
  kernel_.PutTask(4, {.tid = 20, .start_ns = 200, .comm = "hog", .uid = 0, .cgroup_id = 2});
  const auto must_not_ask = []() -> bool {
    ADD_FAILURE();
    return true;
  };
  EXPECT_THAT(table_.Refresh(must_not_ask), IsEmpty());
  EXPECT_EQ(Count("process"), 1);
}

TEST_F(OverrideTableTest, AProcessIsKnownByTheStartOfItsFirstThread) {
  Add("process", {.tgid = 10}, 5);
  EXPECT_EQ(table_.Find("process")->process_start_ns, 100u);
  kernel_.EndTask(1);  // the first thread; the other lives on
  EXPECT_THAT(table_.Refresh(attached_), IsEmpty());
  EXPECT_EQ(Count("process"), 1);
  // Made now, its first thread cannot be known.
  Add("late", {.tgid = 10}, 6);
  EXPECT_FALSE(table_.Find("late")->process_start_ns.has_value());
  EXPECT_THAT(table_.Refresh(attached_), IsEmpty());
  // The number as a first thread's again: for "process" a stranger.
  kernel_.PutTask(1, {.tid = 10, .tgid = 10, .start_ns = 999});
  EXPECT_THAT(table_.Refresh(attached_), ElementsAre("process"));
}

TEST_F(OverrideTableTest, IsInForceForTheOwnerAndNotForTheSlot) {
  Add("hog", {.comm = "hog"}, 9);
  const uint32_t key = kernel_.slot(4).key;
  EXPECT_EQ(table_.InForce(4, key), table_.Find("hog"));
  EXPECT_EQ(table_.InForce(4, key + 2), nullptr);
  EXPECT_EQ(table_.InForce(1, kernel_.slot(1).key), nullptr);
  EXPECT_EQ(table_.InForce(99, key), nullptr);
  EXPECT_EQ(table_.Find("none"), nullptr);
}

TEST_F(OverrideTableTest, ANewOwnerBeginsWithNothing) {
  Add("hog", {.comm = "hog"}, 9);
  Told();
  kernel_.PutTask(4, {.tid = 30, .comm = "other"});
  table_.Refresh(attached_);
  EXPECT_EQ(Count("hog"), 0);
  EXPECT_THAT(Told(), IsEmpty());  // no "0" either: that is what it begins with
  kernel_.PutTask(4, {.tid = 31, .comm = "hog"});
  table_.Refresh(attached_);
  EXPECT_THAT(Told(), ElementsAre("4: 9"));
}

TEST_F(OverrideTableTest, CgroupsAreAskedForOnlyWhenASelectorNeedsThem) {
  Add("hog", {.comm = "hog"}, 9);
  table_.Refresh(attached_);
  EXPECT_EQ(host_.cgroup_questions, 0);
  Add("a", {.cgroup_path = "a"}, 5);
  EXPECT_EQ(host_.cgroup_questions, 1);  // for two tasks; "hog" has a more specific one
}

TEST_F(OverrideTableTest, ATaskWhoseCgroupIsGoneIsInNone) {
  kernel_.slot(4).cgroup_id = 77;
  table_.Refresh(attached_);
  Add("all", {.cgroup_path = "/"}, 5);
  EXPECT_THAT(Told(), ElementsAre("1: 5", "2: 5"));
}

}  // namespace
}  // namespace schedd
