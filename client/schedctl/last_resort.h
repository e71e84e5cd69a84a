// SPDX-License-Identifier: Apache-2.0
//
// The time limit for what has one already, but may never end: gRPC counts time in threads of its
// own, and waits for ever, without a word, when the system refuses to start them (no process ID
// left, pids.max of the cgroup, RLIMIT_NPROC).
#ifndef SCHEDD_CLIENT_SCHEDCTL_LAST_RESORT_H_
#define SCHEDD_CLIENT_SCHEDCTL_LAST_RESORT_H_

#include "absl/time/time.h"

namespace schedd::client {

// Ends the process unless it is destroyed within `limit` (at least 1 us), with `exit_code`; unless
// that is 0 it says on stderr that it hangs and what may be the cause. A timer of the kernel's
// (SIGALRM), because it must need no thread. One at a time in a process; any thread.
class LastResort {
 public:
  LastResort(absl::Duration limit, int exit_code);
  ~LastResort();
  LastResort(const LastResort&) = delete;
  LastResort& operator=(const LastResort&) = delete;
};

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_LAST_RESORT_H_
