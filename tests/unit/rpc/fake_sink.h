// SPDX-License-Identifier: Apache-2.0
//
// A reader of a stream: keeps what was written, and takes as long as the test wants.
//
// For tests; one thread. It fails the test when the stream breaks the rules of StreamSink.
#ifndef SCHEDD_TESTS_UNIT_RPC_FAKE_SINK_H_
#define SCHEDD_TESTS_UNIT_RPC_FAKE_SINK_H_

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "server/rpc/stream.h"

namespace schedd::rpc {

template <typename Response>
class FakeSink : public StreamSink<Response> {
 public:
  void Write(Response response) override {
    EXPECT_FALSE(busy) << "a second write while one is under way";
    EXPECT_FALSE(finished.has_value()) << "a write after the end";
    busy = true;
    // As the reader gets it: some of it is in the message as bytes.
    EXPECT_TRUE(written.emplace_back().ParseFromString(response.SerializeAsString()));
  }

  void Finish(const absl::Status& status) override {
    EXPECT_FALSE(busy) << "the end while a write is under way";
    EXPECT_FALSE(finished.has_value()) << "a second end";
    finished = status;
  }

  void Abort() override {
    EXPECT_TRUE(busy);
    ++aborts;
  }

  // The reader took the message under way.
  void Read(Stream* stream) {
    ASSERT_TRUE(busy);
    busy = false;
    stream->OnWriteDone(true);
  }

  // The reader is gone.
  void Fail(Stream* stream) {
    ASSERT_TRUE(busy);
    busy = false;
    stream->OnWriteDone(false);
  }

  const Response& last() const { return written.back(); }

  bool busy = false;
  int aborts = 0;
  std::vector<Response> written;
  std::optional<absl::Status> finished;
};

}  // namespace schedd::rpc

#endif  // SCHEDD_TESTS_UNIT_RPC_FAKE_SINK_H_
