// SPDX-License-Identifier: Apache-2.0
#include "tests/fidelity/real_workload.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "absl/strings/str_cat.h"

namespace schedd {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr size_t kStackBytes = 128 << 10;

struct Beginning {
  int64_t at_ns = 0;
  uint64_t stream = 0;
  std::shared_ptr<const SimTaskSpec> spec = nullptr;
};

// The first tasks in the order in which the simulated machine starts them (StartWorkload()), which
// is the one in which they get their random numbers.
std::vector<Beginning> Beginnings(const SimWorkload& workload) {
  std::vector<Beginning> all;
  for (const SimWorkloadTasks& tasks : workload.tasks) {
    const auto spec = std::make_shared<const SimTaskSpec>(tasks.spec);
    for (int i = 0; i < tasks.count; ++i) {
      const int64_t spread_ns =
          tasks.count > 1 ? tasks.start_spread_ns / (tasks.count - 1) * i : int64_t{0};
      all.push_back({.at_ns = tasks.start_ns + spread_ns, .spec = spec});
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Beginning& a, const Beginning& b) { return a.at_ns < b.at_ns; });
  uint64_t number = 0;
  for (Beginning& one : all) one.stream = SimRandom(workload.seed + (++number << 32)).Next();
  return all;
}

void FindChannels(const SimTaskSpec& spec, const SimWorkload& workload, RealWorld* world) {
  for (const SimStep& step : spec.program) {
    if (step.kind == SimStep::Kind::kSpawn) FindChannels(*step.child, workload, world);
    if (step.kind != SimStep::Kind::kPost && step.kind != SimStep::Kind::kTake) continue;
    std::unique_ptr<RealChannel>& channel = world->channels[step.channel];
    if (channel != nullptr) continue;
    const auto holds = workload.channels.find(step.channel);
    channel = std::make_unique<RealChannel>(
        holds != workload.channels.end() ? static_cast<unsigned>(holds->second) : 0);
  }
}

absl::Status CheckTask(const SimTaskSpec& spec) {
  const auto refused = [&](const char* what) {
    return absl::InvalidArgumentError(absl::StrCat("task \"", spec.comm, "\" has ", what,
                                                   ": only the simulated machine can do that"));
  };
  if (spec.weight != WeightOfNice(spec.nice)) return refused("a weight of its own");
  if (!spec.cgroup.empty()) return refused("a cgroup");
  if (spec.kthread) return refused("kernel_thread");
  if (spec.uid != 0) return refused("a uid");
  for (const SimStep& step : spec.program) {
    if (step.kind != SimStep::Kind::kSpawn) continue;
    const absl::Status of_child = CheckTask(*step.child);
    if (!of_child.ok()) return of_child;
  }
  return absl::OkStatus();
}

// What the scheduler knows of the calling thread.
void BecomeTask(const SimTaskSpec& spec) {
  const auto tid = static_cast<id_t>(syscall(SYS_gettid));
  prctl(PR_SET_NAME, spec.comm.c_str());
  prctl(PR_SET_TIMERSLACK, 1);
  if (spec.nice != 0 && setpriority(PRIO_PROCESS, tid, spec.nice) != 0) {
    std::perror("setpriority");
    std::abort();
  }
  if (spec.cpus.empty()) return;
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  for (const int cpu : spec.cpus) CPU_SET(static_cast<size_t>(cpu), &cpus);
  if (sched_setaffinity(0, sizeof cpus, &cpus) != 0) {
    std::perror("sched_setaffinity");
    std::abort();
  }
}

void Await(sem_t* semaphore) {
  while (sem_wait(semaphore) != 0) {
  }
}

}  // namespace

struct RealWorkload::Thread {
  Thread(std::shared_ptr<const SimTaskSpec> its_spec, uint64_t stream, RealWorld* world,
         bool waits_for_gate)
      : spec(std::move(its_spec)), task(*spec, stream, world), waits(waits_for_gate) {}

  const std::shared_ptr<const SimTaskSpec> spec;
  RealTask task;
  const bool waits;
  RealWorkload* owner = nullptr;
  pthread_t handle = 0;
  std::atomic<int64_t> tid{0};
  std::atomic<int64_t> begun_cpu_ns{0};   // CPU time used before its program
  std::atomic<int64_t> ended_cpu_ns{-1};  // used until its end; -1: it goes on
};

absl::Status CheckRunsForReal(const SimWorkload& workload) {
  if (!workload.changes.empty()) return absl::InvalidArgumentError("changes: only simulated");
  for (const SimWorkloadTasks& tasks : workload.tasks) {
    const absl::Status of_task = CheckTask(tasks.spec);
    if (!of_task.ok()) return of_task;
  }
  return absl::OkStatus();
}

RealWorkload::RealWorkload(const SimWorkload& workload) : workload_(workload) {
  sem_init(&gate_, /*pshared=*/0, 0);
  sem_init(&ready_, /*pshared=*/0, 0);
  for (const SimWorkloadTasks& tasks : workload.tasks) FindChannels(tasks.spec, workload, &world_);
  world_.spawn = [this](const std::shared_ptr<const SimTaskSpec>& spec, uint64_t stream) {
    Start(spec, stream, /*waits=*/false);
  };
}

void RealWorkload::Start(const std::shared_ptr<const SimTaskSpec>& spec, uint64_t stream,
                         bool waits) {
  auto made = std::make_unique<Thread>(spec, stream, &world_, waits);
  Thread* thread = made.get();
  thread->owner = this;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  {
    const std::lock_guard lock(mutex_);
    threads_.push_back(std::move(made));
  }
  const auto body = [](void* argument) -> void* {
    auto* self = static_cast<Thread*>(argument);
    self->owner->Follow(self);
    return nullptr;
  };
  if (pthread_create(&thread->handle, &attributes, body, thread) != 0) {
    std::perror("pthread_create");
    std::abort();
  }
  pthread_attr_destroy(&attributes);
}

void RealWorkload::Follow(Thread* thread) {
  thread->tid = syscall(SYS_gettid);
  BecomeTask(*thread->spec);
  if (thread->waits) {
    sem_post(&ready_);
    Await(&gate_);
  }
  thread->begun_cpu_ns = ThreadCpuNanos();
  thread->task.Run();
  thread->ended_cpu_ns = ThreadCpuNanos();
  // One that has done its program is gone; the others are still to be asked for.
  while (world_.stopped.load()) pause();
}

std::vector<RealTaskReport> RealWorkload::Run() {
  const std::vector<Beginning> beginnings = Beginnings(workload_);
  const auto later = std::find_if(beginnings.begin(), beginnings.end(),
                                  [](const Beginning& one) { return one.at_ns > 0; });
  for (auto one = beginnings.begin(); one != later; ++one) {
    Start(one->spec, one->stream, /*waits=*/true);
  }
  for (auto one = beginnings.begin(); one != later; ++one) Await(&ready_);
  world_.start_ns = MonotonicNanos();
  for (auto one = beginnings.begin(); one != later; ++one) sem_post(&gate_);
  for (auto one = later; one != beginnings.end(); ++one) {
    SleepUntilNanos(world_.start_ns + one->at_ns);
    Start(one->spec, one->stream, /*waits=*/false);
  }
  SleepUntilNanos(world_.start_ns + workload_.duration_ns);
  world_.stopped = true;

  std::vector<RealTaskReport> reports;
  const std::lock_guard lock(mutex_);
  for (const std::unique_ptr<Thread>& thread : threads_) {
    clockid_t clock = 0;
    timespec used = {};
    int64_t cpu_ns = thread->ended_cpu_ns;
    if (thread->tid == 0) continue;  // has not begun
    if (cpu_ns < 0 && pthread_getcpuclockid(thread->handle, &clock) == 0 &&
        clock_gettime(clock, &used) == 0) {
      cpu_ns = used.tv_sec * kSecondNs + used.tv_nsec;
    }
    reports.push_back({.tid = thread->tid,
                       .group = thread->spec->comm,
                       .run_ns = std::max<int64_t>(cpu_ns - thread->begun_cpu_ns, 0),
                       .rounds = thread->task.rounds()});
  }
  return reports;
}

}  // namespace schedd
