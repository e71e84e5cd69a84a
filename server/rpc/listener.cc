// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "server/rpc/unix_socket.h"

namespace schedd::rpc {
namespace {

// A socket that root and its group may use; the rest of the machine may not.
constexpr mode_t kSocketUmask = 0117;
constexpr int kBacklog = 128;
// Between attempts to take connections while there are no file descriptors.
constexpr int kRetryMs = 100;
// Descriptors left for everything that is no connection: maps, databases, what is read of /proc.
constexpr rlim_t kForFiles = 128;
constexpr rlim_t kFewest = 16;
// Refused connections from one line of the log to the next.
constexpr int64_t kRefusedEach = 1000;

absl::Status Failed(const std::string& path, int error) {
  return absl::ErrnoToStatus(error, absl::StrCat("cannot listen on ", path));
}

}  // namespace

ConnectionLimits LimitsOfProcess() {
  ConnectionLimits limits;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return limits;
  const rlim_t usable = files.rlim_cur > kForFiles ? files.rlim_cur - kForFiles : 0;
  limits.most = static_cast<int>(std::clamp<rlim_t>(usable, kFewest, limits.most));
  limits.reserved = std::min(limits.reserved, limits.most / 4);
  return limits;
}

Listener::~Listener() { Stop(); }

absl::Status Listener::OpenUnix(const std::string& path) {
  if (absl::Status status = RemoveStaleSocket(path); !status.ok()) return status;
  Socket made{path, 0, 0, UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))};
  if (!made.fd.valid()) return Failed(path, errno);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return Failed(path, ENAMETOOLONG);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  {
    const mode_t before = umask(kSocketUmask);
    const auto restore = absl::MakeCleanup([before] { umask(before); });
    if (bind(made.fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      return Failed(path, errno);
    }
  }
  struct stat info{};
  if (listen(made.fd.get(), kBacklog) != 0 || lstat(path.c_str(), &info) != 0) {
    const int error = errno;
    unlink(path.c_str());
    return Failed(path, error);
  }
  made.device = info.st_dev;
  made.inode = info.st_ino;
  sockets_.push_back(std::move(made));
  return absl::OkStatus();
}

absl::StatusOr<int> Listener::OpenTcp(const TcpAddress& address) {
  // Says in words why it could not be had.
  if (absl::Status status = CheckPortFree(address); !status.ok()) return status;
  sockaddr_storage storage{};
  socklen_t length = 0;
  if (address.is_ipv6()) {
    auto& in6 = reinterpret_cast<sockaddr_in6&>(storage);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(static_cast<uint16_t>(address.port));
    inet_pton(AF_INET6, address.host.c_str(), &in6.sin6_addr);
    length = sizeof(in6);
  } else {
    auto& in = reinterpret_cast<sockaddr_in&>(storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(static_cast<uint16_t>(address.port));
    inet_pton(AF_INET, address.host.c_str(), &in.sin_addr);
    length = sizeof(in);
  }
  Socket made{"", 0, 0,
              UniqueFd(socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))};
  const int on = 1;
  auto* const name = reinterpret_cast<sockaddr*>(&storage);
  // Without it a restarted daemon could not have its port for as long as old connections end.
  if (!made.fd.valid() ||
      setsockopt(made.fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      bind(made.fd.get(), name, length) != 0 || listen(made.fd.get(), kBacklog) != 0 ||
      getsockname(made.fd.get(), name, &length) != 0) {
    return Failed(address.text(), errno);
  }
  const int port = ntohs(address.is_ipv6() ? reinterpret_cast<sockaddr_in6&>(storage).sin6_port
                                           : reinterpret_cast<sockaddr_in&>(storage).sin_port);
  sockets_.push_back(std::move(made));
  return port;
}

void Listener::Start(Takers takers) {
  if (sockets_.empty()) return;
  takers_ = std::move(takers);
  stop_ = UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  thread_ = std::thread([this] { Run(); });
}

void Listener::Stop() {
  if (thread_.joinable()) {
    eventfd_write(stop_.get(), 1);
    thread_.join();
  }
  for (const Socket& socket : sockets_) {
    if (socket.path.empty()) continue;
    struct stat info{};
    if (lstat(socket.path.c_str(), &info) == 0 && info.st_dev == socket.device &&
        info.st_ino == socket.inode) {
      unlink(socket.path.c_str());
    }
  }
  sockets_.clear();
}

void Listener::Run() {
  std::vector<pollfd> waited{{stop_.get(), POLLIN, 0}};
  for (const Socket& socket : sockets_) waited.push_back({socket.fd.get(), POLLIN, 0});
  while (true) {
    if (poll(waited.data(), waited.size(), -1) < 0) continue;
    if (waited[0].revents != 0) return;
    for (size_t i = 1; i < waited.size(); ++i) {
      if (waited[i].revents != 0 && !AcceptOne(sockets_[i - 1])) {
        poll(waited.data(), 1, kRetryMs);
      }
    }
  }
}

bool Listener::AcceptOne(const Socket& socket) {
  UniqueFd connection(accept4(socket.fd.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!connection.valid()) {
    const int error = errno;
    // The caller has gone again, or a signal came.
    if (error == EAGAIN || error == ECONNABORTED || error == EINTR) return true;
    log_->Warning("cannot accept a connection", {{"why", std::strerror(error)}});
    return false;
  }
  Take(socket, std::move(connection));
  return true;
}

void Listener::Take(const Socket& socket, UniqueFd connection) {
  if (socket.path.empty()) {
    if (!HasRoomFor(connection.get(), nullptr)) return;
    // As gRPC sets it for its own: answers are small and are waited for.
    const int on = 1;
    setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    takers_.tcp(socket.fd.get(), connection.release());
    return;
  }
  absl::StatusOr<Peer> peer = ReadPeer(connection.get());
  if (!peer.ok()) {
    log_->Warning("a caller that the kernel does not name is hung up on",
                  {{"why", std::string(peer.status().message())}});
    return;
  }
  if (!HasRoomFor(connection.get(), &*peer)) return;
  takers_.unix_socket(connection.release(), *std::move(peer));
}

// The kernel gives the lowest free number: so many descriptors are in use.
bool Listener::HasRoomFor(int connection, const Peer* peer) {
  const bool operates = peer != nullptr && (peer->uid == 0 || peer->uid == geteuid());
  if (connection < limits_.most - (operates ? 0 : limits_.reserved)) return true;
  if (refused_++ % kRefusedEach == 0) {
    log_->Warning("too many connections: new ones are hung up on",
                  {{"open_files", connection}, {"refused", refused_}});
  }
  return false;
}

}  // namespace schedd::rpc
