// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/scheduler_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "server/control/scheduler_watch.h"
#include "tests/unit/control/manual_time.h"
#include "tests/unit/rpc/fake_sink.h"

namespace schedd::rpc {
namespace {

using Response = v1::WatchSchedulerResponse;

class SchedulerStreamTest : public ::testing::Test {
 protected:
  void SetUp() override {
    pulse_.time = absl::FromUnixSeconds(100);
    pulse_.scheduler.state = SchedulerState::kDetached;
    watch_.Publish(pulse_);
    stream_ = std::make_unique<SchedulerStream>(&watch_, &clock_, &sequence_, &sink_);
  }

  void Attach(int64_t generation) {
    pulse_.scheduler.state = SchedulerState::kAttached;
    pulse_.scheduler.ops_name = "schedd";
    ++pulse_.scheduler.attach_count;
    Apply(generation);
  }

  void Apply(int64_t generation) {
    pulse_.scheduler.policy_generation = generation;
    pulse_.applied_generation = generation;
    pulse_.apply_time = absl::FromUnixSeconds(generation);
    Publish();
  }

  // As the control thread would, then what it posted.
  void Publish() {
    watch_.Publish(pulse_);
    sequence_.RunPosted();
  }

  void Read() { sink_.Read(stream_.get()); }

  SchedulerWatch watch_;
  SchedulerPulse pulse_;
  ManualClock clock_;
  ManualSequence sequence_{&clock_};
  FakeSink<Response> sink_;
  std::unique_ptr<SchedulerStream> stream_;
};

TEST_F(SchedulerStreamTest, FirstMessageIsTheState) {
  stream_->Start();
  ASSERT_EQ(sink_.written.size(), 1u);
  EXPECT_EQ(sink_.last().scheduler().state(), v1::Scheduler::STATE_DETACHED);
  EXPECT_EQ(sink_.last().scheduler().name(), "schedulers/default");
  EXPECT_EQ(sink_.last().sequence_number(), 1);
  EXPECT_EQ(sink_.last().event_time().seconds(), 100);
}

TEST_F(SchedulerStreamTest, WhatWasBeforeIsNotToldAsNews) {
  pulse_.lost_event_count = 50;
  Attach(3);
  stream_->Start();
  Read();
  EXPECT_EQ(sink_.written.size(), 1u);
}

TEST_F(SchedulerStreamTest, ChangeOfStateAndGenerationFollow) {
  stream_->Start();
  Read();
  Attach(1);
  ASSERT_EQ(sink_.written.size(), 2u);
  EXPECT_EQ(sink_.last().scheduler().state(), v1::Scheduler::STATE_ATTACHED);
  Read();
  ASSERT_EQ(sink_.written.size(), 3u);
  EXPECT_EQ(sink_.last().generation_applied().policy_generation(), 1);
  EXPECT_EQ(sink_.last().generation_applied().apply_time().seconds(), 1);
  EXPECT_EQ(sink_.last().sequence_number(), 3);
}

TEST_F(SchedulerStreamTest, NewGenerationIsToldWithoutTheWholeState) {
  Attach(1);
  stream_->Start();
  Read();
  Apply(2);
  ASSERT_EQ(sink_.written.size(), 2u);
  EXPECT_EQ(sink_.last().event_case(), Response::kGenerationApplied);
  EXPECT_EQ(sink_.last().generation_applied().policy_generation(), 2);
}

TEST_F(SchedulerStreamTest, SlowReaderSeesTheNewestOnly) {
  Attach(1);
  stream_->Start();
  Apply(2);
  Apply(3);
  Apply(4);
  EXPECT_EQ(sink_.written.size(), 1u);
  Read();
  ASSERT_EQ(sink_.written.size(), 2u);
  EXPECT_EQ(sink_.last().generation_applied().policy_generation(), 4);
  Read();
  EXPECT_EQ(sink_.written.size(), 2u);
}

TEST_F(SchedulerStreamTest, LostEventsAreThoseSinceThePreviousMessage) {
  Attach(1);
  pulse_.lost_event_count = 5;
  Publish();
  stream_->Start();
  Read();
  pulse_.lost_event_count = 7;
  Publish();
  EXPECT_EQ(sink_.last().events_lost().lost_event_count(), 2);
  pulse_.lost_event_count = 10;
  Publish();
  pulse_.lost_event_count = 11;
  Publish();
  Read();
  EXPECT_EQ(sink_.last().events_lost().lost_event_count(), 4);
}

TEST_F(SchedulerStreamTest, DetachIsToldByTheStateAlone) {
  Attach(1);
  stream_->Start();
  Read();
  pulse_.scheduler.state = SchedulerState::kDetached;
  Apply(0);
  EXPECT_EQ(sink_.last().scheduler().state(), v1::Scheduler::STATE_DETACHED);
  Read();
  EXPECT_EQ(sink_.written.size(), 2u);
}

TEST_F(SchedulerStreamTest, EjectionIsToldWithItsReason) {
  Attach(1);
  stream_->Start();
  Read();
  pulse_.scheduler.state = SchedulerState::kEjected;
  pulse_.scheduler.last_exit =
      ExitInfo{1026, "runnable task stall", "x", absl::FromUnixSeconds(9), ""};
  Apply(0);
  EXPECT_EQ(sink_.last().scheduler().state(), v1::Scheduler::STATE_EJECTED);
  EXPECT_EQ(sink_.last().scheduler().last_exit().kind(), 1026);
}

TEST_F(SchedulerStreamTest, HeartbeatComesFiveSecondsAfterTheLastMessage) {
  Attach(1);
  stream_->Start();
  Read();
  sequence_.Advance(absl::Seconds(3));
  Apply(2);
  Read();
  sequence_.Advance(absl::Seconds(5) - absl::Nanoseconds(1));
  EXPECT_EQ(sink_.written.size(), 2u);
  sequence_.Advance(absl::Nanoseconds(1));
  ASSERT_EQ(sink_.written.size(), 3u);
  EXPECT_TRUE(sink_.last().has_heartbeat());
  EXPECT_EQ(sink_.last().event_time().seconds(), absl::ToUnixSeconds(clock_.Now()));
  Read();
  sequence_.Advance(absl::Seconds(5));
  EXPECT_EQ(sink_.written.size(), 4u);
  EXPECT_EQ(sink_.last().sequence_number(), 4);
}

TEST_F(SchedulerStreamTest, NoHeartbeatPilesUpForAReaderThatDoesNotRead) {
  stream_->Start();
  sequence_.Advance(absl::Seconds(60));
  EXPECT_EQ(sink_.written.size(), 1u);
  Read();
  EXPECT_EQ(sink_.written.size(), 1u);
  sequence_.Advance(absl::Seconds(5));
  EXPECT_EQ(sink_.written.size(), 2u);
}

TEST_F(SchedulerStreamTest, EndStopsEverything) {
  stream_->Start();
  Read();
  stream_->End(absl::UnavailableError("draining"));
  EXPECT_EQ(sink_.finished->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(sequence_.timer_count(), 0u);
  Attach(1);
  sequence_.Advance(absl::Seconds(60));
  EXPECT_EQ(sink_.written.size(), 1u);
}

// --- after a broken connection ---

TEST_F(SchedulerStreamTest, GoesOnWhereTheReaderWas) {
  Attach(1);
  pulse_.lost_event_count = 5;
  Publish();
  stream_->Start();
  const int64_t known = sink_.last().sequence_number();
  Read();
  stream_->End(absl::UnavailableError("the connection broke"));
  Apply(2);
  pulse_.lost_event_count = 8;
  Publish();
  Apply(3);

  FakeSink<Response> sink;
  SchedulerStream resumed(&watch_, &clock_, &sequence_, &sink, watch_.Find(known));
  resumed.Start();
  EXPECT_EQ(sink.last().events_lost().lost_event_count(), 3);
  sink.Read(&resumed);
  EXPECT_EQ(sink.last().generation_applied().policy_generation(), 3) << "the newest one only";
  sink.Read(&resumed);
  ASSERT_EQ(sink.written.size(), 2u);
  EXPECT_GT(sink.written[0].sequence_number(), known);
  EXPECT_GT(sink.written[1].sequence_number(), sink.written[0].sequence_number());

  // Whoever has only the first of them gets the second.
  FakeSink<Response> again;
  SchedulerStream later(&watch_, &clock_, &sequence_, &again,
                        watch_.Find(sink.written[0].sequence_number()));
  later.Start();
  EXPECT_EQ(again.last().generation_applied().policy_generation(), 3);
}

TEST_F(SchedulerStreamTest, WhoMissedNothingHearsNothingUntilSomethingHappens) {
  Attach(1);
  FakeSink<Response> sink;
  SchedulerStream resumed(&watch_, &clock_, &sequence_, &sink,
                          watch_.Find(watch_.Current()->sequence()));
  resumed.Start();
  EXPECT_TRUE(sink.written.empty());
  sequence_.Advance(SchedulerStream::kHeartbeat);
  ASSERT_EQ(sink.written.size(), 1u);
  EXPECT_TRUE(sink.last().has_heartbeat());
  EXPECT_EQ(sink.last().sequence_number(), watch_.Current()->sequence());
  sink.Read(&resumed);
  Apply(2);
  ASSERT_EQ(sink.written.size(), 2u);
  EXPECT_EQ(sink.last().generation_applied().policy_generation(), 2);
}

TEST_F(SchedulerStreamTest, WhoMissedTheEndOfAGenerationIsToldTheState) {
  Attach(1);
  const int64_t known = watch_.Current()->state_sequence;
  pulse_.scheduler.state = SchedulerState::kDetached;
  Apply(0);
  FakeSink<Response> sink;
  SchedulerStream resumed(&watch_, &clock_, &sequence_, &sink, watch_.Find(known));
  resumed.Start();
  EXPECT_EQ(sink.last().scheduler().state(), v1::Scheduler::STATE_DETACHED);
  sink.Read(&resumed);
  EXPECT_EQ(sink.written.size(), 1u);
}

// A note that is on its way when the stream goes must not touch it.
TEST_F(SchedulerStreamTest, NoteThatComesAfterTheStreamIsHarmless) {
  stream_->Start();
  Read();
  pulse_.applied_generation = 9;
  watch_.Publish(pulse_);
  stream_.reset();
  sequence_.RunPosted();
  EXPECT_EQ(sink_.written.size(), 1u);
  watch_.Publish({});
}

}  // namespace
}  // namespace schedd::rpc
