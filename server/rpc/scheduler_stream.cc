// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/scheduler_stream.h"

#include <utility>

#include "server/rpc/convert.h"

namespace schedd::rpc {

SchedulerStream::SchedulerStream(SchedulerWatch* watch, const Clock* clock, Sequence* sequence,
                                 StreamSink<v1::WatchSchedulerResponse>* sink,
                                 std::optional<SchedulerPosition> position)
    : MessageStream(sequence, sink),
      watch_(watch),
      clock_(clock),
      sequence_(sequence),
      heartbeat_(sequence),
      position_(position) {}

SchedulerStream::~SchedulerStream() { StopListening(); }

void SchedulerStream::Start() {
  // On the control thread, which must not wait for us: it leaves a note.
  listener_ = watch_->AddListener([this, alive = std::weak_ptr<bool>(alive_), to = sequence_] {
    to->Post([this, alive] {
      if (alive.lock() != nullptr && !writing() && !ended()) WriteNext();
    });
  });
  // Who missed nothing gets none of the messages that would start it.
  heartbeat_.Start(kHeartbeat, [this] { WriteHeartbeat(); });
  WriteNext();
}

void SchedulerStream::WriteNext() {
  const std::shared_ptr<const SchedulerPulse> pulse = watch_->Current();
  v1::WatchSchedulerResponse message;
  if (!position_.has_value()) {
    *message.mutable_scheduler() = ToProto(pulse->scheduler);
    position_ = {.sequence = pulse->sequence(), .lost_event_count = pulse->lost_event_count};
    return WriteEvent(std::move(message), pulse->time);
  }
  // By number: who resumes after a message knows all that came before it.
  int64_t next = 0;
  for (const int64_t newest :
       {pulse->state_sequence, pulse->generation_sequence, pulse->loss_sequence}) {
    if (newest > position_->sequence && (next == 0 || newest < next)) next = newest;
  }
  if (next == 0) return;
  position_->sequence = next;
  if (next == pulse->state_sequence) {
    *message.mutable_scheduler() = ToProto(pulse->scheduler);
  } else if (next == pulse->generation_sequence) {
    v1::WatchSchedulerResponse::GenerationApplied& applied = *message.mutable_generation_applied();
    applied.set_policy_generation(pulse->applied_generation);
    *applied.mutable_apply_time() = ToProto(pulse->apply_time);
  } else {
    message.mutable_events_lost()->set_lost_event_count(pulse->lost_event_count -
                                                        position_->lost_event_count);
    position_->lost_event_count = pulse->lost_event_count;
  }
  WriteEvent(std::move(message), pulse->time);
}

void SchedulerStream::WriteEvent(v1::WatchSchedulerResponse message, absl::Time time) {
  message.set_sequence_number(position_->sequence);
  *message.mutable_event_time() = ToProto(time);
  heartbeat_.Start(kHeartbeat, [this] { WriteHeartbeat(); });
  Write(std::move(message));
}

void SchedulerStream::WriteHeartbeat() {
  if (writing()) {  // the reader is slow; it is the message under way that tells it we live
    heartbeat_.Start(kHeartbeat, [this] { WriteHeartbeat(); });
    return;
  }
  v1::WatchSchedulerResponse message;
  message.mutable_heartbeat();
  WriteEvent(std::move(message), clock_->Now());
}

void SchedulerStream::OnEnd() {
  heartbeat_.Stop();
  StopListening();
}

void SchedulerStream::StopListening() {
  if (listener_ != 0) watch_->RemoveListener(listener_);
  listener_ = 0;
}

}  // namespace schedd::rpc
