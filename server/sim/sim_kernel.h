// SPDX-License-Identifier: Apache-2.0
//
// The kernel port on a simulated machine with a virtual clock: what tests run the engine on.
//
// Everything happens on one thread. The machine moves on exactly while the engine uses the port:
// each look at the clock and each Commit() takes call_cost_ns, Wait() takes as long as it waits. So
// the engine runs its real loop (Engine::RunOnce), parking included, and every run is reproducible.
// Not thread-safe, but for Wake(). Times in ns of the machine.
#ifndef SCHEDD_SIM_SIM_KERNEL_H_
#define SCHEDD_SIM_SIM_KERNEL_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "server/engine/kernel.h"
#include "server/sim/dispatcher.h"
#include "server/sim/machine.h"
#include "server/sim/sim_memory.h"

namespace schedd {

struct SimKernelOptions {
  uint32_t max_tasks = 64;
  // How long each use of the port takes, on the machine's clock. Must not be 0 for an engine that
  // spins.
  int64_t call_cost_ns = 500;
  // The engine's thread has no CPU of its own: it takes an idle one when it wakes, or else one from
  // a task, and that CPU chooses anew when it parks.
  bool shares_cpus = false;
};

class SimKernel : public Kernel {
 public:
  // `machine` outlives it.
  SimKernel(SimMachine* machine, const SimKernelOptions& options);
  ~SimKernel() override;

  const SharedMemory& memory() const override { return memory_.shared(); }
  int64_t NowNanos() const override;
  void Commit() override;
  void Wait(int64_t until_ns) override;
  void Wake() override { woken_.store(true); }
  absl::Status Attach() override;
  absl::Status Detach() override;
  std::optional<KernelExit> Exit() const override { return exit_; }

  // Runs the machine until that time, and the engine on it: `turn` is Engine::RunOnce(). Waits no
  // longer than that.
  void RunUntil(int64_t time_ns, const std::function<void()>& turn);

  // The same with an engine that does nothing, as if its thread were stopped.
  void StallUntil(int64_t time_ns);

  // For how long the engine was at work.
  int64_t engine_ns() const { return engine_ns_; }

  SimAdversity& adversity() { return dispatcher_.adversity(); }

 private:
  void Spend() const;
  void TakeCpu();
  void GiveCpuBack();

  SimMachine* const machine_;
  const SimKernelOptions options_;
  SimMemory memory_;
  Dispatcher dispatcher_;
  std::atomic<bool> woken_{false};
  bool attached_ = false;
  int last_cpu_ = 0;  // where the engine's thread ran last
  bool holds_cpu_ = false;
  std::optional<KernelExit> exit_;
  int64_t run_until_ns_ = 0;
  mutable int64_t engine_ns_ = 0;
};

}  // namespace schedd

#endif  // SCHEDD_SIM_SIM_KERNEL_H_
