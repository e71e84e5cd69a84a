// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/task_lookup.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace schedd::client {

absl::StatusOr<v1::Task> FindTask(Client& client, absl::string_view argument) {
  if (absl::StartsWith(argument, "tasks/")) return client.GetTask(std::string(argument));
  if (absl::StrContains(argument.substr(argument.empty() ? 0 : 1), "-")) {
    return client.GetTask(absl::StrCat("tasks/", argument));
  }
  int32_t tid = 0;
  if (!absl::SimpleAtoi(argument, &tid) || tid < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", argument,
                     "\" is not a task: give a thread ID (1234) or a name (tasks/1234-5678), as "
                     "schedctl task list -o wide shows them"));
  }
  v1::ListTasksRequest request;
  request.set_filter(absl::StrCat("tid = ", tid));
  auto tasks = client.ListAllTasks(request);
  if (!tasks.ok()) return tasks.status();
  if (tasks->empty()) {
    return absl::NotFoundError(absl::StrCat(
        "schedd knows no task with thread ID ", tid,
        ": it has ended, or its scheduling class is not ours; see schedctl task list"));
  }
  // By name, and so by start: the last one is the newest owner of the number.
  return tasks->back();
}

}  // namespace schedd::client
