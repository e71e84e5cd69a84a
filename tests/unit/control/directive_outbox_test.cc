// SPDX-License-Identifier: Apache-2.0
#include "server/control/directive_outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/control/fake_host.h"
#include "tests/unit/control/manual_time.h"

namespace schedd {
namespace {

using ::testing::ElementsAre;

class DirectiveOutboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    host_.kernel = &kernel_;
    engine_ = std::make_unique<FakeEngine>(&host_, PolicyParameters(), 1);
    outbox_.Connect(engine_.get());
  }

  static Directive Setting(int64_t generation, uint32_t slot, int32_t weight) {
    return {.generation = generation,
            .parameters = {},
            .settings = {{.slot = slot, .key = 2, .weight = weight, .slice_ns = 0}}};
  }

  void Wait(int64_t generation, absl::Duration timeout = absl::Seconds(1)) {
    outbox_.WhenApplied(generation, timeout, [this, generation] { ended_.push_back(generation); });
  }

  ManualClock clock_;
  ManualSequence sequence_{&clock_};
  FakeHost host_{&clock_};
  FakeKernel kernel_{&host_, LoadOptions()};
  std::unique_ptr<FakeEngine> engine_;
  int progress_ = 0;
  std::vector<int64_t> ended_;
  DirectiveOutbox outbox_{&sequence_, [this] { ++progress_; }};
};

TEST_F(DirectiveOutboxTest, AWaitForWhatIsInForceEndsAtOnce) {
  Wait(1);
  EXPECT_THAT(ended_, ElementsAre(1));
}

TEST_F(DirectiveOutboxTest, WaitsEndWithTheirGeneration) {
  engine_->automatic = false;
  outbox_.Send(Setting(2, 0, 5));
  Wait(2);
  outbox_.Send(Setting(3, 0, 6));
  Wait(3);
  sequence_.Advance(absl::Milliseconds(5));
  EXPECT_TRUE(ended_.empty());
  EXPECT_EQ(progress_, 0);
  engine_->Step();
  sequence_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(ended_, ElementsAre(2, 3));
  EXPECT_EQ(progress_, 1);
}

TEST_F(DirectiveOutboxTest, AsksSoonAtFirstThenSeldom) {
  outbox_.Send(Setting(2, 0, 5));
  Wait(2);
  sequence_.Advance(absl::Microseconds(100));
  EXPECT_THAT(ended_, ElementsAre(2));
  engine_->automatic = false;
  outbox_.Send(Setting(3, 0, 5));
  Wait(3);
  sequence_.Advance(absl::Milliseconds(20));
  engine_->Step();
  sequence_.Advance(absl::Microseconds(200));
  EXPECT_THAT(ended_, ElementsAre(2)) << "the engine was slow";
  outbox_.Send(Setting(4, 0, 5));
  sequence_.Advance(absl::Microseconds(100));
  EXPECT_THAT(ended_, ElementsAre(2, 3)) << "a new change is asked for soon";
}

TEST_F(DirectiveOutboxTest, WaitsEndByTime) {
  engine_->automatic = false;
  outbox_.Send(Setting(2, 0, 5));
  Wait(2, absl::Milliseconds(10));
  Wait(2, absl::Milliseconds(30));
  sequence_.Advance(absl::Milliseconds(10));
  EXPECT_THAT(ended_, ElementsAre(2));
  engine_->Step();
  sequence_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(ended_, ElementsAre(2, 2));
  sequence_.Advance(absl::Seconds(1));
  EXPECT_EQ(ended_.size(), 2u);  // not once more by time
}

TEST_F(DirectiveOutboxTest, AFullMailboxIsTriedAgain) {
  engine_->mailbox_full = true;
  outbox_.Send(Setting(2, 0, 5));
  Wait(2);
  sequence_.Advance(absl::Milliseconds(10));
  EXPECT_TRUE(engine_->applied.empty());
  engine_->mailbox_full = false;
  sequence_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(engine_->applied.size(), 1u);
  EXPECT_THAT(ended_, ElementsAre(2));
}

TEST_F(DirectiveOutboxTest, WhatWaitsIsMergedAndTheLaterWordCounts) {
  engine_->mailbox_full = true;
  PolicyParameters first;
  first.base_slice_ns = 1;
  PolicyParameters second;
  second.base_slice_ns = 2;
  outbox_.Send({.generation = 2, .parameters = first, .settings = {}});
  outbox_.Send(Setting(3, 7, 10));
  outbox_.Send({.generation = 4, .parameters = second, .settings = {}});
  outbox_.Send(Setting(5, 7, 20));
  outbox_.Send(Setting(6, 8, 30));
  engine_->mailbox_full = false;
  sequence_.Advance(absl::Milliseconds(1));
  ASSERT_EQ(engine_->applied.size(), 1u);
  EXPECT_EQ(engine_->applied[0].generation, 6);
  EXPECT_EQ(engine_->applied[0].settings.size(), 2u);  // one a slot
  EXPECT_EQ(engine_->parameters.base_slice_ns, 2);
  EXPECT_EQ(engine_->settings[7].weight, 20);
  EXPECT_EQ(engine_->settings[8].weight, 30);
}

TEST_F(DirectiveOutboxTest, WithoutAnEngineNothingIsSentAndNobodyWaits) {
  outbox_.Connect(nullptr);
  outbox_.Send(Setting(2, 0, 5));
  Wait(2);
  EXPECT_THAT(ended_, ElementsAre(2));
  EXPECT_EQ(sequence_.timer_count(), 0u);
  outbox_.Connect(engine_.get());
  sequence_.Advance(absl::Milliseconds(5));
  EXPECT_TRUE(engine_->applied.empty());
}

TEST_F(DirectiveOutboxTest, DisconnectingEndsWaits) {
  engine_->automatic = false;
  outbox_.Send(Setting(2, 0, 5));
  Wait(2);
  outbox_.Connect(nullptr);
  EXPECT_THAT(ended_, ElementsAre(2));
  EXPECT_EQ(sequence_.timer_count(), 0u);
}

TEST_F(DirectiveOutboxTest, PollsOnlyWhileSomethingIsUnderWay) {
  EXPECT_EQ(sequence_.timer_count(), 0u);
  outbox_.Send(Setting(2, 0, 5));
  EXPECT_EQ(sequence_.timer_count(), 1u);
  sequence_.Advance(absl::Milliseconds(2));
  EXPECT_EQ(sequence_.timer_count(), 0u);
}

TEST_F(DirectiveOutboxTest, TheSameGenerationAgainIsSentToo) {
  outbox_.Send(Setting(1, 3, 9));
  EXPECT_EQ(engine_->settings[3].weight, 9);
  EXPECT_EQ(engine_->applied_generation(), 1);
}

TEST_F(DirectiveOutboxTest, WhatWaitsForAFormerOwnerGivesWayToTheNext) {
  engine_->mailbox_full = true;
  outbox_.Send(Setting(2, 7, 10));
  outbox_.Send({.generation = 2,
                .parameters = {},
                .settings = {{.slot = 7, .key = 4, .weight = 0, .slice_ns = 900}}});
  engine_->mailbox_full = false;
  sequence_.Advance(absl::Milliseconds(1));
  ASSERT_EQ(engine_->applied.size(), 1u);
  ASSERT_EQ(engine_->applied[0].settings.size(), 1u);
  EXPECT_EQ(engine_->settings[7].key, 4u);
  EXPECT_EQ(engine_->settings[7].weight, 0);
  EXPECT_EQ(engine_->settings[7].slice_ns, 900);
}

TEST_F(DirectiveOutboxTest, AWaitThatEndedByTimeTakesNothingBack) {
  engine_->mailbox_full = true;
  outbox_.Send(Setting(2, 0, 5));
  Wait(2, absl::Milliseconds(10));
  sequence_.Advance(absl::Milliseconds(10));
  EXPECT_THAT(ended_, ElementsAre(2));
  engine_->mailbox_full = false;
  sequence_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(engine_->settings[0].weight, 5);
  EXPECT_EQ(progress_, 1);
  EXPECT_EQ(ended_.size(), 1u);
}

TEST_F(DirectiveOutboxTest, AWaitForMoreThanIsInForceGoesOn) {
  engine_->automatic = false;
  outbox_.Send(Setting(2, 0, 5));
  Wait(3);
  Wait(2);
  engine_->Step();
  sequence_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(ended_, ElementsAre(2));
  outbox_.Send(Setting(3, 0, 6));
  engine_->Step();
  sequence_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(ended_, ElementsAre(2, 3));
  EXPECT_EQ(sequence_.timer_count(), 0u);
}

TEST_F(DirectiveOutboxTest, ProgressIsNoticedThoughNobodyWaits) {
  engine_->automatic = false;
  outbox_.Send(Setting(2, 0, 5));
  sequence_.Advance(absl::Seconds(2));
  EXPECT_EQ(progress_, 0);
  engine_->Step();
  sequence_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(progress_, 1);
  sequence_.Advance(absl::Seconds(2));
  EXPECT_EQ(progress_, 1);
}

TEST_F(DirectiveOutboxTest, WhoIsAnsweredMaySendAndWaitAgain) {
  outbox_.Send(Setting(2, 0, 5));
  engine_->automatic = false;
  outbox_.Send(Setting(3, 0, 6));
  outbox_.WhenApplied(3, absl::Seconds(1), [this] {
    ended_.push_back(3);
    outbox_.Send(Setting(4, 0, 7));
    Wait(4);
    EXPECT_THAT(ended_, ElementsAre(3));
  });
  engine_->Step();
  sequence_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(ended_, ElementsAre(3));
  engine_->Step();
  sequence_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(ended_, ElementsAre(3, 4));
  EXPECT_EQ(engine_->settings[0].weight, 7);
}

TEST_F(DirectiveOutboxTest, WhoIsAnsweredMayDisconnect) {
  engine_->automatic = false;
  outbox_.Send(Setting(2, 0, 5));
  outbox_.WhenApplied(2, absl::Seconds(1), [this] {
    outbox_.Connect(nullptr);
    engine_.reset();
  });
  Wait(2);
  Wait(9);
  engine_->Step();
  sequence_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(ended_, ::testing::UnorderedElementsAre(2, 9));
  EXPECT_EQ(sequence_.timer_count(), 0u);
}

TEST_F(DirectiveOutboxTest, ANewEngineIsNotToldWhatTheOldOneHadNoRoomFor) {
  engine_->mailbox_full = true;
  outbox_.Send(Setting(2, 0, 5));
  outbox_.Connect(nullptr);
  engine_.reset();
  engine_ = std::make_unique<FakeEngine>(&host_, PolicyParameters(), 2);
  outbox_.Connect(engine_.get());
  sequence_.Advance(absl::Milliseconds(5));
  EXPECT_TRUE(engine_->applied.empty());
  Wait(2);  // it began with all that is in force
  EXPECT_THAT(ended_, ElementsAre(2));
  outbox_.Send(Setting(2, 1, 6));
  ASSERT_EQ(engine_->applied.size(), 1u);
  EXPECT_EQ(engine_->applied[0].settings.size(), 1u);
  EXPECT_EQ(progress_, 0);
}

TEST_F(DirectiveOutboxTest, EndingWithWaitsAnswersNobody) {
  {
    DirectiveOutbox outbox(&sequence_, [] {});
    engine_->automatic = false;
    outbox.Connect(engine_.get());
    outbox.Send(Setting(2, 0, 5));
    outbox.WhenApplied(2, absl::Seconds(1), [this] { ended_.push_back(2); });
  }
  EXPECT_EQ(sequence_.timer_count(), 0u);
  EXPECT_TRUE(ended_.empty());
}

TEST_F(DirectiveOutboxTest, OfSharesThatWaitTheLatestAreSent) {
  engine_->mailbox_full = true;
  for (const double factor : {0.5, 0.25}) {
    Directive directive;
    directive.generation = 1;
    directive.shares = std::make_unique<CgroupShares>();
    directive.shares->factors = {{7, factor}};
    outbox_.Send(std::move(directive));
  }
  outbox_.Send(Setting(2, 0, 5));
  engine_->mailbox_full = false;
  sequence_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(engine_->applied.size(), 1u);
  EXPECT_EQ(engine_->shares.Factor(7), 0.25);
}

TEST_F(DirectiveOutboxTest, OfPoliciesThatWaitTheLatestOfEachAreSent) {
  engine_->mailbox_full = true;
  for (const int64_t slice_ns : {5, 6}) {
    Directive directive;
    directive.generation = slice_ns;
    directive.policies = {{.index = 2, .parameters = {.base_slice_ns = slice_ns}}};
    if (slice_ns == 5) {
      directive.policies.push_back({.index = 3, .parameters = {.base_slice_ns = slice_ns}});
      directive.cgroup_policies = std::make_unique<CgroupPolicies>();
      directive.cgroup_policies->indexes = {{7, PolicyIndex{2}}};
    }
    outbox_.Send(std::move(directive));
  }
  outbox_.Send(Setting(7, 0, 5));
  engine_->mailbox_full = false;
  sequence_.Advance(absl::Milliseconds(1));
  ASSERT_EQ(engine_->applied.size(), 1u);
  EXPECT_EQ(engine_->applied[0].policies.size(), 2u);
  EXPECT_EQ(engine_->policies[2].base_slice_ns, 6);
  EXPECT_EQ(engine_->policies[3].base_slice_ns, 5);
  EXPECT_EQ(engine_->cgroup_policies.Of(7), 2);
}

}  // namespace
}  // namespace schedd
