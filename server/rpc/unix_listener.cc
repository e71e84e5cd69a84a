// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/unix_listener.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

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

absl::Status Failed(const std::string& path, int error) {
  return absl::ErrnoToStatus(error, absl::StrCat("cannot listen on ", path));
}

}  // namespace

UnixListener::~UnixListener() { Stop(); }

absl::Status UnixListener::Open(const std::string& path) {
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

void UnixListener::Start(Take take) {
  if (sockets_.empty()) return;
  take_ = std::move(take);
  stop_ = UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  thread_ = std::thread([this] { Run(); });
}

void UnixListener::Stop() {
  if (thread_.joinable()) {
    eventfd_write(stop_.get(), 1);
    thread_.join();
  }
  for (const Socket& socket : sockets_) {
    struct stat info{};
    if (lstat(socket.path.c_str(), &info) == 0 && info.st_dev == socket.device &&
        info.st_ino == socket.inode) {
      unlink(socket.path.c_str());
    }
  }
  sockets_.clear();
}

void UnixListener::Run() {
  std::vector<pollfd> waited{{stop_.get(), POLLIN, 0}};
  for (const Socket& socket : sockets_) waited.push_back({socket.fd.get(), POLLIN, 0});
  while (true) {
    if (poll(waited.data(), waited.size(), -1) < 0) continue;
    if (waited[0].revents != 0) return;
    for (size_t i = 1; i < waited.size(); ++i) {
      if (waited[i].revents != 0 && !AcceptOne(waited[i].fd)) {
        poll(waited.data(), 1, kRetryMs);
      }
    }
  }
}

bool UnixListener::AcceptOne(int listener) {
  const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (connection < 0) {
    const int error = errno;
    // The caller has gone again, or a signal came.
    if (error == EAGAIN || error == ECONNABORTED || error == EINTR) return true;
    log_->Warning("cannot accept a connection", {{"why", std::strerror(error)}});
    return false;
  }
  absl::StatusOr<Peer> peer = ReadPeer(connection);
  if (!peer.ok()) {
    log_->Warning("a caller that the kernel does not name is hung up on",
                  {{"why", std::string(peer.status().message())}});
    close(connection);
    return true;
  }
  take_(connection, *std::move(peer));
  return true;
}

}  // namespace schedd::rpc
