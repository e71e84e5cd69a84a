// SPDX-License-Identifier: Apache-2.0
//
// --watch of the commands that show something: shows it again whenever it changed.
//
// A stream of the scheduler's events says when to look again: at each change of state and of
// generation (each change of parameters or overrides is one), and every 5 s without one. Nothing is
// polled. On a terminal the new text is drawn over the old one, else it follows it; JSON is one
// line each time. One thread. Ends like WatchScheduler: with the daemon's error when schedd ends.
#ifndef SCHEDD_CLIENT_SCHEDCTL_FOLLOW_H_
#define SCHEDD_CLIENT_SCHEDCTL_FOLLOW_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "client/schedctl/command.h"

namespace schedd::client {

struct FollowOptions {
  bool watch = false;
  int64_t count = 0;  // times to show it; 0: no limit
};

// Adds --watch and --count to a command. `options` outlives it.
void AddFollowOptions(CLI::App* command, FollowOptions& options);

// Runs `show`, which prints to the session: once, or as said above with --watch. INVALID_ARGUMENT
// for --count without --watch.
absl::Status Follow(Session& session, const FollowOptions& options,
                    const std::function<absl::Status()>& show);

// Data that takes the place of what was shown before: drawn over it on a terminal, else after it.
void PrintUpdate(Session& session, const std::string& text);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_FOLLOW_H_
