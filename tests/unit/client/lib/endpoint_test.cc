// SPDX-License-Identifier: Apache-2.0
#include "client/lib/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>

namespace schedd::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(ChooseEndpoint, TheArgumentGoesBeforeTheVariableBeforeTheDefault) {
  EXPECT_EQ(ChooseEndpoint("unix:a", "unix:b"), "unix:a");
  EXPECT_EQ(ChooseEndpoint("", "unix:b"), "unix:b");
  EXPECT_EQ(ChooseEndpoint("", ""), "unix:///run/schedd/schedd.sock");
  EXPECT_EQ(ChooseEndpoint("", nullptr), "unix:///run/schedd/schedd.sock");
}

struct GoodCase {
  const char* text;
  const char* target;
  const char* unix_path;
};

class GoodEndpoint : public testing::TestWithParam<GoodCase> {};

TEST_P(GoodEndpoint, IsParsed) {
  const auto endpoint = ParseEndpoint(GetParam().text);
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  EXPECT_EQ(endpoint->text, GetParam().text);
  EXPECT_EQ(endpoint->target, GetParam().target);
  EXPECT_EQ(endpoint->unix_path, GetParam().unix_path);
}

INSTANTIATE_TEST_SUITE_P(
    All, GoodEndpoint,
    testing::Values(GoodCase{"unix:///run/schedd/schedd.sock", "unix:/run/schedd/schedd.sock",
                             "/run/schedd/schedd.sock"},
                    GoodCase{"unix:relative.sock", "unix:relative.sock", "relative.sock"},
                    GoodCase{"unix:/a", "unix:/a", "/a"}, GoodCase{"/a/b", "unix:/a/b", "/a/b"},
                    GoodCase{"node7:7000", "dns:///node7:7000", ""},
                    GoodCase{"[::1]:7000", "dns:///[::1]:7000", ""},
                    GoodCase{"dns:///node7:65535", "dns:///node7:65535", ""}));

struct BadCase {
  const char* text;
  const char* why;
};

class BadEndpoint : public testing::TestWithParam<BadCase> {};

TEST_P(BadEndpoint, IsRefusedWithTheReasonAndTheForms) {
  const auto endpoint = ParseEndpoint(GetParam().text);
  EXPECT_EQ(endpoint.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(endpoint.status().message()),
              AllOf(HasSubstr(GetParam().why), HasSubstr("unix:///path/to/socket or host:port")));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadEndpoint,
    testing::Values(BadCase{"", "no port"}, BadCase{"unix:", "no path"},
                    BadCase{"unix://", "no absolute path"},
                    BadCase{"unix://host/a", "no absolute path"}, BadCase{"node7", "no port"},
                    BadCase{"node7:", "between 1 and 65535"},
                    BadCase{"node7:0", "between 1 and 65535"},
                    BadCase{"node7:65536", "between 1 and 65535"},
                    BadCase{"node7:http", "between 1 and 65535"}, BadCase{":7000", "no host"},
                    BadCase{"http://node7:7000", "no host"}, BadCase{"::1:7000", "without [ ]"},
                    BadCase{"unix:///a b", "space"}, BadCase{"node7:70\n00", "control"}));

TEST(ParseEndpoint, RefusesAPathThatNoSocketCanHave) {
  const auto longest = ParseEndpoint("unix:///" + std::string(106, 'a'));
  EXPECT_TRUE(longest.ok()) << longest.status();
  const auto longer = ParseEndpoint("unix:///" + std::string(107, 'a'));
  EXPECT_THAT(std::string(longer.status().message()), HasSubstr("longer than 107 bytes"));
}

class ProbeTest : public testing::Test {
 protected:
  ProbeTest() {
    std::string pattern = "/tmp/schedd-probe-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    path_ = directory_ + "/socket";
  }
  ~ProbeTest() override { std::filesystem::remove_all(directory_); }

  // A socket bound to path_; with listen() if wanted.
  int Bind(bool listening) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    if (listening) {
      EXPECT_EQ(listen(fd, 1), 0);
    }
    return fd;
  }

  int Probe() { return ProbeEndpoint(*ParseEndpoint("unix://" + path_)); }

  std::string directory_;
  std::string path_;
};

TEST_F(ProbeTest, NoSocket) { EXPECT_EQ(Probe(), ENOENT); }

TEST_F(ProbeTest, SomebodyListens) {
  const int fd = Bind(/*listening=*/true);
  EXPECT_EQ(Probe(), 0);
  close(fd);
}

TEST_F(ProbeTest, LeftBehind) {
  close(Bind(/*listening=*/true));
  EXPECT_EQ(Probe(), ECONNREFUSED);
}

TEST_F(ProbeTest, OtherEndpointsAreNotTried) {
  EXPECT_EQ(ProbeEndpoint(*ParseEndpoint("localhost:1")), 0);
}

TEST(UnreachableError, SaysWhatIsAndWhatToDo) {
  const Endpoint endpoint = *ParseEndpoint("unix:///run/x.sock");
  const struct {
    int probe;
    absl::StatusCode code;
    const char* is;
    const char* todo;
  } cases[] = {
      {ENOENT, absl::StatusCode::kUnavailable, "no such socket", "Is schedd running? Start it"},
      {ENOTDIR, absl::StatusCode::kUnavailable, "no such socket", "SCHEDD_ENDPOINT"},
      {ECONNREFUSED, absl::StatusCode::kUnavailable, "nobody listens", "Start it again"},
      {EACCES, absl::StatusCode::kPermissionDenied, "not allowed", "run this as root"},
      {EPERM, absl::StatusCode::kPermissionDenied, "not allowed", "member of the group"},
      {EAGAIN, absl::StatusCode::kUnavailable, "no more connections", "try again"},
      {0, absl::StatusCode::kUnavailable, "does not answer (detail of gRPC)", "--endpoint"},
  };
  for (const auto& c : cases) {
    const absl::Status status = UnreachableError(endpoint, c.probe, "detail of gRPC");
    EXPECT_EQ(status.code(), c.code) << c.probe;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr("unix:///run/x.sock"), HasSubstr(c.is), HasSubstr(c.todo)));
  }
}

}  // namespace
}  // namespace schedd::client
