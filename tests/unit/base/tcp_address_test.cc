// SPDX-License-Identifier: Apache-2.0
#include "server/base/tcp_address.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace schedd {
namespace {

using ::testing::HasSubstr;

// A listening socket on the address; returns it and its port.
int ListenOn(int family, int* port) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;  // as servers do
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = in6addr_loopback;
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool six = family == AF_INET6;
  auto* address = six ? reinterpret_cast<sockaddr*>(&v6) : reinterpret_cast<sockaddr*>(&v4);
  socklen_t size = six ? sizeof(v6) : sizeof(v4);
  if (bind(fd, address, size) != 0 || listen(fd, 1) != 0) return -1;
  getsockname(fd, address, &size);
  *port = ntohs(six ? v6.sin6_port : v4.sin_port);
  return fd;
}

TEST(TcpAddressTest, PortInUseIsExplained) {
  int port = 0;
  const int fd = ListenOn(AF_INET, &port);
  ASSERT_GE(fd, 0);
  const TcpAddress address{"127.0.0.1", port};
  const absl::Status status = CheckPortFree(address);
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(absl::StrCat("cannot listen on 127.0.0.1:", port)));
  EXPECT_THAT(std::string(status.message()), HasSubstr("choose another port"));
  close(fd);
  EXPECT_TRUE(CheckPortFree(address).ok()) << "free again, and the probe holds nothing";
  EXPECT_TRUE(CheckPortFree(address).ok());
}

TEST(TcpAddressTest, KnowsIpv6) {
  int port = 0;
  const int fd = ListenOn(AF_INET6, &port);
  if (fd < 0) GTEST_SKIP() << "no IPv6 here";
  const TcpAddress address{"::1", port};
  EXPECT_EQ(CheckPortFree(address).code(), absl::StatusCode::kAlreadyExists);
  close(fd);
  EXPECT_TRUE(CheckPortFree(address).ok());
}

TEST(TcpAddressTest, AnAddressOfAnotherMachineIsExplained) {
  const absl::Status status = CheckPortFree({"192.0.2.1", 9464});  // for documentation
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("an address that this machine has"));
}

// The side that hangs up first keeps the port in TIME_WAIT.
TEST(TcpAddressTest, AConnectionThatLingersDoesNotCountAsUse) {
  int port = 0;
  const int listener = ListenOn(AF_INET, &port);
  ASSERT_GE(listener, 0);
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  ASSERT_EQ(connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  close(accept(listener, nullptr, nullptr));
  close(client);
  close(listener);
  EXPECT_TRUE(CheckPortFree({"127.0.0.1", port}).ok());
}

TEST(TcpAddressTest, AKnockIsHeardWhereSomebodyListens) {
  int port = 0;
  const int listener = ListenOn(AF_INET, &port);
  ASSERT_GE(listener, 0);
  EXPECT_TRUE(Knock({"127.0.0.1", port}));
  pollfd heard{listener, POLLIN, 0};
  EXPECT_EQ(poll(&heard, 1, 10'000), 1);
  close(listener);
  EXPECT_FALSE(Knock({"127.0.0.1", port}));
}

TEST(TcpAddressTest, IsWrittenAsInALink) {
  EXPECT_EQ((TcpAddress{"0.0.0.0", 80}).text(), "0.0.0.0:80");
  EXPECT_EQ((TcpAddress{"::1", 9464}).text(), "[::1]:9464");
}

}  // namespace
}  // namespace schedd
