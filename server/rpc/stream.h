// SPDX-License-Identifier: Apache-2.0
//
// What a server stream is apart from gRPC: where it writes to, what it is told, and how many there
// may be.
//
// All of it lives on the stream sequence (a Sequence of its own, beside the control thread's), so
// there are no locks. Nothing queues: a stream has at most one message under way, and learns by
// OnWriteDone() that the next may follow. Nothing here fails but Add(), by RESOURCE_EXHAUSTED or
// UNAVAILABLE.
#ifndef SCHEDD_RPC_STREAM_H_
#define SCHEDD_RPC_STREAM_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"

namespace schedd::rpc {

// The reader's side, implemented by gRPC's reactor and by fakes.
template <typename Response>
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  // Not again before OnWriteDone().
  virtual void Write(Response response) = 0;
  // Once, and not while a write is under way.
  virtual void Finish(const absl::Status& status) = 0;
  // Gives up a write that does not come to an end. OnWriteDone(false) follows.
  virtual void Abort() = 0;
};

// One stream, as seen by the one who serves it.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual void Start() = 0;
  virtual void OnWriteDone(bool ok) = 0;
  // The stream ends with `status`: at once, or when the write under way is done. A later call
  // changes nothing.
  virtual void End(const absl::Status& status) = 0;
  // Does not wait any longer for a reader that does not read. After End().
  virtual void Abort() = 0;
};

struct StreamLimits {
  int per_caller = 16;
  int total = 256;
};

class StreamRegistry {
 public:
  using StreamId = int64_t;

  explicit StreamRegistry(const StreamLimits& limits) : limits_(limits) {}

  // RESOURCE_EXHAUSTED, TOO_MANY_STREAMS when there are too many; UNAVAILABLE, DRAINING after
  // Drain(). On success the stream counts until Remove().
  absl::Status Add(StreamId id, const std::string& caller, Stream* stream);
  // No effect on an id that is not in.
  void Remove(StreamId id);

  // Ends all streams, UNAVAILABLE with reason DRAINING, and refuses new ones.
  void Drain();

  // Gives up what Drain() left waiting.
  void Abort();

  int size() const { return static_cast<int>(streams_.size()); }

 private:
  struct Entry {
    std::string caller;
    Stream* stream;
  };
  const StreamLimits limits_;
  bool draining_ = false;
  std::map<StreamId, Entry> streams_;
  std::map<std::string, int> by_caller_;
};

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_STREAM_H_
