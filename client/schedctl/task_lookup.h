// SPDX-License-Identifier: Apache-2.0
//
// From what a person types for a task to the task.
//
// Blocks for one call. Failure: what the call gives, NOT_FOUND, or INVALID_ARGUMENT for what names
// no task.
#ifndef SCHEDD_CLIENT_SCHEDCTL_TASK_LOOKUP_H_
#define SCHEDD_CLIENT_SCHEDCTL_TASK_LOOKUP_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/lib/client.h"

namespace schedd::client {

// "1234" (a thread ID), "1234-5678" or "tasks/1234-5678" (a task for all time).
absl::StatusOr<v1::Task> FindTask(Client& client, absl::string_view argument);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_TASK_LOOKUP_H_
