// SPDX-License-Identifier: Apache-2.0
//
// One WatchTasks stream: an update each interval, the newest state only.
//
// Owned by its reactor; on the stream sequence. A reader slower than the updates misses some, which
// is counted in the next message, or ends the stream when the caller asked for that. An update
// larger than max_message_bytes goes out in several messages, each built when the one before has
// left: a reader that does not read holds one message and one snapshot. Create() fails with
// INVALID_ARGUMENT; a running stream ends with the status of the snapshot (SCHEDULER_DETACHED) or
// STREAM_OVERFLOW.
//
// With changed_tasks_only an update costs one pass over the keys and versions of a snapshot, and
// what changed. What is sent is what changed since the snapshot of the last update that was sent,
// so a skipped one loses nothing.
#ifndef SCHEDD_RPC_TASK_STREAM_H_
#define SCHEDD_RPC_TASK_STREAM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "schedd/v1/task_service.pb.h"
#include "server/control/sequence.h"
#include "server/control/task_info.h"
#include "server/control/task_query.h"
#include "server/rpc/encoded_tasks.h"
#include "server/rpc/field_mask.h"
#include "server/rpc/message_stream.h"

namespace schedd::rpc {

// A snapshot no older than the argument: Control::SnapshotTasks().
using SnapshotSource =
    std::function<absl::StatusOr<std::shared_ptr<const TaskSnapshot>>(absl::Duration max_age)>;

class TaskStream : public MessageStream<v1::WatchTasksResponse> {
 public:
  // Clients take messages of 4 MiB unless told otherwise.
  static constexpr size_t kMaxMessageBytes = 3 << 20;

  static absl::StatusOr<std::unique_ptr<TaskStream>> Create(
      const v1::WatchTasksRequest& request, SnapshotSource snapshots, Sequence* sequence,
      StreamSink<v1::WatchTasksResponse>* sink, size_t max_message_bytes = kMaxMessageBytes);

  void Start() override { Tick(); }

 protected:
  void OnWritten() override;
  void OnEnd() override;

 private:
  struct Options {
    absl::Duration interval;
    size_t max_tasks = 0;
    bool close_on_overflow = false;
    bool changed_only = false;
    size_t max_message_bytes = 0;
  };

  TaskStream(const Options& options, TaskQuery query, ReadMask mask, SnapshotSource snapshots,
             Sequence* sequence, StreamSink<v1::WatchTasksResponse>* sink);

  void Tick();
  void BeginUpdate();
  // Choose tasks_, and name in `message` those of sent_ that are no longer there.
  void ChooseAll(v1::WatchTasksResponse* message);
  void ChooseChanged(v1::WatchTasksResponse* message);
  void WriteMessage(v1::WatchTasksResponse message);

  const Options options_;
  const TaskQuery query_;
  const ReadMask mask_;
  EncodedTasks encoded_;
  const SnapshotSource snapshots_;
  Timer timer_;

  // The update under way; empty once its last message was built.
  std::shared_ptr<const TaskSnapshot> snapshot_;
  std::vector<const TaskInfo*> tasks_;
  size_t next_task_ = 0;

  int64_t sequence_number_ = 0;
  int64_t skipped_ = 0;       // updates, since the last message
  int64_t lost_events_ = 0;   // as the last snapshot sent said
  int64_t sent_version_ = 0;  // of the last snapshot sent
  // Alive when last looked at and named to the reader; sorted. With changed_only those that match
  // the filter.
  std::vector<TaskKey> sent_;
};

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_TASK_STREAM_H_
