// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/scheduler_stream.h"

#include <utility>

#include "server/rpc/convert.h"

namespace schedd::rpc {

SchedulerStream::SchedulerStream(SchedulerWatch* watch, const Clock* clock, Sequence* sequence,
                                 StreamSink<v1::WatchSchedulerResponse>* sink)
    : MessageStream(sequence, sink),
      watch_(watch),
      clock_(clock),
      sequence_(sequence),
      heartbeat_(sequence) {}

SchedulerStream::~SchedulerStream() { StopListening(); }

void SchedulerStream::Start() {
  // On the control thread, which must not wait for us: it leaves a note.
  listener_ = watch_->AddListener([this, alive = std::weak_ptr<bool>(alive_), to = sequence_] {
    to->Post([this, alive] {
      if (alive.lock() != nullptr && !writing() && !ended()) WriteNext();
    });
  });
  WriteNext();
}

void SchedulerStream::WriteNext() {
  const std::shared_ptr<const SchedulerPulse> pulse = watch_->Current();
  v1::WatchSchedulerResponse message;
  if (!sent_first_ || pulse->state_version != state_version_) {
    *message.mutable_scheduler() = ToProto(pulse->scheduler);
    state_version_ = pulse->state_version;
    if (!sent_first_) {
      applied_generation_ = pulse->applied_generation;
      lost_event_count_ = pulse->lost_event_count;
    }
    sent_first_ = true;
  } else if (pulse->applied_generation != applied_generation_) {
    applied_generation_ = pulse->applied_generation;
    // 0 is the end of an attachment, which the change of state told.
    if (applied_generation_ == 0) return WriteNext();
    v1::WatchSchedulerResponse::GenerationApplied& applied = *message.mutable_generation_applied();
    applied.set_policy_generation(applied_generation_);
    *applied.mutable_apply_time() = ToProto(pulse->apply_time);
  } else if (pulse->lost_event_count > lost_event_count_) {
    message.mutable_events_lost()->set_lost_event_count(pulse->lost_event_count -
                                                        lost_event_count_);
    lost_event_count_ = pulse->lost_event_count;
  } else {
    return;
  }
  WriteEvent(std::move(message), pulse->time);
}

void SchedulerStream::WriteEvent(v1::WatchSchedulerResponse message, absl::Time time) {
  message.set_sequence_number(++sequence_number_);
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
