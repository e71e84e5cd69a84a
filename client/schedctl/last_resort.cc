// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/last_resort.h"

#include <sys/time.h>
#include <unistd.h>

#include <csignal>

namespace schedd::client {
namespace {

volatile sig_atomic_t exit_code_at_the_limit = 0;

void Exit(int) {
  static constexpr char kText[] =
      "schedctl: hangs within itself. Most likely the system let it start no threads: look for a "
      "limit of processes (ulimit -u, pids.max of the cgroup, kernel.pid_max) and try again\n";
  if (exit_code_at_the_limit != 0) {
    // If even this cannot be written there is nobody to tell.
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kText, sizeof(kText) - 1);
  }
  _exit(exit_code_at_the_limit);
}

void SetTimer(absl::Duration limit) {
  itimerval timer{};
  timer.it_value = absl::ToTimeval(limit);
  setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace

LastResort::LastResort(absl::Duration limit, int exit_code) {
  exit_code_at_the_limit = exit_code;
  std::signal(SIGALRM, Exit);
  SetTimer(limit);
}

LastResort::~LastResort() { SetTimer(absl::ZeroDuration()); }

}  // namespace schedd::client
