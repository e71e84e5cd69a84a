// SPDX-License-Identifier: Apache-2.0
//
// The engine on a thread of its own, while other threads hand it changes and read from it. For the
// tsan build above all.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "server/engine/engine.h"
#include "server/engine/shared_access.h"
#include "tests/unit/engine/fake_kernel.h"

namespace schedd {
namespace {

// As a real one sleeps: until it is woken, and not a moment by the clock. A wakeup that got lost
// hangs the test.
class SleepingKernel : public FakeKernel {
 public:
  SleepingKernel() : FakeKernel(2, 8) {}

  int64_t NowNanos() const override { return clock_ns_.fetch_add(1'000); }
  void Commit() override { TakeDecisions(); }
  void Wait(int64_t) override {
    std::unique_lock<std::mutex> lock(mutex_);
    woken_.wait(lock, [this] { return wake_; });
    wake_ = false;
  }
  void Wake() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      wake_ = true;
    }
    woken_.notify_one();
  }
  // What the dispatcher does after it published.
  void RingDoorbell() {
    if (LoadSharedAcquire(header().parked) == 0 || ExchangeShared(header().parked, 0u) == 0) return;
    Wake();
  }

 private:
  mutable std::atomic<int64_t> clock_ns_{1'000'000'000};
  std::mutex mutex_;
  std::condition_variable woken_;
  bool wake_ = false;
};

// Decides nothing and remembers nothing: only its calls count.
class CountingPolicy : public Policy {
 public:
  void Resume(std::span<const uint64_t>) override {}
  void Apply(PolicyIndex, const PolicyParameters&) override {}
  void OnEvent(const TaskEvent& event) override { last_ = event; }
  void OnExit(TaskId) override {}
  size_t Schedule(const MachineView&, const WaitQuery&, std::span<Decision>) override { return 0; }
  size_t pending() const override { return 0; }
  int64_t NextDeadlineNanos() const override { return std::numeric_limits<int64_t>::max(); }
  TaskAccount Account(TaskId) const override {
    return {.vruntime_ns = last_.ran_ns + 1, .lag_ns = 0};
  }

 private:
  TaskEvent last_;
};

class EngineThreadsTest : public testing::Test {
 protected:
  EngineThreadsTest() : thread_([this] { engine_.Run(); }) {}
  ~EngineThreadsTest() override {
    engine_.Stop();
    thread_.join();
  }

  void Submit(std::unique_ptr<Directive> directive) {
    while (!engine_.Submit(directive)) std::this_thread::yield();
  }
  void AwaitGeneration(int64_t generation) {
    while (engine_.applied_generation() < generation) std::this_thread::yield();
  }

  SleepingKernel kernel_;
  Engine engine_{&kernel_, std::make_unique<CountingPolicy>(), EngineOptions{.spin_ns = 2'000},
                 PolicyParameters(), 1};
  std::thread thread_;
};

TEST_F(EngineThreadsTest, EveryDirectiveIsAppliedAndFreed) {
  constexpr int64_t kLast = 20'000;
  for (int64_t generation = 2; generation <= kLast; ++generation) {
    auto directive = std::make_unique<Directive>();
    directive->generation = generation;
    directive->settings.resize(3);
    Submit(std::move(directive));
    if (generation % 64 == 0) engine_.Reclaim();
  }
  AwaitGeneration(kLast);
  EXPECT_EQ(engine_.applied_generation(), kLast);
}

TEST_F(EngineThreadsTest, ADirectiveWakesASleepingEngine) {
  for (int64_t generation = 2; generation < 500; ++generation) {
    auto directive = std::make_unique<Directive>();
    directive->generation = generation;
    Submit(std::move(directive));
    AwaitGeneration(generation);  // it sleeps again between two
  }
  EXPECT_GT(engine_.stats().parks, 0);
}

TEST_F(EngineThreadsTest, NoDoorbellIsLost) {
  // The dispatcher on this thread: an event, the bell, and on only when it was handled.
  kernel_.NewOwner(0);
  constexpr int64_t kEvents = 5'000;
  for (int64_t sent = 1; sent <= kEvents; ++sent) {
    schedd_slot& slot = kernel_.slot(0);
    StoreShared(slot.seq, slot.seq + 1);
    StoreSharedRelease(slot.state, SCHEDD_TASK_UNDECIDED);
    kernel_.PutEvent({.slot = 0,
                      .seq = slot.seq,
                      .key = slot.key,
                      .flags = 0,
                      .time_ns = 1,
                      .cpu = 0,
                      .reserved = 0},
                     0);
    kernel_.RingDoorbell();
    while (engine_.stats().events < sent) std::this_thread::yield();
  }
  EXPECT_EQ(engine_.stats().events, kEvents);
}

TEST_F(EngineThreadsTest, ReadersMayLookAtAnyTime) {
  const uint32_t key = kernel_.NewOwner(0);
  std::atomic<bool> stop{false};
  int64_t backwards = 0;
  std::thread reader([&] {
    int64_t last_passes = 0;
    while (!stop) {
      const EngineStats stats = engine_.stats();
      backwards += stats.passes < last_passes;
      last_passes = stats.passes;
      const TaskEngineView view = engine_.view(0, key);
      backwards += view.effective_weight != 0 && view.effective_weight < 100;
    }
  });
  for (int64_t generation = 2; generation < 2'000; ++generation) {
    auto directive = std::make_unique<Directive>();
    directive->generation = generation;
    directive->settings.push_back(
        {.slot = 0, .key = key, .weight = static_cast<int32_t>(100 + generation % 50)});
    Submit(std::move(directive));
  }
  AwaitGeneration(1'999);
  stop = true;
  reader.join();
  EXPECT_EQ(backwards, 0);
  EXPECT_EQ(engine_.view(0, key).effective_weight, 100 + 1'999 % 50);
  EXPECT_NE(engine_.scheduling_tid(), 0);
}

TEST_F(EngineThreadsTest, RunAllocatesNothing) {
  kernel_.NewOwner(0);
  for (int64_t generation = 2; generation < 200; ++generation) {
    auto directive = std::make_unique<Directive>();
    directive->generation = generation;
    directive->parameters = PolicyParameters();
    directive->settings.resize(8);
    Submit(std::move(directive));
    AwaitGeneration(generation);
  }
  EXPECT_EQ(engine_.stats().allocations, 0);
}

}  // namespace
}  // namespace schedd
