// SPDX-License-Identifier: Apache-2.0
//
// What the daemon asks of the operating system for itself: memory that stays, a place last in the
// out-of-memory queue, a priority, privileges, and words with the service manager.
//
// Stateless; main thread, before other threads start. Each fails with a Status that says what was
// denied; the process goes on unchanged then.
#ifndef SCHEDD_DAEMON_PROCESS_H_
#define SCHEDD_DAEMON_PROCESS_H_

#include <string>

#include "absl/status/status.h"

namespace schedd::daemon {

// Keeps every page, present and future, in memory once it was touched.
absl::Status LockMemory();

// The kernel takes other processes first when memory runs out. `path` is the process's score file.
absl::Status ProtectFromOutOfMemory(const std::string& path = "/proc/self/oom_score_adj");

// The kernel's own class prefers this thread and those that it makes: until it is attached, the
// daemon competes with the load that it is there to schedule.
absl::Status RaisePriority();

// True if this process may load BPF programs (CAP_BPF or CAP_SYS_ADMIN).
bool MayLoadBpf();

// Release of the running kernel, as uname -r.
std::string KernelRelease();

// Tells the service manager, if there is one (environment NOTIFY_SOCKET): "READY=1" and the like.
void NotifyServiceManager(const std::string& state);

}  // namespace schedd::daemon

#endif  // SCHEDD_DAEMON_PROCESS_H_
