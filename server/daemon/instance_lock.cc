// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/instance_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace schedd::daemon {
namespace {

// A holder that ends, or that only cleans up, is gone by then.
constexpr absl::Duration kPatience = absl::Milliseconds(200);
constexpr absl::Duration kInterval = absl::Milliseconds(10);

// What the holder wrote into the file; nothing when it has not yet.
std::optional<int> ReadPid(int fd) {
  char text[32] = {};
  const ssize_t size = pread(fd, text, sizeof(text) - 1, 0);
  int pid = 0;
  if (size > 0 && absl::SimpleAtoi(absl::string_view(text, static_cast<size_t>(size)), &pid)) {
    return pid;
  }
  return std::nullopt;
}

// The last holder may have removed the file between our opening and our locking it.
bool IsStillThere(int fd, const std::string& path) {
  struct stat locked = {};
  struct stat named = {};
  return fstat(fd, &locked) == 0 && stat(path.c_str(), &named) == 0 &&
         locked.st_ino == named.st_ino && locked.st_dev == named.st_dev;
}

int Open(const std::string& path, int flags) {
  return open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0644);
}

}  // namespace

std::string InstanceLock::PathFor(const std::string& socket_path) {
  absl::string_view stem = socket_path;
  absl::ConsumeSuffix(&stem, ".sock");
  return absl::StrCat(stem, ".lock");
}

absl::StatusOr<std::unique_ptr<InstanceLock>> InstanceLock::Take(const std::string& socket_path) {
  const std::string path = PathFor(socket_path);
  const absl::Time deadline = absl::Now() + kPatience;
  std::unique_ptr<InstanceLock> lock;
  while (true) {
    const int fd = Open(path, O_RDWR | O_CREAT);
    if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open the lock file ", path));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
      if (IsStillThere(fd, path)) {
        lock.reset(new InstanceLock(path, fd));
        break;
      }
      close(fd);
      continue;
    }
    const int error = errno;
    const std::optional<int> pid = ReadPid(fd);
    close(fd);
    if (error != EWOULDBLOCK) return absl::ErrnoToStatus(error, absl::StrCat("flock ", path));
    if (absl::Now() >= deadline) {
      const std::string owner = pid ? absl::StrCat("pid ", *pid) : "its pid is not known";
      return absl::AlreadyExistsError(
          absl::StrCat("another schedd (", owner, ") serves ", socket_path,
                       ": end it first, start this one with --replace, or give it another --listen "
                       "address"));
    }
    absl::SleepFor(kInterval);
  }
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(lock->fd_, 0) != 0 || pwrite(lock->fd_, pid.data(), pid.size(), 0) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write the lock file ", path));
  }
  return lock;
}

std::optional<int> InstanceLock::Owner(const std::string& socket_path) {
  const int fd = Open(PathFor(socket_path), O_RDONLY);
  if (fd < 0) return std::nullopt;
  const bool held = flock(fd, LOCK_SH | LOCK_NB) != 0;
  const std::optional<int> pid = held ? ReadPid(fd) : std::nullopt;
  close(fd);
  return pid;
}

InstanceLock::~InstanceLock() {
  // Before the lock ends: afterwards the file may be another daemon's.
  unlink(path_.c_str());
  close(fd_);
}

}  // namespace schedd::daemon
