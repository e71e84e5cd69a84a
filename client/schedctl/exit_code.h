// SPDX-License-Identifier: Apache-2.0
//
// The exit codes of schedctl, in one table: what the process returns, what --help and
// docs/schedctl.md list.
//
// Pure functions; any thread; never fails.
#ifndef SCHEDD_CLIENT_SCHEDCTL_EXIT_CODE_H_
#define SCHEDD_CLIENT_SCHEDCTL_EXIT_CODE_H_

#include <span>

#include "absl/status/status.h"

namespace schedd::client {

struct ExitCode {
  int code;
  const char* meaning;
};

inline constexpr int kExitOk = 0;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNoAnswer = 8;

// All of them, ascending.
std::span<const ExitCode> ExitCodes();

int ExitCodeOf(absl::StatusCode code);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_EXIT_CODE_H_
