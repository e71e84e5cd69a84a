// SPDX-License-Identifier: Apache-2.0
//
// Where the server may listen: addresses, sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/rpc/listen_address.h"
#include "server/rpc/unix_socket.h"

namespace schedd::rpc {
namespace {

using ::testing::HasSubstr;

// --- addresses ---

struct GoodAddress {
  const char* text;
  const char* uri;
};

class GoodAddressTest : public ::testing::TestWithParam<GoodAddress> {};

TEST_P(GoodAddressTest, IsUnderstood) {
  const auto address = ParseListenAddress(GetParam().text);
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(address->Uri(), GetParam().uri);
}

INSTANTIATE_TEST_SUITE_P(Addresses, GoodAddressTest,
                         ::testing::Values(GoodAddress{"unix:///run/schedd/schedd.sock",
                                                       "unix:/run/schedd/schedd.sock"},
                                           GoodAddress{"unix:/tmp/x", "unix:/tmp/x"},
                                           GoodAddress{"127.0.0.1:50051", "127.0.0.1:50051"},
                                           GoodAddress{"127.8.9.10:0", "127.8.9.10:0"},
                                           GoodAddress{"localhost:80", "127.0.0.1:80"},
                                           GoodAddress{"0.0.0.0:50051", "0.0.0.0:50051"},
                                           GoodAddress{"[::]:50051", "[::]:50051"},
                                           GoodAddress{"[::1]:65535", "[::1]:65535"}));

TEST(ListenAddressTest, KnowsWhetherOtherMachinesReachIt) {
  for (const char* text : {"127.0.0.1:1", "127.8.9.10:1", "localhost:1", "[::1]:1"}) {
    EXPECT_TRUE(ParseListenAddress(text)->loopback) << text;
  }
  for (const char* text : {"0.0.0.0:1", "192.168.1.1:1", "126.0.0.1:1", "[::]:1", "[::2]:1"}) {
    EXPECT_FALSE(ParseListenAddress(text)->loopback) << text;
  }
}

struct BadAddress {
  const char* text;
  const char* why;
};

class BadAddressTest : public ::testing::TestWithParam<BadAddress> {};

TEST_P(BadAddressTest, IsRefusedWithWhyAndWhatIsAllowed) {
  const auto address = ParseListenAddress(GetParam().text);
  ASSERT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string message(address.status().message());
  EXPECT_THAT(message, HasSubstr(absl::StrCat("'", GetParam().text, "'")));
  EXPECT_THAT(message, HasSubstr(GetParam().why));
  EXPECT_THAT(message, HasSubstr("unix:///PATH"));
}

INSTANTIATE_TEST_SUITE_P(Addresses, BadAddressTest,
                         ::testing::Values(BadAddress{"::1:50051", "numeric address"},
                                           BadAddress{"127.0.0.1", "no port"},
                                           BadAddress{"127.0.0.1:", "port must be a number"},
                                           BadAddress{"127.0.0.1:http", "port must be a number"},
                                           BadAddress{"127.0.0.1:65536", "port must be a number"},
                                           BadAddress{"127.0.0.1:-1", "port must be a number"},
                                           BadAddress{":50051", "numeric address"},
                                           BadAddress{"example.org:50051", "numeric address"},
                                           BadAddress{"unix:", "begin with '/'"},
                                           BadAddress{"unix:relative.sock", "begin with '/'"},
                                           BadAddress{"unix://host/path", "begin with '/'"},
                                           BadAddress{"unix:///run/", "directory"},
                                           BadAddress{"", "no port"}));

TEST(ListenAddressTest, PathThatNoSocketCanHaveIsRefused) {
  EXPECT_TRUE(ParseListenAddress("unix:/" + std::string(106, 'a')).ok());
  const auto address = ParseListenAddress("unix:/" + std::string(107, 'a'));
  EXPECT_THAT(std::string(address.status().message()), HasSubstr("at most 107 bytes"));
}

// --- unix sockets ---

class UnixSocketTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = "/tmp/listen_test_XXXXXX";  // short: a socket's path has 107 bytes
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
    path_ = directory_ + "/x.sock";
  }
  void TearDown() override {
    unlink(path_.c_str());
    rmdir(directory_.c_str());
  }

  // A bound socket; nobody answers until it listens.
  int Bind() {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path_.c_str());
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }

  bool Exists() const { return access(path_.c_str(), F_OK) == 0; }

  std::string directory_;
  std::string path_;
};

TEST_F(UnixSocketTest, NothingThereIsFine) { EXPECT_TRUE(RemoveStaleSocket(path_).ok()); }

TEST_F(UnixSocketTest, SocketOfADeadServerIsRemoved) {
  close(Bind());
  ASSERT_TRUE(Exists());
  EXPECT_TRUE(RemoveStaleSocket(path_).ok());
  EXPECT_FALSE(Exists());
}

TEST_F(UnixSocketTest, SocketOfALivingServerIsRespected) {
  const int fd = Bind();
  ASSERT_EQ(listen(fd, 1), 0);
  const absl::Status status = RemoveStaleSocket(path_);
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_ + " is in use"));
  EXPECT_TRUE(Exists());
  close(fd);
}

TEST_F(UnixSocketTest, ServerTooBusyToAnswerIsAliveToo) {
  const int fd = Bind();
  ASSERT_EQ(listen(fd, 0), 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path_.c_str());
  const int waiting = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  ASSERT_EQ(connect(waiting, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(RemoveStaleSocket(path_).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(Exists());
  close(waiting);
  close(fd);
}

TEST_F(UnixSocketTest, FileThatIsNoSocketIsRespected) {
  std::ofstream(path_) << "precious";
  const absl::Status status = RemoveStaleSocket(path_);
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(status.message()), HasSubstr("is not a socket"));
  EXPECT_TRUE(Exists());
}

TEST_F(UnixSocketTest, DirectoryIsMadeForAllToSee) {
  const std::string made = directory_ + "/run";
  const mode_t before = umask(0077);
  const absl::Status status = MakeSocketDirectory(made + "/x.sock");
  umask(before);
  ASSERT_TRUE(status.ok()) << status;
  struct stat info;
  ASSERT_EQ(stat(made.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0755u);
  EXPECT_TRUE(MakeSocketDirectory(made + "/x.sock").ok()) << "it exists already";
  rmdir(made.c_str());
}

TEST_F(UnixSocketTest, DirectoryThatExistsKeepsItsMode) {
  ASSERT_EQ(chmod(directory_.c_str(), 0700), 0);
  ASSERT_TRUE(MakeSocketDirectory(path_).ok());
  struct stat info;
  ASSERT_EQ(stat(directory_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700u);
}

TEST_F(UnixSocketTest, MissingParentIsNamed) {
  const absl::Status status = MakeSocketDirectory(directory_ + "/a/b/x.sock");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr(directory_ + "/a/b"));
}

TEST_F(UnixSocketTest, SocketInTheRootDirectoryNeedsNoDirectory) {
  EXPECT_TRUE(MakeSocketDirectory("/x.sock").ok());
}

}  // namespace
}  // namespace schedd::rpc
