// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/instance_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace schedd::daemon {
namespace {

// "pid 123", or what can be said when the owner has not written it yet.
std::string Owner(int fd) {
  char text[32] = {};
  const ssize_t size = pread(fd, text, sizeof(text) - 1, 0);
  int pid = 0;
  if (size > 0 && absl::SimpleAtoi(absl::string_view(text, static_cast<size_t>(size)), &pid)) {
    return absl::StrCat("pid ", pid);
  }
  return "its pid is not known";
}

}  // namespace

std::string InstanceLock::PathFor(const std::string& socket_path) {
  absl::string_view stem = socket_path;
  absl::ConsumeSuffix(&stem, ".sock");
  return absl::StrCat(stem, ".lock");
}

absl::StatusOr<std::unique_ptr<InstanceLock>> InstanceLock::Take(const std::string& socket_path) {
  const std::string path = PathFor(socket_path);
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open the lock file ", path));
  std::unique_ptr<InstanceLock> lock(new InstanceLock(fd));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return absl::ErrnoToStatus(errno, absl::StrCat("flock ", path));
    return absl::AlreadyExistsError(
        absl::StrCat("another schedd (", Owner(fd), ") serves ", socket_path,
                     ": end it first, or give this one another --listen address"));
  }
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write the lock file ", path));
  }
  return lock;
}

InstanceLock::~InstanceLock() { close(fd_); }

}  // namespace schedd::daemon
