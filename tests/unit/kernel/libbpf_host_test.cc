// SPDX-License-Identifier: Apache-2.0
//
// What the production backend says on this machine, whatever it is, without loading anything.
#include "server/kernel/libbpf_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "server/kernel/host_files.h"

namespace schedd {
namespace {

using ::testing::HasSubstr;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLocksMemory = false;  // their mlockall() does nothing
#else
constexpr bool kLocksMemory = true;
#endif

// Exit code of `body` in a process of its own, since what it does to itself stays.
template <typename Body>
int InChild(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(LibbpfHostTest, StateIsThatOfTheHostsFiles) {
  const KernelState state = MakeLibbpfHost()->ReadState();
  const KernelState expected = ReadSchedExtState("", "schedd");
  EXPECT_EQ(state.attachment, expected.attachment);
  EXPECT_EQ(state.raw_state, expected.raw_state);
  EXPECT_EQ(state.ops_name, expected.ops_name);
}

TEST(LibbpfHostTest, WithoutSchedExtNothingIsLoadedAndTheSentenceSaysWhatToDo) {
  const std::unique_ptr<KernelHost> host = MakeLibbpfHost();
  if (host->ReadState().attachment != KernelState::Attachment::kUnsupported)
    GTEST_SKIP() << "this kernel has sched_ext";
  const absl::Status status = host->Load(LoadOptions()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(status.message()), HasSubstr("CONFIG_SCHED_CLASS_EXT=y"));
}

TEST(LibbpfHostTest, ACgroupThatIsNotThereIsAnError) {
  EXPECT_FALSE(MakeLibbpfHost()->CgroupPath(UINT64_MAX).ok());
}

TEST(LibbpfHostTest, FaultsAreThoseOfAThreadOfThisProcess) {
  const std::unique_ptr<KernelHost> host = MakeLibbpfHost();
  const auto tid = static_cast<int32_t>(syscall(SYS_gettid));
  const absl::StatusOr<int64_t> faults = host->PageFaultCount(tid);
  ASSERT_TRUE(faults.ok()) << faults.status();
  EXPECT_GT(*faults, 0);
  EXPECT_EQ(host->PageFaultCount(0).status().code(), absl::StatusCode::kNotFound);
}

// In a child without any privilege or limit to lock.
TEST(LibbpfHostTest, MemoryThatCannotBeLockedIsExplained) {
  if (!kLocksMemory) GTEST_SKIP() << "a sanitizer does not lock memory";
  const int code = InChild([] {
    const rlimit none = {};
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct capabilities[_LINUX_CAPABILITY_U32S_3] = {};
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0) return 1;
    if (syscall(SYS_capset, &header, capabilities) != 0) return 2;
    const absl::Status status = MakeLibbpfHost()->PrepareSchedulingThread();
    if (status.code() != absl::StatusCode::kPermissionDenied) return 3;
    return absl::string_view(status.message()).find("LimitMEMLOCK") != std::string::npos ? 0 : 4;
  });
  EXPECT_EQ(code, 0);
}

constexpr int kNotAllowed = 77;

// As of /proc/self/status; 0 when it does not say.
int64_t LockedKilobytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    int64_t kilobytes = 0;
    if (word == "VmLck:" && status >> kilobytes) return kilobytes;
  }
  return 0;
}

// Stacks of threads that start later, for one, while the machine swaps.
TEST(LibbpfHostTest, WhatIsMappedLaterIsLockedAsWell) {
  if (!kLocksMemory) GTEST_SKIP() << "a sanitizer does not lock memory";
  const int code = InChild([] {
    constexpr size_t kBytes = 64 * 1024;  // within the limit of a user without privileges
    if (!MakeLibbpfHost()->PrepareSchedulingThread().ok()) return kNotAllowed;
    const int64_t before = LockedKilobytes();
    void* later = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (later == MAP_FAILED) return 1;
    return LockedKilobytes() - before >= static_cast<int64_t>(kBytes / 1024) ? 0 : 2;
  });
  if (code == kNotAllowed) GTEST_SKIP() << "this user may not lock memory";
  EXPECT_EQ(code, 0);
}

TEST(LibbpfHostTest, ThePreparedThreadsTimersAreExact) {
  const int code = InChild([] {
    if (!MakeLibbpfHost()->PrepareSchedulingThread().ok()) return kNotAllowed;
    return prctl(PR_GET_TIMERSLACK) == 1 ? 0 : 1;
  });
  if (code == kNotAllowed) GTEST_SKIP() << "this user may not lock memory";
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace schedd
