// SPDX-License-Identifier: Apache-2.0
//
// Makes the daemon that serves a socket hand over to this one.
//
// A free function, for the main thread before anything is served. Signals the process that holds
// the socket's lock (instance_lock.h) and no other.
#ifndef SCHEDD_DAEMON_REPLACE_H_
#define SCHEDD_DAEMON_REPLACE_H_

#include <csignal>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace schedd::daemon {

// What asks a daemon to end and leave its dispatcher to the next one.
inline constexpr int kHandOverSignal = SIGUSR1;

// Returns when nobody serves `socket_path` any more, at once if nobody did. DEADLINE_EXCEEDED: the
// daemon is still there after `timeout`; PERMISSION_DENIED: it is somebody else's.
absl::Status TakeOverFrom(const std::string& socket_path, absl::Duration timeout);

}  // namespace schedd::daemon

#endif  // SCHEDD_DAEMON_REPLACE_H_
