// SPDX-License-Identifier: Apache-2.0
//
// Filter, order and paging of task lists (ListTasks, WatchTasks): pure functions of a snapshot.
//
// TaskQuery is a value, built once for a stream and used for each snapshot; any thread. Errors are
// INVALID_ARGUMENT with reason INVALID_FILTER, INVALID_ORDER, INVALID_PAGE_SIZE or
// INVALID_PAGE_TOKEN and say where and what is allowed.
//
// A page token holds the sort key of the last task returned, so the next page goes on behind it
// whatever came or went meanwhile; a task that moved in the order between two pages may be seen
// twice or not at all.
#ifndef SCHEDD_CONTROL_TASK_QUERY_H_
#define SCHEDD_CONTROL_TASK_QUERY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/control/task_filter.h"
#include "server/control/task_info.h"
#include "server/control/task_order.h"

namespace schedd {

// What a page is cut from: points into the snapshot that was asked.
struct TaskPage {
  std::vector<const TaskInfo*> tasks;
  std::string next_page_token;  // empty at the end
};

class TaskQuery {
 public:
  static constexpr int32_t kDefaultPageSize = 1'000;
  static constexpr int32_t kMaxPageSize = 10'000;

  // Empty filter: all tasks. Empty order: by tid.
  static absl::StatusOr<TaskQuery> Create(absl::string_view filter, absl::string_view order_by);

  // One page. page_size 0: the default; larger than the largest: cut; negative: an error. The token
  // must come from a query with the same filter and order.
  absl::StatusOr<TaskPage> Page(const TaskSnapshot& snapshot, int32_t page_size,
                                absl::string_view page_token) const;

  // The first `max_count` tasks in order; 0: all (WatchTasks).
  std::vector<const TaskInfo*> Top(const TaskSnapshot& snapshot, size_t max_count) const;

  bool Matches(const TaskInfo& task) const { return filter_.Matches(task); }
  // Puts tasks, sorted by key as in a snapshot, in order.
  void Sort(std::vector<const TaskInfo*>& tasks) const { KeepFirst(tasks, tasks.size()); }

 private:
  TaskQuery(TaskFilter filter, TaskOrder order, uint64_t fingerprint);

  // The first `count` in order, sorted; drops the others. `tasks` is sorted by key.
  void KeepFirst(std::vector<const TaskInfo*>& tasks, size_t count) const;
  // Where the page begins: behind the position, or at the beginning.
  absl::StatusOr<std::optional<TaskPosition>> ReadToken(absl::string_view token) const;

  TaskFilter filter_;
  TaskOrder order_;
  uint64_t fingerprint_;  // of filter and order, in page tokens
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_TASK_QUERY_H_
