// SPDX-License-Identifier: Apache-2.0
#include "server/sim/sim_kernel.h"

#include <algorithm>

namespace schedd {
namespace {

constexpr int64_t kUnregistered = 64;  // SCX_EXIT_UNREG

}  // namespace

SimKernel::SimKernel(SimMachine* machine, const SimKernelOptions& options)
    : machine_(machine),
      options_(options),
      memory_(machine->nr_cpus(), options.max_tasks),
      dispatcher_(machine, memory_.shared(), [this] { woken_.store(true); }) {}

SimKernel::~SimKernel() { (void)Detach(); }

// The engine's work takes time, in which the machine goes on: decisions can come too late here,
// too.
void SimKernel::Spend() const {
  engine_ns_ += options_.call_cost_ns;
  machine_->AdvanceTo(machine_->now_ns() + options_.call_cost_ns);
}

int64_t SimKernel::NowNanos() const {
  Spend();
  return machine_->now_ns();
}

void SimKernel::Commit() {
  Spend();
  dispatcher_.Commit();
  machine_->AdvanceTo(machine_->now_ns());  // the CPUs it kicked
}

void SimKernel::TakeCpu() {
  if (!options_.shares_cpus || !attached_) return;
  const int cpu = dispatcher_.CpuForDaemon(last_cpu_);
  if (cpu < 0) return;
  last_cpu_ = cpu;
  holds_cpu_ = true;
  machine_->Occupy(cpu);
}

void SimKernel::GiveCpuBack() {
  if (!holds_cpu_) return;
  holds_cpu_ = false;
  machine_->Vacate(last_cpu_);
}

void SimKernel::StallUntil(int64_t time_ns) {
  GiveCpuBack();
  machine_->AdvanceTo(time_ns);
  TakeCpu();
}

void SimKernel::Wait(int64_t until_ns) {
  if (woken_.exchange(false)) return;  // without a pause: it keeps its CPU
  GiveCpuBack();
  const int64_t end_ns = std::min(until_ns, run_until_ns_);
  while (!woken_.load() && machine_->NextEventNanos() <= end_ns) {
    machine_->AdvanceTo(machine_->NextEventNanos());
  }
  if (!woken_.load()) machine_->AdvanceTo(end_ns);
  woken_.store(false);
  TakeCpu();
}

absl::Status SimKernel::Attach() {
  if (attached_) return absl::OkStatus();
  attached_ = true;
  exit_.reset();
  machine_->SetScheduler(&dispatcher_);
  return absl::OkStatus();
}

absl::Status SimKernel::Detach() {
  if (!attached_) return absl::OkStatus();
  GiveCpuBack();
  attached_ = false;
  machine_->SetScheduler(nullptr);
  exit_ = KernelExit{
      .kind = kUnregistered, .reason = "unregistered from user space", .message = "", .dump = ""};
  return absl::OkStatus();
}

void SimKernel::RunUntil(int64_t time_ns, const std::function<void()>& turn) {
  run_until_ns_ = time_ns;
  while (machine_->now_ns() < time_ns) turn();
}

}  // namespace schedd
