// SPDX-License-Identifier: Apache-2.0
//
// A kernel port for tests of the engine: shared memory without anybody behind it, and a clock set
// by hand.
//
// Owned by a test, one thread. The test plays the dispatcher: it fills slots, puts events, takes
// decisions.
#ifndef SCHEDD_TESTS_UNIT_ENGINE_FAKE_KERNEL_H_
#define SCHEDD_TESTS_UNIT_ENGINE_FAKE_KERNEL_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "bpf/ring.h"
#include "server/engine/kernel.h"
#include "server/sim/sim_memory.h"

namespace schedd {

class FakeKernel : public Kernel {
 public:
  explicit FakeKernel(int nr_cpus = 2, uint32_t nr_slots = 8) : memory_(nr_cpus, nr_slots) {}

  // -- the port --
  const SharedMemory& memory() const override { return memory_.shared(); }
  int64_t NowNanos() const override { return now_ns; }
  void Commit() override {
    ++commits;
    if (on_commit) on_commit();
  }
  void Wait(int64_t until_ns) override {
    waits.push_back(until_ns);
    parked_in_wait = header().parked;
    if (on_wait) on_wait();
  }
  void Wake() override { ++wakes; }
  absl::Status Attach() override { return absl::OkStatus(); }
  absl::Status Detach() override { return absl::OkStatus(); }
  bool adopted() const override { return is_adopted; }
  std::optional<KernelExit> Exit() const override { return std::nullopt; }

  // -- the test's side --
  schedd_header& header() const { return *memory().header; }
  schedd_slot& slot(uint32_t index) const { return memory().slots[index]; }

  // Gives the slot to a new task. Returns its key.
  uint32_t NewOwner(uint32_t index) {
    schedd_slot& s = slot(index);
    const uint32_t key = s.key + 2;
    const uint32_t seq = s.seq;
    s = {};
    s.key = key;
    s.seq = seq;
    s.urgent_seq = s.unasked_seq = seq - 1;
    s.weight = 100;
    s.nr_allowed = header().nr_cpus;
    s.allowed[0] = ~0ull;
    s.state = SCHEDD_TASK_SLEEPING;
    return key;
  }

  // The slot's task is queued; its event goes to that CPU's ring.
  schedd_event Enqueue(uint32_t index, uint32_t cpu = 0) {
    schedd_slot& s = slot(index);
    ++s.seq;
    s.state = SCHEDD_TASK_UNDECIDED;
    s.cpu = static_cast<int32_t>(cpu);
    const schedd_event event = {.slot = index,
                                .seq = s.seq,
                                .key = s.key,
                                .flags = SCHEDD_EVENT_WAKEUP,
                                .time_ns = static_cast<uint64_t>(now_ns),
                                .cpu = s.cpu,
                                .reserved = 0};
    PutEvent(event, cpu);
    return event;
  }

  // A new task in that slot, queued.
  schedd_event EnqueueNew(uint32_t index, uint32_t cpu = 0) {
    NewOwner(index);
    slot(index).wakeups = 1;
    return Enqueue(index, cpu);
  }

  bool PutEvent(const schedd_event& event, uint32_t cpu) {
    schedd_event* record = schedd_event_reserve(&memory().events[cpu]);
    if (record == nullptr) return false;
    *record = event;
    schedd_event_publish(&memory().events[cpu]);
    return true;
  }

  // The task with that slot ran for so long and sleeps now.
  void RunAndSleep(uint32_t index, uint64_t ran_ns) {
    slot(index).run_ns += ran_ns;
    slot(index).awake_run_ns += ran_ns;
    slot(index).state = SCHEDD_TASK_SLEEPING;
  }

  // All decisions written and not yet taken.
  std::vector<schedd_decision> TakeDecisions() {
    std::vector<schedd_decision> all;
    schedd_decision decision;
    while (schedd_decision_take(memory().decisions, &decision) == 1) all.push_back(decision);
    return all;
  }

  int64_t now_ns = 1'000'000'000;
  int commits = 0;
  bool is_adopted = false;
  int wakes = 0;
  uint32_t parked_in_wait = 0;
  std::vector<int64_t> waits;
  std::function<void()> on_commit;
  std::function<void()> on_wait;

 private:
  SimMemory memory_;
};

}  // namespace schedd

#endif  // SCHEDD_TESTS_UNIT_ENGINE_FAKE_KERNEL_H_
