// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/task_stream.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/control/error.h"
#include "server/rpc/convert.h"
#include "server/rpc/status.h"

namespace schedd::rpc {
namespace {

constexpr absl::Duration kDefaultInterval = absl::Seconds(1);
constexpr absl::Duration kMinInterval = absl::Milliseconds(100);
constexpr absl::Duration kMaxInterval = absl::Minutes(1);
// Streams share a snapshot that is not older than this.
constexpr absl::Duration kSharedAge = absl::Milliseconds(50);

absl::Status Invalid(absl::string_view reason, absl::string_view field, absl::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, reason, absl::StrCat(field, ": ", message),
                   {{"field", std::string(field)}});
}

}  // namespace

absl::StatusOr<std::unique_ptr<TaskStream>> TaskStream::Create(
    const v1::WatchTasksRequest& request, SnapshotSource snapshots, Sequence* sequence,
    StreamSink<v1::WatchTasksResponse>* sink, size_t max_message_bytes) {
  Options options;
  options.max_message_bytes = max_message_bytes;
  options.interval = kDefaultInterval;
  if (request.has_update_interval()) options.interval = FromProto(request.update_interval());
  if (options.interval < kMinInterval || options.interval > kMaxInterval) {
    return Invalid(reason::kInvalidInterval, "update_interval",
                   absl::StrCat(absl::FormatDuration(options.interval), " is not allowed; use ",
                                absl::FormatDuration(kMinInterval), " to ",
                                absl::FormatDuration(kMaxInterval)));
  }
  if (request.max_task_count() < 0) {
    return Invalid(reason::kInvalidPageSize, "max_task_count",
                   absl::StrCat(request.max_task_count(), " is negative; 0 means all tasks"));
  }
  options.max_tasks = static_cast<size_t>(request.max_task_count());
  options.changed_only = request.changed_tasks_only();
  if (options.changed_only && options.max_tasks > 0) {
    return Invalid(reason::kInvalidPageSize, "max_task_count",
                   "with changed_tasks_only it must be 0: which tasks are the first may change "
                   "with any task; use a filter to get fewer");
  }
  options.close_on_overflow = request.overflow_mode() == v1::WatchTasksRequest::OVERFLOW_MODE_CLOSE;
  absl::StatusOr<TaskQuery> query = TaskQuery::Create(request.filter(), request.order_by());
  if (!query.ok()) return query.status();
  absl::StatusOr<ReadMask> mask =
      ReadMask::Create(request.read_mask(), *v1::Task::descriptor(), "read_mask");
  if (!mask.ok()) return mask.status();
  return std::unique_ptr<TaskStream>(new TaskStream(options, *std::move(query), *std::move(mask),
                                                    std::move(snapshots), sequence, sink));
}

TaskStream::TaskStream(const Options& options, TaskQuery query, ReadMask mask,
                       SnapshotSource snapshots, Sequence* sequence,
                       StreamSink<v1::WatchTasksResponse>* sink)
    : MessageStream(sequence, sink),
      options_(options),
      query_(std::move(query)),
      mask_(std::move(mask)),
      encoded_(&mask_, v1::WatchTasksResponse::kTasksFieldNumber),
      snapshots_(std::move(snapshots)),
      timer_(sequence) {}

void TaskStream::Tick() {
  // First, so that an update that takes long does not make the next one late.
  timer_.Start(options_.interval, [this] { Tick(); });
  if (!writing()) {
    BeginUpdate();
    return;
  }
  ++skipped_;
  if (!options_.close_on_overflow) return;
  End(WithRetryAfter(
      MakeError(absl::StatusCode::kResourceExhausted, reason::kStreamOverflow,
                "the reader is slower than the updates: read faster, ask for a longer "
                "update_interval or fewer tasks, or use OVERFLOW_MODE_LATEST"),
      options_.interval));
}

void TaskStream::BeginUpdate() {
  auto snapshot = snapshots_(std::min(options_.interval / 2, kSharedAge));
  if (!snapshot.ok()) {
    End(snapshot.status());
    return;
  }
  snapshot_ = *std::move(snapshot);
  next_task_ = 0;
  v1::WatchTasksResponse message;
  // A smaller number than before is another attachment's: it began at 0.
  const int64_t lost = snapshot_->lost_event_count;
  message.set_dropped_event_count(lost >= lost_events_ ? lost - lost_events_ : lost);
  lost_events_ = lost;
  message.set_skipped_update_count(skipped_);
  sequence_number_ += skipped_;
  skipped_ = 0;
  if (options_.changed_only) {
    ChooseChanged(&message);
  } else {
    ChooseAll(&message);
  }
  WriteMessage(std::move(message));
}

void TaskStream::ChooseAll(v1::WatchTasksResponse* message) {
  tasks_ = query_.Top(*snapshot_, options_.max_tasks);
  std::vector<TaskKey> alive;
  alive.reserve(sent_.size());
  auto entry = snapshot_->tasks.begin();
  for (const TaskKey& key : sent_) {
    while (entry != snapshot_->tasks.end() && entry->key < key) ++entry;
    if (entry != snapshot_->tasks.end() && entry->key == key) {
      alive.push_back(key);
    } else {
      message->add_exited_tasks(FormatTaskName(key));
    }
  }
  std::vector<TaskKey> now;
  now.reserve(tasks_.size());
  for (const TaskInfo* task : tasks_) now.push_back(task->key);
  if (!std::is_sorted(now.begin(), now.end())) std::sort(now.begin(), now.end());
  sent_.clear();
  std::set_union(alive.begin(), alive.end(), now.begin(), now.end(), std::back_inserter(sent_));
}

// A task that did not change matches the filter as it did when it was looked at before, which is
// said by whether it is in sent_.
void TaskStream::ChooseChanged(v1::WatchTasksResponse* message) {
  std::vector<TaskKey> matching;
  matching.reserve(snapshot_->tasks.size());
  auto sent = sent_.begin();
  const auto name_exited_before = [&](const TaskKey* key) {
    for (; sent != sent_.end() && (key == nullptr || *sent < *key); ++sent) {
      message->add_exited_tasks(FormatTaskName(*sent));
    }
  };
  for (const TaskEntry& entry : snapshot_->tasks) {
    name_exited_before(&entry.key);
    const bool was_sent = sent != sent_.end() && *sent == entry.key;
    if (was_sent) ++sent;
    const bool changed = entry.version > sent_version_;
    const bool matches = changed ? query_.Matches(*entry.info) : was_sent;
    if (matches) {
      matching.push_back(entry.key);
      if (changed) tasks_.push_back(entry.info.get());
    } else if (was_sent) {
      message->add_unmatched_tasks(FormatTaskName(entry.key));
    }
  }
  name_exited_before(nullptr);
  query_.Sort(tasks_);
  sent_ = std::move(matching);
  sent_version_ = snapshot_->version;
}

void TaskStream::WriteMessage(v1::WatchTasksResponse message) {
  message.set_sequence_number(++sequence_number_);
  *message.mutable_collect_time() = ToProto(snapshot_->collect_time);
  message.set_policy_generation(snapshot_->policy_generation);
  const size_t own = message.ByteSizeLong();
  const size_t room = options_.max_message_bytes - std::min(own, options_.max_message_bytes);
  encoded_.Restart();
  for (bool first = true; next_task_ < tasks_.size(); first = false, ++next_task_) {
    // A message holds at least one task, or the update would never end.
    if (!encoded_.Add(*tasks_[next_task_], first ? SIZE_MAX : room, &message)) break;
  }
  message.set_partial(next_task_ < tasks_.size());
  if (!message.partial()) {
    tasks_.clear();
    snapshot_.reset();
  }
  Write(std::move(message));
}

void TaskStream::OnWritten() {
  if (snapshot_ != nullptr) WriteMessage({});
}

void TaskStream::OnEnd() {
  timer_.Stop();
  tasks_ = {};
  sent_ = {};
  snapshot_.reset();
}

}  // namespace schedd::rpc
