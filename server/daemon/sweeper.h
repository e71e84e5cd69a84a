// SPDX-License-Identifier: Apache-2.0
//
// A small process of its own that outlives the daemon and removes what it left: the daemon cannot
// do that itself when it was killed.
//
// Started on the main thread before any other thread exists. It sleeps until the daemon has ended,
// however that was; after an orderly end nothing is left and it ends at once.
#ifndef SCHEDD_DAEMON_SWEEPER_H_
#define SCHEDD_DAEMON_SWEEPER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace schedd::daemon {

// `sweep_kernel` is called in the sweeper until it returns true; then the sockets and lock files of
// `socket_paths` go, those that no other daemon (or program) has taken meanwhile.
absl::Status StartSweeper(const std::vector<std::string>& socket_paths,
                          const std::function<bool()>& sweep_kernel);

}  // namespace schedd::daemon

#endif  // SCHEDD_DAEMON_SWEEPER_H_
