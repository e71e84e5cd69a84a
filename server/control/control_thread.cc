// SPDX-License-Identifier: Apache-2.0
#include "server/control/control_thread.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

namespace schedd {
namespace {

int64_t SteadyNanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

ControlThread::ControlThread() : thread_([this] { Run(); }) {}

ControlThread::~ControlThread() { Stop(); }

void ControlThread::Post(Task task) {
  absl::MutexLock lock(&mutex_);
  if (stopping_) return;  // destroyed by the caller, outside the lock
  ready_.push_back(std::move(task));
  wake_.Signal();
}

Sequence::TimerId ControlThread::PostAfter(absl::Duration delay, Task task) {
  // Far future rather than overflow.
  const int64_t delay_ns =
      absl::ToInt64Nanoseconds(std::clamp(delay, absl::ZeroDuration(), absl::Hours(24 * 365)));
  absl::MutexLock lock(&mutex_);
  const TimerId id = next_timer_++;
  if (stopping_) return id;
  const int64_t due_ns = SteadyNanos() + delay_ns;
  timers_.emplace(TimerKey(due_ns, id), std::move(task));
  due_by_id_.emplace(id, due_ns);
  wake_.Signal();
  return id;
}

void ControlThread::Cancel(TimerId timer) {
  Task cancelled;  // destroyed outside the lock: what it holds may call back
  absl::MutexLock lock(&mutex_);
  const auto due = due_by_id_.find(timer);
  if (due == due_by_id_.end()) return;
  const auto entry = timers_.find(TimerKey(due->second, timer));
  cancelled = std::move(entry->second);
  timers_.erase(entry);
  due_by_id_.erase(due);
}

bool ControlThread::IsCurrent() const { return std::this_thread::get_id() == thread_.get_id(); }

void ControlThread::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    wake_.Signal();
  }
  if (thread_.joinable()) thread_.join();
  std::deque<Task> ready;
  std::map<TimerKey, Task> timers;
  {
    absl::MutexLock lock(&mutex_);
    ready.swap(ready_);
    timers.swap(timers_);
    due_by_id_.clear();
  }
}

void ControlThread::Run() {
  pthread_setname_np(pthread_self(), "schedd-control");
  while (Task task = Next()) task();
}

// Posted tasks go before timers: callers wait for them.
Sequence::Task ControlThread::Next() {
  absl::MutexLock lock(&mutex_);
  while (!stopping_) {
    if (!ready_.empty()) {
      Task task = std::move(ready_.front());
      ready_.pop_front();
      return task;
    }
    if (timers_.empty()) {
      wake_.Wait(&mutex_);
      continue;
    }
    const auto first = timers_.begin();
    const int64_t wait_ns = first->first.first - SteadyNanos();
    if (wait_ns > 0) {
      wake_.WaitWithTimeout(&mutex_, absl::Nanoseconds(wait_ns));
      continue;
    }
    Task task = std::move(first->second);
    due_by_id_.erase(first->first.second);
    timers_.erase(first);
    return task;
  }
  return nullptr;
}

}  // namespace schedd
