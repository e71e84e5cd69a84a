// SPDX-License-Identifier: Apache-2.0
//
// Joins a Stream (stream.h) to gRPC: the sink it writes to, and the carrier of gRPC's callbacks to
// the stream sequence.
//
// Owns the stream and itself; it goes away after gRPC's OnDone(). gRPC calls it on its own threads,
// where it only posts; all else happens on the sequence, which must run until the server has shut
// down. Because OnDone() is gRPC's last call, what it posts comes after all other notes.
#ifndef SCHEDD_RPC_WATCH_REACTOR_H_
#define SCHEDD_RPC_WATCH_REACTOR_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "server/control/sequence.h"
#include "server/rpc/caller.h"
#include "server/rpc/grpc_status.h"
#include "server/rpc/stream.h"

namespace schedd::rpc {

// Where streams live; outlives the server.
struct StreamHome {
  Sequence* sequence;
  StreamRegistry* registry;  // used on the sequence only
};

template <typename Response>
class WatchReactor final : public grpc::ServerWriteReactor<Response>, public StreamSink<Response> {
 public:
  // Called on the sequence.
  using MakeStream =
      std::function<absl::StatusOr<std::unique_ptr<Stream>>(StreamSink<Response>* sink)>;

  static grpc::ServerWriteReactor<Response>* Open(grpc::CallbackServerContext* context,
                                                  const StreamHome& home, MakeStream make_stream) {
    auto* reactor = new WatchReactor(context, home);
    home.sequence->Post(
        [reactor, make_stream = std::move(make_stream)] { reactor->Begin(make_stream); });
    return reactor;
  }

  void Write(Response response) override {
    response_ = std::move(response);  // gRPC reads it until OnWriteDone()
    this->StartWrite(&response_);
  }

  void Finish(const absl::Status& status) override {
    home_.registry->Remove(id());
    grpc::ServerWriteReactor<Response>::Finish(ToGrpcStatus(status));
  }

  void Abort() override { context_->TryCancel(); }

  void OnWriteDone(bool ok) override {
    home_.sequence->Post([this, ok] {
      response_.Clear();
      stream_->OnWriteDone(ok);
    });
  }

  void OnCancel() override {
    home_.sequence->Post([this] {
      cancelled_ = true;
      if (stream_ != nullptr) stream_->End(absl::CancelledError("the caller is gone"));
    });
  }

  void OnDone() override {
    home_.sequence->Post([self = std::shared_ptr<WatchReactor>(this)] {});
  }

 private:
  WatchReactor(grpc::CallbackServerContext* context, const StreamHome& home)
      : context_(context), home_(home), caller_(CallerAccount(*context)) {}

  StreamRegistry::StreamId id() const { return reinterpret_cast<intptr_t>(this); }

  void Begin(const MakeStream& make_stream) {
    absl::StatusOr<std::unique_ptr<Stream>> stream = make_stream(this);
    absl::Status status = stream.status();
    if (status.ok()) status = home_.registry->Add(id(), caller_, stream->get());
    if (!status.ok()) {
      Finish(status);
      return;
    }
    stream_ = *std::move(stream);
    if (cancelled_) {
      stream_->End(absl::CancelledError("the caller is gone"));
    } else {
      stream_->Start();
    }
  }

  grpc::CallbackServerContext* const context_;
  const StreamHome home_;
  const std::string caller_;
  Response response_;
  std::unique_ptr<Stream> stream_;
  bool cancelled_ = false;
};

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_WATCH_REACTOR_H_
