// SPDX-License-Identifier: Apache-2.0
#include "server/control/cgroup_paths.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/control/fake_host.h"
#include "tests/unit/control/manual_time.h"

namespace schedd {
namespace {

class CgroupPathsTest : public ::testing::Test {
 protected:
  ManualClock clock_;
  FakeHost host_{&clock_};
  CgroupPaths paths_{&host_, &clock_};
};

TEST_F(CgroupPathsTest, PathsBeginWithASlash) {
  host_.cgroups[5] = "system.slice/ssh.service";
  EXPECT_EQ(paths_.Path(1), "/");
  EXPECT_EQ(paths_.Path(5), "/system.slice/ssh.service");
}

TEST_F(CgroupPathsTest, AsksOnceForEachCgroup) {
  host_.cgroups[5] = "a";
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(paths_.Path(5), "/a");
    clock_.Move(absl::Hours(1));
  }
  EXPECT_EQ(host_.cgroup_questions, 1);
}

TEST_F(CgroupPathsTest, AsksAgainForOneThatIsGoneButNotAllTheTime) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(paths_.Path(9), "");
  EXPECT_EQ(host_.cgroup_questions, 1);
  clock_.Move(CgroupPaths::kNegativeAge);
  host_.cgroups[9] = "late";
  EXPECT_EQ(paths_.Path(9), "/late");
  EXPECT_EQ(host_.cgroup_questions, 2);
}

TEST_F(CgroupPathsTest, AClockSetBackDoesNotFreezeAnAnswer) {
  EXPECT_EQ(paths_.Path(9), "");
  clock_.Jump(-absl::Hours(5));
  host_.cgroups[9] = "late";
  EXPECT_EQ(paths_.Path(9), "/late");
}

TEST_F(CgroupPathsTest, IsBounded) {
  for (uint64_t id = 0; id < CgroupPaths::kMaxEntries; ++id) host_.cgroups[id] = "x";
  for (uint64_t id = 0; id < CgroupPaths::kMaxEntries; ++id) paths_.Path(id);
  const int asked = host_.cgroup_questions;
  paths_.Path(CgroupPaths::kMaxEntries - 1);
  EXPECT_EQ(host_.cgroup_questions, asked);  // still there
  paths_.Path(CgroupPaths::kMaxEntries);     // one too many: begins anew
  paths_.Path(0);
  EXPECT_EQ(host_.cgroup_questions, asked + 2);
}

TEST(NormalCgroupPathTest, Forms) {
  EXPECT_EQ(NormalCgroupPath("a/b"), "/a/b");
  EXPECT_EQ(NormalCgroupPath("/a/b/"), "/a/b");
  EXPECT_EQ(NormalCgroupPath("//a///b"), "/a/b");
  EXPECT_EQ(NormalCgroupPath("/"), "/");
  EXPECT_EQ(NormalCgroupPath("a/../b"), "");
  EXPECT_EQ(NormalCgroupPath("./a"), "");
  EXPECT_EQ(NormalCgroupPath("a..b/.c"), "/a..b/.c");
}

TEST(IsInCgroupTest, SubtreesAndNotPrefixesOfNames) {
  EXPECT_TRUE(IsInCgroup("/a", "/a"));
  EXPECT_TRUE(IsInCgroup("/a/b", "/a"));
  EXPECT_FALSE(IsInCgroup("/ab", "/a"));
  EXPECT_FALSE(IsInCgroup("/", "/a"));
  EXPECT_TRUE(IsInCgroup("/", "/"));
  EXPECT_TRUE(IsInCgroup("/a/b", "/"));
  EXPECT_FALSE(IsInCgroup("", "/"));  // gone
}

TEST_F(CgroupPathsTest, NamesAreTakenAsTheyAre) {
  // systemd's escapes, spaces, letters beyond ASCII, a line break.
  for (const char* name : {"system.slice/system-serial\\x2dgetty.slice", "a b/c", "caf\xc3\xa9",
                           "a\nb", "x\xff", "user@1000.service/app:1"}) {
    const uint64_t id = 100 + host_.cgroups.size();
    host_.cgroups[id] = name;
    EXPECT_EQ(paths_.Path(id), "/" + std::string(name));
    EXPECT_EQ(NormalCgroupPath(paths_.Path(id)), "/" + std::string(name));
  }
}

TEST_F(CgroupPathsTest, OneThatIsGoneIsAskedAgainExactlyWhenItsAnswerIsOld) {
  paths_.Path(9);
  clock_.Move(CgroupPaths::kNegativeAge - absl::Nanoseconds(1));
  paths_.Path(9);
  EXPECT_EQ(host_.cgroup_questions, 1);
  clock_.Move(absl::Nanoseconds(1));
  paths_.Path(9);
  EXPECT_EQ(host_.cgroup_questions, 2);
  // The age counts from the last answer.
  clock_.Move(CgroupPaths::kNegativeAge - absl::Nanoseconds(1));
  paths_.Path(9);
  EXPECT_EQ(host_.cgroup_questions, 2);
}

TEST_F(CgroupPathsTest, AskingAgainForOneThatIsGoneIsNoReasonToForgetTheOthers) {
  for (uint64_t id = 1; id < CgroupPaths::kMaxEntries; ++id) host_.cgroups[id] = "x";
  for (uint64_t id = 0; id < CgroupPaths::kMaxEntries; ++id) paths_.Path(id);
  clock_.Move(CgroupPaths::kNegativeAge);
  const int asked = host_.cgroup_questions;
  EXPECT_EQ(paths_.Path(0), "");
  EXPECT_EQ(paths_.Path(1), "/x");
  EXPECT_EQ(host_.cgroup_questions, asked + 1);
}

}  // namespace
}  // namespace schedd
