// SPDX-License-Identifier: Apache-2.0
#include "server/sim/machine.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace schedd {

SimMachine::SimMachine(const MachineOptions& options)
    : options_(options),
      now_ns_(options.start_ns),
      random_(options.seed),
      cpus_(static_cast<size_t>(options.nr_cpus)),
      next_tid_(options.first_tid),
      fair_(this),
      scheduler_(&fair_) {
  cgroup_ids_[""] = 1;
}

// --- tasks ---------------------------------------------------------------------------------------

int32_t SimMachine::NextTid() {
  while (true) {
    const int32_t tid = next_tid_++;
    if (next_tid_ >= options_.first_tid + options_.tid_range) next_tid_ = options_.first_tid;
    if (!tasks_.contains(tid)) return tid;
  }
}

CpuMask SimMachine::MaskOf(const std::vector<int>& cpus) const {
  CpuMask mask;
  for (const int cpu : cpus) {
    if (cpu >= 0 && cpu < options_.nr_cpus) mask.Add(cpu);
  }
  if (mask.Count() == 0) {
    for (int cpu = 0; cpu < options_.nr_cpus; ++cpu) mask.Add(cpu);
  }
  return mask;
}

int32_t SimMachine::Spawn(const SimTaskSpec& spec) {
  auto task = std::make_unique<SimTask>();
  SimTask& spawned = *task;
  spawned.spec = spec;
  spawned.tid = NextTid();
  spawned.tgid = spec.tgid != 0 ? spec.tgid : spawned.tid;
  spawned.start_ns = now_ns_;
  spawned.cgroup_id = CgroupId(spec.cgroup);
  spawned.allowed = MaskOf(spec.cpus);
  while (!spawned.allowed.Has(spawned.cpu)) ++spawned.cpu;
  tasks_[spawned.tid] = std::move(task);
  Trace("spawn", "tid", spawned.tid, "weight", spec.weight);
  scheduler_->Enable(spawned);
  Wake(spawned);
  return spawned.tid;
}

void SimMachine::Kill(int32_t tid) {
  SimTask* task = FindTask(tid);
  if (task == nullptr) return;
  const int cpu = task->cpu;
  if (task->state == SimTask::State::kRunning) {
    Charge(cpu);
    Stop(cpu, /*runnable=*/false);
    End(*task);
    Reschedule(cpu);
    return;
  }
  if (task->state == SimTask::State::kQueued) Unqueue(*task);
  End(*task);
}

void SimMachine::End(SimTask& task) {
  Trace("end", "tid", task.tid, "run_ns", task.run_ns);
  scheduler_->Quiescent(task, /*sleeps=*/true);
  scheduler_->Disable(task);
  tasks_.erase(task.tid);
}

void SimMachine::SetAffinity(int32_t tid, const std::vector<int>& cpus) {
  SimTask* task = FindTask(tid);
  if (task == nullptr) return;
  const SimTask::State was = task->state;
  const int cpu = task->cpu;
  Trace("affinity", "tid", tid, "cpus", static_cast<int64_t>(cpus.size()));
  // As the kernel does it: out of its queue or off its CPU, changed, back in.
  if (was == SimTask::State::kRunning) {
    Charge(cpu);
    Stop(cpu, /*runnable=*/true);
  } else if (was == SimTask::State::kQueued) {
    Unqueue(*task);
  }
  if (was != SimTask::State::kSleeping) scheduler_->Quiescent(*task, /*sleeps=*/false);
  task->allowed = MaskOf(cpus);
  scheduler_->AffinityChanged(*task);
  if (was != SimTask::State::kSleeping) {
    scheduler_->Runnable(*task, /*woke=*/false);
    Queue(*task, /*woke=*/false);
  }
  if (was == SimTask::State::kRunning) Reschedule(cpu);
}

void SimMachine::SetWeight(int32_t tid, int32_t weight) {
  SimTask* task = FindTask(tid);
  if (task == nullptr) return;
  task->spec.weight = weight;
  scheduler_->WeightChanged(*task);
}

SimTask* SimMachine::FindTask(int32_t tid) {
  const auto found = tasks_.find(tid);
  return found == tasks_.end() ? nullptr : found->second.get();
}

const SimTask* SimMachine::Find(int32_t tid) const {
  const auto found = tasks_.find(tid);
  return found == tasks_.end() ? nullptr : found->second.get();
}

std::vector<int32_t> SimMachine::Tasks() const {
  std::vector<int32_t> tids;
  for (const auto& [tid, task] : tasks_) tids.push_back(tid);
  return tids;
}

int64_t SimMachine::BusyNanos(int cpu) const {
  const Cpu& c = cpus_[static_cast<size_t>(cpu)];
  return c.busy_ns + (c.current != nullptr ? now_ns_ - c.charged_ns : 0);
}

int64_t SimMachine::RunNanos(int32_t tid) const {
  const SimTask* task = Find(tid);
  if (task == nullptr) return 0;
  if (task->state != SimTask::State::kRunning) return task->run_ns;
  return task->run_ns + now_ns_ - cpus_[static_cast<size_t>(task->cpu)].charged_ns;
}

uint64_t SimMachine::CgroupId(const std::string& path) {
  return cgroup_ids_.try_emplace(path, cgroup_ids_.size() + 1).first->second;
}

const std::string* SimMachine::CgroupPath(uint64_t id) const {
  for (const auto& [path, known] : cgroup_ids_) {
    if (known == id) return &path;
  }
  return nullptr;
}

// --- time ----------------------------------------------------------------------------------------

void SimMachine::At(int64_t time_ns, std::function<void()> action) {
  events_.push({std::max(time_ns, now_ns_), next_order_++, std::move(action)});
}

int64_t SimMachine::NextEventNanos() const {
  return events_.empty() ? std::numeric_limits<int64_t>::max() : events_.top().time_ns;
}

void SimMachine::AdvanceTo(int64_t time_ns) {
  while (!events_.empty() && events_.top().time_ns <= time_ns) {
    const Event event = events_.top();
    events_.pop();
    now_ns_ = event.time_ns;
    event.action();
  }
  now_ns_ = std::max(now_ns_, time_ns);
}

// --- waking and sleeping
// ---------------------------------------------------------------------------

void SimMachine::WakeAt(int64_t time_ns, int32_t tid) {
  const SimTask* sleeper = FindTask(tid);
  const int64_t born_ns = sleeper->start_ns;
  At(time_ns, [this, tid, born_ns] {
    SimTask* task = FindTask(tid);
    // Neither for a task that was killed meanwhile, nor for the next one with its ID.
    if (task == nullptr || task->start_ns != born_ns) return;
    if (task->state == SimTask::State::kSleeping) Wake(*task);
  });
}

void SimMachine::Wake(SimTask& task) {
  Trace("wake", "tid", task.tid, "cpu", task.cpu);
  const bool placed = scheduler_->SelectCpu(task);
  task.state = SimTask::State::kQueued;
  scheduler_->Runnable(task, /*woke=*/true);
  if (!placed) Queue(task, /*woke=*/true);
}

void SimMachine::Queue(SimTask& task, bool woke) {
  task.state = SimTask::State::kQueued;
  scheduler_->Enqueue(task, woke);
}

void SimMachine::Unqueue(SimTask& task) {
  if (task.local_cpu >= 0) {
    std::erase(cpus_[static_cast<size_t>(task.local_cpu)].local, &task);
    task.local_cpu = -1;
  } else {
    scheduler_->Dequeue(task);
  }
  task.state = SimTask::State::kSleeping;
}

void SimMachine::PostTo(Channel& channel) {
  while (!channel.waiters.empty()) {
    SimTask* waiter = FindTask(channel.waiters.front());
    channel.waiters.pop_front();
    if (waiter == nullptr || waiter->state != SimTask::State::kSleeping) continue;
    Wake(*waiter);
    return;
  }
  ++channel.count;
}

// Does the steps that take no time, up to one that does.
SimMachine::Next SimMachine::NextStep(SimTask& task) {
  for (size_t done = 0; done < task.spec.program.size(); ++done) {
    const SimStep& step = task.spec.program[task.next_step];
    task.next_step = (task.next_step + 1) % task.spec.program.size();
    int64_t duration_ns = step.duration_ns;
    if (step.jitter_ns > 0) {
      duration_ns += static_cast<int64_t>(random_() % static_cast<uint64_t>(step.jitter_ns));
    }
    Channel& channel = channels_[step.channel];
    switch (step.kind) {
      case SimStep::Kind::kRun:
        task.remaining_ns = duration_ns;
        if (duration_ns > 0) return Next::kRuns;
        break;
      case SimStep::Kind::kSleep:
        WakeAt(now_ns_ + duration_ns, task.tid);
        return Next::kSleeps;
      case SimStep::Kind::kPost:
        PostTo(channel);
        break;
      case SimStep::Kind::kTake:
        if (channel.count == 0) {
          channel.waiters.push_back(task.tid);
          return Next::kSleeps;
        }
        --channel.count;
        break;
      case SimStep::Kind::kSpawn:
        Spawn(*step.child);
        break;
      case SimStep::Kind::kExit:
        return Next::kEnds;
    }
  }
  // A whole round without time: such a program still may not stop the clock.
  constexpr int64_t kLeastRoundNs = 1'000;
  task.remaining_ns = kLeastRoundNs;
  return Next::kRuns;
}

// --- CPUs
// ------------------------------------------------------------------------------------------

int SimMachine::ClaimIdleCpu(const SimTask& task) {
  int found = -1;
  const auto usable = [this, &task](int cpu) {
    return cpus_[static_cast<size_t>(cpu)].idle && task.allowed.Has(cpu);
  };
  if (usable(task.cpu)) found = task.cpu;
  for (int cpu = 0; found < 0 && cpu < options_.nr_cpus; ++cpu) {
    if (usable(cpu)) found = cpu;
  }
  if (found >= 0) cpus_[static_cast<size_t>(found)].idle = false;
  return found;
}

void SimMachine::Kick(int cpu, bool preempt) {
  At(now_ns_, [this, cpu, preempt] {
    const Cpu& c = cpus_[static_cast<size_t>(cpu)];
    if (c.current == nullptr) {
      Reschedule(cpu);
    } else if (preempt) {
      Trace("preempt", "cpu", cpu, "tid", c.current->tid);
      Charge(cpu);
      cpus_[static_cast<size_t>(cpu)].slice_end_ns = now_ns_;
      Continue(cpu);
    }
  });
}

void SimMachine::InsertLocal(int cpu, SimTask& task, int64_t slice_ns) {
  task.slice_ns = slice_ns;
  task.local_cpu = cpu;
  cpus_[static_cast<size_t>(cpu)].local.push_back(&task);
}

int64_t SimMachine::SliceEnd(int64_t slice_ns) const {
  const int64_t end_ns = now_ns_ + std::max<int64_t>(slice_ns, 1);
  if (options_.tick_ns <= 0) return end_ns;
  return (end_ns + options_.tick_ns - 1) / options_.tick_ns * options_.tick_ns;
}

void SimMachine::Charge(int cpu) {
  Cpu& c = cpus_[static_cast<size_t>(cpu)];
  if (c.current == nullptr) return;
  const int64_t ran_ns = now_ns_ - c.charged_ns;
  c.charged_ns = now_ns_;
  c.busy_ns += ran_ns;
  c.current->run_ns += ran_ns;
  c.current->remaining_ns -= ran_ns;
}

void SimMachine::ArmTimer(int cpu) {
  Cpu& c = cpus_[static_cast<size_t>(cpu)];
  const uint64_t timer = ++c.timer;
  At(std::min(c.slice_end_ns, now_ns_ + c.current->remaining_ns), [this, cpu, timer] {
    if (cpus_[static_cast<size_t>(cpu)].timer == timer) OnTimer(cpu);
  });
}

void SimMachine::OnTimer(int cpu) {
  Charge(cpu);
  Continue(cpu);
}

// What the task on `cpu`, charged until now, does next.
void SimMachine::Continue(int cpu) {
  Cpu& c = cpus_[static_cast<size_t>(cpu)];
  SimTask& task = *c.current;
  if (task.remaining_ns <= 0) {
    const Next next = NextStep(task);
    if (next != Next::kRuns) {
      Stop(cpu, /*runnable=*/false);
      Trace("sleep", "cpu", cpu, "tid", task.tid);
      if (next == Next::kEnds) {
        End(task);
      } else {
        scheduler_->Quiescent(task, /*sleeps=*/true);
      }
      Reschedule(cpu);
      return;
    }
  }
  if (now_ns_ >= c.slice_end_ns) {
    Reschedule(cpu);
  } else {
    ArmTimer(cpu);
  }
}

SimTask* SimMachine::PickNext(int cpu) {
  Cpu& c = cpus_[static_cast<size_t>(cpu)];
  if (c.local.empty()) return scheduler_->Dispatch(cpu, c.current);
  SimTask* task = c.local.front();
  c.local.pop_front();
  task->local_cpu = -1;
  return task;
}

// The CPU's task, if any, is charged and wants to go on, but its slice is over.
void SimMachine::Reschedule(int cpu) {
  Cpu& c = cpus_[static_cast<size_t>(cpu)];
  SimTask* previous = c.current;
  SimTask* next = PickNext(cpu);
  if (next == nullptr && previous == nullptr) {
    SetIdle(cpu, true);
    return;
  }
  if (next == nullptr) {
    c.slice_end_ns = SliceEnd(scheduler_->Refill(*previous));
    ArmTimer(cpu);
    return;
  }
  if (previous != nullptr) {
    Stop(cpu, /*runnable=*/true);
    Queue(*previous, /*woke=*/false);
  }
  Start(cpu, *next);
}

void SimMachine::Start(int cpu, SimTask& task) {
  Cpu& c = cpus_[static_cast<size_t>(cpu)];
  if (c.current == nullptr) SetIdle(cpu, false);
  Trace("run", "cpu", cpu, "tid", task.tid);
  c.current = &task;
  c.charged_ns = now_ns_;
  c.slice_end_ns = SliceEnd(task.slice_ns);
  task.state = SimTask::State::kRunning;
  task.cpu = cpu;
  scheduler_->Running(task);
  ArmTimer(cpu);
}

void SimMachine::Stop(int cpu, bool runnable) {
  Cpu& c = cpus_[static_cast<size_t>(cpu)];
  SimTask& task = *c.current;
  ++c.timer;
  c.current = nullptr;
  task.state = SimTask::State::kSleeping;  // until it is queued
  scheduler_->Stopping(task, runnable);
}

void SimMachine::SetIdle(int cpu, bool idle) {
  cpus_[static_cast<size_t>(cpu)].idle = idle;
  scheduler_->IdleChanged(cpu, idle);
}

void SimMachine::SetScheduler(SchedulerClass* scheduler) {
  std::vector<SimTask*> runnable;
  for (int cpu = 0; cpu < options_.nr_cpus; ++cpu) {
    SimTask* current = cpus_[static_cast<size_t>(cpu)].current;
    if (current == nullptr) continue;
    Charge(cpu);
    Stop(cpu, /*runnable=*/true);
    current->cpu = cpu;
    runnable.push_back(current);
    SetIdle(cpu, true);
  }
  for (const auto& [tid, task] : tasks_) {
    if (task->state != SimTask::State::kQueued) continue;
    Unqueue(*task);
    runnable.push_back(task.get());
  }
  for (const auto& [tid, task] : tasks_) scheduler_->Disable(*task);
  scheduler_ = scheduler != nullptr ? scheduler : &fair_;
  for (int cpu = 0; cpu < options_.nr_cpus; ++cpu) SetIdle(cpu, true);
  for (const auto& [tid, task] : tasks_) scheduler_->Enable(*task);
  for (SimTask* task : runnable) {
    scheduler_->Runnable(*task, /*woke=*/false);
    Queue(*task, /*woke=*/false);
  }
}

}  // namespace schedd
