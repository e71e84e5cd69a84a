// SPDX-License-Identifier: Apache-2.0
//
// The order of task lists: order_by, for example "stats.run_time_nanos desc, tid". Always total:
// ties go by task key.
//
// Immutable value; any thread. Parse() fails with INVALID_ARGUMENT, reason INVALID_ORDER. At most 8
// fields.
#ifndef SCHEDD_CONTROL_TASK_ORDER_H_
#define SCHEDD_CONTROL_TASK_ORDER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/control/task_fields.h"
#include "server/control/task_info.h"

namespace schedd {

// Where a task stands in an order: its values of the order's fields, then its key.
struct TaskPosition {
  std::vector<TaskFieldValue> values;
  TaskKey key;
};

class TaskOrder {
 public:
  static absl::StatusOr<TaskOrder> Parse(absl::string_view order_by);

  // True when this is the order of snapshots: nothing needs sorting.
  bool by_key() const { return terms_.empty(); }

  bool Before(const TaskInfo& a, const TaskInfo& b) const;
  // True when `task` comes after `position`.
  bool After(const TaskInfo& task, const TaskPosition& position) const;

  TaskPosition PositionOf(const TaskInfo& task) const;

  // Text for page tokens, and back (nothing when it was not made by an order of the same fields).
  std::string EncodePosition(const TaskPosition& position) const;
  std::optional<TaskPosition> DecodePosition(absl::string_view text) const;

 private:
  struct Term {
    const TaskField* field;
    bool descending;
  };
  std::vector<Term> terms_;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_TASK_ORDER_H_
