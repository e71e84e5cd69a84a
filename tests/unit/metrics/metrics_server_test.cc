// SPDX-License-Identifier: Apache-2.0
//
// The server over real HTTP: what a scrape gets, and how it ends.
#include "server/metrics/metrics_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "server/base/unique_fd.h"

namespace schedd::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const TcpAddress kAnyPort{"127.0.0.1", 0};

UniqueFd Connect(const TcpAddress& address, absl::Duration patience = absl::Seconds(20)) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(static_cast<uint16_t>(address.port));
  inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr);
  const timeval timeout = absl::ToTimeval(patience);
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&v4), sizeof(v4)) != 0) return UniqueFd();
  return fd;
}

// All that the other side sends until it hangs up.
std::string ReadAll(const UniqueFd& fd) {
  std::string all;
  char part[4096];
  ssize_t size;
  while ((size = recv(fd.get(), part, sizeof(part), 0)) > 0) all.append(part, size);
  return all;
}

// The whole answer; empty when nobody listens.
std::string Ask(const UniqueFd& fd, const std::string& path = kMetricsPath,
                const std::string& method = "GET") {
  if (!fd.valid()) return "";
  const std::string request = absl::StrCat(method, " ", path, " HTTP/1.0\r\n\r\n");
  send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL);
  return ReadAll(fd);
}

std::string Get(const TcpAddress& address) { return Ask(Connect(address)); }

absl::StatusOr<SchedulerInfo> Attached() {
  SchedulerInfo info;
  info.state = SchedulerState::kAttached;
  info.counters = SchedulerCounters{.event_count = 42};
  info.daemon_version = "1.2.3";
  return info;
}

std::unique_ptr<MetricsServer> StartOrDie(MetricsServer::Source source,
                                          const TcpAddress& address = kAnyPort) {
  auto server = MetricsServer::Start(address, std::move(source));
  EXPECT_TRUE(server.ok()) << server.status();
  return server.ok() ? *std::move(server) : nullptr;
}

int ThreadCount() {
  int count = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    count += thread.path().empty() ? 0 : 1;
  }
  return count;
}

TEST(MetricsServerTest, AScrapeGetsWhatTheSourceSaysNow) {
  std::atomic<int64_t> count = 0;
  const auto server = StartOrDie([&count] {
    auto info = Attached();
    info->attach_count = ++count;
    return info;
  });
  const std::string first = Get(server->address());
  EXPECT_THAT(first, StartsWith("HTTP/1.1 200 OK\r\nContent-Type: text/plain"));
  EXPECT_THAT(first, HasSubstr("\nschedd_up 1\n"));
  EXPECT_THAT(first, HasSubstr("\n# TYPE schedd_events_total counter\nschedd_events_total 42\n"));
  EXPECT_THAT(first, HasSubstr("\nschedd_state{state=\"attached\"} 1\n"));
  EXPECT_THAT(first, HasSubstr("\nschedd_attachments_total 1\n"));
  EXPECT_THAT(Get(server->address()), HasSubstr("\nschedd_attachments_total 2\n"));
}

TEST(MetricsServerTest, AnErrorIsUp0AndNothingElse) {
  const auto server = StartOrDie([] { return absl::UnavailableError("no"); });
  const std::string answer = Get(server->address());
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(answer, HasSubstr("\nschedd_up 0\n"));
  EXPECT_THAT(answer, Not(HasSubstr("schedd_attached")));
}

TEST(MetricsServerTest, NothingElseIsServed) {
  const auto server = StartOrDie(Attached);
  for (const char* path : {"/", "/metric", "/etc/passwd", "/../../../../etc/passwd"}) {
    EXPECT_THAT(Ask(Connect(server->address()), path), HasSubstr(" 404 Not Found\r\n")) << path;
  }
  EXPECT_THAT(Ask(Connect(server->address()), kMetricsPath, "PUT"), Not(HasSubstr(" 200 OK\r\n")));
  EXPECT_THAT(Get(server->address()), HasSubstr("schedd_up 1"));
}

TEST(MetricsServerTest, TwoThreadsAndNoneAfterwards) {
  const int before = ThreadCount();
  auto server = StartOrDie(Attached);
  EXPECT_THAT(Get(server->address()), HasSubstr("schedd_up 1"));
  EXPECT_EQ(ThreadCount(), before + 2);
  server.reset();
  EXPECT_EQ(ThreadCount(), before);
}

// --- addresses ---

TEST(MetricsServerTest, PortInUseIsExplainedAndFreeAfterStop) {
  auto first = StartOrDie(Attached);
  const TcpAddress address = first->address();
  EXPECT_NE(address.port, 0);
  const absl::Status refused = MetricsServer::Start(address, Attached).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(refused.message()), HasSubstr(address.text()));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("choose another port"));
  EXPECT_THAT(Get(address), HasSubstr("schedd_up 1")) << "the first one is untouched";
  first->Stop();
  EXPECT_THAT(Get(address), IsEmpty());
  const auto second = StartOrDie(Attached, address);
  EXPECT_EQ(second->address(), address);
  EXPECT_THAT(Get(address), HasSubstr("schedd_up 1"));
}

TEST(MetricsServerTest, AnAddressOfAnotherMachineIsRefused) {
  EXPECT_EQ(MetricsServer::Start({"192.0.2.1", 9464}, Attached).status().code(),
            absl::StatusCode::kUnavailable);
}

// What it does depends on how civetweb was built; it must be one of two.
TEST(MetricsServerTest, Ipv6IsServedOrRefusedWithTheReason) {
  if (!CheckPortFree({"::1", 0}).ok()) GTEST_SKIP() << "no IPv6 here";
  const auto server = MetricsServer::Start({"::1", 0}, Attached);
  if (server.ok()) return;
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("use an IPv4 address"));
}

// --- the end ---

TEST(MetricsServerTest, AnIdleOneStopsAtOnce) {
  // civetweb alone takes up to 2 s, 1 s as a rule: five in a row would take seconds.
  const absl::Time begin = absl::Now();
  for (int i = 0; i < 5; ++i) StartOrDie(Attached)->Stop();
  EXPECT_LT(absl::Now() - begin, absl::Seconds(2));
}

TEST(MetricsServerTest, MayBeStoppedTwice) {
  const auto server = StartOrDie(Attached);
  server->Stop();
  server->Stop();
}

TEST(MetricsServerTest, AClientThatSaysNothingDoesNotHoldUpItsEndForLong) {
  const auto server = StartOrDie(Attached);
  const UniqueFd silent = Connect(server->address());
  ASSERT_TRUE(silent.valid());
  const absl::Time begin = absl::Now();
  server->Stop();
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
}

TEST(MetricsServerTest, AClientThatSaysNothingDoesNotHoldUpOthersForLong) {
  const auto server = StartOrDie(Attached);
  const UniqueFd silent = Connect(server->address());
  ASSERT_TRUE(silent.valid());
  EXPECT_THAT(Get(server->address()), HasSubstr("schedd_up 1"));
}

// The source outlives Stop(): it is still being asked when that begins.
TEST(MetricsServerTest, AScrapeUnderWayIsWaitedFor) {
  absl::Notification asked, answer;
  std::atomic<bool> answered = false;
  const auto server = StartOrDie([&]() -> absl::StatusOr<SchedulerInfo> {
    asked.Notify();
    answer.WaitForNotification();
    answered = true;
    return absl::UnavailableError("shutting down");
  });
  std::thread reader([&] { Get(server->address()); });
  asked.WaitForNotification();
  std::thread stopper([&] {
    server->Stop();
    EXPECT_TRUE(answered);
  });
  answer.Notify();
  stopper.join();
  reader.join();
}

TEST(MetricsServerTest, EndsUnderManyReaders) {
  for (int round = 0; round < 5; ++round) {
    const auto server = StartOrDie(Attached);
    std::atomic<bool> over = false;
    std::atomic<int> scrapes = 0;
    std::vector<std::thread> readers;
    for (int i = 0; i < 4; ++i) {
      readers.emplace_back([&] {
        // Not for long: civetweb leaves connections that it has accepted and not begun to read
        // open until the process ends.
        while (!over) {
          const UniqueFd fd = Connect(server->address(), absl::Milliseconds(200));
          scrapes += Ask(fd).empty() ? 0 : 1;
        }
      });
    }
    while (scrapes < 10) std::this_thread::yield();
    server->Stop();
    over = true;
    for (std::thread& reader : readers) reader.join();
  }
}

}  // namespace
}  // namespace schedd::metrics
