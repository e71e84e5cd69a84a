// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/stop_signal.h"

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "server/daemon/replace.h"

namespace schedd::daemon {

absl::StatusOr<std::unique_ptr<SignalStop>> SignalStop::Create() {
  // A log reader that goes away must not take the daemon with it.
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, kHandOverSignal);
  if (const int error = pthread_sigmask(SIG_BLOCK, &signals, nullptr); error != 0) {
    return absl::ErrnoToStatus(error, "pthread_sigmask");
  }
  const int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) return absl::ErrnoToStatus(errno, "signalfd");
  return std::unique_ptr<SignalStop>(new SignalStop(fd));
}

SignalStop::~SignalStop() { close(fd_); }

bool SignalStop::Wait(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (true) {
    signalfd_siginfo info;
    if (read(fd_, &info, sizeof(info)) == sizeof(info)) {
      if (info.ssi_signo == uint32_t{SIGHUP}) {
        reload_ = true;
        return false;
      }
      hands_over_ = info.ssi_signo == uint32_t{kHandOverSignal};
      return true;
    }
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    pollfd waited{fd_, POLLIN, 0};
    // Rounded up, so that the last millisecond is not spent turning round here.
    constexpr absl::Duration kLongest = absl::Hours(1);
    const int64_t ms =
        absl::ToInt64Milliseconds(std::min(left, kLongest) + absl::Nanoseconds(999'999));
    poll(&waited, 1, static_cast<int>(ms));
  }
}

}  // namespace schedd::daemon
