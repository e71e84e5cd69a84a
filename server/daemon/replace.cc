// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/replace.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "absl/strings/str_cat.h"
#include "server/daemon/instance_lock.h"

namespace schedd::daemon {

absl::Status TakeOverFrom(const std::string& socket_path, absl::Duration timeout) {
  const std::optional<int> pid = InstanceLock::Owner(socket_path);
  if (!pid.has_value()) return absl::OkStatus();
  const auto process = static_cast<int>(syscall(SYS_pidfd_open, *pid, 0));
  if (process < 0) {
    return errno == ESRCH ? absl::OkStatus() : absl::ErrnoToStatus(errno, "pidfd_open");
  }
  absl::Status status;
  // Asked again: the process ID may have gone to somebody else before it was opened.
  if (InstanceLock::Owner(socket_path) == pid) {
    if (syscall(SYS_pidfd_send_signal, process, kHandOverSignal, nullptr, 0) != 0) {
      status = absl::ErrnoToStatus(errno, absl::StrCat("cannot signal schedd (pid ", *pid, ")"));
    } else {
      pollfd end{process, POLLIN, 0};
      const auto timeout_ms = static_cast<int>(absl::ToInt64Milliseconds(timeout));
      if (poll(&end, 1, timeout_ms) == 0) {
        status = absl::DeadlineExceededError(absl::StrCat(
            "schedd (pid ", *pid, ") did not hand over within ", absl::FormatDuration(timeout),
            ": look at its log; 'kill -9' leaves its dispatcher to this one, too"));
      }
    }
  }
  close(process);
  return status;
}

}  // namespace schedd::daemon
