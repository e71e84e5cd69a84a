// SPDX-License-Identifier: Apache-2.0
//
// One WatchScheduler stream: the state at first, then what changed since the message before.
//
// Owned by its reactor; on the stream sequence. It compares the newest pulse with what it sent
// last, so a slow reader costs nothing and sees the newest state: of several events of a kind only
// the last one, in the order of their numbers. kHeartbeat without a change sends a heartbeat.
// Nothing in it fails.
#ifndef SCHEDD_RPC_SCHEDULER_STREAM_H_
#define SCHEDD_RPC_SCHEDULER_STREAM_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "schedd/v1/scheduler_service.pb.h"
#include "server/control/clock.h"
#include "server/control/scheduler_watch.h"
#include "server/control/sequence.h"
#include "server/rpc/message_stream.h"

namespace schedd::rpc {

class SchedulerStream : public MessageStream<v1::WatchSchedulerResponse> {
 public:
  static constexpr absl::Duration kHeartbeat = absl::Seconds(5);

  // From a position on the stream goes on from there; else it begins with the state.
  SchedulerStream(SchedulerWatch* watch, const Clock* clock, Sequence* sequence,
                  StreamSink<v1::WatchSchedulerResponse>* sink,
                  std::optional<SchedulerPosition> position = std::nullopt);
  ~SchedulerStream() override;

  void Start() override;

 protected:
  void OnWritten() override { WriteNext(); }
  void OnEnd() override;

 private:
  void WriteNext();
  void WriteEvent(v1::WatchSchedulerResponse message, absl::Time time);
  void WriteHeartbeat();
  void StopListening();

  SchedulerWatch* const watch_;
  const Clock* const clock_;
  Sequence* const sequence_;
  Timer heartbeat_;
  SchedulerWatch::ListenerId listener_ = 0;
  // Notes on their way from the control thread find it gone when this stream is.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  std::optional<SchedulerPosition> position_;  // what the reader knows
};

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_SCHEDULER_STREAM_H_
