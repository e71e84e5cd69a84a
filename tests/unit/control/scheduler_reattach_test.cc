// SPDX-License-Identifier: Apache-2.0
//
// What follows an ejection: the dispatcher is attached again, within limits. See also
// scheduler_end_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "server/control/scheduler_control.h"
#include "tests/unit/control/control_fixture.h"

namespace schedd {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class SchedulerReattachTest : public ControlFixture {
 protected:
  SchedulerReattachTest() { options.reattach_limit = 2; }

  SchedulerControl& scheduler() { return parts->scheduler; }
  SchedulerState State() { return scheduler().Get().state; }

  // The kernel ends it, and the daemon notices.
  void Eject(const KernelExit& exit = Stall()) {
    host.kernel->Eject(exit);
    sequence.Advance(absl::Milliseconds(100));
    ASSERT_EQ(State(), SchedulerState::kEjected);
  }
};

TEST_F(SchedulerReattachTest, AttachesAgainAfterAWhile) {
  Attach();
  host.kernel->Eject(Stall());
  sequence.Advance(absl::Milliseconds(100));
  SchedulerInfo info = scheduler().Get();
  EXPECT_EQ(info.state, SchedulerState::kEjected);
  EXPECT_EQ(info.reattach_count, 1);
  EXPECT_EQ(info.reattach_limit, 2);
  ASSERT_TRUE(info.reattach_time.has_value());
  EXPECT_EQ(*info.reattach_time - clock.Now(), absl::Seconds(1));
  EXPECT_THAT(log, Contains("attaching again in 1s, try 1 of 2"));

  sequence.Advance(absl::Milliseconds(999));
  EXPECT_EQ(State(), SchedulerState::kEjected);
  sequence.Advance(absl::Milliseconds(1));
  info = scheduler().Get();
  EXPECT_EQ(info.state, SchedulerState::kAttached);
  EXPECT_EQ(info.attach_count, 2);
  EXPECT_FALSE(info.reattach_time.has_value());
  EXPECT_EQ(info.last_exit->kind, 1026) << "why it was ejected can still be read";
  EXPECT_EQ(log.back(), "attached, generation 1");
}

TEST_F(SchedulerReattachTest, WhatIsInForceIsKept) {
  Attach();
  ASSERT_TRUE(UpdatePolicy({.values = {{"base_slice", 5'000'000}}}).ok());
  Eject();
  sequence.Advance(absl::Seconds(1));
  ASSERT_EQ(State(), SchedulerState::kAttached);
  EXPECT_EQ(host.engine->parameters.base_slice_ns, 5'000'000);
  EXPECT_EQ(scheduler().Get().policy_generation, 2);
}

TEST_F(SchedulerReattachTest, SoIsTheScope) {
  ASSERT_TRUE(scheduler().Attach({.scope = SchedulerScope::kExtOnly}).ok());
  Eject();
  sequence.Advance(absl::Seconds(1));
  EXPECT_EQ(scheduler().Get().scope, SchedulerScope::kExtOnly);
}

TEST_F(SchedulerReattachTest, NoMoreOftenThanTheLimit) {
  Attach();
  Eject();
  sequence.Advance(absl::Seconds(1));
  Eject();
  EXPECT_THAT(log, Contains("attaching again in 2s, try 2 of 2"));
  sequence.Advance(absl::Seconds(2));
  ASSERT_EQ(State(), SchedulerState::kAttached);
  Eject();
  EXPECT_EQ(log.back(), "not attached again: that was tried 2 times, the limit is 2");
  sequence.Advance(absl::Hours(1));
  const SchedulerInfo info = scheduler().Get();
  EXPECT_EQ(info.state, SchedulerState::kEjected);
  EXPECT_EQ(info.attach_count, 3);
  EXPECT_FALSE(info.reattach_time.has_value());
}

TEST_F(SchedulerReattachTest, UsedUpIsShown) {
  Attach();
  for (int i = 0; i < 2; ++i) {
    Eject();
    sequence.Advance(absl::Seconds(2));
  }
  Eject();
  EXPECT_EQ(scheduler().Get().reattach_count, 2);
  EXPECT_EQ(scheduler().watch().Current()->scheduler.reattach_count, 2);
}

TEST_F(SchedulerReattachTest, AClientThatAttachesBeginsTheCountAnew) {
  Attach();
  for (int i = 0; i < 2; ++i) {
    Eject();
    sequence.Advance(absl::Seconds(2));
  }
  Eject();
  Attach();
  EXPECT_EQ(scheduler().Get().reattach_count, 0);
  Eject();
  sequence.Advance(absl::Seconds(1));
  EXPECT_EQ(State(), SchedulerState::kAttached);
}

TEST_F(SchedulerReattachTest, AClientNeedNotWaitForIt) {
  Attach();
  Eject();
  Attach();
  EXPECT_FALSE(scheduler().Get().reattach_time.has_value());
  sequence.Advance(absl::Seconds(10));
  EXPECT_EQ(scheduler().Get().attach_count, 2);
}

TEST_F(SchedulerReattachTest, ADetachMeansIt) {
  Attach();
  Eject();
  ASSERT_TRUE(scheduler().Detach("enough").ok());
  EXPECT_FALSE(scheduler().Get().reattach_time.has_value());
  sequence.Advance(absl::Minutes(1));
  EXPECT_NE(State(), SchedulerState::kAttached);
  EXPECT_EQ(scheduler().Get().attach_count, 1);
}

TEST_F(SchedulerReattachTest, OrderlyEndsAreLeftAsTheyAre) {
  for (const int64_t kind : {64, 65, 66, 67}) {
    Attach();
    host.kernel->Eject({.kind = kind, .code = 0, .reason = "asked to", .message = "", .dump = ""});
    sequence.Advance(absl::Minutes(1));
    EXPECT_EQ(State(), SchedulerState::kEjected) << kind;
    EXPECT_EQ(scheduler().Get().reattach_count, 0) << kind;
  }
  EXPECT_THAT(log, Not(Contains(HasSubstr("again"))));
}

TEST_F(SchedulerReattachTest, ASchedulerThatCameMeanwhileKeepsItsPlace) {
  Attach();
  Eject();
  host.state = {
      .attachment = KernelState::Attachment::kForeign, .ops_name = "scx_lavd", .raw_state = ""};
  host.events.clear();
  sequence.Advance(absl::Minutes(1));
  EXPECT_THAT(host.events, IsEmpty());
  EXPECT_EQ(State(), SchedulerState::kForeign);
  EXPECT_THAT(log.back(), HasSubstr("not attached again: the scheduler \"scx_lavd\""));
  EXPECT_FALSE(scheduler().Get().reattach_time.has_value());
}

TEST_F(SchedulerReattachTest, AnAttemptThatFailsIsOneOfThem) {
  Attach();
  Eject();
  host.load_status = absl::InternalError("no memory");
  sequence.Advance(absl::Seconds(1));
  EXPECT_THAT(log, Contains("attach failed: no memory"));
  EXPECT_EQ(scheduler().Get().reattach_count, 2);
  EXPECT_TRUE(scheduler().Get().reattach_time.has_value());
  host.load_status = absl::OkStatus();
  sequence.Advance(absl::Seconds(2));
  EXPECT_EQ(State(), SchedulerState::kAttached);
}

TEST_F(SchedulerReattachTest, WhenNoneSucceedsItStaysEjected) {
  Attach();
  Eject();
  host.load_status = absl::InternalError("no memory");
  sequence.Advance(absl::Minutes(1));
  EXPECT_EQ(State(), SchedulerState::kEjected);
  EXPECT_THAT(log.back(), HasSubstr("the limit is 2"));
}

TEST_F(SchedulerReattachTest, WatchersHearOfIt) {
  Attach();
  const int64_t sequence = scheduler().watch().Current()->state_sequence;
  Eject();
  const std::shared_ptr<const SchedulerPulse> pulse = scheduler().watch().Current();
  EXPECT_GT(pulse->state_sequence, sequence);
  EXPECT_TRUE(pulse->scheduler.reattach_time.has_value());
}

TEST_F(SchedulerReattachTest, NotAfterTheDaemonsEnd) {
  Attach();
  Eject();
  ASSERT_TRUE(scheduler().Shutdown().ok());
  host.events.clear();
  sequence.Advance(absl::Minutes(1));
  EXPECT_THAT(host.events, IsEmpty());
}

TEST_F(SchedulerReattachTest, NorAfterItHandedOver) {
  Attach();
  Eject();
  scheduler().HandOver();
  host.events.clear();
  sequence.Advance(absl::Minutes(1));
  EXPECT_THAT(host.events, IsEmpty());
}

TEST_F(SchedulerReattachTest, ALimitOfNoneSaysNothing) {
  options.reattach_limit = 0;
  Build();
  Attach();
  Eject();
  sequence.Advance(absl::Minutes(1));
  EXPECT_EQ(State(), SchedulerState::kEjected);
  EXPECT_THAT(log.back(), HasSubstr("ejected by the kernel"));
}

}  // namespace
}  // namespace schedd
