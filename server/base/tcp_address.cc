// SPDX-License-Identifier: Apache-2.0
#include "server/base/tcp_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "server/base/unique_fd.h"

namespace schedd {
namespace {

// Size of what it filled in.
socklen_t Fill(const TcpAddress& address, sockaddr_storage* storage) {
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

absl::Status Explain(const TcpAddress& address, int error) {
  const std::string message =
      absl::StrCat("cannot listen on ", address.text(), ": ", std::strerror(error));
  if (error == EADDRINUSE) {
    return absl::AlreadyExistsError(
        absl::StrCat(message, "; end the program that uses it, or choose another port"));
  }
  if (error == EADDRNOTAVAIL) {
    return absl::UnavailableError(
        absl::StrCat(message, "; choose an address that this machine has: ip address lists them"));
  }
  return absl::Status(absl::ErrnoToStatusCode(error), message);
}

}  // namespace

std::string TcpAddress::text() const {
  return is_ipv6() ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

absl::Status CheckPortFree(const TcpAddress& address) {
  sockaddr_storage storage{};
  const socklen_t size = Fill(address, &storage);
  const UniqueFd fd(socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return Explain(address, errno);
  const int on = 1;  // connections of an earlier server that linger do not count
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0 ||
      listen(fd.get(), 1) != 0) {
    return Explain(address, errno);
  }
  return absl::OkStatus();
}

bool Knock(const TcpAddress& address) {
  sockaddr_storage storage{};
  const socklen_t size = Fill(address, &storage);
  const UniqueFd fd(socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return false;
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) == 0) return true;
  if (errno != EINPROGRESS) return false;
  // On this machine the refusal is there already when connect() returns.
  int error = 0;
  socklen_t error_size = sizeof(error);
  getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &error_size);
  return error == 0;
}

}  // namespace schedd
