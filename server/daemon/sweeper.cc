// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/sweeper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/daemon/instance_lock.h"

namespace schedd::daemon {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(200);

// Keeps nothing of the daemon's open, and none of its signals.
int LeaveTheDaemon(int daemon_fd) {
  setsid();
  // Not the daemon's name: who kills "schedd" by name means the daemon.
  prctl(PR_SET_NAME, "sched-sweeper");
  for (const int signal_number : {SIGTERM, SIGINT, SIGHUP}) signal(signal_number, SIG_IGN);
  const int null_fd = open("/dev/null", O_RDWR);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null_fd, fd);
  constexpr int kKept = 3;
  dup2(daemon_fd, kKept);
  close_range(kKept + 1, ~0U, 0);
  return chdir("/") == 0 ? kKept : -1;
}

void AwaitEnd(int daemon_fd) {
  pollfd end{daemon_fd, POLLIN, 0};
  while (poll(&end, 1, -1) < 0 && errno == EINTR) {
  }
}

// A socket at which nobody answers: not another program's, nor a file.
bool IsDeadSocket(const std::string& path) {
  struct stat info = {};
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
  if (path.size() >= sizeof(address.sun_path)) return false;
  memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool refused =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 &&
      errno == ECONNREFUSED;
  close(fd);
  return refused;
}

}  // namespace

absl::Status StartSweeper(const std::vector<std::string>& socket_paths,
                          const std::function<bool()>& sweep_kernel) {
  const auto self = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
  if (self < 0) return absl::ErrnoToStatus(errno, "pidfd_open");
  const pid_t child = fork();
  if (child != 0) {
    const int error = errno;
    close(self);
    return child > 0 ? absl::OkStatus() : absl::ErrnoToStatus(error, "cannot start the sweeper");
  }
  AwaitEnd(LeaveTheDaemon(self));
  while (!sweep_kernel()) absl::SleepFor(kInterval);
  for (const std::string& path : socket_paths) {
    // Its end removes the lock file.
    const auto lock = InstanceLock::Take(path);
    if (lock.ok() && IsDeadSocket(path)) unlink(path.c_str());
  }
  _exit(0);
}

}  // namespace schedd::daemon
