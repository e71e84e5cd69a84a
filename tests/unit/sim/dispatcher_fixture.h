// SPDX-License-Identifier: Apache-2.0
//
// The simulated dispatcher on a machine of its own, for tests in which the test plays the daemon:
// it reads events and writes decisions. One thread.
#ifndef SCHEDD_TESTS_UNIT_SIM_DISPATCHER_FIXTURE_H_
#define SCHEDD_TESTS_UNIT_SIM_DISPATCHER_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "bpf/histogram.h"
#include "bpf/ring.h"
#include "server/sim/dispatcher.h"
#include "server/sim/sim_memory.h"

namespace schedd {

inline constexpr int64_t kMs = 1'000'000;
inline constexpr int64_t kStart = 1'000'000'000;

class DispatcherTest : public testing::Test {
 protected:
  explicit DispatcherTest(int nr_cpus = 1, uint32_t nr_slots = 8)
      : machine_({.nr_cpus = nr_cpus, .start_ns = kStart, .tick_ns = 0}),
        memory_(nr_cpus, nr_slots),
        dispatcher_(&machine_, memory_.shared(), [this] { ++doorbells_; }) {
    Beat();
    machine_.SetScheduler(&dispatcher_);
  }

  schedd_header& header() { return *memory_.shared().header; }
  schedd_slot& slot(uint32_t index) { return memory_.shared().slots[index]; }
  schedd_slot& slot_of(int32_t tid) { return slot(machine_.Find(tid)->slot); }
  void Beat() { header().heartbeat_ns = static_cast<uint64_t>(machine_.now_ns()); }
  void AdvanceTo(int64_t ns) { machine_.AdvanceTo(kStart + ns); }

  uint64_t Count(schedd_counter counter) {
    uint64_t sum = 0;
    for (const schedd_cpu& cpu : memory_.shared().cpus) sum += cpu.counters[counter];
    return sum;
  }

  // How many there are, on all CPUs.
  uint64_t DecisionLatencies() {
    uint64_t sum = 0;
    for (const schedd_cpu& cpu : memory_.shared().cpus) {
      for (const uint64_t bucket : cpu.decision_latency_buckets) sum += bucket;
    }
    return sum;
  }

  std::vector<schedd_event> TakeEvents() {
    std::vector<schedd_event> events;
    for (schedd_event_ring& ring : memory_.shared().events) {
      schedd_event event;
      while (schedd_event_take(&ring, &event)) events.push_back(event);
    }
    return events;
  }

  // The decision that answers the present wait of a task.
  schedd_decision DecisionFor(int32_t tid, uint64_t deadline = 0) {
    schedd_decision decision = {};
    decision.slot = machine_.Find(tid)->slot;
    decision.seq = slot_of(tid).seq;
    decision.key = slot_of(tid).key;
    decision.cpu = SCHEDD_ANY_CPU;
    decision.slice_ns = 2 * kMs;
    decision.deadline = deadline;
    decision.generation = 5;
    decision.weight = 200;
    return decision;
  }

  void Commit(const schedd_decision& decision) {
    ASSERT_EQ(schedd_decision_put(memory_.shared().decisions, &decision), 1);
    dispatcher_.Commit();
    machine_.AdvanceTo(machine_.now_ns());
  }

  // As if a decision with the usual weight had put the task on its CPU, some time ago.
  void DecidedOnce(int32_t tid) {
    slot_of(tid).decided_weight = 100;
    slot_of(tid).lease_until_ns = 1;
  }

  int32_t SpawnHog(std::vector<int> cpus = {}) {
    return machine_.Spawn(
        {.comm = "hog", .cpus = std::move(cpus), .program = {RunFor(10'000 * kMs)}});
  }
  // Spawned while all CPUs are busy: it waits.
  int32_t SpawnWaiter(std::vector<int> cpus = {}) {
    const int32_t tid = SpawnHog(std::move(cpus));
    EXPECT_EQ(slot_of(tid).state, uint32_t{SCHEDD_TASK_UNDECIDED});
    return tid;
  }

  SimMachine machine_;
  SimMemory memory_;
  int doorbells_ = 0;
  Dispatcher dispatcher_;
};

class DispatcherTwoCpusTest : public DispatcherTest {
 protected:
  DispatcherTwoCpusTest() : DispatcherTest(/*nr_cpus=*/2) {}
};

}  // namespace schedd

#endif  // SCHEDD_TESTS_UNIT_SIM_DISPATCHER_FIXTURE_H_
