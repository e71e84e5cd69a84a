// SPDX-License-Identifier: Apache-2.0
#include "server/sim/machine.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace schedd {
namespace {

constexpr int64_t kFullSpeed = 1'024;

SimTopology TopologyOf(const MachineOptions& options) {
  return options.topology.nr_cpus() > 0 ? options.topology : SimTopology::Flat(options.nr_cpus);
}

}  // namespace

SimMachine::SimMachine(const MachineOptions& options)
    : options_(options),
      topology_(TopologyOf(options)),
      now_ns_(options.start_ns),
      cpus_(static_cast<size_t>(topology_.nr_cpus())),
      idle_(topology_),
      next_tid_(options.first_tid),
      idle_now_(topology_.nr_cpus()),
      idle_counted_ns_(options.start_ns),
      fair_(this),
      scheduler_(&fair_) {
  cgroup_ids_[""] = 1;
  for (int cpu = 0; cpu < nr_cpus(); ++cpu) {
    all_.Add(cpu);
    cpus_[static_cast<size_t>(cpu)].speed = topology_.CapacityOf(cpu);
  }
  online_ = all_;
}

// --- tasks ---------------------------------------------------------------------------------------

int32_t SimMachine::NextTid() {
  while (true) {
    const int32_t tid = next_tid_++;
    if (next_tid_ >= options_.first_tid + options_.tid_range) next_tid_ = options_.first_tid;
    if (!tasks_.contains(tid)) return tid;
  }
}

SimTask& SimMachine::NewTask() {
  if (free_records_.empty()) {
    records_.push_back(std::make_unique<SimTask>());
    return *records_.back();
  }
  SimTask& task = *free_records_.back();
  free_records_.pop_back();
  task = SimTask();
  return task;
}

CpuMask SimMachine::MaskOf(const std::vector<int>& cpus) const {
  CpuMask mask;
  for (const int cpu : cpus) {
    if (cpu >= 0 && cpu < nr_cpus()) mask.Add(cpu);
  }
  return mask.FirstCommon(online_, 0, nr_cpus()) >= 0 ? mask : all_;
}

void SimMachine::Allow(SimTask& task, const std::vector<int>& cpus) {
  task.allowed = MaskOf(cpus);
  task.goes_anywhere = task.allowed.words == all_.words;
}

int32_t SimMachine::Spawn(std::shared_ptr<const SimTaskSpec> spec) {
  return Spawn(std::move(spec), SimRandom(options_.seed + (++next_stream_ << 32)).Next());
}

int32_t SimMachine::Spawn(std::shared_ptr<const SimTaskSpec> spec, uint64_t stream) {
  SimTask& task = NewTask();
  task.spec = std::move(spec);
  task.life = next_life_++;
  task.tid = NextTid();
  task.tgid = task.spec->tgid != 0 ? task.spec->tgid : task.tid;
  task.nice = task.spec->nice;
  task.weight = task.spec->weight;
  task.start_ns = now_ns_;
  task.cgroup_id = CgroupId(task.spec->cgroup);
  Allow(task, task.spec->cpus);
  task.random = SimRandom(stream);
  task.cpu = task.allowed.FirstCommon(online_, 0, nr_cpus());
  tasks_[task.tid] = &task;
  Trace("spawn", "tid", task.tid, "weight", task.weight);
  if (options_.observer != nullptr) options_.observer->OnSpawned(task);
  scheduler_->Enable(task);
  Wake(task);
  return task.tid;
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
  if (options_.observer != nullptr) options_.observer->OnEnding(task);
  scheduler_->Quiescent(task, /*sleeps=*/true);
  scheduler_->Disable(task);
  tasks_.erase(task.tid);
  task.life = 0;
  free_records_.push_back(&task);
}

void SimMachine::Change(SimTask& task, const std::function<void()>& change) {
  const SimTask::State was = task.state;
  const int cpu = task.cpu;
  if (was == SimTask::State::kRunning) {
    Charge(cpu);
    Stop(cpu, /*runnable=*/true);
  } else if (was == SimTask::State::kQueued) {
    Unqueue(task);
  }
  if (was != SimTask::State::kSleeping) scheduler_->Quiescent(task, /*sleeps=*/false);
  change();
  if (was != SimTask::State::kSleeping) {
    scheduler_->Runnable(task, /*woke=*/false);
    Queue(task, /*woke=*/false);
  }
  if (was == SimTask::State::kRunning) Reschedule(cpu);
}

void SimMachine::SetAffinity(int32_t tid, const std::vector<int>& cpus) {
  SimTask* task = FindTask(tid);
  if (task == nullptr) return;
  Trace("affinity", "tid", tid, "cpus", static_cast<int64_t>(cpus.size()));
  Change(*task, [&] {
    Allow(*task, cpus);
    scheduler_->AffinityChanged(*task);
  });
}

void SimMachine::SetWeight(int32_t tid, int32_t weight) {
  const SimTask* task = Find(tid);
  if (task != nullptr) SetNice(tid, task->nice, weight);
}

void SimMachine::SetNice(int32_t tid, int32_t nice, int32_t weight) {
  SimTask* task = FindTask(tid);
  if (task == nullptr) return;
  task->nice = nice;
  task->weight = weight;
  scheduler_->WeightChanged(*task);
}

SimTask* SimMachine::FindTask(int32_t tid) {
  const auto found = tasks_.find(tid);
  return found == tasks_.end() ? nullptr : found->second;
}

const SimTask* SimMachine::Find(int32_t tid) const {
  const auto found = tasks_.find(tid);
  return found == tasks_.end() ? nullptr : found->second;
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

void SimMachine::Post(int64_t time_ns, Event::Kind kind, int cpu, SimTask* task, uint64_t number) {
  events_.push({std::max(time_ns, now_ns_), next_order_++, kind, cpu, task, number});
}

void SimMachine::At(int64_t time_ns, std::function<void()> action) {
  const uint64_t number = next_order_;
  actions_[number] = std::move(action);
  Post(time_ns, Event::Kind::kAction, /*cpu=*/-1, /*task=*/nullptr, number);
}

int64_t SimMachine::NextEventNanos() const {
  return events_.empty() ? std::numeric_limits<int64_t>::max() : events_.top().time_ns;
}

void SimMachine::AdvanceTo(int64_t time_ns) {
  while (!events_.empty() && events_.top().time_ns <= time_ns) {
    const Event event = events_.top();
    events_.pop();
    now_ns_ = std::max(now_ns_, event.time_ns);  // later after a step of the clock
    // A sleeper's timer goes off on the CPU where it was set.
    acting_cpu_ = event.kind == Event::Kind::kWake ? event.task->cpu : event.cpu;
    Happen(event);
    acting_cpu_ = -1;
  }
  now_ns_ = std::max(now_ns_, time_ns);
}

void SimMachine::Happen(const Event& event) {
  Cpu* const c = event.cpu >= 0 ? &cpus_[static_cast<size_t>(event.cpu)] : nullptr;
  switch (event.kind) {
    case Event::Kind::kTimer:
      if (c->timer != event.number) return;
      Charge(event.cpu);
      Continue(event.cpu);
      break;
    case Event::Kind::kKick:
    case Event::Kind::kPreempt:
      if (!online_.Has(event.cpu) || c->occupied) return;
      if (c->current == nullptr) {
        Reschedule(event.cpu);
      } else if (event.kind == Event::Kind::kPreempt) {
        Trace("preempt", "cpu", event.cpu, "tid", c->current->tid);
        ++preemptions_;
        Charge(event.cpu);
        c->slice_end_ns = now_ns_;
        Continue(event.cpu);
      }
      break;
    case Event::Kind::kWake:
      // Neither one that was killed meanwhile, nor the next one in its place.
      if (event.task->life != event.number || event.task->state != SimTask::State::kSleeping)
        return;
      Wake(*event.task);
      break;
    case Event::Kind::kAction: {
      const auto found = actions_.find(event.number);
      const std::function<void()> action = std::move(found->second);
      actions_.erase(found);
      action();
      break;
    }
  }
  ++events_done_;
}

// --- waking and sleeping -------------------------------------------------------------------------

void SimMachine::Wake(SimTask& task) {
  Trace("wake", "tid", task.tid, "cpu", task.cpu);
  task.queued_since_ns = now_ns_;
  task.woke = true;
  const bool placed = scheduler_->SelectCpu(task);
  task.state = SimTask::State::kQueued;
  CountWaiting(task, 1);
  scheduler_->Runnable(task, /*woke=*/true);
  if (!placed) scheduler_->Enqueue(task, /*woke=*/true);
}

void SimMachine::Queue(SimTask& task, bool woke) {
  task.state = SimTask::State::kQueued;
  task.queued_since_ns = now_ns_;
  task.woke = woke;
  CountWaiting(task, 1);
  scheduler_->Enqueue(task, woke);
}

void SimMachine::Unqueue(SimTask& task) {
  if (task.local_cpu >= 0) {
    std::erase(cpus_[static_cast<size_t>(task.local_cpu)].local, &task);
    task.local_cpu = -1;
  } else {
    scheduler_->Dequeue(task);
  }
  CountWaiting(task, -1);
  task.state = SimTask::State::kSleeping;
}

// The token is there for whoever comes first, as with futexes and pipes: a task that runs may take
// it before the one that wakes for it does, which then sleeps again.
void SimMachine::PostTo(Channel& channel) {
  ++channel.count;
  while (!channel.waiters.empty()) {
    const Sleeper waiter = channel.waiters.front();
    channel.waiters.pop_front();
    if (waiter.task->life != waiter.life || waiter.task->state != SimTask::State::kSleeping)
      continue;
    Wake(*waiter.task);
    return;
  }
}

// Does the steps that take no time, up to one that does.
SimMachine::Next SimMachine::NextStep(SimTask& task) {
  const std::vector<SimStep>& program = task.spec->program;
  for (size_t done = 0; done < program.size(); ++done) {
    const size_t number = task.next_step;
    const SimStep& step = program[number];
    const bool tries_again = std::exchange(task.tries_again, false);
    if (++task.next_step == program.size()) task.next_step = 0;
    // Begins with the first step, so that the last one is over.
    if (number == 0 && !tries_again && std::exchange(task.has_begun, true)) {
      ++task.rounds;
    }
    switch (step.kind) {
      case SimStep::Kind::kRun:
        task.remaining_ns = task.random.Draw(step.span);
        if (task.remaining_ns > 0) return Next::kRuns;
        break;
      case SimStep::Kind::kSleep:
        Post(now_ns_ + task.random.Draw(step.span), Event::Kind::kWake, -1, &task, task.life);
        return Next::kSleeps;
      case SimStep::Kind::kSleepUntil:
        if (options_.start_ns + step.span.least_ns <= now_ns_) break;
        Post(options_.start_ns + step.span.least_ns, Event::Kind::kWake, -1, &task, task.life);
        return Next::kSleeps;
      case SimStep::Kind::kPost:
        if (step.sync) waking_cpu_ = task.cpu;
        for (int64_t i = 0; i < step.count; ++i) PostTo(channels_[step.channel]);
        waking_cpu_ = -1;
        break;
      case SimStep::Kind::kTake: {
        Channel& channel = channels_[step.channel];
        if (channel.count == 0) {
          channel.waiters.push_back({&task, task.life});
          task.next_step = number;
          task.tries_again = true;
          return Next::kSleeps;
        }
        --channel.count;
        break;
      }
      case SimStep::Kind::kSpawn:
        Spawn(step.child, task.random.Next());
        break;
      case SimStep::Kind::kExit:
        ++task.rounds;
        return Next::kEnds;
    }
  }
  // A whole round without time: such a program still may not stop the clock.
  constexpr int64_t kLeastRoundNs = 1'000;
  task.remaining_ns = kLeastRoundNs;
  return Next::kRuns;
}

// --- CPUs ----------------------------------------------------------------------------------------

int SimMachine::ClaimIdleCpu(const SimTask& task) { return idle_.Claim(task.allowed, task.cpu); }

void SimMachine::Kick(int cpu, bool preempt) {
  const bool busy = cpus_[static_cast<size_t>(cpu)].current != nullptr;
  int64_t delay_ns = busy ? options_.costs.interrupt_ns : options_.costs.wake_idle_ns;
  // It need not interrupt itself, and if it was idle its timer has ended that already.
  if (cpu == acting_cpu_) delay_ns = 0;
  Post(now_ns_ + delay_ns, preempt ? Event::Kind::kPreempt : Event::Kind::kKick, cpu, nullptr, 0);
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
  const int64_t done_ns = ran_ns * c.speed / kFullSpeed;
  const int64_t paid_ns = std::min(done_ns, c.current->debt_ns);
  c.current->debt_ns -= paid_ns;
  c.current->remaining_ns -= done_ns - paid_ns;
}

void SimMachine::ArmTimer(int cpu) {
  Cpu& c = cpus_[static_cast<size_t>(cpu)];
  const int64_t left_ns = std::max<int64_t>(c.current->remaining_ns, 0) + c.current->debt_ns;
  const int64_t needs_ns = (left_ns * kFullSpeed + c.speed - 1) / c.speed;
  Post(std::min(c.slice_end_ns, now_ns_ + needs_ns), Event::Kind::kTimer, cpu, nullptr, ++c.timer);
}

// What the task on `cpu`, charged until now, does next.
void SimMachine::Continue(int cpu) {
  Cpu& c = cpus_[static_cast<size_t>(cpu)];
  SimTask& task = *c.current;
  if (task.remaining_ns <= 0 && task.debt_ns <= 0) {
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
    if (c.last_life != 0) UpdateSpeeds(cpu);
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

int64_t SimMachine::MoveCost(const SimTask& task, int to) const {
  if (task.run_ns == 0 || topology_.CoreOf(task.cpu) == topology_.CoreOf(to)) return 0;
  if (topology_.LlcOf(task.cpu) == topology_.LlcOf(to)) return options_.costs.move_core_ns;
  return topology_.NodeOf(task.cpu) == topology_.NodeOf(to) ? options_.costs.move_cache_ns
                                                            : options_.costs.move_node_ns;
}

void SimMachine::Start(int cpu, SimTask& task) {
  Cpu& c = cpus_[static_cast<size_t>(cpu)];
  if (c.current == nullptr) SetIdle(cpu, false);
  Trace("run", "cpu", cpu, "tid", task.tid);
  CountWaiting(task, -1);
  const int64_t waited_ns = now_ns_ - task.queued_since_ns;
  task.wait_ns += waited_ns;
  task.longest_wait_ns = std::max(task.longest_wait_ns, waited_ns);
  if (options_.observer != nullptr) options_.observer->OnWaited(task, waited_ns, task.woke);
  if (c.last_life != task.life) {
    ++context_switches_;
    task.debt_ns += options_.costs.switch_ns + MoveCost(task, cpu);
    c.last_life = task.life;
  }
  if (task.cpu != cpu && task.run_ns != 0) {
    ++migrations_;
    ++task.migrations;
  }
  AccountIdle();
  --idle_now_;
  c.current = &task;
  c.charged_ns = now_ns_;
  c.slice_end_ns = SliceEnd(task.slice_ns);
  task.state = SimTask::State::kRunning;
  task.cpu = cpu;
  UpdateSpeeds(cpu);
  scheduler_->Running(task);
  ArmTimer(cpu);
}

void SimMachine::Stop(int cpu, bool runnable) {
  Cpu& c = cpus_[static_cast<size_t>(cpu)];
  SimTask& task = *c.current;
  AccountIdle();
  ++idle_now_;
  ++c.timer;
  c.current = nullptr;
  task.state = SimTask::State::kSleeping;  // until it is queued
  scheduler_->Stopping(task, runnable);
}

void SimMachine::SetIdle(int cpu, bool idle) {
  const bool usable = idle && online_.Has(cpu);
  idle_.Set(cpu, usable);
  scheduler_->IdleChanged(cpu, usable);
}

// How fast the threads of a core are depends on how many of them are busy.
void SimMachine::UpdateSpeeds(int cpu) {
  const int threads = topology_.threads_per_core;
  if (threads == 1) return;
  const int first = topology_.CoreOf(cpu) * threads;
  int busy = 0;
  for (int thread = first; thread < first + threads; ++thread) {
    busy += cpus_[static_cast<size_t>(thread)].current != nullptr ? 1 : 0;
  }
  for (int thread = first; thread < first + threads; ++thread) {
    Cpu& c = cpus_[static_cast<size_t>(thread)];
    const int64_t alone = topology_.CapacityOf(thread);
    const int64_t speed = busy > 1 ? alone * topology_.shared_core_percent / 100 : alone;
    if (speed == c.speed) continue;
    Charge(thread);
    c.speed = speed;
    if (c.current != nullptr && thread != cpu) ArmTimer(thread);
  }
}

void SimMachine::Occupy(int cpu) {
  Cpu& c = cpus_[static_cast<size_t>(cpu)];
  if (c.occupied || !online_.Has(cpu)) return;
  SimTask* const current = c.current;
  if (current != nullptr) {
    Charge(cpu);
    Stop(cpu, /*runnable=*/true);
    UpdateSpeeds(cpu);
  } else {
    SetIdle(cpu, false);
  }
  AccountIdle();
  --idle_now_;
  c.occupied = true;
  c.last_life = 0;
  if (current != nullptr) Queue(*current, /*woke=*/false);
}

void SimMachine::Vacate(int cpu) {
  Cpu& c = cpus_[static_cast<size_t>(cpu)];
  if (!c.occupied) return;
  c.occupied = false;
  AccountIdle();
  ++idle_now_;
  Reschedule(cpu);
}

void SimMachine::SetOnline(int cpu, bool online) {
  if (cpu < 0 || cpu >= nr_cpus() || online_.Has(cpu) == online) return;
  if (!online && online_.Count() == 1) return;
  Vacate(cpu);
  Trace(online ? "online" : "offline", "cpu", cpu, "of", nr_cpus());
  Cpu& c = cpus_[static_cast<size_t>(cpu)];
  AccountIdle();
  idle_now_ += online ? 1 : -1;
  if (online) {
    online_.Add(cpu);
    scheduler_->OnlineChanged(cpu, true);
    SetIdle(cpu, true);
    Kick(cpu, /*preempt=*/false);
    return;
  }
  online_.Remove(cpu);
  std::vector<SimTask*> moved(c.local.begin(), c.local.end());
  for (SimTask* task : moved) Unqueue(*task);
  if (c.current != nullptr) {
    moved.push_back(c.current);
    Charge(cpu);
    Stop(cpu, /*runnable=*/true);
    UpdateSpeeds(cpu);
  }
  SetIdle(cpu, false);
  scheduler_->OnlineChanged(cpu, false);
  for (SimTask* task : moved) Queue(*task, /*woke=*/false);
  // Who has no CPU left may use any.
  for (const auto& [tid, task] : tasks_) {
    if (task->allowed.FirstCommon(online_, 0, nr_cpus()) < 0) SetAffinity(tid, {});
  }
}

// --- what is lost --------------------------------------------------------------------------------

void SimMachine::CountWaiting(const SimTask& task, int change) {
  if (!task.goes_anywhere) return;
  AccountIdle();
  waiting_anywhere_ += change;
}

void SimMachine::AccountIdle() {
  idle_while_runnable_ns_ = IdleWhileRunnableNanos();
  idle_counted_ns_ = now_ns_;
}

int64_t SimMachine::IdleWhileRunnableNanos() const {
  return idle_while_runnable_ns_ +
         std::min<int64_t>(waiting_anywhere_, idle_now_) * (now_ns_ - idle_counted_ns_);
}

// --- who schedules -------------------------------------------------------------------------------

void SimMachine::SetScheduler(SchedulerClass* scheduler) {
  std::vector<SimTask*> runnable;
  for (int cpu = 0; cpu < nr_cpus(); ++cpu) {
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
    runnable.push_back(task);
  }
  for (const auto& [tid, task] : tasks_) scheduler_->Disable(*task);
  scheduler_ = scheduler != nullptr ? scheduler : &fair_;
  for (int cpu = 0; cpu < nr_cpus(); ++cpu) {
    scheduler_->OnlineChanged(cpu, online_.Has(cpu));
    SetIdle(cpu, true);
  }
  for (const auto& [tid, task] : tasks_) scheduler_->Enable(*task);
  for (SimTask* task : runnable) {
    scheduler_->Runnable(*task, /*woke=*/false);
    Queue(*task, /*woke=*/false);
  }
}

}  // namespace schedd
