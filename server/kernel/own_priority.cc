// SPDX-License-Identifier: Apache-2.0
#include "server/kernel/own_priority.h"

#include <sys/resource.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/strings/numbers.h"

namespace schedd {
namespace {

constexpr int kHighest = -20;

void Renew(id_t thread) {
  errno = 0;  // -1 is a nice value, too
  const int nice = getpriority(PRIO_PROCESS, thread);
  if (errno != 0) return;  // it ended
  // Up first: who may not do that is left as it was.
  if (setpriority(PRIO_PROCESS, thread, nice > kHighest ? nice - 1 : nice + 1) != 0) return;
  static_cast<void>(setpriority(PRIO_PROCESS, thread, nice));
}

}  // namespace

void RenewNiceValues() {
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/proc/self/task", error), end;
       !error && entry != end; entry.increment(error)) {
    id_t thread = 0;
    if (absl::SimpleAtoi(entry->path().filename().string(), &thread)) Renew(thread);
  }
}

}  // namespace schedd
