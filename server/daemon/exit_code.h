// SPDX-License-Identifier: Apache-2.0
//
// The exit codes of schedd, with their meaning for --help and docs/configuration.md.
//
// A promise to scripts: a code never changes its meaning. Pure.
#ifndef SCHEDD_DAEMON_EXIT_CODE_H_
#define SCHEDD_DAEMON_EXIT_CODE_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace schedd::daemon {

enum class ExitCode {
  kOk = 0,
  kInternal = 1,
  kUsage = 2,
  kPermission = 3,
  kNoSchedExt = 4,
  kForeignScheduler = 5,
  kAlreadyRunning = 6,
  kBpfRefused = 7,
  kCannotListen = 8,
};

struct ExitCodeDoc {
  ExitCode code;
  absl::string_view meaning;
};

absl::Span<const ExitCodeDoc> ExitCodeDocs();

}  // namespace schedd::daemon

#endif  // SCHEDD_DAEMON_EXIT_CODE_H_
