// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/tcp_probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace schedd::rpc {
namespace {

// Size of what it filled in.
socklen_t Fill(const ListenAddress& address, sockaddr_storage* storage) {
  const auto port = htons(static_cast<uint16_t>(address.port));
  auto* v4 = reinterpret_cast<sockaddr_in*>(storage);
  if (inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = port;
    return sizeof(*v4);
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(storage);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = port;
  inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr);
  return sizeof(*v6);
}

absl::Status Explain(const ListenAddress& address, int error) {
  const std::string message =
      absl::StrCat("cannot listen on ", address.Uri(), ": ", std::strerror(error));
  if (error == EADDRINUSE) {
    return absl::AlreadyExistsError(
        absl::StrCat(message, "; end the program that uses it, or choose another port"));
  }
  return absl::Status(absl::ErrnoToStatusCode(error), message);
}

}  // namespace

absl::Status CheckPortFree(const ListenAddress& address) {
  sockaddr_storage storage{};
  const socklen_t size = Fill(address, &storage);
  const int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Explain(address, errno);
  const auto closer = absl::MakeCleanup([fd] { close(fd); });
  const int on = 1;  // connections of an earlier server that linger do not count
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd, reinterpret_cast<sockaddr*>(&storage), size) != 0 || listen(fd, 1) != 0) {
    return Explain(address, errno);
  }
  return absl::OkStatus();
}

}  // namespace schedd::rpc
