// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/trace_lives.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"

namespace schedd {
namespace {

constexpr int64_t kFullCapacity = 1'024;
constexpr int32_t kUnknown = -1;

enum class State { kUnknown, kSleeping, kRunnable, kRunning, kEnded };

// What is known of a task at the time that the walk has reached.
struct Task {
  size_t place = 0;  // of its life
  State state = State::kUnknown;
  int32_t cpu = 0;           // where it runs
  int64_t since_ns = 0;      // in that state
  int64_t run_ns = 0;        // on a full CPU, not yet in a step
  bool woken_early = false;  // while it ran: see Wake()
};

struct Cpu {
  int32_t tid = kUnknown;
  int64_t last_ns = 0;  // its last event
  int64_t capacity = kFullCapacity;
};

// Goes through the events in the order of time.
class Walk {
 public:
  Walk(const Trace& trace, const TraceLivesOptions& options);
  absl::StatusOr<std::vector<TraceLife>> Do();

 private:
  void Take(const TraceEvent& event, int64_t now_ns);
  // The CPU's task has run until now, and no longer does.
  void Leave(Cpu& cpu, int64_t now_ns, State state);
  void Arrive(int32_t cpu_number, int32_t tid, int64_t now_ns);
  void Wake(const TraceEvent& event, int64_t now_ns);
  void Begin(int32_t tid, int64_t now_ns);
  void CountRun(Task& task, int64_t now_ns);
  void CountWait(const Task& task, int64_t now_ns);
  void AddWakeStep(Task& task, int32_t waker, int64_t now_ns);
  void AddStep(const Task& task, const TraceStep& step);
  // What it ran becomes a step.
  void AddRunStep(Task& task);
  void SeeGap(Cpu& cpu, const TraceEvent& event, int64_t now_ns);
  void End();

  // Of a task that was not seen before: with a life that begins with the recording.
  Task& Find(int32_t tid, int64_t begin_ns);
  TraceLife& LifeOf(const Task& task) { return lives_[task.place]; }

  const Trace& trace_;
  const TraceLivesOptions& options_;
  std::vector<TraceLife> lives_;
  std::unordered_map<int32_t, Task> tasks_;
  std::unordered_map<int32_t, Cpu> cpus_;
  int64_t steps_ = 0;
  bool gap_ = false;  // events are missing before now
};

Walk::Walk(const Trace& trace, const TraceLivesOptions& options)
    : trace_(trace), options_(options) {
  for (const sim::v1::TraceCpu& cpu : trace.header.cpus()) {
    if (cpu.capacity() > 0) {
      cpus_[cpu.cpu()].capacity = std::min<int64_t>(cpu.capacity(), kFullCapacity);
    }
  }
}

Task& Walk::Find(int32_t tid, int64_t begin_ns) {
  const auto [found, added] = tasks_.try_emplace(tid);
  if (added) {
    found->second.place = lives_.size();
    found->second.since_ns = begin_ns;
    lives_.push_back({.tid = tid, .begin_ns = begin_ns});
  }
  return found->second;
}

void Walk::AddStep(const Task& task, const TraceStep& step) {
  if (!options_.steps) return;
  ++steps_;
  LifeOf(task).steps.push_back(step);
}

void Walk::AddRunStep(Task& task) {
  if (task.run_ns > 0) AddStep(task, {.kind = TraceStep::Kind::kRun, .ns = task.run_ns});
  task.run_ns = 0;
}

void Walk::CountRun(Task& task, int64_t now_ns) {
  const int64_t ran_ns = now_ns - task.since_ns;
  TraceLife& life = LifeOf(task);
  life.run_ns += ran_ns;
  life.last_run_ns += ran_ns;
  // A slow CPU did less in that time; a day times 1024 fits.
  task.run_ns += ran_ns * cpus_[task.cpu].capacity / kFullCapacity;
  task.since_ns = now_ns;
}

void Walk::CountWait(const Task& task, int64_t now_ns) {
  TraceLife& life = LifeOf(task);
  const int64_t waited_ns = now_ns - task.since_ns;
  life.wait_ns += waited_ns;
  life.longest_wait_ns = std::max(life.longest_wait_ns, waited_ns);
}

void Walk::Leave(Cpu& cpu, int64_t now_ns, State state) {
  const auto found = tasks_.find(std::exchange(cpu.tid, kUnknown));
  if (found == tasks_.end()) return;
  Task& task = found->second;
  CountRun(task, now_ns);
  task.state = state;
  if (state == State::kSleeping || state == State::kEnded) AddRunStep(task);
  if (state == State::kEnded) LifeOf(task).ended = true;
}

void Walk::Begin(int32_t tid, int64_t now_ns) {
  tasks_.erase(tid);  // the number is used again
  Task& task = Find(tid, now_ns);
  task.state = State::kRunnable;
}

void Walk::Arrive(int32_t cpu_number, int32_t tid, int64_t now_ns) {
  Cpu& cpu = cpus_[cpu_number];
  cpu.tid = tid;
  if (tid <= 0) return;
  const auto known = tasks_.find(tid);
  if (known != tasks_.end() && known->second.state == State::kEnded) Begin(tid, now_ns);
  // One that nothing was heard of could run since the start, or its wake-up is missing.
  Task& task = Find(tid, gap_ ? now_ns : 0);
  if (task.state == State::kRunning) {  // elsewhere: its leaving is missing
    Cpu& elsewhere = cpus_[task.cpu];
    if (task.cpu != cpu_number && elsewhere.tid == tid) Leave(elsewhere, now_ns, State::kRunnable);
  } else if (task.state == State::kSleeping) {
    const int64_t woken_ns = task.woken_early ? task.since_ns : now_ns;
    AddWakeStep(task, 0, woken_ns);
    task.since_ns = woken_ns;
  }
  CountWait(task, now_ns);
  task.state = State::kRunning;
  task.cpu = cpu_number;
  task.since_ns = now_ns;
  task.woken_early = false;
}

void Walk::AddWakeStep(Task& task, int32_t waker, int64_t now_ns) {
  TraceLife& life = LifeOf(task);
  ++life.wakeups;
  life.last_run_ns = 0;
  const auto by = tasks_.find(waker);
  if (!options_.follow_wakers || by == tasks_.end() || IsRecorder(trace_, waker)) {
    AddStep(task, {.kind = TraceStep::Kind::kWaitUntil, .ns = now_ns});
    return;
  }
  CountRun(by->second, now_ns);
  AddRunStep(by->second);
  const auto place = static_cast<int32_t>(task.place);
  AddStep(by->second, {.kind = TraceStep::Kind::kPost, .place = place});
  AddStep(task, {.kind = TraceStep::Kind::kTake, .place = place});
}

void Walk::Wake(const TraceEvent& event, int64_t now_ns) {
  const auto known = tasks_.find(event.tid);
  if (known == tasks_.end()) {
    Find(event.tid, now_ns).state = State::kRunnable;
    return;
  }
  Task& task = known->second;
  if (task.state != State::kSleeping) {
    // It goes to sleep just now on its own CPU, whose event comes after this one, or need not be
    // woken. Which of the two is known when it runs again.
    task.woken_early = true;
    return;
  }
  const bool by_task = event.kind == TraceEvent::Kind::kWokenByTask;
  AddWakeStep(task, by_task ? cpus_[event.cpu].tid : 0, now_ns);
  task.state = State::kRunnable;
  task.since_ns = now_ns;
}

// A CPU that still runs the same task has probably run it all the time.
void Walk::SeeGap(Cpu& cpu, const TraceEvent& event, int64_t now_ns) {
  if (event.tid == cpu.tid) return;
  Leave(cpu, cpu.last_ns, State::kSleeping);
  gap_ = gap_ || now_ns > 0;
  Arrive(event.cpu, event.tid, now_ns);
}

void Walk::Take(const TraceEvent& event, int64_t now_ns) {
  Cpu& cpu = cpus_[event.cpu];
  switch (event.kind) {
    case TraceEvent::Kind::kRuns:
      SeeGap(cpu, event, now_ns);
      break;
    case TraceEvent::Kind::kSwitchPreempted:
      Leave(cpu, now_ns, State::kRunnable);
      Arrive(event.cpu, event.tid, now_ns);
      break;
    case TraceEvent::Kind::kSwitchSleeps:
      Leave(cpu, now_ns, State::kSleeping);
      Arrive(event.cpu, event.tid, now_ns);
      break;
    case TraceEvent::Kind::kSwitchEnded:
      Leave(cpu, now_ns, State::kEnded);
      Arrive(event.cpu, event.tid, now_ns);
      break;
    case TraceEvent::Kind::kWokenByTask:
    case TraceEvent::Kind::kWokenByInterrupt:
      if (event.tid > 0) Wake(event, now_ns);
      break;
    case TraceEvent::Kind::kNewTask:
      if (event.tid > 0) Begin(event.tid, now_ns);
      break;
  }
  cpu.last_ns = now_ns;
}

void Walk::End() {
  const int64_t end_ns = trace_.end_ns - trace_.header.start_ns();
  for (auto& [tid, task] : tasks_) {
    const bool running = task.state == State::kRunning;
    if (running) CountRun(task, end_ns);
    AddRunStep(task);
    LifeOf(task).unfinished = running || task.state == State::kRunnable;
  }
}

absl::StatusOr<std::vector<TraceLife>> Walk::Do() {
  for (const TraceEvent& event : trace_.events) {
    Take(event, event.time_ns - trace_.header.start_ns());
    if (steps_ > options_.most_steps) break;
  }
  End();
  if (steps_ > options_.most_steps) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the recording has more than ", options_.most_steps, " steps: record for a shorter time"));
  }
  return std::move(lives_);
}

}  // namespace

absl::StatusOr<std::vector<TraceLife>> LivesOf(const Trace& trace,
                                               const TraceLivesOptions& options) {
  return Walk(trace, options).Do();
}

bool IsRecorder(const Trace& trace, int32_t tid) {
  const auto task = trace.tasks.find(tid);
  return task != trace.tasks.end() && task->second.tgid() != 0 &&
         task->second.tgid() == trace.header.recorder_tgid();
}

}  // namespace schedd
