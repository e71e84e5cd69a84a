// SPDX-License-Identifier: Apache-2.0
//
// Tasks as a table, as a list of facts, and the field names behind its columns.
//
// Pure functions on values; any thread. Failure: INVALID_ARGUMENT for an order nobody knows.
#ifndef SCHEDD_CLIENT_SCHEDCTL_TASK_TEXT_H_
#define SCHEDD_CLIENT_SCHEDCTL_TASK_TEXT_H_

#include <google/protobuf/repeated_field.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/schedctl/table.h"
#include "schedd/v1/task_service.pb.h"

namespace schedd::client {

Table TaskTable(bool wide);
void AddTaskRow(const v1::Task& task, bool wide, Table& table);

// Two columns, every field of the task.
Table TaskFacts(const v1::Task& task);

// The order_by of the API for a --sort: a column ("run", "wake-p99", "tid"; what counts or measures
// comes largest first), a column with ":asc" or ":desc", or the API's own words.
absl::StatusOr<std::string> OrderBy(absl::string_view sort);

// "comm=nginx uid=33": what a selector says, all of it.
std::string SelectorText(const v1::TaskSelector& selector);

// What --sort takes: the columns in lower case.
std::vector<std::string> SortWords();

// The filter with the kernel threads left out if `user_only`.
std::string TaskFilter(absl::string_view filter, bool user_only);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_TASK_TEXT_H_
