// SPDX-License-Identifier: Apache-2.0
//
// One daemon after the other: handing over, and what is swept up after one that was killed. Daemons
// are child processes here.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <string>

#include "absl/time/clock.h"
#include "server/daemon/instance_lock.h"
#include "server/daemon/replace.h"
#include "server/daemon/stop_signal.h"
#include "server/daemon/sweeper.h"

namespace schedd::daemon {
namespace {

using ::testing::HasSubstr;

class SuccessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = "/tmp/succession_XXXXXX";  // short: a socket's path has 107 bytes
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    socket_ = directory_ + "/s.sock";
  }
  void TearDown() override {
    unlink(socket_.c_str());
    unlink(InstanceLock::PathFor(socket_).c_str());
    unlink(Marker().c_str());
    rmdir(directory_.c_str());
  }

  // A process that does `work` and ends with what it returns. Returns when it holds the lock and
  // has its socket.
  pid_t StartDaemon(const std::function<int()>& work) {
    int ready[2];
    EXPECT_EQ(pipe2(ready, O_CLOEXEC), 0);
    // Asked before it is ready to be, it must not end by that.
    sigset_t hand_over;
    sigemptyset(&hand_over);
    sigaddset(&hand_over, kHandOverSignal);
    sigprocmask(SIG_BLOCK, &hand_over, nullptr);
    const pid_t child = fork();
    if (child != 0) sigprocmask(SIG_UNBLOCK, &hand_over, nullptr);
    if (child == 0) {
      const auto lock = InstanceLock::Take(socket_);
      MakeSocket(socket_);
      (void)!write(ready[1], "x", 1);
      _exit(lock.ok() ? work() : 99);
    }
    char byte = 0;
    close(ready[1]);
    EXPECT_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
  }

  // A socket that somebody listens on for as long as the descriptor lives.
  static int MakeSocket(const std::string& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(fd, 1), 0);
    return fd;
  }

  static int ExitCodeOf(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  static bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }
  static bool Soon(const std::function<bool()>& condition) {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (!condition()) {
      if (absl::Now() > deadline) return false;
      absl::SleepFor(absl::Milliseconds(5));
    }
    return true;
  }
  std::string Marker() const { return directory_ + "/marker"; }

  std::string directory_;
  std::string socket_;
};

TEST_F(SuccessionTest, WithNobodyThereItReturnsAtOnce) {
  EXPECT_TRUE(TakeOverFrom(socket_, absl::ZeroDuration()).ok());
  std::ofstream(InstanceLock::PathFor(socket_)) << "1\n";  // left over: nobody holds it
  EXPECT_TRUE(TakeOverFrom(socket_, absl::ZeroDuration()).ok());
}

TEST_F(SuccessionTest, TheOldOneIsAskedAndWaitedFor) {
  const pid_t old = StartDaemon([] {
    const auto stop = SignalStop::Create();
    if (!stop.ok() || !(*stop)->Wait(absl::Seconds(20))) return 1;
    absl::SleepFor(absl::Milliseconds(50));
    return (*stop)->hands_over() ? 42 : 2;
  });
  EXPECT_TRUE(TakeOverFrom(socket_, absl::Seconds(20)).ok());
  EXPECT_TRUE(InstanceLock::Take(socket_).ok()) << "it has ended";
  EXPECT_EQ(ExitCodeOf(old), 42);
}

TEST_F(SuccessionTest, AnOrdinaryStopIsNoHandOver) {
  const pid_t old = StartDaemon([] {
    const auto stop = SignalStop::Create();
    if (!stop.ok()) return 1;
    kill(getpid(), SIGTERM);
    return (*stop)->Wait(absl::Seconds(20)) && !(*stop)->hands_over() ? 42 : 2;
  });
  EXPECT_EQ(ExitCodeOf(old), 42);
}

TEST_F(SuccessionTest, OneThatDoesNotAnswerIsNamed) {
  const pid_t old = StartDaemon([] {
    absl::SleepFor(absl::Seconds(60));
    return 0;
  });
  const absl::Status status = TakeOverFrom(socket_, absl::Milliseconds(30));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::to_string(old)));
  EXPECT_EQ(InstanceLock::Owner(socket_), old) << "nothing was taken from it";
  kill(old, SIGKILL);
  ExitCodeOf(old);
  EXPECT_EQ(InstanceLock::Owner(socket_), std::nullopt);
}

TEST_F(SuccessionTest, AfterAKillTheSweeperRemovesSocketAndLock) {
  const pid_t old = StartDaemon([this] {
    const bool started = StartSweeper({socket_}, [this] {
                           // In the sweeper: the kernel's part takes two looks.
                           if (Exists(Marker())) return true;
                           std::ofstream(Marker()) << "looked";
                           return false;
                         }).ok();
    if (started) raise(SIGKILL);
    return 1;
  });
  EXPECT_EQ(ExitCodeOf(old), -SIGKILL);
  EXPECT_TRUE(Soon([this] { return !Exists(socket_); }));
  EXPECT_FALSE(Exists(InstanceLock::PathFor(socket_)));
  EXPECT_TRUE(Exists(Marker()));
}

TEST_F(SuccessionTest, TheSweeperLeavesWhatTheNextDaemonHasTaken) {
  const pid_t old = StartDaemon([this] {
    const bool started = StartSweeper({socket_}, [this] { return Exists(Marker()); }).ok();
    if (started) raise(SIGKILL);
    return 1;
  });
  EXPECT_EQ(ExitCodeOf(old), -SIGKILL);
  const auto next = InstanceLock::Take(socket_);
  ASSERT_TRUE(next.ok()) << next.status();
  std::ofstream(Marker()) << "the kernel's part is done";
  absl::SleepFor(absl::Milliseconds(700));  // several of its intervals
  EXPECT_TRUE(Exists(socket_));
  EXPECT_TRUE(Exists(InstanceLock::PathFor(socket_)));
}

TEST_F(SuccessionTest, TheSweeperTouchesNothingThatIsNotTheDaemons) {
  const std::string file = directory_ + "/file.sock";
  const std::string served = directory_ + "/served.sock";
  std::ofstream(file) << "precious";
  const int other = MakeSocket(served);  // another program's
  const pid_t old = StartDaemon(
      [&] { return StartSweeper({file, served, socket_}, [] { return true; }).ok() ? 0 : 1; });
  EXPECT_EQ(ExitCodeOf(old), 0);
  EXPECT_TRUE(Soon([this] { return !Exists(socket_); })) << "the last of the three";
  EXPECT_TRUE(Exists(file));
  EXPECT_TRUE(Exists(served));
  close(other);
  unlink(file.c_str());
  unlink(served.c_str());
}

TEST_F(SuccessionTest, TheLockFileGoesWithItsHolder) {
  {
    ASSERT_TRUE(InstanceLock::Take(socket_).ok());
  }
  EXPECT_FALSE(Exists(InstanceLock::PathFor(socket_)));
}

TEST_F(SuccessionTest, ALockOfAFileThatWasRemovedIsWorthNothing) {
  const auto first = InstanceLock::Take(socket_);
  ASSERT_TRUE(first.ok());
  unlink(InstanceLock::PathFor(socket_).c_str());
  const auto second = InstanceLock::Take(socket_);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(InstanceLock::Owner(socket_), getpid()) << "the one that others will find";
}

}  // namespace
}  // namespace schedd::daemon
