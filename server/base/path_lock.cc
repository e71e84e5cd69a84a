// SPDX-License-Identifier: Apache-2.0
#include "server/base/path_lock.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace schedd {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(5);

// The last holder may have removed it between our opening and our locking it.
bool IsStillThere(int fd, const std::string& path) {
  struct stat locked = {};
  struct stat named = {};
  return fstat(fd, &locked) == 0 && stat(path.c_str(), &named) == 0 &&
         locked.st_ino == named.st_ino && locked.st_dev == named.st_dev;
}

}  // namespace

absl::StatusOr<UniqueFd> LockPath(const std::string& path, const std::function<UniqueFd()>& open,
                                  absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  while (true) {
    UniqueFd lock = open();
    if (!lock.valid()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
    if (flock(lock.get(), LOCK_EX | LOCK_NB) == 0) {
      if (IsStillThere(lock.get(), path)) return lock;
      continue;
    }
    if (errno != EWOULDBLOCK) return absl::ErrnoToStatus(errno, absl::StrCat("flock ", path));
    if (absl::Now() >= deadline) {
      return absl::AlreadyExistsError(absl::StrCat(path, " is locked by another process"));
    }
    absl::SleepFor(kInterval);
  }
}

}  // namespace schedd
