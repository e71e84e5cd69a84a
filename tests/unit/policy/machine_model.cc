// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/policy/machine_model.h"

#include <algorithm>
#include <utility>

namespace schedd::testing {

MachineModel::MachineModel(Policy* policy, const ModelOptions& options)
    : policy_(policy),
      options_(options),
      tasks_(options.capacity),
      cpus_(options.cpus),
      views_(options.cpus),
      decisions_(options.batch) {}

TaskId MachineModel::Spawn(const Program& program) {
  const auto free = std::find_if(tasks_.begin(), tasks_.end(),
                                 [](const Task& task) { return task.state == State::kFree; });
  const auto id = static_cast<TaskId>(free - tasks_.begin());
  if (free == tasks_.end()) return id;
  const uint32_t sequence = free->sequence;  // goes on over the slot's owners
  *free = Task();
  free->program = program;
  free->sequence = sequence;
  free->burst_left_ns = program.burst_ns;
  free->cpu = __builtin_ctzll(program.allowed);
  ++spawned_;
  Enqueue(id, /*woke=*/true);
  return id;
}

void MachineModel::RunFor(int64_t duration_ns) {
  const int64_t end_ns = now_ns_ + duration_ns;
  AskPolicy();
  FillIdleCpus();
  while (now_ns_ < end_ns) {
    AdvanceTo(std::min(end_ns, std::max(now_ns_ + 1, NextEventNanos())));
    EndBursts();
    WakeSleepers();
    EndSlices();
    AskPolicy();
    FillIdleCpus();
    AskPolicy();  // for what a fork brought
  }
}

int64_t MachineModel::ran_ns(TaskId id) const { return tasks_[id].ran_ns; }

int64_t MachineModel::longest_wait_ns(TaskId id) const {
  const Task& task = tasks_[id];
  const bool waits = task.state == State::kUndecided || task.state == State::kQueued;
  return std::max(task.longest_wait_ns, waits ? now_ns_ - task.wait_start_ns : 0);
}

int64_t MachineModel::mean_wake_latency_ns(TaskId id) const {
  return tasks_[id].wakes == 0 ? 0 : tasks_[id].wake_wait_ns / tasks_[id].wakes;
}

void MachineModel::ForgetWaits() {
  for (Task& task : tasks_) task.longest_wait_ns = task.wakes = task.wake_wait_ns = 0;
}

bool MachineModel::IsWaiting(TaskId task, uint32_t sequence) const {
  return tasks_[task].state == State::kQueued && tasks_[task].sequence == sequence;
}

bool MachineModel::IsUrgent(TaskId task, uint32_t sequence) const {
  return IsWaiting(task, sequence) && tasks_[task].decision.urgent;
}

int64_t MachineModel::NextEventNanos() const {
  int64_t next_ns = policy_->NextDeadlineNanos();
  for (const Cpu& cpu : cpus_) {
    if (!cpu.busy) continue;
    next_ns = std::min({next_ns, cpu.slice_end_ns, now_ns_ + tasks_[cpu.task].burst_left_ns});
  }
  for (const Task& task : tasks_) {
    if (task.state == State::kSleeping) next_ns = std::min(next_ns, task.wake_at_ns);
  }
  return next_ns;
}

void MachineModel::AdvanceTo(int64_t time_ns) {
  const int64_t step_ns = time_ns - now_ns_;
  for (const Cpu& cpu : cpus_) {
    if (!cpu.busy) continue;
    Task& task = tasks_[cpu.task];
    task.burst_left_ns -= step_ns;
    task.ran_ns += step_ns;
    task.unreported_ns += step_ns;
    if (task.solo) task.unreported_solo_ns += step_ns;
    task.since_wake_ns += step_ns;
  }
  now_ns_ = time_ns;
}

void MachineModel::EndBursts() {
  for (uint32_t c = 0; c < cpus_.size(); ++c) {
    if (!cpus_[c].busy) continue;
    const TaskId id = cpus_[c].task;
    Task& task = tasks_[id];
    if (task.burst_left_ns > 0) continue;
    StopRun(c, /*still_runnable=*/false);
    if (task.program.exits) {
      Exit(id);
      continue;
    }
    task.state = State::kSleeping;
    task.burst_left_ns = task.program.burst_ns;
    task.wake_at_ns = now_ns_ + task.program.sleep_ns;
  }
}

void MachineModel::EndSlices() {
  for (uint32_t c = 0; c < cpus_.size(); ++c) {
    Cpu& cpu = cpus_[c];
    if (!cpu.busy || cpu.slice_end_ns > now_ns_) continue;
    // Nobody waits for this CPU: the task goes on, and the policy hears nothing.
    const bool contended = std::any_of(tasks_.begin(), tasks_.end(), [&](const Task& task) {
      return (task.state == State::kQueued || task.state == State::kUndecided) &&
             (task.program.allowed >> c & 1) != 0;
    });
    if (contended || !Allowed(cpu.task, c)) {
      StopRun(c, /*still_runnable=*/true);
    } else {
      cpu.slice_end_ns = now_ns_ + 4 * kMs;
      tasks_[cpu.task].solo = true;
    }
  }
}

void MachineModel::WakeSleepers() {
  for (TaskId id = 0; id < tasks_.size(); ++id) {
    Task& task = tasks_[id];
    if (task.state != State::kSleeping || task.wake_at_ns > now_ns_) continue;
    task.since_wake_ns = 0;
    task.slept = true;
    uint32_t idle = 0;
    while (idle < cpus_.size() && (cpus_[idle].busy || !Allowed(id, idle))) ++idle;
    if (idle < cpus_.size()) {
      task.wait_start_ns = now_ns_;
      task.woken = true;
      StartRun(idle, id, 10 * kMs);  // bypasses the policy
      task.solo = true;
    } else {
      Enqueue(id, /*woke=*/true);
    }
  }
}

void MachineModel::Enqueue(TaskId id, bool woke) {
  Task& task = tasks_[id];
  task.state = State::kUndecided;
  task.wait_start_ns = now_ns_;
  task.woken = woke;
  task.mask[0] = task.program.allowed;
  policy_->OnEvent(
      {.task = id,
       .sequence = ++task.sequence,
       .time_ns = now_ns_,
       .woke = task.slept,
       .affinity_changed = task.told_allowed != 0 && task.told_allowed != task.program.allowed,
       .out_of_turn = std::exchange(task.out_of_turn, false),
       .ran_ns = task.unreported_ns,
       .solo_ran_ns = task.unreported_solo_ns,
       .ran_since_wake_ns = task.since_wake_ns,
       .weight = task.program.weight,
       .slice_override_ns = task.program.slice_override_ns,
       .cpu = task.cpu,
       .allowed = task.mask.data(),
       .allowed_count = static_cast<uint32_t>(
           std::min<size_t>(__builtin_popcountll(task.program.allowed), cpus_.size()))});
  task.told_allowed = task.program.allowed;
  task.unreported_ns = 0;
  task.unreported_solo_ns = 0;
  task.solo = false;
  task.slept = false;
}

void MachineModel::StartRun(uint32_t cpu, TaskId id, int64_t slice_ns) {
  Task& task = tasks_[id];
  const int64_t wait_ns = now_ns_ - task.wait_start_ns;
  task.longest_wait_ns = std::max(task.longest_wait_ns, wait_ns);
  if (task.woken) {
    ++task.wakes;
    task.wake_wait_ns += wait_ns;
  }
  task.woken = false;
  task.out_of_turn |= task.state == State::kQueued && task.decision.urgent;
  task.state = State::kRunning;
  task.cpu = static_cast<int32_t>(cpu);
  int64_t end_ns = now_ns_ + slice_ns;
  if (options_.tick_ns > 0) {
    end_ns = (end_ns + options_.tick_ns - 1) / options_.tick_ns * options_.tick_ns;
  }
  cpus_[cpu] = {.busy = true, .task = id, .since_ns = now_ns_, .slice_end_ns = end_ns};
  if (task.forked) return;
  task.forked = true;
  for (int i = 0; i < task.program.forks; ++i) Spawn(Program(task.program));
}

void MachineModel::StopRun(uint32_t cpu, bool still_runnable) {
  cpus_[cpu].busy = false;
  if (still_runnable) Enqueue(cpus_[cpu].task, /*woke=*/false);
}

void MachineModel::Exit(TaskId id) {
  for (Cpu& cpu : cpus_) cpu.busy = cpu.busy && cpu.task != id;
  tasks_[id].state = State::kFree;
  policy_->OnExit(id);
}

void MachineModel::AskPolicy() {
  while (policy_->pending() > 0 || policy_->NextDeadlineNanos() <= now_ns_) {
    for (uint32_t c = 0; c < cpus_.size(); ++c) {
      const Cpu& cpu = cpus_[c];
      views_[c] = {.kind = cpu.busy ? CpuView::Kind::kTask : CpuView::Kind::kIdle,
                   .task = cpu.task,
                   .since_ns = cpu.since_ns,
                   .out_of_turn = cpu.busy && tasks_[cpu.task].out_of_turn,
                   .unbilled_ns = cpu.busy ? tasks_[cpu.task].unreported_ns : 0};
      if (static_cast<int32_t>(c) == options_.masked_cpu) {
        views_[c] = {.kind = CpuView::Kind::kProtected};
      }
    }
    const size_t count = policy_->Schedule({now_ns_, views_}, *this, decisions_);
    for (size_t i = 0; i < count; ++i) Obey(decisions_[i]);
    if (count == 0) break;
  }
}

void MachineModel::Obey(const Decision& decision) {
  Task& task = tasks_[decision.task];
  if (task.sequence != decision.sequence) return;
  if (task.state != State::kUndecided && task.state != State::kQueued) return;
  task.state = State::kQueued;
  task.decision = decision;
  urgent_ += decision.urgent ? 1 : 0;
  if (!decision.preempt) return;
  const auto cpu = static_cast<uint32_t>(decision.cpu);
  if (!Allowed(decision.task, cpu)) return;
  ++preemptions_;
  if (cpus_[cpu].busy) StopRun(cpu, /*still_runnable=*/true);
  StartRun(cpu, decision.task, decision.slice_ns);
}

int64_t MachineModel::Best(uint32_t cpu) const {
  int64_t best = -1;
  for (TaskId id = 0; id < tasks_.size(); ++id) {
    if (tasks_[id].state != State::kQueued || !Allowed(id, cpu)) continue;
    if (best >= 0) {
      const Decision& first = tasks_[static_cast<size_t>(best)].decision;
      const Decision& second = tasks_[id].decision;
      if (first.urgent && !second.urgent) continue;
      if (first.urgent == second.urgent &&
          static_cast<int64_t>(second.deadline - first.deadline) >= 0) {
        continue;
      }
    }
    best = id;
  }
  return best;
}

void MachineModel::FillIdleCpus() {
  for (uint32_t c = 0; c < cpus_.size(); ++c) {
    if (cpus_[c].busy) continue;
    const int64_t id = Best(c);
    if (id < 0) continue;
    StartRun(c, static_cast<TaskId>(id), tasks_[static_cast<size_t>(id)].decision.slice_ns);
  }
}

}  // namespace schedd::testing
