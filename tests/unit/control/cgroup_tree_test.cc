// SPDX-License-Identifier: Apache-2.0
#include "server/control/cgroup_tree.h"

#include <gtest/gtest.h>

#include "tests/unit/control/fake_host.h"
#include "tests/unit/control/manual_time.h"

namespace schedd {
namespace {

class CgroupTreeTest : public ::testing::Test {
 protected:
  CgroupTreeTest() {
    host_.cgroups = {{1, ""}, {2, "a"}, {3, "a/b"}, {4, "a/b/c"}, {5, "d"}};
    tree_.Begin();
  }

  ManualClock clock_;
  FakeHost host_{&clock_};
  CgroupPaths paths_{&host_, &clock_};
  CgroupTree tree_{&host_, &clock_, &paths_};
};

TEST_F(CgroupTreeTest, WithoutWeightsAllIsTheRoot) {
  for (const uint64_t id : {1, 2, 3, 4, 5}) EXPECT_EQ(tree_.GroupOf(id), 0u);
  EXPECT_EQ(tree_.groups().size(), 1u);
}

TEST_F(CgroupTreeTest, ParentsComeFirstWithTheirWeights) {
  host_.cgroup_weights = {{"a", 50}, {"a/b", 300}, {"d", 10'000}};
  const size_t b = tree_.GroupOf(3);
  ASSERT_EQ(tree_.groups().size(), 3u);
  const size_t a = tree_.groups()[b].parent;
  EXPECT_LT(a, b);
  EXPECT_EQ(tree_.groups()[a].parent, 0u);
  EXPECT_EQ(tree_.groups()[a].weight, 50);
  EXPECT_EQ(tree_.groups()[b].weight, 300);
  EXPECT_EQ(tree_.groups()[tree_.GroupOf(5)].weight, 10'000);
  EXPECT_EQ(tree_.GroupOf(2), a);
}

TEST_F(CgroupTreeTest, AGroupWithoutTheControllerIsPartOfTheOneAbove) {
  host_.cgroup_weights = {{"a", 50}};
  EXPECT_EQ(tree_.GroupOf(4), tree_.GroupOf(2));
  EXPECT_EQ(tree_.groups().size(), 2u);
}

TEST_F(CgroupTreeTest, ACgroupThatIsGoneIsPartOfTheRoot) { EXPECT_EQ(tree_.GroupOf(99), 0u); }

TEST_F(CgroupTreeTest, MembersAreTheCgroupsAskedFor) {
  host_.cgroup_weights = {{"a", 50}};
  tree_.GroupOf(2);
  tree_.GroupOf(4);
  EXPECT_EQ(tree_.members().size(), 2u);
  EXPECT_EQ(tree_.members().at(4), 1u);
  tree_.Begin();
  EXPECT_TRUE(tree_.members().empty());
  EXPECT_EQ(tree_.groups().size(), 1u);
}

TEST_F(CgroupTreeTest, WeightsAreReadAgainAfterAWhile) {
  host_.cgroup_weights = {{"a", 50}};
  for (int i = 0; i < 5; ++i) {
    tree_.Begin();
    tree_.GroupOf(2);
  }
  EXPECT_EQ(host_.weight_questions, 1);
  host_.cgroup_weights = {{"a", 70}};
  clock_.Move(CgroupTree::kWeightAge);
  tree_.Begin();
  EXPECT_EQ(tree_.groups()[0].parent, 0u);
  EXPECT_EQ(tree_.groups()[tree_.GroupOf(2)].weight, 70);
  clock_.Jump(-absl::Hours(1));
  host_.cgroup_weights = {};  // the controller was disabled
  tree_.Begin();
  EXPECT_EQ(tree_.GroupOf(2), 0u) << "the wall clock was set back: age unknown";
}

TEST_F(CgroupTreeTest, GroupsWithoutTasksAreForgotten) {
  host_.cgroup_weights = {{"a", 50}};
  tree_.GroupOf(2);
  for (int i = 0; i < 101; ++i) tree_.Begin();
  tree_.GroupOf(2);
  EXPECT_EQ(host_.weight_questions, 2) << "the clock stands still: only forgetting asks again";
}

}  // namespace
}  // namespace schedd
