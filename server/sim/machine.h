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
#include <string>
#include <unordered_map>
#include <vector>

#include "server/sim/fair_class.h"
#include "server/sim/idle_cpus.h"
#include "server/sim/scheduler_class.h"
#include "server/sim/task.h"
#include "server/sim/topology.h"
#include "server/sim/trace.h"

namespace schedd {

// Hears of what tasks go through, for statistics. Called under the machine's thread rule.
class SimObserver {
 public:
  virtual ~SimObserver() = default;
  // A wait of `wait_ns` ended with the task running; it had woken, or was runnable before.
  virtual void OnWaited(const SimTask& task, int64_t wait_ns, bool woke) = 0;
  virtual void OnSpawned(const SimTask& task) = 0;
  virtual void OnEnding(const SimTask& task) = 0;
};

struct MachineOptions {
  int nr_cpus = 4;                              // all alike; or
  SimTopology topology = {.cores_per_llc = 0};  // counts when it has CPUs
  SimCosts costs = {};
  int64_t start_ns = 1'000'000'000;
  int64_t tick_ns = 4'000'000;  // slices end at ticks; 0: to the nanosecond
  uint64_t seed = 1;
  int32_t first_tid = 1000;
  int32_t tid_range = 30'000;       // after so many, task IDs are used again
  SimTrace* trace = nullptr;        // outlives the machine; nullptr: none
  SimObserver* observer = nullptr;  // outlives the machine; nullptr: none
};

class SimMachine : public CpuControl {
 public:
  explicit SimMachine(const MachineOptions& options);

  // Starts a task. Returns its ID.
  int32_t Spawn(const SimTaskSpec& spec) {
    return Spawn(std::make_shared<const SimTaskSpec>(spec));
  }
  int32_t Spawn(std::shared_ptr<const SimTaskSpec> spec);
  void Kill(int32_t tid);
  void SetAffinity(int32_t tid, const std::vector<int>& cpus);
  void SetWeight(int32_t tid, int32_t weight);
  void SetNice(int32_t tid, int32_t nice, int32_t weight);
  // Takes a CPU out of service, with what runs and waits there, or back into it. The last one
  // stays. Tasks that may use no other one may then use any, as in the kernel.
  void SetOnline(int cpu, bool online);
  bool IsOnline(int cpu) const { return online_.Has(cpu); }
  void SetChannel(int channel, int64_t count) { channels_[channel].count = count; }
  // Something outside of the machine's tasks has the CPU from now on, until Vacate(): who runs
  // there waits for another turn. Not for one that is out of service.
  void Occupy(int cpu);
  void Vacate(int cpu);
  bool IsIdle(int cpu) const { return idle_.Has(cpu); }
  int AnyIdle() const { return idle_.Any(); }

  // Lets everything happen that is due until then, in order.
  void AdvanceTo(int64_t time_ns);
  // The clock is `ns` later at once, and nothing happened meanwhile: what was due then is late.
  void StepClock(int64_t ns) { now_ns_ += ns; }
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

  // What happened so far: how much was simulated.
  int64_t events() const { return events_done_; }
  int64_t context_switches() const { return context_switches_; }
  int64_t migrations() const { return migrations_; }
  int64_t preemptions() const { return preemptions_; }
  // CPU time for which a CPU had nothing to do while a task waited that may use any of them.
  int64_t IdleWhileRunnableNanos() const;

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
  int nr_cpus() const override { return topology_.nr_cpus(); }
  int ClaimIdleCpu(const SimTask& task) override;
  void Kick(int cpu, bool preempt) override;
  void InsertLocal(int cpu, SimTask& task, int64_t slice_ns) override;
  size_t LocalCount(int cpu) const override { return cpus_[static_cast<size_t>(cpu)].local.size(); }
  int waking_cpu() const override { return waking_cpu_; }

 private:
  struct Cpu {
    SimTask* current = nullptr;
    bool occupied = false;
    uint64_t last_life = 0;  // who ran last
    int64_t speed = 1'024;   // of the CPU now: what a task gets done, 1024 a ns
    int64_t charged_ns = 0;  // until when the current task's time is accounted
    int64_t slice_end_ns = 0;
    int64_t busy_ns = 0;
    uint32_t timer = 0;  // number of the timer that counts; older ones are void
    std::deque<SimTask*> local;
  };
  struct Event {
    enum class Kind : uint8_t { kTimer, kKick, kPreempt, kWake, kAction };
    int64_t time_ns;
    uint64_t order;
    Kind kind;
    int cpu;          // of kTimer and kicks
    SimTask* task;    // of kWake; another one by now, or gone, when `life` is not its
    uint64_t number;  // the timer's, the task's life, or the action's
    bool operator>(const Event& other) const {
      return time_ns != other.time_ns ? time_ns > other.time_ns : order > other.order;
    }
  };
  struct Sleeper {
    SimTask* task;
    uint64_t life;
  };
  struct Channel {
    int64_t count = 0;
    std::deque<Sleeper> waiters;
  };
  enum class Next { kRuns, kSleeps, kEnds };

  int32_t NextTid();
  SimTask& NewTask();
  SimTask* FindTask(int32_t tid);
  CpuMask MaskOf(const std::vector<int>& cpus) const;
  void Allow(SimTask& task, const std::vector<int>& cpus);
  int32_t Spawn(std::shared_ptr<const SimTaskSpec> spec, uint64_t stream);

  void Wake(SimTask& task);
  void Queue(SimTask& task, bool woke);
  void Unqueue(SimTask& task);
  // Off its CPU or out of its queue, changed, and back, as the kernel does it.
  void Change(SimTask& task, const std::function<void()>& change);
  Next NextStep(SimTask& task);
  void PostTo(Channel& channel);
  void Post(int64_t time_ns, Event::Kind kind, int cpu, SimTask* task, uint64_t number);
  void Happen(const Event& event);

  void Charge(int cpu);
  void ArmTimer(int cpu);
  void Continue(int cpu);
  void Reschedule(int cpu);
  SimTask* PickNext(int cpu);
  void Start(int cpu, SimTask& task);
  void Stop(int cpu, bool runnable);
  void End(SimTask& task);
  void SetIdle(int cpu, bool idle);
  void UpdateSpeeds(int cpu);
  int64_t MoveCost(const SimTask& task, int to) const;
  int64_t SliceEnd(int64_t slice_ns) const;
  void CountWaiting(const SimTask& task, int change);
  void AccountIdle();

  const MachineOptions options_;
  const SimTopology topology_;
  int64_t now_ns_;
  uint64_t next_order_ = 0;
  uint64_t next_life_ = 1;
  uint64_t next_stream_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::unordered_map<uint64_t, std::function<void()>> actions_;
  std::vector<Cpu> cpus_;
  CpuMask all_;
  CpuMask online_;
  IdleCpus idle_;
  int waking_cpu_ = -1;
  int acting_cpu_ = -1;  // on which the present event happens; -1: on none
  std::map<int32_t, SimTask*> tasks_;
  std::vector<std::unique_ptr<SimTask>> records_;  // living or not; never freed, so events may name
  std::vector<SimTask*> free_records_;             // one that has ended
  std::unordered_map<int, Channel> channels_;
  std::map<std::string, uint64_t> cgroup_ids_;
  int32_t next_tid_;

  int64_t events_done_ = 0;
  int64_t context_switches_ = 0;
  int64_t migrations_ = 0;
  int64_t preemptions_ = 0;
  int64_t waiting_anywhere_ = 0;  // tasks that wait and may use all CPUs
  int idle_now_ = 0;              // CPUs that run nothing
  int64_t idle_counted_ns_;       // until then
  int64_t idle_while_runnable_ns_ = 0;

  FairClass fair_;
  SchedulerClass* scheduler_;
};

}  // namespace schedd

#endif  // SCHEDD_SIM_MACHINE_H_
