// SPDX-License-Identifier: Apache-2.0
//
// The one table of task fields that filters and orders may name.
//
// Constant data; any thread. Numbers are int64; those of a field in nanoseconds are nanoseconds,
// those of one with decimals are millionths.
// Nothing here fails.
#ifndef SCHEDD_CONTROL_TASK_FIELDS_H_
#define SCHEDD_CONTROL_TASK_FIELDS_H_

#include <cstdint>
#include <span>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"
#include "server/control/task_info.h"

namespace schedd {

// Numbers, states and booleans (0, 1) are int64_t.
using TaskFieldValue = std::variant<int64_t, std::string>;

struct TaskField {
  enum class Type { kInteger, kNanos, kDecimal, kText, kRunState, kBoolean };

  absl::string_view path;  // as in the proto: "stats.run_time_nanos"
  Type type;
  int64_t (*number)(const TaskInfo& task);           // null for kText
  const std::string& (*text)(const TaskInfo& task);  // null but for kText
};

std::span<const TaskField> TaskFields();

// nullptr when there is none.
const TaskField* FindTaskField(absl::string_view path);

// "name, tid, ...", for error messages and docs.
std::string TaskFieldList();

// Of a kDecimal field, to the nearest one.
int64_t ToMillionths(double value);

// "RUNNING" or "RUN_STATE_RUNNING" to its number; false for other words.
bool ParseRunState(absl::string_view word, int64_t* number);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_TASK_FIELDS_H_
