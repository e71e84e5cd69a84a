// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/instance_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace schedd::daemon {
namespace {

using ::testing::HasSubstr;

class InstanceLockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = ::testing::TempDir() + "instance_lock_XXXXXX";
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    socket_ = directory_ + "/schedd.sock";
  }
  void TearDown() override {
    unlink(InstanceLock::PathFor(socket_).c_str());
    rmdir(directory_.c_str());
  }

  std::string directory_;
  std::string socket_;
};

TEST_F(InstanceLockTest, LockFileIsNextToTheSocket) {
  EXPECT_EQ(InstanceLock::PathFor("/run/schedd/schedd.sock"), "/run/schedd/schedd.lock");
  EXPECT_EQ(InstanceLock::PathFor("/tmp/api"), "/tmp/api.lock");
}

TEST_F(InstanceLockTest, OnlyTheEndingIsTakenOff) {
  EXPECT_EQ(InstanceLock::PathFor("/a.sock/b"), "/a.sock/b.lock");
  EXPECT_EQ(InstanceLock::PathFor("/a.sock.sock"), "/a.sock.lock");
  EXPECT_EQ(InstanceLock::PathFor("/a.socket"), "/a.socket.lock");
}

// An earlier owner's longer pid must not show behind ours.
TEST_F(InstanceLockTest, APidThatWasThereIsReplaced) {
  std::ofstream(InstanceLock::PathFor(socket_)) << "123456789012345\nold\n";
  const auto lock = InstanceLock::Take(socket_);
  ASSERT_TRUE(lock.ok()) << lock.status();
  std::ostringstream text;
  text << std::ifstream(InstanceLock::PathFor(socket_)).rdbuf();
  EXPECT_EQ(text.str(), absl::StrCat(getpid(), "\n"));
}

// Between the lock and the writing of the pid, or after somebody else wrote there.
TEST_F(InstanceLockTest, AnOwnerWhosePidIsNotThereIsStillRefusedFor) {
  const auto first = InstanceLock::Take(socket_);
  ASSERT_TRUE(first.ok()) << first.status();
  for (const char* text : {"", "somebody\n", "99999999999999999999999999999999999999999"}) {
    std::ofstream(InstanceLock::PathFor(socket_)) << text;
    const auto second = InstanceLock::Take(socket_);
    EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
    EXPECT_THAT(std::string(second.status().message()), HasSubstr("(its pid is not known)"));
  }
}

TEST_F(InstanceLockTest, OtherSocketsInTheDirectoryAreFree) {
  const auto first = InstanceLock::Take(socket_);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(InstanceLock::Take(directory_ + "/other.sock").ok());
  unlink((directory_ + "/other.lock").c_str());
}

TEST_F(InstanceLockTest, HoldsThePid) {
  const auto lock = InstanceLock::Take(socket_);
  ASSERT_TRUE(lock.ok()) << lock.status();
  std::ostringstream text;
  text << std::ifstream(InstanceLock::PathFor(socket_)).rdbuf();
  EXPECT_EQ(text.str(), absl::StrCat(getpid(), "\n"));
}

TEST_F(InstanceLockTest, SecondOneIsRefusedWithTheFirstOnesPid) {
  const auto first = InstanceLock::Take(socket_);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = InstanceLock::Take(socket_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  const std::string message(second.status().message());
  EXPECT_THAT(message, HasSubstr(absl::StrCat("another schedd (pid ", getpid(), ")")));
  EXPECT_THAT(message, HasSubstr(socket_));
  EXPECT_THAT(message, HasSubstr("--listen"));
}

// The one that was refused must not have wiped out the pid for the third.
TEST_F(InstanceLockTest, ARefusalChangesNothing) {
  const auto first = InstanceLock::Take(socket_);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_FALSE(InstanceLock::Take(socket_).ok());
  EXPECT_THAT(std::string(InstanceLock::Take(socket_).status().message()),
              HasSubstr(absl::StrCat("pid ", getpid())));
}

TEST_F(InstanceLockTest, IsFreeAgainOnceReleased) {
  {
    ASSERT_TRUE(InstanceLock::Take(socket_).ok());
  }
  EXPECT_TRUE(InstanceLock::Take(socket_).ok());
}

TEST_F(InstanceLockTest, IsFreeAgainWhenItsOwnerWasKilled) {
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = InstanceLock::Take(socket_);
    raise(lock.ok() ? SIGKILL : SIGABRT);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(WTERMSIG(status), SIGKILL);
  const auto lock = InstanceLock::Take(socket_);
  EXPECT_TRUE(lock.ok()) << lock.status();
}

TEST_F(InstanceLockTest, MissingDirectoryIsNamed) {
  const auto lock = InstanceLock::Take(directory_ + "/none/schedd.sock");
  EXPECT_EQ(lock.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(lock.status().message()), HasSubstr(directory_ + "/none/schedd.lock"));
}

// A symbolic link in a directory that others may write to must not lead us to another file.
TEST_F(InstanceLockTest, DoesNotFollowALink) {
  const std::string target = directory_ + "/target";
  std::ofstream(target) << "precious";
  ASSERT_EQ(symlink(target.c_str(), InstanceLock::PathFor(socket_).c_str()), 0);
  EXPECT_FALSE(InstanceLock::Take(socket_).ok());
  std::ostringstream text;
  text << std::ifstream(target).rdbuf();
  EXPECT_EQ(text.str(), "precious");
  unlink(target.c_str());
}

}  // namespace
}  // namespace schedd::daemon
