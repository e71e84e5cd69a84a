// SPDX-License-Identifier: Apache-2.0
#include "tests/fidelity/real_task.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace schedd {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
// Between two looks at the clock: some microseconds on a real CPU, 20 on one that takes 4 ns for
// each instruction.
constexpr int kSpins = 2'500;
// As in the simulated machine: a round without time still may not go on for ever.
constexpr int64_t kLeastRoundNs = 1'000;

int64_t Nanos(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return now.tv_sec * kSecondNs + now.tv_nsec;
}

void MustWork(int result, const char* what) {
  if (result == 0) return;
  std::perror(what);
  std::abort();
}

void Spin() {
  for (int i = 0; i < kSpins; ++i) {
    asm volatile("");  // or the loop would be left out
  }
}

}  // namespace

int64_t MonotonicNanos() { return Nanos(CLOCK_MONOTONIC); }

int64_t ThreadCpuNanos() { return Nanos(CLOCK_THREAD_CPUTIME_ID); }

void SleepUntilNanos(int64_t due_ns) {
  const timespec due = {.tv_sec = due_ns / kSecondNs, .tv_nsec = due_ns % kSecondNs};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr) == EINTR) {
  }
}

RealChannel::RealChannel(unsigned count) {
  MustWork(sem_init(&semaphore_, /*pshared=*/0, count), "sem_init");
}

RealChannel::~RealChannel() { sem_destroy(&semaphore_); }

void RealChannel::Post() { MustWork(sem_post(&semaphore_), "sem_post"); }

void RealChannel::Take() {
  while (sem_wait(&semaphore_) != 0) {
    if (errno != EINTR) MustWork(-1, "sem_wait");
  }
}

RealTask::RealTask(const SimTaskSpec& spec, uint64_t stream, RealWorld* world)
    : spec_(spec), world_(world), random_(stream) {}

void RealTask::Run() {
  while (RunRound()) {
  }
}

bool RealTask::RunRound() {
  bool takes_time = false;
  for (const SimStep& step : spec_.program) {
    if (world_->stopped.load(std::memory_order_relaxed)) return false;
    takes_time |= step.kind != SimStep::Kind::kPost && step.kind != SimStep::Kind::kSpawn;
    const bool goes_on = Do(step);
    if (!goes_on) break;
  }
  if (world_->stopped.load(std::memory_order_relaxed)) return false;
  rounds_.fetch_add(1, std::memory_order_relaxed);
  if (!takes_time) Use(kLeastRoundNs);
  return spec_.program.empty() || spec_.program.back().kind != SimStep::Kind::kExit;
}

bool RealTask::Do(const SimStep& step) {
  switch (step.kind) {
    case SimStep::Kind::kRun:
      Use(random_.Draw(step.span));
      break;
    case SimStep::Kind::kSleep:
      SleepUntilNanos(MonotonicNanos() + random_.Draw(step.span));
      break;
    case SimStep::Kind::kSleepUntil:
      SleepUntilNanos(world_->start_ns + step.span.least_ns);
      break;
    case SimStep::Kind::kPost:
      for (int64_t i = 0; i < step.count; ++i) world_->channels.at(step.channel)->Post();
      break;
    case SimStep::Kind::kTake:
      world_->channels.at(step.channel)->Take();
      break;
    case SimStep::Kind::kSpawn:
      world_->spawn(step.child, random_.Next());
      break;
    case SimStep::Kind::kExit:
      return false;
  }
  return true;
}

void RealTask::Use(int64_t ns) {
  if (due_cpu_ns_ < 0) due_cpu_ns_ = ThreadCpuNanos();
  due_cpu_ns_ += ns;
  while (ThreadCpuNanos() < due_cpu_ns_ && !world_->stopped.load(std::memory_order_relaxed)) Spin();
}

}  // namespace schedd
