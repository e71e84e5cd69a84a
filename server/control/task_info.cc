// SPDX-License-Identifier: Apache-2.0
#include "server/control/task_info.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/control/error.h"

namespace schedd {

std::string FormatTaskName(const TaskKey& key) {
  return absl::StrCat("tasks/", key.tid, "-", key.start_boottime_ns);
}

absl::StatusOr<TaskKey> ParseTaskName(absl::string_view name) {
  TaskKey key;
  absl::string_view rest = name;
  if (absl::ConsumePrefix(&rest, "tasks/")) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(rest, absl::MaxSplits('-', 1));
    // The comparison refuses other spellings of the same numbers ("+1", "01", spaces).
    if (absl::SimpleAtoi(parts.first, &key.tid) &&
        absl::SimpleAtoi(parts.second, &key.start_boottime_ns) && key.tid > 0 &&
        FormatTaskName(key) == name) {
      return key;
    }
  }
  return MakeError(absl::StatusCode::kInvalidArgument, reason::kInvalidName,
                   absl::StrCat("\"", name,
                                "\" is not the name of a task: it is tasks/<tid>-<start time>, as "
                                "ListTasks shows it"),
                   {{"field", "name"}});
}

}  // namespace schedd
