// SPDX-License-Identifier: Apache-2.0
//
// Bare connections to a unix socket, also those of a process that is no more.
#ifndef SCHEDD_TESTS_UNIT_RPC_UNIX_CLIENT_H_
#define SCHEDD_TESTS_UNIT_RPC_UNIX_CLIENT_H_

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "server/base/unique_fd.h"

namespace schedd::rpc {

inline UniqueFd ConnectTo(const std::string& path) {
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

struct ConnectionOfTheDead {
  UniqueFd fd;
  pid_t pid;
};

// A child connects and ends; its connection is ours.
inline ConnectionOfTheDead ConnectAndDie(const std::string& path) {
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const pid_t child = fork();
  if (child == 0) {
    _exit(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)));
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "the child could not connect";
  return {std::move(fd), child};
}

}  // namespace schedd::rpc

#endif  // SCHEDD_TESTS_UNIT_RPC_UNIX_CLIENT_H_
