// SPDX-License-Identifier: Apache-2.0
//
// Virtual time goes on. Each CPU has two clocks: V of the policy (virtual_time.h), and in the
// dispatcher vtime_floor, the largest deadline that it chose.
//
// What may go back: V, when eight tasks in a row were found further from it than any order of
// service explains (CpuClocks::Follow: those that it belonged to are gone); a floor, to
// SCHEDD_QUEUE_LEAD_NS ahead of a decided deadline.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <utility>

#include "bpf/virtual_time.h"
#include "server/base/wrap.h"
#include "server/policy/virtual_time.h"
#include "tests/properties/world.h"

namespace schedd {
namespace {

struct StepsBack {
  int64_t looks = 0;
  int64_t count = 0;
  int64_t least_ns = INT64_MAX;
};

// Looks at V after each call: of a task the policy says v and V - v.
class ClockWatch : public Policy {
 public:
  ClockWatch(std::unique_ptr<Policy> policy, StepsBack* back)
      : policy_(std::move(policy)), back_(back) {}

  void Apply(PolicyIndex policy, const PolicyParameters& parameters) override {
    policy_->Apply(policy, parameters);
  }
  void Resume(std::span<const uint64_t> cpu_virtual_ns) override {
    policy_->Resume(cpu_virtual_ns);
  }
  void OnEvent(const TaskEvent& event) override {
    policy_->OnEvent(event);
    cpu_of_[event.task] = event.cpu;
    Look();
  }
  void OnExit(TaskId task) override {
    policy_->OnExit(task);
    cpu_of_.erase(task);
  }
  size_t Schedule(const MachineView& machine, const WaitQuery& waits,
                  std::span<Decision> out) override {
    const size_t count = policy_->Schedule(machine, waits, out);
    Look();
    return count;
  }
  size_t pending() const override { return policy_->pending(); }
  int64_t NextDeadlineNanos() const override { return policy_->NextDeadlineNanos(); }
  TaskAccount Account(TaskId task) const override { return policy_->Account(task); }

 private:
  void Look() {
    for (const auto& [task, cpu] : cpu_of_) {
      const TaskAccount account = policy_->Account(task);
      if (account.vruntime_ns == 0 && account.lag_ns == 0) continue;  // not known yet
      const auto v = static_cast<uint64_t>(account.vruntime_ns + account.lag_ns);
      const auto [seen, is_new] = v_of_.try_emplace(cpu, v);
      const int64_t back_ns = WrapDifference(seen->second, v);
      seen->second = v;
      ++back_->looks;
      if (back_ns <= 0) continue;
      ++back_->count;
      back_->least_ns = std::min(back_->least_ns, back_ns);
    }
  }

  const std::unique_ptr<Policy> policy_;
  StepsBack* const back_;
  std::map<TaskId, int32_t> cpu_of_;
  std::map<int32_t, uint64_t> v_of_;
};

// No task is bound, none changes: the tasks of all CPUs are served in one order.
StepsBack Watch(uint64_t seed, bool hogs_only) {
  Random random(seed);
  const auto nr_cpus = static_cast<int>(1 + Below(random, 4));
  StepsBack back;
  World world({.topology = SimTopology::Flat(nr_cpus),
               .seed = seed,
               .around = [&](std::unique_ptr<Policy> policy) -> std::unique_ptr<Policy> {
                 return std::make_unique<ClockWatch>(std::move(policy), &back);
               }});
  for (SimTaskSpec& spec : RandomTasks(random, nr_cpus, 10)) {
    spec.cpus.clear();
    spec.weight = std::max<int32_t>(spec.weight, kDefaultWeight);
    if (hogs_only) spec.program = {RunFor(1'000 * kMs)};
    world.machine.Spawn(spec);
  }
  world.RunFor(300 * kMs);
  return back;
}

TEST(ClockTest, VNeverGoesBackWhileNobodySleeps) {
  ForEachSeed(1, 500, [](uint64_t seed) {
    const StepsBack back = Watch(seed, /*hogs_only=*/true);
    EXPECT_EQ(back.count, 0) << back.least_ns;
  });
}

// Somebody who had a CPU for himself may have taken V with him: then it is set anew.
TEST(ClockTest, VHardlyEverGoesBack) {
  StepsBack all;
  ForEachSeed(1, 500, [&all](uint64_t seed) {
    const StepsBack back = Watch(seed, /*hogs_only=*/false);
    all.looks += back.looks;
    all.count += back.count;
  });
  std::cout << all.count << " steps back in " << all.looks << " looks" << std::endl;
  EXPECT_LE(all.count, all.looks / 10'000);
}

// The clock itself: back only at the eighth stranger in a row, and then it is where that one is.
TEST(ClockTest, OnlyTheEighthStrangerTurnsItBack) {
  ForEachSeed(1, 1'000, [](uint64_t seed) {
    Random random(seed);
    uint64_t v = random();
    CpuClocks clocks(1, v);
    int strangers = 0;
    for (int step = 0; step < 500; ++step) {
      const int64_t window_ns = Below(random, 200 * kMs);
      const int64_t lead_ns = Below(random, 1'000 * kMs) - (seed % 2 == 0 ? 500 : 900) * kMs;
      const uint64_t seen = v + static_cast<uint64_t>(lead_ns);
      const uint64_t before = v;
      if (random() % 3 == 0) {
        clocks.Raise(0, seen, window_ns);
      } else {
        clocks.Follow(0, seen, window_ns, window_ns);
        strangers = std::abs(lead_ns) > window_ns ? strangers + 1 : 0;
      }
      v = clocks.At(0);
      if (WrapLess(v, before)) {
        EXPECT_EQ(strangers, 8);
        EXPECT_EQ(v, seen);
      }
      if (strangers == 8) strangers = 0;
    }
  });
}

// With anything that can go wrong: a floor goes back to the lead that any task may have, never
// further than to the deadlines that are decided.
void FloorsGoBackToTheLeadOnly(uint64_t seed) {
  Random random(seed);
  const auto nr_cpus = static_cast<int>(1 + Below(random, 4));
  World world({.topology = SimTopology::Flat(nr_cpus), .seed = seed});
  for (const SimTaskSpec& spec : RandomTasks(random, nr_cpus, 10)) world.machine.Spawn(spec);
  const auto& cpus = world.kernel.memory().cpus;
  std::vector<uint64_t> floors(cpus.size());
  for (int step = 0; step < 200; ++step) {
    const auto begun_ns = static_cast<uint64_t>(world.machine.now_ns());
    world.RunFor(1 + Below(random, kMs));
    for (size_t cpu = 0; cpu < cpus.size(); ++cpu) {
      const int64_t back_ns = WrapDifference(floors[cpu], cpus[cpu].vtime_floor);
      floors[cpu] = cpus[cpu].vtime_floor;
      if (back_ns <= 0) continue;
      const SimTask* chosen = world.machine.Current(static_cast<int>(cpu));
      if (chosen == nullptr) continue;               // sleeps again already
      if (cpus[cpu].taken_ns >= begun_ns) continue;  // or a task that woke took its place
      const schedd_slot& slot = world.slot(*chosen);
      // Or one came next that moves no floor back.
      if (slot.unasked_seq == slot.seq || chosen->direct) continue;
      const uint64_t lead = floors[cpu] - slot.deadline;
      EXPECT_LE(static_cast<int64_t>(lead), int64_t{SCHEDD_QUEUE_LEAD_NS}) << "CPU " << cpu;
    }
  }
}

TEST(ClockTest, FloorsGoBackToTheLeadOnly) { ForEachSeed(1, 300, FloorsGoBackToTheLeadOnly); }

}  // namespace
}  // namespace schedd
