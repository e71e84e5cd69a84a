// SPDX-License-Identifier: Apache-2.0
//
// What every stream of ours does alike: one write at a time, and an end that waits for it.
//
// Base of the streams, which are owned by their reactor; on the stream sequence. A stream that is
// to end while its reader does not read is given up after kAbortDelay. Nothing here fails.
#ifndef SCHEDD_RPC_MESSAGE_STREAM_H_
#define SCHEDD_RPC_MESSAGE_STREAM_H_

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/control/sequence.h"
#include "server/rpc/stream.h"

namespace schedd::rpc {

template <typename Response>
class MessageStream : public Stream {
 public:
  static constexpr absl::Duration kAbortDelay = absl::Seconds(5);

  MessageStream(Sequence* sequence, StreamSink<Response>* sink)
      : sink_(sink), abort_timer_(sequence) {}

  void OnWriteDone(bool ok) final {
    writing_ = false;
    if (!ok) End(absl::CancelledError("the reader is gone"));
    if (ended()) {
      Finish();
    } else {
      OnWritten();
    }
  }

  void End(const absl::Status& status) final {
    if (end_.has_value()) return;
    end_ = status;
    OnEnd();
    if (!writing_) {
      Finish();
    } else {
      abort_timer_.Start(kAbortDelay, [this] { Abort(); });
    }
  }

  void Abort() final {
    if (writing_) sink_->Abort();
  }

 protected:
  // The message under way has left: the next may follow.
  virtual void OnWritten() = 0;
  // No message will follow: stop timers, let memory go.
  virtual void OnEnd() = 0;

  bool writing() const { return writing_; }
  bool ended() const { return end_.has_value(); }

  // Not while writing() or ended().
  void Write(Response response) {
    writing_ = true;
    sink_->Write(std::move(response));
  }

 private:
  void Finish() {
    if (finished_) return;
    finished_ = true;
    abort_timer_.Stop();
    sink_->Finish(*end_);
  }

  StreamSink<Response>* const sink_;
  Timer abort_timer_;
  bool writing_ = false;
  bool finished_ = false;
  std::optional<absl::Status> end_;
};

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_MESSAGE_STREAM_H_
