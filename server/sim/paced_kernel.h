// SPDX-License-Identifier: Apache-2.0
//
// The kernel port on a simulated machine that follows the real clock. Times in ns of the machine's
// clock.
//
// Made by SimHost; keeps its machine alive. Threads as kernel.h says. Attach() fails with
// FAILED_PRECONDITION while another kernel of the same machine is attached; nothing else fails.
#ifndef SCHEDD_SIM_PACED_KERNEL_H_
#define SCHEDD_SIM_PACED_KERNEL_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "server/engine/kernel.h"
#include "server/sim/adversity.h"
#include "server/sim/dispatcher.h"
#include "server/sim/paced_machine.h"
#include "server/sim/sim_memory.h"

namespace schedd {

// Which kernel schedules the machine at this moment.
class Attachments {
 public:
  // False, with the name of the one in charge, when it is not `kernel`.
  bool Take(const Kernel* kernel, const std::string& name, std::string* in_charge);
  // False when `kernel` is not in charge.
  bool Leave(const Kernel* kernel);
  // Empty for none.
  std::string name() const;

 private:
  mutable std::mutex mutex_;
  const Kernel* kernel_ = nullptr;
  std::string name_;
};

// What goes wrong at this moment between the machine and all its kernels.
struct PacedTrouble {
  SimAdversity adversity;                    // under the machine's lock
  std::atomic<int64_t> stalled_until_ns{0};  // the scheduling thread does nothing until then
};

class PacedKernel : public Kernel {
 public:
  PacedKernel(std::shared_ptr<PacedMachine> machine, std::shared_ptr<Attachments> attachments,
              std::shared_ptr<const PacedTrouble> trouble, int nr_cpus, const LoadOptions& options);
  ~PacedKernel() override;

  const SharedMemory& memory() const override { return memory_.shared(); }
  int64_t NowNanos() const override { return machine_->clock().NowNanos(); }
  void Commit() override;
  void Wait(int64_t until_ns) override;
  void Wake() override;
  absl::Status Attach() override;
  absl::Status Detach() override;
  std::optional<KernelExit> Exit() const override;

 private:
  void RingDoorbell();
  void SitOutStall();

  const std::shared_ptr<PacedMachine> machine_;
  const std::shared_ptr<Attachments> attachments_;
  const std::shared_ptr<const PacedTrouble> trouble_;
  const std::string name_;
  SimMemory memory_;
  std::unique_ptr<Dispatcher> dispatcher_;  // touched under the machine's lock
  std::atomic<bool> commit_requested_{false};

  mutable std::mutex mutex_;
  std::condition_variable doorbell_;
  bool woken_ = false;              // under mutex_
  bool called_ = false;             // by Wake(); under mutex_
  std::optional<KernelExit> exit_;  // under mutex_
};

}  // namespace schedd

#endif  // SCHEDD_SIM_PACED_KERNEL_H_
