// SPDX-License-Identifier: Apache-2.0
//
// The filter language of task lists: a subset of AIP-160.
//
//   filter     = [ expression ]
//   expression = term { "AND" term } | term { "OR" term }        a mix of both needs parentheses
//   term       = [ "NOT" ] ( "(" expression ")" | comparison )
//   comparison = field ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
//   value      = "text" | 'text' | word
//
// Fields: TaskFields() in task_fields.h. Numbers are whole; fields in nanoseconds also take a
// duration (5ms, 1.5s). Text compares byte by byte; after = and != a last * matches any rest (\* is
// a star). Inside quotes \" \' \\ stand for the character, other backslashes for themselves, so
// \xff matches what comm shows. Words for run_state: RUNNING, QUEUED, SLEEPING; for kernel_thread:
// true, false.
//
// Immutable value, cheap to copy; any thread. Parse() fails with INVALID_ARGUMENT, reason
// INVALID_FILTER, metadata position (from 1); limits: 4096 bytes, 256 comparisons, 32 levels of
// nesting.
#ifndef SCHEDD_CONTROL_TASK_FILTER_H_
#define SCHEDD_CONTROL_TASK_FILTER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/control/task_info.h"

namespace schedd {

class TaskFilter {
 public:
  class Node;  // of the syntax tree

  static absl::StatusOr<TaskFilter> Parse(absl::string_view text);

  bool Matches(const TaskInfo& task) const;

 private:
  explicit TaskFilter(std::shared_ptr<const Node> root) : root_(std::move(root)) {}

  std::shared_ptr<const Node> root_;  // null: matches everything
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_TASK_FILTER_H_
