// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/host_files.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace schedd {
namespace {

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
  Write("/sys/devices/system/cpu/possible", "all\n");
  EXPECT_EQ(ReadCpuIdCount(root_).status().code(), absl::StatusCode::kInternal);
}

TEST_F(HostFilesTest, HotplugSequenceIsZeroWhereThereIsNone) {
  EXPECT_EQ(ReadHotplugSequence(root_), 0U);
  Write("/sys/kernel/sched_ext/hotplug_seq", "7\n");
  EXPECT_EQ(ReadHotplugSequence(root_), 7U);
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

}  // namespace
}  // namespace schedd
