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
#include <string>

#include "absl/status/statusor.h"

namespace schedd::daemon {

class InstanceLock {
 public:
  static absl::StatusOr<std::unique_ptr<InstanceLock>> Take(const std::string& socket_path);
  ~InstanceLock();
  InstanceLock(const InstanceLock&) = delete;
  InstanceLock& operator=(const InstanceLock&) = delete;

  // "/run/schedd/schedd.lock" for "/run/schedd/schedd.sock".
  static std::string PathFor(const std::string& socket_path);

 private:
  explicit InstanceLock(int fd) : fd_(fd) {}
  const int fd_;
};

}  // namespace schedd::daemon

#endif  // SCHEDD_DAEMON_INSTANCE_LOCK_H_
