// SPDX-License-Identifier: Apache-2.0
//
// When the engine sleeps, for how long, and that it never sleeps through an event.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "server/engine/engine.h"
#include "tests/unit/engine/fake_kernel.h"
#include "tests/unit/engine/scripted_policy.h"

namespace schedd {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int64_t kHeartbeatNs = 100'000'000;

class EngineParkTest : public testing::Test {
 protected:
  EngineParkTest() {
    auto policy = std::make_unique<ScriptedPolicy>();
    policy_ = policy.get();
    engine_ = std::make_unique<Engine>(&kernel_, std::move(policy),
                                       EngineOptions{.spin_ns = 0, .heartbeat_ns = kHeartbeatNs},
                                       PolicyParameters(), 1);
  }

  FakeKernel kernel_;
  ScriptedPolicy* policy_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineParkTest, SleepsUntilTheNextHeartbeat) {
  engine_->RunOnce();
  EXPECT_THAT(kernel_.waits, ElementsAre(kernel_.now_ns + kHeartbeatNs));
  EXPECT_EQ(kernel_.parked_in_wait, 1u) << "the dispatcher must know";
  EXPECT_EQ(kernel_.header().parked, 0u) << "and know when it is back";
  EXPECT_EQ(engine_->stats().parks, 1);
}

TEST_F(EngineParkTest, SleepsNoLongerThanThePolicyAllows) {
  policy_->next_deadline_ns = kernel_.now_ns + 30'000'000;
  engine_->RunOnce();
  EXPECT_THAT(kernel_.waits, ElementsAre(kernel_.now_ns + 30'000'000));
}

TEST_F(EngineParkTest, ADeadlineThatPassedDoesNotKeepItAwakeForEver) {
  policy_->next_deadline_ns = kernel_.now_ns - 5;
  engine_->RunOnce();
  ASSERT_THAT(kernel_.waits, SizeIs(1));
  EXPECT_GT(kernel_.waits[0], kernel_.now_ns);
  EXPECT_LE(kernel_.waits[0], kernel_.now_ns + 2'000'000);
}

TEST_F(EngineParkTest, AfterWorkItLooksAgainBeforeItSleeps) {
  kernel_.EnqueueNew(0);
  engine_->RunOnce();
  EXPECT_THAT(kernel_.waits, IsEmpty());
  engine_->RunOnce();
  EXPECT_THAT(kernel_.waits, SizeIs(1));
}

TEST_F(EngineParkTest, WorkThatMustWaitForRoomIsTriedAgainSoon) {
  schedd_decision filler = {};
  while (schedd_decision_put(kernel_.memory().decisions, &filler)) {
  }
  kernel_.EnqueueNew(0);
  engine_->RunOnce();
  engine_->RunOnce();
  ASSERT_THAT(kernel_.waits, SizeIs(1));
  EXPECT_LE(kernel_.waits[0], kernel_.now_ns + 2'000'000);
}

// The dispatcher's half of the bargain: it publishes, then looks at `parked`. An event that comes
// after the engine looked at the rings and before it said that it sleeps rings no bell; the engine
// must find it.
class LateEventKernel : public FakeKernel {
 public:
  int64_t NowNanos() const override {
    if (header().parked == 0 && looks++ == event_at_look) {
      const_cast<LateEventKernel*>(this)->EnqueueNew(0);
    }
    return now_ns;
  }
  mutable int looks = 0;
  int event_at_look = -1;
};

TEST(EngineParkRaceTest, AnEventAtAnyMomentBeforeParkingIsFound) {
  int found = 0;
  for (int look = 0; look < 12; ++look) {
    LateEventKernel kernel;
    auto policy = std::make_unique<ScriptedPolicy>();
    ScriptedPolicy* scripted = policy.get();
    Engine engine(&kernel, std::move(policy), EngineOptions{.spin_ns = 0}, PolicyParameters(), 1);
    kernel.looks = 0;
    kernel.event_at_look = look;
    kernel.on_wait = [&] {
      EXPECT_EQ(schedd_event_backlog(&kernel.memory().events[0]), 0u)
          << "slept although an event was there, after look " << look;
    };
    for (int i = 0; i < 3; ++i) engine.RunOnce();
    found += !scripted->events.empty();
  }
  EXPECT_GE(found, 3) << "the event was never put";
}

TEST_F(EngineParkTest, ADirectiveThatCameBeforeParkingIsFound) {
  kernel_.on_wait = [] { FAIL() << "slept although a directive was there"; };
  // Comes during the pass, after its directives were looked at.
  policy_->ask = [this](const WaitQuery&) {
    auto directive = std::make_unique<Directive>();
    directive->generation = 2;
    ASSERT_TRUE(engine_->Submit(directive));
    policy_->next_deadline_ns = kernel_.now_ns + 1'000'000'000;
  };
  policy_->next_deadline_ns = 0;
  engine_->RunOnce();
  EXPECT_EQ(engine_->applied_generation(), 1);
  engine_->RunOnce();
  EXPECT_EQ(engine_->applied_generation(), 2);
}

// A clock that moves by itself, and an event that comes at some time.
class TickingKernel : public FakeKernel {
 public:
  int64_t NowNanos() const override {
    clock_ns += 1'000;
    if (event_ns != 0 && clock_ns >= event_ns) {
      event_ns = 0;
      const_cast<TickingKernel*>(this)->EnqueueNew(0);
    }
    return clock_ns;
  }
  mutable int64_t clock_ns = 1'000'000'000;
  mutable int64_t event_ns = 0;
};

class EngineSpinTest : public testing::Test {
 protected:
  TickingKernel kernel_;
  Engine engine_{&kernel_, std::make_unique<ScriptedPolicy>(), EngineOptions{.spin_ns = 20'000},
                 PolicyParameters(), 1};
};

TEST_F(EngineSpinTest, LooksForAWhileBeforeItSleeps) {
  const int64_t before_ns = kernel_.clock_ns;
  engine_.RunOnce();
  EXPECT_THAT(kernel_.waits, SizeIs(1));
  EXPECT_GE(kernel_.clock_ns - before_ns, 20'000);
  EXPECT_LE(kernel_.clock_ns - before_ns, 40'000);
}

TEST_F(EngineSpinTest, LooksNoMoreWhereNothingComes) {
  for (int i = 0; i < 4; ++i) engine_.RunOnce();
  const int64_t before_ns = kernel_.clock_ns;
  engine_.RunOnce();
  EXPECT_LE(kernel_.clock_ns - before_ns, 5'000) << "readings of the clock only";
  EXPECT_THAT(kernel_.waits, SizeIs(5));
}

TEST_F(EngineSpinTest, AnEventThatComesMeanwhileSavesTheSleep) {
  kernel_.event_ns = kernel_.clock_ns + 10'000;
  engine_.RunOnce();
  EXPECT_THAT(kernel_.waits, IsEmpty());
  EXPECT_EQ(engine_.Step(), 2u);
}

TEST_F(EngineParkTest, StopEndsRun) {
  int turns = 0;
  kernel_.on_wait = [&] {
    if (++turns == 3) engine_->Stop();
  };
  engine_->Run();
  EXPECT_EQ(turns, 3);
  EXPECT_EQ(kernel_.wakes, 1) << "Stop() wakes a sleeping engine";
  EXPECT_NE(engine_->scheduling_tid(), 0);
}

TEST_F(EngineParkTest, AfterStopRunReturnsWithoutSleeping) {
  engine_->Stop();
  engine_->Run();
  EXPECT_THAT(kernel_.waits, IsEmpty());
}

TEST_F(EngineParkTest, HasNoThreadBeforeRun) { EXPECT_EQ(engine_->scheduling_tid(), 0); }

}  // namespace
}  // namespace schedd
