// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/host_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace schedd {
namespace {

using ::testing::HasSubstr;
using Attachment = KernelState::Attachment;

// A directory laid out like a host's root.
class HostFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    root_ = testing::TempDir() + "/host_files_" + info->name() + "_" + std::to_string(getpid());
    std::filesystem::create_directories(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path full = root_ + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text;
  }

  std::string root_;
};

TEST_F(HostFilesTest, KernelWithoutSchedExtIsUnsupported) {
  const KernelState state = ReadSchedExtState(root_, "schedd");
  EXPECT_EQ(state.attachment, Attachment::kUnsupported);
  EXPECT_EQ(state.raw_state, "");
}

TEST_F(HostFilesTest, DisabledIsDetached) {
  Write("/sys/kernel/sched_ext/state", "disabled\n");
  const KernelState state = ReadSchedExtState(root_, "schedd");
  EXPECT_EQ(state.attachment, Attachment::kDetached);
  EXPECT_EQ(state.raw_state, "disabled");
  EXPECT_EQ(state.ops_name, "");
}

TEST_F(HostFilesTest, OnTheWayInIsNotAttachedYet) {
  Write("/sys/kernel/sched_ext/state", "enabling\n");
  Write("/sys/kernel/sched_ext/root/ops", "schedd\n");
  EXPECT_EQ(ReadSchedExtState(root_, "schedd").attachment, Attachment::kDetached);
}

struct NameCase {
  const char* ops_name;
  Attachment expected;
};

TEST_F(HostFilesTest, TellsOursFromOthersByTheWholeName) {
  const NameCase cases[] = {
      {"schedd", Attachment::kOurs},
      {"schedd_0.1.0", Attachment::kOurs},
      {"scheddx", Attachment::kForeign},
      {"simple", Attachment::kForeign},
      {"rustland_schedd", Attachment::kForeign},
  };
  Write("/sys/kernel/sched_ext/state", "enabled\n");
  for (const NameCase& c : cases) {
    Write("/sys/kernel/sched_ext/root/ops", std::string(c.ops_name) + "\n");
    const KernelState state = ReadSchedExtState(root_, "schedd");
    EXPECT_EQ(state.attachment, c.expected) << c.ops_name;
    EXPECT_EQ(state.ops_name, c.ops_name);
  }
}

TEST_F(HostFilesTest, NoStateButEnabledIsAttached) {
  Write("/sys/kernel/sched_ext/root/ops", "schedd\n");
  for (const char* state : {"enabling", "disabling", "disabled", "a newer word", ""}) {
    Write("/sys/kernel/sched_ext/state", std::string(state) + "\n");
    const KernelState read = ReadSchedExtState(root_, "schedd");
    EXPECT_EQ(read.attachment, Attachment::kDetached) << state;
    EXPECT_EQ(read.raw_state, state);
    EXPECT_EQ(read.ops_name, "") << state;
  }
}

TEST_F(HostFilesTest, OursIsWhatTheCallerSays) {
  Write("/sys/kernel/sched_ext/state", "enabled\n");
  Write("/sys/kernel/sched_ext/root/ops", "schedd_0_1_0\n");
  EXPECT_EQ(ReadSchedExtState(root_, "schedd_0_1_0").attachment, Attachment::kOurs);
  EXPECT_EQ(ReadSchedExtState(root_, "schedd_0_1").attachment, Attachment::kOurs);
  EXPECT_EQ(ReadSchedExtState(root_, "schedd_0_1_0_x").attachment, Attachment::kForeign);
  EXPECT_EQ(ReadSchedExtState(root_, "other").attachment, Attachment::kForeign);
}

TEST_F(HostFilesTest, GoneBetweenTheTwoReadsIsDetached) {
  Write("/sys/kernel/sched_ext/state", "enabled\n");
  EXPECT_EQ(ReadSchedExtState(root_, "schedd").attachment, Attachment::kDetached);
}

struct CpuCase {
  const char* text;
  uint32_t expected;
};

TEST_F(HostFilesTest, CountsCpuIdsFromTheHighestPossible) {
  const CpuCase cases[] = {{"0\n", 1}, {"0-3\n", 4}, {"0-3,8-11\n", 12}, {"0,2\n", 3}};
  for (const CpuCase& c : cases) {
    Write("/sys/devices/system/cpu/possible", c.text);
    const absl::StatusOr<uint32_t> count = ReadCpuIdCount(root_);
    ASSERT_TRUE(count.ok()) << count.status();
    EXPECT_EQ(*count, c.expected) << c.text;
  }
}

TEST_F(HostFilesTest, RefusesAListOfCpusThatItCannotRead) {
  EXPECT_EQ(ReadCpuIdCount(root_).status().code(), absl::StatusCode::kNotFound);
  for (const char* text : {"all", "", "0-", "0-3,", "0-x", "3 4", "0-99999999999"}) {
    Write("/sys/devices/system/cpu/possible", std::string(text) + "\n");
    const absl::Status status = ReadCpuIdCount(root_).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string("CPUs: ") + text));
  }
}

TEST_F(HostFilesTest, ABootArgumentIsTheWholeWord) {
  EXPECT_EQ(ReadBootArgument(root_, "isolcpus"), "");
  Write("/proc/cmdline", "ro noisolcpus=1 isolcpus=nohz,domain,2-3 isolcpus=4 quiet isolcpus\n");
  EXPECT_EQ(ReadBootArgument(root_, "isolcpus"), "isolcpus=nohz,domain,2-3");
  EXPECT_EQ(ReadBootArgument(root_, "quiet"), "");
}

TEST_F(HostFilesTest, HotplugSequenceIsZeroWhereThereIsNone) {
  EXPECT_EQ(ReadHotplugSequence(root_), 0U);
  Write("/sys/kernel/sched_ext/hotplug_seq", "7\n");
  EXPECT_EQ(ReadHotplugSequence(root_), 7U);
  Write("/sys/kernel/sched_ext/hotplug_seq", "18446744073709551615\n");
  EXPECT_EQ(ReadHotplugSequence(root_), UINT64_MAX);
}

TEST_F(HostFilesTest, AHotplugSequenceThatIsNoNumberIsNone) {
  for (const char* text : {"", "many", "-1", "7 8"}) {
    Write("/sys/kernel/sched_ext/hotplug_seq", text);
    EXPECT_EQ(ReadHotplugSequence(root_), 0U) << text;
  }
}

TEST_F(HostFilesTest, AddsMinorAndMajorFaults) {
  // A command name with a blank and a parenthesis in it must not shift the fields.
  Write("/proc/self/task/42/stat", "42 (a) b) S 1 2 3 4 5 6 100 7 23 8 9 10\n");
  const absl::StatusOr<int64_t> faults = ReadPageFaults(root_, 42);
  ASSERT_TRUE(faults.ok()) << faults.status();
  EXPECT_EQ(*faults, 123);
}

TEST_F(HostFilesTest, FaultsOfAThreadThatIsGoneAreAnError) {
  EXPECT_EQ(ReadPageFaults(root_, 42).status().code(), absl::StatusCode::kNotFound);
  Write("/proc/self/task/42/stat", "42 (short) S 1\n");
  EXPECT_EQ(ReadPageFaults(root_, 42).status().code(), absl::StatusCode::kInternal);
}

TEST_F(HostFilesTest, AStatFileThatCannotBeUnderstoodIsAnError) {
  const char* const texts[] = {"", "42 (a) S 1 2 3 4 5 6 x 7 23", "42 (a) S 1 2 3 4 5 6 100 7 x",
                               "42 (a) S 1 2 3 4 5 6 100 7"};
  for (const char* text : texts) {
    Write("/proc/self/task/42/stat", text);
    const absl::Status status = ReadPageFaults(root_, 42).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr("thread 42"));
  }
}

TEST(HostFilesOnThisHostTest, FaultsOfThisThreadGrowWithNewPages) {
  const auto tid = static_cast<int32_t>(syscall(SYS_gettid));
  const absl::StatusOr<int64_t> before = ReadPageFaults("", tid);
  ASSERT_TRUE(before.ok()) << before.status();
  std::vector<char> pages(64 << 20, 1);
  const absl::StatusOr<int64_t> after = ReadPageFaults("", tid);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_GT(*after, *before);
  EXPECT_EQ(pages.back(), 1);
}

TEST_F(HostFilesTest, CgroupPathWithoutAMountIsAnError) {
  EXPECT_FALSE(ReadCgroupPath(root_ + "/nowhere", 1).ok());
}

TEST_F(HostFilesTest, AMountThatIsAFileIsNamed) {
  Write("/file", "");
  const absl::Status status = ReadCgroupPath(root_ + "/file", 1).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot open " + root_ + "/file"));
}

TEST_F(HostFilesTest, ADirectoryThatIsNoCgroupIsAnErrorAndLeavesNoDescriptor) {
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  const auto before = descriptors();
  const absl::Status status = ReadCgroupPath(root_, 4711).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("cgroup 4711"));
  EXPECT_EQ(descriptors(), before);
}

TEST_F(HostFilesTest, TheWeightOfACgroup) {
  Write("/cgroup/a/b/cpu.weight", "250\n");
  EXPECT_EQ(ReadCgroupWeight(root_ + "/cgroup", "a/b").value_or(-1), 250);
}

TEST_F(HostFilesTest, AnIdleCgroupHasTheLeastWeight) {
  Write("/cgroup/idle/cpu.weight", "0\n");
  EXPECT_EQ(ReadCgroupWeight(root_ + "/cgroup", "idle").value_or(-1), 1);
}

TEST_F(HostFilesTest, TheRootAndACgroupWithoutTheCpuControllerHaveNoWeight) {
  Write("/cgroup/a/cgroup.procs", "");
  EXPECT_TRUE(absl::IsNotFound(ReadCgroupWeight(root_ + "/cgroup", "").status()));
  EXPECT_TRUE(absl::IsNotFound(ReadCgroupWeight(root_ + "/cgroup", "a").status()));
}

TEST_F(HostFilesTest, AWeightThatCannotBeUnderstoodIsAnError) {
  for (const char* text : {"max\n", "", "-5\n"}) {
    Write("/cgroup/a/cpu.weight", text);
    EXPECT_TRUE(absl::IsInternal(ReadCgroupWeight(root_ + "/cgroup", "a").status())) << text;
  }
}

// The number of a cgroup is that of its directory's inode.
TEST(HostFilesOnThisHostTest, CgroupsAreFoundByTheirNumbers) {
  const std::string mount = "/sys/fs/cgroup";
  struct stat root = {};
  if (!std::filesystem::exists(mount + "/cgroup.controllers") || stat(mount.c_str(), &root) != 0)
    GTEST_SKIP() << "cgroup v2 is not mounted at " << mount;
  const absl::StatusOr<std::string> path = ReadCgroupPath(mount, root.st_ino);
  if (absl::IsPermissionDenied(path.status())) GTEST_SKIP() << "needs CAP_DAC_READ_SEARCH";
  ASSERT_TRUE(path.ok()) << path.status();
  EXPECT_EQ(*path, "");
  for (const auto& entry : std::filesystem::directory_iterator(mount)) {
    struct stat child = {};
    if (!entry.is_directory() || stat(entry.path().c_str(), &child) != 0) continue;
    const absl::StatusOr<std::string> name = ReadCgroupPath(mount, child.st_ino);
    if (absl::IsNotFound(name.status())) continue;  // gone meanwhile
    ASSERT_TRUE(name.ok()) << name.status();
    EXPECT_EQ(*name, entry.path().filename());
  }
}

}  // namespace
}  // namespace schedd
