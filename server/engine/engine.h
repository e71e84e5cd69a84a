// SPDX-License-Identifier: Apache-2.0
//
// The scheduling loop: drains events, asks the policy, publishes decisions.
//
// Owned by the control thread, which constructs it (all allocation happens there), starts a thread
// that calls Run(), and destroys it after Run() returned. Step()/Run() belong to that one
// scheduling thread; after its first pass it allocates nothing, takes no lock, and makes no system
// call but Kernel::Commit() and Kernel::Wait(). The methods marked "any thread" are lock-free reads
// of atomics. Nothing in it fails: what cannot be done (a full ring) is counted and retried.
#ifndef SCHEDD_ENGINE_ENGINE_H_
#define SCHEDD_ENGINE_ENGINE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/engine/directive.h"
#include "server/engine/kernel.h"
#include "server/policy/policy.h"

namespace schedd {

struct EngineOptions {
  int64_t spin_ns = 20'000;            // looks for events no longer than this before it parks
  int64_t heartbeat_ns = 100'000'000;  // parks no longer than this
};

// Counters since construction; one consistent copy is not promised, each is monotonic.
struct EngineStats {
  int64_t passes = 0;
  int64_t parks = 0;
  int64_t events = 0;
  int64_t decisions = 0;
  int64_t urgent_decisions = 0;  // starvation_bound reached
  int64_t preempt_decisions = 0;
  int64_t decision_ring_full = 0;  // a batch had to wait for room
  int64_t stale_events = 0;        // the task was gone or queued anew before its event was read
  int64_t stale_decisions = 0;     // not written: the task was gone or had run before its turn came
  int64_t allocations = 0;         // by the scheduling thread since its first pass; must stay 0
};

// What the engine holds of a task, for statistics. Any thread may read it while the engine writes.
struct TaskEngineView {
  int64_t vruntime_ns = 0;
  int64_t lag_ns = 0;
  int32_t effective_weight = 0;  // as the policy has it: override or cgroup share, times the scale
                                 // in force; 0 when the engine has not seen the task
};

class Engine {
 public:
  // `kernel` and `policy` must fit each other: the policy has room for
  // kernel->memory().slots.size() tasks.
  Engine(Kernel* kernel, std::unique_ptr<Policy> policy, const EngineOptions& options,
         const PolicyParameters& initial, int64_t initial_generation);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // One pass: heartbeat, directives, events, policy, decisions. Returns how many events and
  // decisions it handled. Scheduling thread.
  size_t Step();

  // A Step(); when that found nothing to do, a look around for as long as that has paid lately
  // (adaptive_spin.h), then a park. Scheduling thread.
  void RunOnce();

  // RunOnce() until Stop(). Scheduling thread.
  void Run();

  // Ends Run() soon. Any thread.
  void Stop();

  // Hands over a change. False when too many are under way (then retry later); ownership moves only
  // on true. Control thread.
  bool Submit(std::unique_ptr<Directive>& directive);

  // Frees directives that the scheduling thread is done with. Control thread.
  void Reclaim();

  // Generation in force, and when it came into force (Kernel clock). Any thread.
  int64_t applied_generation() const;
  int64_t applied_time_ns() const;

  EngineStats stats() const;                               // any thread
  TaskEngineView view(uint32_t slot, uint32_t key) const;  // any thread
  // Kernel thread ID of the scheduling thread; 0 before Run(). Any thread.
  int32_t scheduling_tid() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace schedd

#endif  // SCHEDD_ENGINE_ENGINE_H_
