// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/api/probed_host.h"

#include <unistd.h>

#include <algorithm>

#include "bpf/ring.h"
#include "server/engine/forwarding_kernel.h"

namespace schedd {
namespace {

constexpr int64_t kProbeEveryNs = 1'000'000;
constexpr int64_t kProbeRunNs = 20'000;

class ProbedKernel : public ForwardingKernel {
 public:
  ProbedKernel(std::unique_ptr<Kernel> kernel, DecisionProbe* probe)
      : ForwardingKernel(std::move(kernel)), probe_(probe) {}

  void Commit() override {
    probe_->OnCommit(*memory().decisions);
    ForwardingKernel::Commit();
  }
  void Wait(int64_t until_ns) override {
    ForwardingKernel::Wait(until_ns);
    probe_->OnAwake();
  }

 private:
  DecisionProbe* const probe_;
};

}  // namespace

void DecisionProbe::Start(SimMachine& machine) { Tick(machine); }

void DecisionProbe::Tick(SimMachine& machine) {
  // First: a task that ended keeps its slot to itself until another one starts, and only these do.
  Collect(machine);
  const int64_t begun_ns = PacedMachine::NowNanos();
  const int32_t tid =
      machine.Spawn({.comm = "probe", .cgroup = "bench", .program = {RunFor(kProbeRunNs), Exit()}});
  const SimTask* task = machine.Find(tid);
  if (task != nullptr && task->slot < decisions_.size()) {
    waiting_.push_back({tid, task->slot, begun_ns});
  }
  // Of the real clock: a machine that fell behind must not start what it missed all at once.
  const int64_t next_ns = std::max(machine.now_ns(), PacedMachine::NowNanos()) + kProbeEveryNs;
  machine.At(next_ns, [this, &machine] { Tick(machine); });
}

void DecisionProbe::Collect(const SimMachine& machine) {
  std::erase_if(waiting_, [&](const Task& task) {
    const Decided& decided = decisions_[task.slot];
    const int64_t committed_ns = decided.committed_ns.load(std::memory_order_acquire);
    if (committed_ns < task.begun_ns) {
      const bool ended = machine.Find(task.tid) == nullptr;
      if (ended) log_->undecided.fetch_add(1, std::memory_order_relaxed);
      return ended;
    }
    const uint64_t index = log_->decided.load(std::memory_order_relaxed);
    log_->samples[index % ProbeLog::kSamples] = {
        .latency_ns = committed_ns - task.begun_ns,
        .awake_ns = committed_ns - std::max(decided.awake_since_ns, task.begun_ns)};
    log_->decided.store(index + 1, std::memory_order_release);
    return true;
  });
}

void DecisionProbe::OnAwake() { awake_since_ns_ = PacedMachine::NowNanos(); }

void DecisionProbe::OnCommit(const schedd_decision_ring& ring) {
  const int64_t now_ns = PacedMachine::NowNanos();
  for (const uint64_t head = SCHEDD_READ(&ring.head); seen_ != head; ++seen_) {
    const uint32_t slot = SCHEDD_READ(&ring.records[seen_ % SCHEDD_DECISION_RING_SIZE].slot);
    decisions_[slot].awake_since_ns = awake_since_ns_;
    decisions_[slot].committed_ns.store(now_ns, std::memory_order_release);
  }
}

ProbedHost::ProbedHost(const SimHostOptions& options, DecisionProbe* probe, ProbeLog* log)
    : host_([&] {
        SimHostOptions with_probe = options;
        with_probe.workload = [workload = options.workload, probe](SimMachine& machine) {
          workload(machine);
          probe->Start(machine);
        };
        return with_probe;
      }()),
      probe_(probe),
      log_(log) {}

absl::StatusOr<std::unique_ptr<Kernel>> ProbedHost::Load(const LoadOptions& options) {
  absl::StatusOr<std::unique_ptr<Kernel>> kernel = host_.Load(options);
  if (!kernel.ok()) return kernel.status();
  return std::make_unique<ProbedKernel>(*std::move(kernel), probe_);
}

absl::Status ProbedHost::PrepareSchedulingThread() {
  log_->scheduling_tid.store(gettid());
  return host_.PrepareSchedulingThread();
}

}  // namespace schedd
