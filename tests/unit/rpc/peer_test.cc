// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/peer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/log.h"
#include "server/base/unique_fd.h"
#include "server/rpc/unix_listener.h"
#include "tests/unit/rpc/unix_client.h"

namespace schedd::rpc {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// A directory like /proc with what a test puts there.
class FakeProc {
 public:
  FakeProc() { EXPECT_NE(mkdtemp(path_.data()), nullptr); }
  ~FakeProc() { std::filesystem::remove_all(path_); }

  void Put(pid_t pid, const std::string& command, uint64_t start_ticks) {
    const std::string directory = absl::StrCat(path_, "/", pid);
    std::filesystem::create_directories(directory);
    std::ofstream(directory + "/stat")
        << pid << " (" << command << ") S 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 "
        << start_ticks << " 0 0\n";
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/peer_test_XXXXXX";
};

TEST(ProcessStartTest, IsReadWhateverTheCommandIsCalled) {
  FakeProc proc;
  proc.Put(7, "a) S 9 (b", 1234);
  EXPECT_EQ(ProcessStartTicks(7, proc.path()), 1234u);
  EXPECT_EQ(ProcessStartTicks(8, proc.path()), 0u);
  EXPECT_GT(ProcessStartTicks(getpid()), 0u);
}

TEST(PeerNameTest, ANumberThatAnotherProcessHasByNowIsNotMistakenForIt) {
  FakeProc proc;
  const Peer peer{.uid = 1000, .pid = 4711, .start_ticks = 50, .principals = {}};
  EXPECT_EQ(PeerName(peer, proc.path()), "uid:1000 pid:4711(ended)");
  proc.Put(4711, "schedctl", 50);
  EXPECT_EQ(PeerName(peer, proc.path()), "uid:1000 pid:4711");
  proc.Put(4711, "schedctl", 51);
  EXPECT_EQ(PeerName(peer, proc.path()), "uid:1000 pid:4711(ended)");
}

TEST(PeerNameTest, AProcessThatWasNeverSeenIsNotGuessed) {
  FakeProc proc;
  proc.Put(4711, "other", 50);
  EXPECT_EQ(PeerName({.uid = 1, .pid = 4711, .start_ticks = 0, .principals = {}}, proc.path()),
            "uid:1 pid:4711(ended)");
  EXPECT_EQ(PeerName({.uid = 1, .pid = 0, .start_ticks = 0, .principals = {}}, proc.path()),
            "uid:1");
}

TEST(PeerTableTest, IsAskedByTheNameOfAConnection) {
  PeerTable table;
  table.Put(12, {.uid = 5, .pid = 1, .start_ticks = 1, .principals = {"uid:5"}});
  ASSERT_NE(table.Find("fd:12"), nullptr);
  EXPECT_EQ(table.Find("fd:12")->uid, 5u);
  for (const char* name : {"", "fd:", "fd:13", "fd:12x", "12", "unix:", "ipv4:127.0.0.1:12"}) {
    EXPECT_EQ(table.Find(name), nullptr) << name;
  }
  table.Put(12, {.uid = 6, .pid = 1, .start_ticks = 1, .principals = {"uid:6"}});
  EXPECT_EQ(table.Find("fd:12")->uid, 6u);
}

class UnixListenerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    path_ = directory_ + "/s.sock";
  }
  void TearDown() override {
    listener_.Stop();
    std::filesystem::remove_all(directory_);
  }

  // What the listener hands over, as "1" in a pipe for each.
  void Start() {
    ASSERT_TRUE(listener_.Open(path_).ok());
    ASSERT_EQ(pipe(pipe_), 0);
    listener_.Start([this](int connection, Peer peer) {
      connections_.emplace_back(connection);
      peers_.push_back(std::move(peer));
      EXPECT_EQ(write(pipe_[1], "1", 1), 1);
    });
  }
  void WaitForOne() {
    char one = 0;
    EXPECT_EQ(read(pipe_[0], &one, 1), 1);
  }

  std::string directory_ = "/tmp/listener_XXXXXX";  // short: a socket's path has 107 bytes
  std::string path_;
  const Log log_{LogLevel::kError, [](absl::string_view) {}};
  UnixListener listener_{&log_};
  int pipe_[2] = {-1, -1};
  std::vector<UniqueFd> connections_;
  std::vector<Peer> peers_;
};

TEST_F(UnixListenerTest, TellsWhoConnects) {
  Start();
  const UniqueFd mine = ConnectTo(path_);
  WaitForOne();
  ASSERT_THAT(peers_, SizeIs(1));
  EXPECT_EQ(peers_[0].uid, geteuid());
  EXPECT_EQ(peers_[0].pid, getpid());
  EXPECT_EQ(peers_[0].start_ticks, ProcessStartTicks(getpid()));
  EXPECT_EQ(peers_[0].principals.front(), absl::StrCat("uid:", geteuid()));
  EXPECT_THAT(peers_[0].principals, Contains(absl::StrCat("gid:", getegid())));
  std::vector<gid_t> groups(256);
  const int count = getgroups(static_cast<int>(groups.size()), groups.data());
  for (int i = 0; i < count; ++i) {
    EXPECT_THAT(peers_[0].principals, Contains(absl::StrCat("gid:", groups[i])).Times(1));
  }
}

TEST_F(UnixListenerTest, AnEndedProcessIsNotTakenForOneThatLives) {
  Start();
  const ConnectionOfTheDead dead = ConnectAndDie(path_);
  WaitForOne();
  ASSERT_THAT(peers_, SizeIs(1));
  EXPECT_EQ(peers_[0].pid, dead.pid);
  EXPECT_EQ(PeerName(peers_[0]), absl::StrCat("uid:", geteuid(), " pid:", dead.pid, "(ended)"));
}

TEST_F(UnixListenerTest, TheSocketIsForItsOwnerAndGroupAndGoesAtTheEnd) {
  Start();
  struct stat info{};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_TRUE(S_ISSOCK(info.st_mode));
  EXPECT_EQ(info.st_mode & 07777, 0660u);
  listener_.Stop();
  EXPECT_NE(stat(path_.c_str(), &info), 0);
}

TEST_F(UnixListenerTest, SomebodyElsesSocketIsNotRemoved) {
  Start();
  unlink(path_.c_str());
  UnixListener other(&log_);
  ASSERT_TRUE(other.Open(path_).ok());
  listener_.Stop();
  struct stat info{};
  EXPECT_EQ(stat(path_.c_str(), &info), 0);
}

TEST_F(UnixListenerTest, ALivingServersSocketIsRefused) {
  Start();
  UnixListener other(&log_);
  const absl::Status status = other.Open(path_);
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
}

}  // namespace
}  // namespace schedd::rpc
