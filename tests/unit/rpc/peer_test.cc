// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/peer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
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
#include "server/rpc/listener.h"
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

class ListenerTest : public ::testing::Test {
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
    ASSERT_TRUE(listener_.OpenUnix(path_).ok());
    Start(listener_);
  }
  void Start(Listener& listener) {
    ASSERT_EQ(pipe(pipe_), 0);
    listener.Start({.unix_socket =
                        [this](int connection, Peer peer) {
                          connections_.emplace_back(connection);
                          peers_.push_back(std::move(peer));
                          EXPECT_EQ(write(pipe_[1], "1", 1), 1);
                        },
                    .tcp =
                        [this](int /*listener*/, int connection) {
                          connections_.emplace_back(connection);
                          EXPECT_EQ(write(pipe_[1], "1", 1), 1);
                        }});
  }
  void WaitForOne() {
    char one = 0;
    EXPECT_EQ(read(pipe_[0], &one, 1), 1);
  }

  std::string directory_ = "/tmp/listener_XXXXXX";  // short: a socket's path has 107 bytes
  std::string path_;
  const Log log_{LogLevel::kError, [](absl::string_view) {}};
  Listener listener_{&log_};
  int pipe_[2] = {-1, -1};
  std::vector<UniqueFd> connections_;
  std::vector<Peer> peers_;
};

TEST_F(ListenerTest, TellsWhoConnects) {
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

TEST_F(ListenerTest, AnEndedProcessIsNotTakenForOneThatLives) {
  Start();
  const ConnectionOfTheDead dead = ConnectAndDie(path_);
  WaitForOne();
  ASSERT_THAT(peers_, SizeIs(1));
  EXPECT_EQ(peers_[0].pid, dead.pid);
  EXPECT_EQ(PeerName(peers_[0]), absl::StrCat("uid:", geteuid(), " pid:", dead.pid, "(ended)"));
}

TEST_F(ListenerTest, TheSocketIsForItsOwnerAndGroupAndGoesAtTheEnd) {
  Start();
  struct stat info{};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_TRUE(S_ISSOCK(info.st_mode));
  EXPECT_EQ(info.st_mode & 07777, 0660u);
  listener_.Stop();
  EXPECT_NE(stat(path_.c_str(), &info), 0);
}

TEST_F(ListenerTest, SomebodyElsesSocketIsNotRemoved) {
  Start();
  unlink(path_.c_str());
  Listener other(&log_);
  ASSERT_TRUE(other.OpenUnix(path_).ok());
  listener_.Stop();
  struct stat info{};
  EXPECT_EQ(stat(path_.c_str(), &info), 0);
}

TEST_F(ListenerTest, ALivingServersSocketIsRefused) {
  Start();
  Listener other(&log_);
  const absl::Status status = other.OpenUnix(path_);
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
}

// The lowest number that is free.
int FreeDescriptor() { return UniqueFd(dup(STDIN_FILENO)).get(); }

UniqueFd ConnectToPort(int port) {
  UniqueFd peer(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(peer.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return peer;
}

// Waits for the end of a connection that nobody took.
bool IsHungUpOn(const UniqueFd& connection) {
  char byte = 0;
  return read(connection.get(), &byte, 1) <= 0;
}

TEST_F(ListenerTest, OneConnectionTooManyIsHungUpOnAndTheNextOnesAreServed) {
  constexpr int kRoom = 20;  // for both ends: the callers are of this process, too
  Listener listener(&log_, {.most = FreeDescriptor() + kRoom, .reserved = 0});
  ASSERT_TRUE(listener.OpenUnix(path_).ok());
  Start(listener);
  std::vector<UniqueFd> mine;
  while (mine.size() < size_t{kRoom}) {
    mine.push_back(ConnectTo(path_));
    pollfd taken[] = {{pipe_[0], POLLIN, 0}, {mine.back().get(), POLLIN, 0}};
    ASSERT_GT(poll(taken, 2, -1), 0);
    if (taken[0].revents == 0) break;
    WaitForOne();
  }
  ASSERT_FALSE(connections_.empty());
  ASSERT_LT(mine.size(), size_t{kRoom}) << "nobody was refused";
  EXPECT_TRUE(IsHungUpOn(mine.back()));
  mine.clear();
  connections_.clear();
  const UniqueFd next = ConnectTo(path_);
  WaitForOne();
  EXPECT_EQ(connections_.size(), 1u);
  listener.Stop();
}

TEST_F(ListenerTest, TheLastOnesAreForOperators) {
  Listener listener(&log_, {.most = FreeDescriptor() + 20, .reserved = 20});
  ASSERT_TRUE(listener.OpenUnix(path_).ok());
  const absl::StatusOr<int> port = listener.OpenTcp({"127.0.0.1", 0});
  ASSERT_TRUE(port.ok()) << port.status();
  Start(listener);
  EXPECT_TRUE(IsHungUpOn(ConnectToPort(*port)));
  const UniqueFd mine = ConnectTo(path_);
  WaitForOne();
  EXPECT_EQ(peers_.size(), 1u);
  listener.Stop();
}

TEST_F(ListenerTest, ListensOnTcp) {
  for (const char* host : {"127.0.0.1", "::1"}) {
    Listener listener(&log_);
    const absl::StatusOr<int> port = listener.OpenTcp({host, 0});
    if (absl::string_view(host) == "::1" && !port.ok()) continue;  // a machine without IPv6
    ASSERT_TRUE(port.ok()) << port.status();
    EXPECT_GT(*port, 0);
    const absl::Status again = Listener(&log_).OpenTcp({host, *port}).status();
    EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists) << again;
    if (absl::string_view(host) == "::1") continue;
    Start(listener);
    const UniqueFd mine = ConnectToPort(*port);
    WaitForOne();
    EXPECT_EQ(connections_.size(), 1u);
    listener.Stop();
  }
}

TEST(LimitsOfProcessTest, LeavesSomeForFiles) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const auto with = [&before](rlim_t soft) {
    const rlimit changed{soft, before.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &changed), 0);
    const ConnectionLimits limits = LimitsOfProcess();
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    return limits;
  };
  EXPECT_EQ(with(1024).most, 1024 - 128);
  EXPECT_EQ(with(1024).reserved, 64);
  EXPECT_EQ(with(2000).most, 1024);
  EXPECT_EQ(with(100).most, 16);
  EXPECT_EQ(with(100).reserved, 4);
}

}  // namespace
}  // namespace schedd::rpc
