// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#include "server/daemon/stop_signal.h"

namespace schedd::daemon {
namespace {

using ::testing::HasSubstr;

TEST(ProcessTest, OutOfMemoryScoreIsTheLastButOne) {
  const std::string path = ::testing::TempDir() + "oom_score_adj";
  ASSERT_TRUE(ProtectFromOutOfMemory(path).ok());
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), "-999");
  unlink(path.c_str());
}

TEST(ProcessTest, ScoreThatCannotBeWrittenIsExplained) {
  const absl::Status status = ProtectFromOutOfMemory("/nonexistent/oom_score_adj");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nonexistent/oom_score_adj"));
}

TEST(ProcessTest, KernelReleaseIsThatOfUname) {
  utsname names;
  ASSERT_EQ(uname(&names), 0);
  EXPECT_EQ(KernelRelease(), names.release);
}

// In a child, since what is given up does not come back.
TEST(ProcessTest, WithoutPrivilegesItMayNotLoadBpf) {
  const pid_t child = fork();
  if (child == 0) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
    if (syscall(SYS_capset, &header, none) != 0) _exit(2);
    _exit(MayLoadBpf() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(ProcessTest, ServiceManagerHearsTheState) {
  // Not in TempDir(), whose path may be too long for a socket.
  std::string directory = "/tmp/process_test_XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const std::string path = directory + "/notify.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  setenv("NOTIFY_SOCKET", path.c_str(), 1);
  NotifyServiceManager("READY=1");
  unsetenv("NOTIFY_SOCKET");
  char text[64] = {};
  EXPECT_EQ(recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT), 7);
  EXPECT_STREQ(text, "READY=1");
  close(fd);
  unlink(path.c_str());
  rmdir(directory.c_str());
}

TEST(ProcessTest, RaisesItsPriority) {
  const pid_t child = fork();
  if (child == 0) {
    const absl::Status status = RaisePriority();
    if (absl::IsPermissionDenied(status)) _exit(2);
    _exit(status.ok() && getpriority(PRIO_PROCESS, 0) == -20 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "needs CAP_SYS_NICE";
  EXPECT_EQ(status, 0);
}

TEST(ProcessTest, WithoutServiceManagerNothingHappens) {
  unsetenv("NOTIFY_SOCKET");
  NotifyServiceManager("READY=1");
}

// --- stop signals; each in this process, since a blocked signal stays with it ---

class SignalStopTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto stop = SignalStop::Create();
    ASSERT_TRUE(stop.ok()) << stop.status();
    stop_ = *std::move(stop);
  }

  std::unique_ptr<SignalStop> stop_;
};

TEST_F(SignalStopTest, NothingAskedIsNoStop) { EXPECT_FALSE(stop_->Wait(absl::ZeroDuration())); }

TEST_F(SignalStopTest, EachSignalCountsOnce) {
  kill(getpid(), SIGTERM);
  EXPECT_TRUE(stop_->Wait(absl::Seconds(10)));
  EXPECT_FALSE(stop_->Wait(absl::ZeroDuration()));
  kill(getpid(), SIGINT);
  EXPECT_TRUE(stop_->Wait(absl::Seconds(10)));
}

TEST_F(SignalStopTest, TwoDifferentSignalsAreTwoStops) {
  kill(getpid(), SIGTERM);
  kill(getpid(), SIGINT);
  EXPECT_TRUE(stop_->Wait(absl::ZeroDuration()));
  EXPECT_TRUE(stop_->Wait(absl::ZeroDuration()));
}

TEST_F(SignalStopTest, WaitingForEverEndsWithASignal) {
  kill(getpid(), SIGINT);
  EXPECT_TRUE(stop_->Wait(absl::InfiniteDuration()));
}

TEST_F(SignalStopTest, BrokenPipeDoesNotEndTheProcess) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(write(ends[1], "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
  close(ends[1]);
}

}  // namespace
}  // namespace schedd::daemon
