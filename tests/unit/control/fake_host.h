// SPDX-License-Identifier: Apache-2.0
//
// A kernel, its host and an engine without a machine: memory on the heap, state as the test sets
// it.
//
// FakeHost belongs to the test; the kernels and engines it hands out belong to the code under test,
// and are reached through the host as long as they live. One thread. Faults are injected by setting
// the public members.
#ifndef SCHEDD_TESTS_UNIT_CONTROL_FAKE_HOST_H_
#define SCHEDD_TESTS_UNIT_CONTROL_FAKE_HOST_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/control/engine_runner.h"
#include "server/control/task_info.h"
#include "server/engine/kernel.h"
#include "tests/unit/control/manual_time.h"

namespace schedd {

// What a test says of a task that it puts into a slot.
struct FakeTask {
  int32_t tid = 1;
  int32_t tgid = 0;  // 0: as tid
  uint64_t start_ns = 100;
  std::string comm = "task";
  uint32_t uid = 1000;
  uint64_t cgroup_id = 1;
  uint32_t flags = 0;
  uint32_t state = SCHEDD_TASK_SLEEPING;
  uint32_t weight = 100;
};

// An exit as the kernel's watchdog makes it.
inline KernelExit Stall(std::string dump = "") {
  return {.kind = 1026,
          .code = 0,
          .reason = "runnable task stall",
          .message = "hog[77] failed to run for 5.1s",
          .dump = std::move(dump)};
}

class FakeHost;

class FakeKernel : public Kernel {
 public:
  FakeKernel(FakeHost* host, const LoadOptions& options, bool adopted = false);
  ~FakeKernel() override;

  const SharedMemory& memory() const override { return memory_; }
  int64_t NowNanos() const override;
  void Commit() override {}
  void Wait(int64_t) override {}
  void Wake() override {}
  absl::Status Attach() override;
  absl::Status Detach() override;
  void Release() override;
  bool adopted() const override { return adopted_; }
  std::optional<KernelExit> Exit() const override { return exit_; }

  // The kernel throws it out.
  void Eject(KernelExit exit);

  // Puts a task into a slot, as the dispatcher does; returns its key.
  uint32_t PutTask(uint32_t slot, const FakeTask& task);
  void EndTask(uint32_t slot);
  schedd_slot& slot(uint32_t index) { return slots_[index]; }
  void Count(schedd_counter counter, uint64_t by, size_t cpu = 0) {
    cpus_[cpu].counters[counter] += by;
  }
  schedd_header& header() { return header_; }
  const LoadOptions& options() const { return options_; }

 private:
  FakeHost* const host_;
  const LoadOptions options_;
  const bool adopted_;
  schedd_header header_ = {};
  std::vector<schedd_slot> slots_;
  std::vector<schedd_cpu> cpus_;
  SharedMemory memory_;
  std::optional<KernelExit> exit_;
};

// Takes up directives when the test lets it.
class FakeEngine : public EngineRunner {
 public:
  FakeEngine(FakeHost* host, const PolicyParameters& parameters, int64_t generation);
  ~FakeEngine() override;

  bool Submit(std::unique_ptr<Directive>& directive) override;
  void Reclaim() override {}
  int64_t applied_generation() const override { return applied_generation_; }
  int64_t applied_time_ns() const override { return applied_time_ns_; }
  EngineStats stats() const override { return stats_; }
  TaskEngineView view(uint32_t, uint32_t) const override { return view_; }
  int32_t scheduling_tid() const override { return 4242; }
  int64_t cpu_time_ns() const override { return cpu_time_ns_; }
  absl::StatusOr<SwitchCounts> switches() const override;

  // Takes up what is submitted.
  void Step();

  // Faults and facts.
  bool automatic = true;  // takes up a directive when it is submitted
  bool mailbox_full = false;
  int64_t cpu_time_ns_ = 5'000;
  EngineStats stats_;
  TaskEngineView view_;

  // What is in force.
  PolicyParameters parameters;
  std::map<uint32_t, TaskSetting> settings;  // by slot; as sent last
  CgroupShares shares;
  std::map<PolicyIndex, PolicyParameters> policies;  // of control groups; as sent last
  CgroupPolicies cgroup_policies;
  std::vector<Directive> applied;  // all of them, in order

 private:
  FakeHost* const host_;
  std::vector<std::unique_ptr<Directive>> inbox_;
  int64_t applied_generation_;
  int64_t applied_time_ns_;
};

class FakeHost : public KernelHost {
 public:
  explicit FakeHost(const ManualClock* clock) : clock(clock) {}

  absl::StatusOr<std::unique_ptr<Kernel>> Load(const LoadOptions& options) override;
  absl::StatusOr<std::unique_ptr<Kernel>> Adopt(const LoadOptions& options) override;
  KernelState ReadState() const override { return state; }
  absl::StatusOr<std::string> CgroupPath(uint64_t cgroup_id) const override;
  absl::StatusOr<int32_t> CgroupWeight(const std::string& path) const override;
  absl::Status PrepareSchedulingThread() override { return absl::OkStatus(); }
  absl::StatusOr<int64_t> PageFaultCount(int32_t) const override { return page_faults; }

  // For SchedulerControl.
  EngineRunnerFactory EngineFactory();

  // Facts and faults.
  const ManualClock* const clock;
  KernelState state;
  absl::Status load_status;
  absl::Status adopt_status = absl::NotFoundError("none left behind");
  absl::Status attach_status;
  absl::Status detach_status;
  absl::Status engine_status;
  absl::StatusOr<int64_t> page_faults = 7;
  // Of the scheduling thread, whichever it is.
  absl::StatusOr<SwitchCounts> switches = SwitchCounts{.voluntary = 30, .involuntary = 4};
  std::map<uint64_t, std::string> cgroups = {{1, ""}};  // ID to path
  mutable int cgroup_questions = 0;
  std::map<std::string, int32_t> cgroup_weights;  // by path
  mutable int weight_questions = 0;
  uint32_t slots = 16;
  bool automatic_engine = true;

  // What is alive now; null for nothing.
  FakeKernel* kernel = nullptr;
  FakeEngine* engine = nullptr;
  int kernels_alive = 0;
  // What happened, in order: "load", "engine", "attach", "adopt", "detach", "release", "engine
  // ends", "unload".
  std::vector<std::string> events;
};

}  // namespace schedd

#endif  // SCHEDD_TESTS_UNIT_CONTROL_FAKE_HOST_H_
