// SPDX-License-Identifier: Apache-2.0
#include "server/control/scheduling_thread.h"

#include <pthread.h>
#include <time.h>

#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "server/control/error.h"
#include "server/policy/policy.h"
#include "server/policy/registry.h"

namespace schedd {
namespace {

// A first pass takes microseconds; a machine that has not managed one in this time cannot be
// scheduled by us.
constexpr absl::Duration kSelfTestTimeout = absl::Seconds(5);
// Stack that is touched before the thread begins its work: more than a pass needs.
constexpr size_t kPrefaultedStackBytes = 128 * 1024;

// Touches the stack below the caller, so that later no page of it faults.
__attribute__((noinline)) void PrefaultStack() {
  volatile char pages[kPrefaultedStackBytes];
  for (size_t i = 0; i < sizeof(pages); i += 4096) pages[i] = 0;
}

class SchedulingThread : public EngineRunner {
 public:
  SchedulingThread(Kernel* kernel, std::unique_ptr<Policy> policy, const EngineOptions& options,
                   const PolicyParameters& parameters, int64_t generation)
      : engine_(kernel, std::move(policy), options, parameters, generation) {}

  ~SchedulingThread() override {
    if (!thread_.joinable()) return;
    engine_.Stop();
    thread_.join();
  }

  // Returns when the engine has made its first pass.
  absl::Status Start(KernelHost* host) {
    std::promise<absl::Status> prepared;
    std::future<absl::Status> result = prepared.get_future();
    // The promise moves in: get() may return while set_value() is still at work in it.
    thread_ = std::thread([this, host, prepared = std::move(prepared)]() mutable {
      pthread_setname_np(pthread_self(), "schedd-sched");
      PrefaultStack();
      const absl::Status status = host->PrepareSchedulingThread();
      prepared.set_value(status);
      if (status.ok()) engine_.Run();
    });
    if (absl::Status status = result.get(); !status.ok()) {
      thread_.join();
      return status;
    }
    return AwaitFirstPass();
  }

  bool Submit(std::unique_ptr<Directive>& directive) override { return engine_.Submit(directive); }
  void Reclaim() override { engine_.Reclaim(); }
  int64_t applied_generation() const override { return engine_.applied_generation(); }
  int64_t applied_time_ns() const override { return engine_.applied_time_ns(); }
  EngineStats stats() const override { return engine_.stats(); }
  TaskEngineView view(uint32_t slot, uint32_t key) const override {
    return engine_.view(slot, key);
  }
  int32_t scheduling_tid() const override { return engine_.scheduling_tid(); }

  int64_t cpu_time_ns() const override {
    clockid_t clock;
    timespec time;
    // Cannot fail: the thread is not joined before this object ends.
    if (pthread_getcpuclockid(const_cast<SchedulingThread*>(this)->thread_.native_handle(),
                              &clock) != 0 ||
        clock_gettime(clock, &time) != 0) {
      return 0;
    }
    return time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec;
  }

  absl::StatusOr<SwitchCounts> switches() const override {
    return ReadThreadSwitches(scheduling_tid());
  }

 private:
  // The self-test. Polls, because the engine must not know of it.
  absl::Status AwaitFirstPass() {
    const auto give_up =
        std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(kSelfTestTimeout);
    while (engine_.stats().passes == 0) {
      if (std::chrono::steady_clock::now() > give_up) {
        return MakeError(absl::StatusCode::kDeadlineExceeded, reason::kSelfTestFailed,
                         "the scheduling thread made no pass within 5 s: the machine is overloaded "
                         "by real-time tasks, or has no CPU for it; nothing was attached");
      }
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return absl::OkStatus();
  }

  Engine engine_;
  std::thread thread_;
};

}  // namespace

EngineRunnerFactory MakeSchedulingThreadFactory(KernelHost* host, std::string policy_kind,
                                                const EngineOptions& options) {
  return [host, policy_kind = std::move(policy_kind), options](
             Kernel* kernel, const PolicyParameters& parameters,
             int64_t generation) -> absl::StatusOr<std::unique_ptr<EngineRunner>> {
    const SharedMemory& memory = kernel->memory();
    absl::StatusOr<std::unique_ptr<Policy>> policy =
        MakePolicy(policy_kind, static_cast<uint32_t>(memory.slots.size()),
                   static_cast<uint32_t>(memory.cpus.size()));
    if (!policy.ok()) return policy.status();
    auto runner = std::make_unique<SchedulingThread>(kernel, *std::move(policy), options,
                                                     parameters, generation);
    if (absl::Status status = runner->Start(host); !status.ok()) return status;
    return runner;
  };
}

}  // namespace schedd
