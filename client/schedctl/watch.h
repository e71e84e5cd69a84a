// SPDX-License-Identifier: Apache-2.0
//
// Updates of tasks as a stream: task watch, and --watch of task list and task get.
//
// One thread; blocks until the stream ends. Errors are those of WatchTasks.
#ifndef SCHEDD_CLIENT_SCHEDCTL_WATCH_H_
#define SCHEDD_CLIENT_SCHEDCTL_WATCH_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "client/schedctl/session.h"

namespace schedd::client {

struct WatchOptions {
  std::string interval = "1s";
  std::string filter;
  std::string sort = "run";
  int limit = 0;      // tasks; 0: all, or on a terminal what fits
  int64_t count = 0;  // updates; 0: no limit
  bool user_only = false;
  bool all_columns = false;  // as with -o wide
};

// A table, or document, for each update.
absl::Status WatchTaskList(Session& session, const WatchOptions& options);

// All about the task of this name for each update, until it ends.
absl::Status WatchTask(Session& session, const std::string& name, int64_t count);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_WATCH_H_
