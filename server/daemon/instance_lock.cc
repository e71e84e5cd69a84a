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
#include "absl/time/time.h"
#include "server/base/path_lock.h"

namespace schedd::daemon {
namespace {

// A holder that ends, or that only cleans up, is gone by then.
constexpr absl::Duration kPatience = absl::Milliseconds(200);

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

UniqueFd Open(const std::string& path, int flags) {
  return UniqueFd(open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0644));
}

}  // namespace

std::string InstanceLock::PathFor(const std::string& socket_path) {
  absl::string_view stem = socket_path;
  absl::ConsumeSuffix(&stem, ".sock");
  return absl::StrCat(stem, ".lock");
}

absl::StatusOr<std::unique_ptr<InstanceLock>> InstanceLock::Take(const std::string& socket_path) {
  const std::string path = PathFor(socket_path);
  absl::StatusOr<UniqueFd> fd =
      LockPath(path, [&path] { return Open(path, O_RDWR | O_CREAT); }, kPatience);
  if (absl::IsAlreadyExists(fd.status())) {
    const std::optional<int> pid = Owner(socket_path);
    const std::string owner = pid ? absl::StrCat("pid ", *pid) : "its pid is not known";
    return absl::AlreadyExistsError(
        absl::StrCat("another schedd (", owner, ") serves ", socket_path,
                     ": end it first, start this one with --replace, or give it another --listen "
                     "address"));
  }
  if (!fd.ok()) return fd.status();
  std::unique_ptr<InstanceLock> lock(new InstanceLock(path, *std::move(fd)));
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(lock->fd_.get(), 0) != 0 ||
      pwrite(lock->fd_.get(), pid.data(), pid.size(), 0) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write the lock file ", path));
  }
  return lock;
}

std::optional<int> InstanceLock::Owner(const std::string& socket_path) {
  const UniqueFd fd = Open(PathFor(socket_path), O_RDONLY);
  if (!fd.valid() || flock(fd.get(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  return ReadPid(fd.get());
}

InstanceLock::~InstanceLock() {
  // Before the lock ends: afterwards the file may be another daemon's.
  unlink(path_.c_str());
}

}  // namespace schedd::daemon
