// SPDX-License-Identifier: Apache-2.0
//
// The vruntime policy, its machine and its events, for tests that go call by call.
#ifndef SCHEDD_TESTS_UNIT_POLICY_VRUNTIME_FIXTURE_H_
#define SCHEDD_TESTS_UNIT_POLICY_VRUNTIME_FIXTURE_H_

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "server/policy/vruntime.h"
#include "tests/unit/policy/fake_waits.h"

namespace schedd {

inline constexpr int64_t kMs = 1'000'000;
inline constexpr uint32_t kCapacity = 256;

class VruntimeTest : public ::testing::Test {
 protected:
  explicit VruntimeTest(uint32_t cpus = 2, uint64_t start = 0)
      : policy_(kCapacity, cpus, start), waits_(kCapacity), views_(cpus) {
    for (CpuView& view : views_) view.kind = CpuView::Kind::kProtected;
    sequence_.resize(kCapacity);
  }

  // An event of `task` on CPU 0, allowed everywhere. `event` may say otherwise.
  void Event(TaskId task, TaskEvent event) {
    event.task = task;
    event.policy = policy_of_[task];
    event.sequence = ++sequence_[task];
    if (event.time_ns == 0) event.time_ns = now_ns_;
    if (event.allowed == nullptr) event.allowed_count = static_cast<uint32_t>(views_.size());
    policy_.OnEvent(event);
  }
  void Wake(TaskId task, int64_t weight = 100) { Event(task, {.woke = true, .weight = weight}); }
  void Expire(TaskId task, int64_t ran_ns, int64_t weight = 100) {
    Event(task, {.ran_ns = ran_ns, .ran_since_wake_ns = ran_ns, .weight = weight});
  }

  // The kernel puts urgent ones into effect, unless it loses_urgent_.
  std::vector<Decision> Schedule(size_t room = kCapacity) {
    std::vector<Decision> out(room);
    out.resize(policy_.Schedule({now_ns_, views_}, waits_, out));
    for (const Decision& decision : out) {
      if (decision.urgent && !loses_urgent_) waits_.MakeUrgent(decision.task, decision.sequence);
    }
    return out;
  }
  // The one decision that must come now.
  Decision Only() {
    const std::vector<Decision> decisions = Schedule();
    EXPECT_EQ(decisions.size(), 1u);
    return decisions.empty() ? Decision{} : decisions[0];
  }
  std::vector<TaskId> Order() {
    std::vector<TaskId> order;
    for (const Decision& decision : Schedule()) order.push_back(decision.task);
    return order;
  }

  void Run(uint32_t cpu, TaskId task, int64_t ran_ns) {
    waits_.End(task, sequence_[task]);
    views_[cpu] = {.kind = CpuView::Kind::kTask,
                   .task = task,
                   .since_ns = now_ns_ - ran_ns,
                   .unbilled_ns = ran_ns};
  }
  int64_t Vruntime(TaskId task) const { return policy_.Account(task).vruntime_ns; }
  // Tells the policy of `task` and forgets the decision, so that it has an account.
  void Introduce(TaskId task, int64_t weight = 100) {
    Wake(task, weight);
    Schedule();
    waits_.End(task, sequence_[task]);
  }

  int64_t now_ns_ = 1000 * kMs;
  VruntimePolicy policy_;
  testing::FakeWaits waits_;
  bool loses_urgent_ = false;
  std::vector<CpuView> views_;
  std::vector<uint32_t> sequence_;
  std::map<TaskId, PolicyIndex> policy_of_;  // the default one for those not in it
};

}  // namespace schedd

#endif  // SCHEDD_TESTS_UNIT_POLICY_VRUNTIME_FIXTURE_H_
