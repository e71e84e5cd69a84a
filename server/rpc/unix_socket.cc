// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace schedd::rpc {
namespace {

absl::Status Failed(absl::string_view what, int error) { return absl::ErrnoToStatus(error, what); }

// True if somebody accepts connections there.
bool Answers(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return true;  // cannot tell: do no harm
  const auto closer = absl::MakeCleanup([fd] { close(fd); });
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) return true;
  // A living server whose backlog is full gives EAGAIN.
  return errno != ECONNREFUSED && errno != ENOENT;
}

}  // namespace

absl::Status MakeSocketDirectory(const std::string& path) {
  const std::string directory = path.substr(0, path.rfind('/'));
  if (directory.empty()) return absl::OkStatus();  // the root directory
  if (mkdir(directory.c_str(), 0755) != 0) {
    if (errno == EEXIST) return absl::OkStatus();
    return Failed(absl::StrCat("cannot create the directory ", directory), errno);
  }
  // The umask may have taken bits away.
  if (chmod(directory.c_str(), 0755) != 0) return Failed(absl::StrCat("chmod ", directory), errno);
  return absl::OkStatus();
}

absl::Status RemoveStaleSocket(const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? absl::OkStatus()
                           : Failed(absl::StrCat("cannot look at ", path), errno);
  }
  if (!S_ISSOCK(info.st_mode)) {
    return absl::AlreadyExistsError(
        absl::StrCat(path, " exists and is not a socket: remove it, or listen on another path"));
  }
  if (Answers(path)) {
    return absl::AlreadyExistsError(absl::StrCat(
        path, " is in use by a running server: end that one, or listen on another path"));
  }
  if (unlink(path.c_str()) != 0) return Failed(absl::StrCat("cannot remove ", path), errno);
  return absl::OkStatus();
}

}  // namespace schedd::rpc
