// SPDX-License-Identifier: Apache-2.0
//
// The command line of schedd.
//
// Called once on the main thread. Reads the flags (and nothing else: no file, no environment).
// Fails with INVALID_ARGUMENT and a sentence; the values themselves are checked by MakeConfig().
#ifndef SCHEDD_DAEMON_FLAGS_H_
#define SCHEDD_DAEMON_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/daemon/config.h"

namespace schedd::daemon {

struct CommandLine {
  enum class Action {
    kRun,
    kPrint,        // `text` (help or version), then end
    kCheckConfig,  // say whether flags and file are right, then end
  };
  Action action = Action::kRun;
  std::string text;
  std::string config_path;  // empty: no file
  std::vector<Setting> settings;
};

absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv);

}  // namespace schedd::daemon

#endif  // SCHEDD_DAEMON_FLAGS_H_
