// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>

#include "server/control/error.h"

namespace schedd::rpc {
namespace {

using ::testing::HasSubstr;

class FakeStream : public Stream {
 public:
  void Start() override {}
  void OnWriteDone(bool) override {}
  void End(const absl::Status& status) override {
    ended = status;
    if (on_end) on_end();
  }
  void Abort() override { ++aborts; }

  std::optional<absl::Status> ended;
  std::function<void()> on_end;
  int aborts = 0;
};

TEST(StreamRegistryTest, LimitOfACallerIsKept) {
  StreamRegistry registry({.per_caller = 2, .total = 10});
  FakeStream stream;
  EXPECT_TRUE(registry.Add(1, "a", &stream).ok());
  EXPECT_TRUE(registry.Add(2, "a", &stream).ok());
  const absl::Status third = registry.Add(3, "a", &stream);
  EXPECT_EQ(third.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(GetErrorReason(third), "TOO_MANY_STREAMS");
  EXPECT_THAT(std::string(third.message()), HasSubstr("one caller may have at most 2 streams"));
  EXPECT_TRUE(registry.Add(3, "b", &stream).ok()) << "another caller";
  registry.Remove(1);
  EXPECT_TRUE(registry.Add(4, "a", &stream).ok()) << "one ended";
  EXPECT_EQ(registry.size(), 3);
}

TEST(StreamRegistryTest, LimitOfAllIsKept) {
  StreamRegistry registry({.per_caller = 10, .total = 2});
  FakeStream stream;
  EXPECT_TRUE(registry.Add(1, "a", &stream).ok());
  EXPECT_TRUE(registry.Add(2, "b", &stream).ok());
  const absl::Status third = registry.Add(3, "c", &stream);
  EXPECT_EQ(GetErrorReason(third), "TOO_MANY_STREAMS");
  EXPECT_EQ(GetErrorMetadata(third)["maximum"], "2");
}

TEST(StreamRegistryTest, DefaultsAreSixteenAnd256) {
  StreamRegistry registry({});
  FakeStream stream;
  int64_t id = 0;
  for (int caller = 0; caller < 16; ++caller) {
    for (int i = 0; i < 16; ++i) {
      EXPECT_TRUE(registry.Add(++id, std::to_string(caller), &stream).ok());
    }
  }
  EXPECT_FALSE(registry.Add(++id, "one more", &stream).ok());
}

TEST(StreamRegistryTest, RefusedStreamsDoNotCount) {
  StreamRegistry registry({.per_caller = 1, .total = 10});
  FakeStream stream;
  EXPECT_TRUE(registry.Add(1, "a", &stream).ok());
  EXPECT_FALSE(registry.Add(2, "a", &stream).ok());
  registry.Remove(2);  // it was never in
  EXPECT_EQ(registry.size(), 1);
  EXPECT_FALSE(registry.Add(3, "a", &stream).ok());
  registry.Remove(1);
  EXPECT_TRUE(registry.Add(4, "a", &stream).ok());
}

TEST(StreamRegistryTest, DrainEndsAllAndRefusesNewOnes) {
  StreamRegistry registry({});
  FakeStream a;
  FakeStream b;
  ASSERT_TRUE(registry.Add(1, "x", &a).ok());
  ASSERT_TRUE(registry.Add(2, "x", &b).ok());
  registry.Drain();
  for (const FakeStream* stream : {&a, &b}) {
    ASSERT_TRUE(stream->ended.has_value());
    EXPECT_EQ(stream->ended->code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(GetErrorReason(*stream->ended), "DRAINING");
  }
  const absl::Status late = registry.Add(3, "x", &a);
  EXPECT_EQ(late.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(GetErrorReason(late), "DRAINING");
}

// A stream with nothing under way ends at once, and takes itself out while Drain() walks over all.
TEST(StreamRegistryTest, StreamsMayLeaveWhileDraining) {
  StreamRegistry registry({});
  FakeStream streams[3];
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(registry.Add(i, "x", &streams[i]).ok());
    streams[i].on_end = [&registry, i] { registry.Remove(i); };
  }
  registry.Drain();
  EXPECT_EQ(registry.size(), 0);
  for (const FakeStream& stream : streams) EXPECT_TRUE(stream.ended.has_value());
}

TEST(StreamRegistryTest, AbortReachesThoseLeft) {
  StreamRegistry registry({});
  FakeStream gone;
  FakeStream left;
  ASSERT_TRUE(registry.Add(1, "x", &gone).ok());
  ASSERT_TRUE(registry.Add(2, "x", &left).ok());
  registry.Remove(1);
  registry.Abort();
  EXPECT_EQ(gone.aborts, 0);
  EXPECT_EQ(left.aborts, 1);
}

}  // namespace
}  // namespace schedd::rpc
