// SPDX-License-Identifier: Apache-2.0
//
// What every policy must do, whatever its order. A new policy is tested by its entry in the
// registry.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "server/base/allocation_guard.h"
#include "server/policy/registry.h"
#include "tests/unit/policy/fake_waits.h"

namespace schedd {
namespace {

constexpr uint32_t kCapacity = 1024;
constexpr uint32_t kCpus = 4;

class ConformanceTest : public ::testing::TestWithParam<std::string> {
 protected:
  ConformanceTest() : waits_(kCapacity), views_(kCpus) { policy_ = Make(); }

  static std::unique_ptr<Policy> Make() {
    auto made = MakePolicy(GetParam(), kCapacity, kCpus);
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }

  void Wake(TaskId task, uint32_t sequence = 1, int64_t time_ns = 1000) {
    policy_->OnEvent({.task = task,
                      .sequence = sequence,
                      .time_ns = time_ns,
                      .woke = true,
                      .allowed_count = kCpus});
  }

  std::vector<Decision> Schedule(size_t room = kCapacity, int64_t now_ns = 2000) {
    std::vector<Decision> out(room);
    out.resize(policy_->Schedule({now_ns, views_}, waits_, out));
    return out;
  }

  std::unique_ptr<Policy> policy_;
  testing::FakeWaits waits_;
  std::vector<CpuView> views_;  // all idle
};

std::vector<TaskId> Tasks(const std::vector<Decision>& decisions) {
  std::vector<TaskId> tasks;
  for (const Decision& decision : decisions) tasks.push_back(decision.task);
  return tasks;
}

TEST_P(ConformanceTest, NothingToDoAtFirst) {
  EXPECT_EQ(policy_->pending(), 0u);
  EXPECT_TRUE(Schedule().empty());
  EXPECT_EQ(policy_->NextDeadlineNanos(), INT64_MAX);
  EXPECT_EQ(policy_->Account(3).vruntime_ns, 0);
}

TEST_P(ConformanceTest, EachWaitingTaskIsDecidedOnceWithItsSequence) {
  for (TaskId task = 0; task < 100; ++task) Wake(task, 7 + task);
  EXPECT_EQ(policy_->pending(), 100u);
  std::set<TaskId> seen;
  for (const Decision& decision : Schedule()) {
    EXPECT_TRUE(seen.insert(decision.task).second) << decision.task;
    EXPECT_EQ(decision.sequence, 7 + decision.task);
    EXPECT_FALSE(decision.urgent);
    EXPECT_FALSE(decision.preempt) << "all CPUs are idle";
    EXPECT_EQ(decision.cpu, kAnyCpu);
  }
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_EQ(policy_->pending(), 0u);
  EXPECT_TRUE(Schedule().empty());
}

TEST_P(ConformanceTest, WhatDoesNotFitComesWithTheNextCall) {
  for (TaskId task = 0; task < 10; ++task) Wake(task);
  EXPECT_TRUE(Schedule(0).empty());
  std::vector<TaskId> all;
  for (size_t left : {7u, 4u, 1u, 0u}) {
    const std::vector<TaskId> some = Tasks(Schedule(3));
    all.insert(all.end(), some.begin(), some.end());
    EXPECT_EQ(policy_->pending(), left);
  }
  std::sort(all.begin(), all.end());
  std::vector<TaskId> expected(10);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(all, expected);
}

TEST_P(ConformanceTest, DeadlinesRiseInTheOrderOfDecisions) {
  for (TaskId task = 0; task < 50; ++task) Wake((task * 17) % 50, 1, 1000 + task);
  const std::vector<Decision> decisions = Schedule();
  ASSERT_EQ(decisions.size(), 50u);
  for (size_t i = 1; i < decisions.size(); ++i) {
    EXPECT_GE(static_cast<int64_t>(decisions[i].deadline - decisions[i - 1].deadline), 0) << i;
  }
}

TEST_P(ConformanceTest, ATaskThatEndsWhileItWaitsIsNotDecided) {
  for (TaskId task = 0; task < 5; ++task) Wake(task);
  policy_->OnExit(2);
  EXPECT_EQ(policy_->pending(), 4u);
  EXPECT_EQ(Schedule(1).size(), 1u);  // some are sorted in, some decided
  policy_->OnExit(4);
  policy_->OnExit(4);
  const std::vector<TaskId> tasks = Tasks(Schedule());
  EXPECT_EQ(std::count(tasks.begin(), tasks.end(), 2), 0);
  EXPECT_EQ(std::count(tasks.begin(), tasks.end(), 4), 0);
  EXPECT_EQ(policy_->pending(), 0u);
}

TEST_P(ConformanceTest, ATaskThatEndsAfterItsDecisionIsForgotten) {
  Wake(1);
  Schedule();
  policy_->OnExit(1);
  EXPECT_EQ(policy_->NextDeadlineNanos(), INT64_MAX);
  EXPECT_TRUE(Schedule(10, int64_t{3600} * 1'000'000'000).empty());
  EXPECT_EQ(policy_->Account(1).vruntime_ns, 0);
}

TEST_P(ConformanceTest, TheLaterEventOfATaskReplacesTheEarlier) {
  Wake(1, 5);
  Wake(2, 1);
  Wake(1, 6);
  EXPECT_EQ(policy_->pending(), 2u);
  EXPECT_EQ(Schedule(1).size(), 1u);
  Wake(1, 7);  // sorted in or handed over by now
  std::map<TaskId, uint32_t> sequence;
  for (const Decision& decision : Schedule()) sequence[decision.task] = decision.sequence;
  EXPECT_EQ(sequence[1], 7u);
}

TEST_P(ConformanceTest, UnknownTasksAreIgnored) {
  policy_->OnExit(3);
  policy_->OnExit(kCapacity);
  policy_->OnExit(UINT32_MAX);
  Wake(kCapacity);
  Wake(UINT32_MAX);
  EXPECT_EQ(policy_->pending(), 0u);
  EXPECT_EQ(policy_->Account(UINT32_MAX).vruntime_ns, 0);
  EXPECT_TRUE(Schedule().empty());
}

// The same events in the same order, with other slot numbers: the same order of tasks.
TEST_P(ConformanceTest, OrderDoesNotDependOnSlotNumbers) {
  const auto run = [&](TaskId offset, TaskId stride) {
    policy_ = Make();
    for (TaskId i = 0; i < 40; ++i) {
      policy_->OnEvent({.task = offset + i * stride,
                        .sequence = i + 1,
                        .time_ns = 1000 + (i * 13) % 40,
                        .woke = true,
                        .weight = 1 + (i * 7) % 3 * 100,
                        .allowed_count = kCpus});
    }
    std::vector<uint32_t> order;
    for (const Decision& decision : Schedule()) order.push_back(decision.sequence);
    return order;
  };
  const std::vector<uint32_t> straight = run(0, 1);
  EXPECT_EQ(straight.size(), 40u);
  EXPECT_EQ(straight, run(900, TaskId(-3)));
}

TEST_P(ConformanceTest, TheSameCallsGiveTheSameDecisions) {
  const auto run = [&] {
    policy_ = Make();
    std::vector<TaskId> order;
    for (uint32_t round = 1; round < 20; ++round) {
      for (TaskId task = 0; task < 30; ++task) Wake((task * 11) % 30, round, 1000 * round);
      const std::vector<TaskId> some = Tasks(Schedule(30, 1000 * round + 1));
      order.insert(order.end(), some.begin(), some.end());
    }
    return order;
  };
  EXPECT_EQ(run(), run());
}

TEST_P(ConformanceTest, NewParametersCountFromTheNextCallAndLoseNobody) {
  for (TaskId task = 0; task < 6; ++task) Wake(task);
  const std::vector<Decision> before = Schedule(2);
  EXPECT_LE(before[0].slice_ns, 10'000'000);
  policy_->Apply(
      kDefaultPolicyIndex,
      {.base_slice_ns = 2'000'000, .min_slice_ns = 2'000'000, .max_slice_ns = 2'000'000});
  EXPECT_EQ(policy_->pending(), 4u);
  const std::vector<Decision> after = Schedule();
  ASSERT_EQ(after.size(), 4u);
  for (const Decision& decision : after) EXPECT_EQ(decision.slice_ns, 2'000'000);
}

TEST_P(ConformanceTest, AnOverrideOfTheSliceWinsWithinTheLimits) {
  const PolicyParameters defaults;
  for (TaskId task = 0; task < 3; ++task) {
    const int64_t slices_ns[] = {1, 17'000'000, 60'000'000'000};
    policy_->OnEvent({.task = task,
                      .sequence = 1,
                      .woke = true,
                      .slice_override_ns = slices_ns[task],
                      .allowed_count = kCpus});
  }
  std::map<TaskId, int64_t> slice_ns;
  for (const Decision& decision : Schedule()) slice_ns[decision.task] = decision.slice_ns;
  EXPECT_EQ(slice_ns[0], defaults.min_slice_ns);
  EXPECT_EQ(slice_ns[1], 17'000'000);
  EXPECT_EQ(slice_ns[2], defaults.max_slice_ns);
}

// Any sequence of calls with any values: no decision for a task that does not wait, none twice,
// slices positive, no heap call.
TEST_P(ConformanceTest, SurvivesAnythingWithoutTheHeap) {
  std::mt19937_64 random(GetParam().size());
  constexpr int64_t kOdd[] = {0,   1,     -1, 5'000'000, INT64_MAX, INT64_MIN, 60'000'000'000,
                              100, 10'000};
  const auto odd = [&] { return kOdd[random() % std::size(kOdd)]; };
  std::vector<uint32_t> sequence(kCapacity, 0);
  std::vector<bool> waits(kCapacity, false);
  const uint64_t masks[] = {1, 2, 0, ~uint64_t{0}};
  std::vector<Decision> out(64);

  const int64_t before = ArmedAllocationCount();
  ArmAllocationCount();
  bool sound = true;
  for (int step = 0; step < 200'000 && sound; ++step) {
    const TaskId task = static_cast<TaskId>(random() % (kCapacity + 2));
    const uint64_t what = random() % 16;
    if (what < 10) {
      policy_->OnEvent({.task = task,
                        .sequence = task < kCapacity ? ++sequence[task] : 0,
                        .time_ns = odd(),
                        .woke = random() % 2 == 0,
                        .affinity_changed = random() % 4 == 0,
                        .out_of_turn = random() % 4 == 0,
                        .ran_ns = odd(),
                        .ran_since_wake_ns = odd(),
                        .weight = odd(),
                        .slice_override_ns = odd(),
                        .policy = static_cast<PolicyIndex>(random() % (kMaxPolicies + 2)),
                        .cpu = static_cast<int32_t>(odd()),
                        .allowed = random() % 4 == 0 ? nullptr : &masks[random() % 4],
                        .allowed_count = static_cast<uint32_t>(random() % 5)});
      if (task < kCapacity) waits[task] = true;
    } else if (what == 10) {
      policy_->OnExit(task);
      if (task < kCapacity) waits[task] = false;
    } else if (what == 11 && random() % 64 == 0) {
      policy_->Apply(static_cast<PolicyIndex>(random() % (kMaxPolicies + 2)),
                     {.base_slice_ns = odd(),
                      .min_slice_ns = odd(),
                      .max_slice_ns = odd(),
                      .sleeper_credit_ns = odd(),
                      .starvation_bound_ns = odd(),
                      .wakeup_preempt_margin_ns = odd()});
    } else {
      for (CpuView& view : views_) {
        view = {.kind = static_cast<CpuView::Kind>(random() % 3),
                .task = static_cast<TaskId>(random() % 2000),
                .since_ns = odd(),
                .out_of_turn = random() % 4 == 0,
                .unbilled_ns = odd()};
      }
      const size_t cpus = random() % (views_.size() + 1);
      const size_t count = policy_->Schedule({odd(), std::span(views_).first(cpus)}, waits_, out);
      for (size_t i = 0; i < count; ++i) {
        const Decision& decision = out[i];
        sound = sound && decision.task < kCapacity && decision.slice_ns > 0 &&
                decision.sequence == sequence[decision.task] &&
                (waits[decision.task] || decision.urgent) && decision.cpu < int32_t{kCpus};
        waits[decision.task] = false;
      }
      for (TaskId t = 0; t < kCapacity; t += 3) waits_.End(t, sequence[t]);
    }
  }
  DisarmAllocationCount();
  EXPECT_TRUE(sound);
  EXPECT_EQ(ArmedAllocationCount() - before, 0);
  size_t waiting = static_cast<size_t>(std::count(waits.begin(), waits.end(), true));
  EXPECT_EQ(policy_->pending(), waiting);
}

INSTANTIATE_TEST_SUITE_P(Policies, ConformanceTest, ::testing::ValuesIn(PolicyNames()),
                         [](const auto& info) { return info.param; });

TEST(RegistryTest, AnUnknownNameIsRefusedWithThoseThatExist) {
  const auto made = MakePolicy("cfs", 1, 1);
  ASSERT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string message(made.status().message());
  for (const char* word : {"\"cfs\"", "vruntime", "fifo"}) {
    EXPECT_NE(message.find(word), std::string::npos) << message;
  }
  EXPECT_EQ(PolicyNames().front(), std::string(kDefaultPolicy));
}

TEST(RegistryTest, APolicyForNothingIsRefused) {
  EXPECT_EQ(MakePolicy("fifo", 0, 1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MakePolicy("vruntime", 1, 0).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace schedd
