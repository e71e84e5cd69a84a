// SPDX-License-Identifier: Apache-2.0
//
// The simulated machine: CPUs, tasks that follow their programs, and a clock that moves only when
// told to.
//
// A discrete-event simulation: between two events nothing happens. Owned by a simulated kernel or
// host. Not thread-safe: one thread, or one lock around it. Times in ns of its clock. The same seed
// and the same calls give the same run, event by event. Nothing in it fails; calls that name a task
// which has ended are ignored.
#ifndef SCHEDD_SIM_MACHINE_H_
#define SCHEDD_SIM_MACHINE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "server/sim/fair_class.h"
#include "server/sim/scheduler_class.h"
#include "server/sim/task.h"
#include "server/sim/trace.h"

namespace schedd {

struct MachineOptions {
  int nr_cpus = 4;
  int64_t start_ns = 1'000'000'000;
  int64_t tick_ns = 4'000'000;  // slices end at ticks; 0: to the nanosecond
  uint64_t seed = 1;
  int32_t first_tid = 1000;
  int32_t tid_range = 30'000;  // after so many, task IDs are used again
  SimTrace* trace = nullptr;   // outlives the machine; nullptr: none
};

class SimMachine : public CpuControl {
 public:
  explicit SimMachine(const MachineOptions& options);

  // Starts a task. Returns its ID.
  int32_t Spawn(const SimTaskSpec& spec);
  void Kill(int32_t tid);
  void SetAffinity(int32_t tid, const std::vector<int>& cpus);
  void SetWeight(int32_t tid, int32_t weight);

  // Lets everything happen that is due until then, in order.
  void AdvanceTo(int64_t time_ns);
  // When the next thing happens; INT64_MAX for never.
  int64_t NextEventNanos() const;
  // Runs `action` at that time.
  void At(int64_t time_ns, std::function<void()> action);

  // Puts all tasks under `scheduler`; nullptr for the machine's own.
  void SetScheduler(SchedulerClass* scheduler);

  // nullptr when no such task lives.
  const SimTask* Find(int32_t tid) const;
  std::vector<int32_t> Tasks() const;
  // CPU time used on a CPU so far, the run under way included.
  int64_t BusyNanos(int cpu) const;
  // CPU time of a task, the run under way included; 0 when it has ended.
  int64_t RunNanos(int32_t tid) const;
  const SimTask* Current(int cpu) const { return cpus_[static_cast<size_t>(cpu)].current; }

  uint64_t CgroupId(const std::string& path);
  // nullptr for none with that ID.
  const std::string* CgroupPath(uint64_t id) const;

  void Trace(const char* what, const char* first, int64_t first_value, const char* second,
             int64_t second_value) {
    if (options_.trace != nullptr) {
      options_.trace->Add(now_ns_, what, first, first_value, second, second_value);
    }
  }

  // CpuControl
  int64_t now_ns() const override { return now_ns_; }
  int nr_cpus() const override { return options_.nr_cpus; }
  int ClaimIdleCpu(const SimTask& task) override;
  void Kick(int cpu, bool preempt) override;
  void InsertLocal(int cpu, SimTask& task, int64_t slice_ns) override;

 private:
  struct Cpu {
    SimTask* current = nullptr;
    bool idle = true;        // may be claimed
    int64_t charged_ns = 0;  // until when the current task's time is accounted
    int64_t slice_end_ns = 0;
    int64_t busy_ns = 0;
    uint64_t timer = 0;  // number of the timer that counts; older ones are void
    std::deque<SimTask*> local;
  };
  struct Event {
    int64_t time_ns;
    uint64_t order;
    std::function<void()> action;
    bool operator>(const Event& other) const {
      return time_ns != other.time_ns ? time_ns > other.time_ns : order > other.order;
    }
  };
  struct Channel {
    int64_t count = 0;
    std::deque<int32_t> waiters;
  };
  enum class Next { kRuns, kSleeps, kEnds };

  int32_t NextTid();
  SimTask* FindTask(int32_t tid);
  CpuMask MaskOf(const std::vector<int>& cpus) const;

  void Wake(SimTask& task);
  void Queue(SimTask& task, bool woke);
  void Unqueue(SimTask& task);
  Next NextStep(SimTask& task);
  void PostTo(Channel& channel);
  void WakeAt(int64_t time_ns, int32_t tid);

  void Charge(int cpu);
  void ArmTimer(int cpu);
  void OnTimer(int cpu);
  void Continue(int cpu);
  void Reschedule(int cpu);
  SimTask* PickNext(int cpu);
  void Start(int cpu, SimTask& task);
  void Stop(int cpu, bool runnable);
  void End(SimTask& task);
  void SetIdle(int cpu, bool idle);
  int64_t SliceEnd(int64_t slice_ns) const;

  const MachineOptions options_;
  int64_t now_ns_;
  uint64_t next_order_ = 0;
  std::mt19937_64 random_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::vector<Cpu> cpus_;
  std::map<int32_t, std::unique_ptr<SimTask>> tasks_;
  std::map<int, Channel> channels_;
  std::map<std::string, uint64_t> cgroup_ids_;
  int32_t next_tid_;
  FairClass fair_;
  SchedulerClass* scheduler_;
};

}  // namespace schedd

#endif  // SCHEDD_SIM_MACHINE_H_
