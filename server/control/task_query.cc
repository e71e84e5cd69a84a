// SPDX-License-Identifier: Apache-2.0
#include "server/control/task_query.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/control/page_token.h"

namespace schedd {
namespace {

constexpr absl::string_view kTokenKind = "tasks";

// FNV-1a: the same in every run of the daemon, unlike absl::Hash.
uint64_t Fingerprint(absl::string_view filter, absl::string_view order_by) {
  uint64_t hash = 14695981039346656037u;
  for (const absl::string_view text : {filter, absl::string_view("\0", 1), order_by}) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  }
  return hash;
}

}  // namespace

TaskQuery::TaskQuery(TaskFilter filter, TaskOrder order, uint64_t fingerprint)
    : filter_(std::move(filter)), order_(std::move(order)), fingerprint_(fingerprint) {}

absl::StatusOr<TaskQuery> TaskQuery::Create(absl::string_view filter, absl::string_view order_by) {
  absl::StatusOr<TaskFilter> parsed_filter = TaskFilter::Parse(filter);
  if (!parsed_filter.ok()) return parsed_filter.status();
  absl::StatusOr<TaskOrder> parsed_order = TaskOrder::Parse(order_by);
  if (!parsed_order.ok()) return parsed_order.status();
  return TaskQuery(*std::move(parsed_filter), *std::move(parsed_order),
                   Fingerprint(filter, order_by));
}

absl::StatusOr<TaskPage> TaskQuery::Page(const TaskSnapshot& snapshot, int32_t page_size,
                                         absl::string_view page_token) const {
  const absl::StatusOr<int32_t> size = CheckPageSize(page_size, kDefaultPageSize, kMaxPageSize);
  if (!size.ok()) return size.status();
  absl::StatusOr<std::optional<TaskPosition>> after = ReadToken(page_token);
  if (!after.ok()) return after.status();

  TaskPage page;
  for (const TaskEntry& entry : snapshot.tasks) {
    const TaskInfo& task = *entry.info;
    if (after->has_value() && !order_.After(task, **after)) continue;
    if (filter_.Matches(task)) page.tasks.push_back(&task);
  }
  const bool more = page.tasks.size() > static_cast<size_t>(*size);
  KeepFirst(page.tasks, static_cast<size_t>(*size));
  if (more) {
    const TaskPosition last = order_.PositionOf(*page.tasks.back());
    page.next_page_token = EncodePageToken(
        kTokenKind, absl::StrCat(absl::Hex(fingerprint_), ":", order_.EncodePosition(last)));
  }
  return page;
}

std::vector<const TaskInfo*> TaskQuery::Top(const TaskSnapshot& snapshot, size_t max_count) const {
  std::vector<const TaskInfo*> tasks;
  tasks.reserve(snapshot.tasks.size());
  for (const TaskEntry& entry : snapshot.tasks) {
    if (filter_.Matches(*entry.info)) tasks.push_back(entry.info.get());
  }
  KeepFirst(tasks, max_count == 0 ? tasks.size() : max_count);
  return tasks;
}

void TaskQuery::KeepFirst(std::vector<const TaskInfo*>& tasks, size_t count) const {
  const size_t kept = std::min(count, tasks.size());
  if (!order_.by_key()) {
    std::partial_sort(
        tasks.begin(), tasks.begin() + static_cast<ptrdiff_t>(kept), tasks.end(),
        [this](const TaskInfo* a, const TaskInfo* b) { return order_.Before(*a, *b); });
  }
  tasks.resize(kept);
}

absl::StatusOr<std::optional<TaskPosition>> TaskQuery::ReadToken(absl::string_view token) const {
  if (token.empty()) return std::nullopt;
  const absl::StatusOr<std::string> content = DecodePageToken(kTokenKind, token);
  if (!content.ok()) return content.status();
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(*content, absl::MaxSplits(':', 1));
  if (parts.first != absl::StrCat(absl::Hex(fingerprint_))) {
    return PageTokenError("it belongs to a list with another filter or order_by");
  }
  std::optional<TaskPosition> position = order_.DecodePosition(parts.second);
  if (!position.has_value()) return PageTokenError("it is damaged");
  return position;
}

}  // namespace schedd
