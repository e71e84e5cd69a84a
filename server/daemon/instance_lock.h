// SPDX-License-Identifier: Apache-2.0
//
// At most one schedd for a socket: an exclusive flock on a file beside it, which holds the owner's
// pid.
//
// Held by the App for the daemon's life; the kernel releases it however the process ends. The file
// stays, since removing it would race with the next one's lock. Main thread. Errors: ALREADY_EXISTS
// (naming the pid of the other schedd), PERMISSION_DENIED, INTERNAL.
#ifndef SCHEDD_DAEMON_INSTANCE_LOCK_H_
#define SCHEDD_DAEMON_INSTANCE_LOCK_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "server/base/unique_fd.h"

namespace schedd::daemon {

class InstanceLock {
 public:
  static absl::StatusOr<std::unique_ptr<InstanceLock>> Take(const std::string& socket_path);
  ~InstanceLock();  // the file goes, too

  // Process ID of who holds the lock of that socket; nothing when nobody does.
  static std::optional<int> Owner(const std::string& socket_path);

  InstanceLock(const InstanceLock&) = delete;
  InstanceLock& operator=(const InstanceLock&) = delete;

  // "/run/schedd/schedd.lock" for "/run/schedd/schedd.sock".
  static std::string PathFor(const std::string& socket_path);

 private:
  InstanceLock(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  const std::string path_;
  const UniqueFd fd_;
};

}  // namespace schedd::daemon

#endif  // SCHEDD_DAEMON_INSTANCE_LOCK_H_
