// SPDX-License-Identifier: Apache-2.0
#include "server/policy/cgroup_shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace schedd {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

constexpr double kExact = 1e-9;

GroupMember Hog(size_t group, double weight = 100) { return {group, weight, 1}; }

TEST(DivideAmongGroupsTest, OutsideOfGroupsATaskKeepsItsWeight) {
  EXPECT_THAT(DivideAmongGroups(std::vector<WeightedGroup>(1), std::vector{Hog(0), Hog(0, 300)}),
              ElementsAre(1));
}

TEST(DivideAmongGroupsTest, AGroupGetsItsWeightHoweverManyAreInIt) {
  const std::vector<WeightedGroup> groups = {{}, {.weight = 100}, {.weight = 300}};
  const std::vector<GroupMember> members = {Hog(1), Hog(1), Hog(1), Hog(1), Hog(2)};
  EXPECT_THAT(DivideAmongGroups(groups, members),
              ElementsAre(1, DoubleNear(0.25, kExact), DoubleNear(3, kExact)));
}

TEST(DivideAmongGroupsTest, InsideAGroupNiceDivides) {
  const std::vector<WeightedGroup> groups = {{}, {.weight = 200}};
  const std::vector<GroupMember> members = {Hog(1, 100), Hog(1, 300)};
  const std::vector<double> factors = DivideAmongGroups(groups, members);
  EXPECT_NEAR(100 * factors[1], 50, kExact);
  EXPECT_NEAR(300 * factors[1], 150, kExact);
}

// root: a task and "slice" (100); slice: a task and "service" (300); service: two tasks.
TEST(DivideAmongGroupsTest, ATaskCompetesWithTheGroupsBesideIt) {
  const std::vector<WeightedGroup> groups = {
      {}, {.parent = 0, .weight = 100}, {.parent = 1, .weight = 300}};
  const std::vector<GroupMember> members = {Hog(0), Hog(1), Hog(2), Hog(2)};
  const std::vector<double> factors = DivideAmongGroups(groups, members);
  EXPECT_NEAR(100 * factors[1], 25, kExact);
  EXPECT_NEAR(100 * factors[2], 37.5, kExact);
}

TEST(DivideAmongGroupsTest, AGroupWhereAllSleepTakesNothingFromThoseBesideIt) {
  const std::vector<WeightedGroup> groups = {{}, {.parent = 0}, {.parent = 1}, {.parent = 1}};
  const std::vector<GroupMember> members = {Hog(2), {.group = 3, .weight = 100, .activity = 0}};
  const std::vector<double> factors = DivideAmongGroups(groups, members);
  EXPECT_NEAR(factors[2], 1, kExact);
  EXPECT_NEAR(factors[3], 1, kExact) << "what it would have if one task woke";
}

// A task that runs a hundredth of the time is no reason to give the hog beside it half.
TEST(DivideAmongGroupsTest, TasksCountAsFarAsTheyAreActive) {
  const std::vector<WeightedGroup> groups = {{}, {}};
  const std::vector<GroupMember> members = {Hog(1), {.group = 1, .weight = 100, .activity = 0.01}};
  EXPECT_NEAR(DivideAmongGroups(groups, members)[1], 100 / 101.0, kExact);
}

TEST(DivideAmongGroupsTest, GroupsCountAsFarAsTheyAreActive) {
  const std::vector<WeightedGroup> groups = {{}, {.parent = 0}, {.parent = 1}, {.parent = 1}};
  const std::vector<GroupMember> members = {Hog(2), {.group = 3, .weight = 100, .activity = 0.25}};
  EXPECT_NEAR(DivideAmongGroups(groups, members)[2], 100 / 125.0, kExact);
}

TEST(DivideAmongGroupsTest, ATaskThatSleepsMostlyHasNoMoreThanItsGroup) {
  const std::vector<WeightedGroup> groups = {{}, {.weight = 50}};
  const std::vector<GroupMember> members = {{.group = 1, .weight = 100, .activity = 0.001}};
  EXPECT_NEAR(100 * DivideAmongGroups(groups, members)[1], 50, kExact);
}

TEST(DivideAmongGroupsTest, AMemberOfNoGroupIsNobody) {
  EXPECT_THAT(DivideAmongGroups(std::vector<WeightedGroup>(1), std::vector{Hog(7)}),
              ElementsAre(1));
}

// For hogs the weights of all tasks below a group add up to its share, at every level.
TEST(DivideAmongGroupsTest, WhatMembersGetAddsUp) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<WeightedGroup> groups(1);
    std::vector<GroupMember> members = {Hog(0)};
    for (size_t group = 1; group < 12; ++group) {
      groups.push_back({.parent = random() % group, .weight = 1.0 + random() % 1'000});
      for (int i = 0; i < 3; ++i) members.push_back(Hog(group, 1.0 + random() % 1'000));
    }
    const std::vector<double> factors = DivideAmongGroups(groups, members);
    std::vector<double> sums(groups.size());
    for (const GroupMember& member : members) {
      sums[member.group] += member.weight * factors[member.group];
    }
    for (size_t group = groups.size(); group-- > 1;) {
      EXPECT_NEAR(sums[group] / (groups[group].weight * factors[groups[group].parent]), 1, 1e-6);
      sums[groups[group].parent] += sums[group];
    }
  }
}

TEST(ChooseWeightScaleTest, OrdinaryWeightsStay) {
  EXPECT_EQ(ChooseWeightScale(1, {.least = 25, .greatest = 400}), 1);
}

TEST(ChooseWeightScaleTest, SmallOnesAreMadeLargeEnoughToBeToldApart) {
  const double scale = ChooseWeightScale(1, {.least = 0.5, .greatest = 10});
  EXPECT_NEAR(0.5 * scale, 34, kExact);
  EXPECT_EQ(ChooseWeightScale(scale, {.least = 0.4, .greatest = 10}), scale) << "good enough";
  EXPECT_GT(ChooseWeightScale(scale, {.least = 0.2, .greatest = 10}), scale);
}

TEST(ChooseWeightScaleTest, TheGreatestStaysWithinTheRange) {
  EXPECT_NEAR(ChooseWeightScale(1, {.least = 0.01, .greatest = 400}), 25, kExact);
  EXPECT_NEAR(ChooseWeightScale(50, {.least = 30, .greatest = 10'000}), 1, kExact);
}

TEST(ChooseWeightScaleTest, AScaleThatIsNeededNoMoreGoes) {
  EXPECT_EQ(ChooseWeightScale(68, {.least = 100, .greatest = 100}), 1);
}

TEST(ChooseWeightScaleTest, WithoutAnybodyItStays) {
  EXPECT_EQ(ChooseWeightScale(7, {}), 7);
  EXPECT_EQ(ChooseWeightScale(7, {.least = 5, .greatest = 1}), 7);
}

// Whatever the range, the choice is kept the next time: it does not swing.
TEST(ChooseWeightScaleTest, IsStable) {
  std::mt19937 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const double least = 10'000.0 / static_cast<double>(1 + random() % 1'000'000);
    const double greatest = std::min(10'000.0, least * static_cast<double>(1 + random() % 100'000));
    const WeightRange range = {.least = least, .greatest = greatest};
    const double first = ChooseWeightScale(1 + static_cast<double>(random() % 100), range);
    EXPECT_EQ(ChooseWeightScale(first, range), first) << least << " " << greatest;
    EXPECT_LE(greatest * first, 10'000 * (1 + kExact));
  }
}

TEST(CgroupSharesTest, FactorsAreByCgroup) {
  const CgroupShares shares = {.factors = {{5, 0.5}}, .unknown_factor = 0.1, .scale = 1};
  EXPECT_EQ(shares.Factor(5), 0.5);
  EXPECT_EQ(shares.Factor(6), 0.1);
  EXPECT_EQ(CgroupShares().Factor(5), 1);
}

}  // namespace
}  // namespace schedd
