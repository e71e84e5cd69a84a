// SPDX-License-Identifier: Apache-2.0
//
// A kernel port around another one that lets the scheduling thread go wrong while a FaultSwitch
// says so.
//
// The engine and the real port know nothing of it: a fault happens where the engine leaves its own
// code, in Commit() and Wait(). Threads as the port says (server/engine/kernel.h). Without a fault,
// every call is the real one's.
#ifndef SCHEDD_FAULTS_FAULTY_KERNEL_H_
#define SCHEDD_FAULTS_FAULTY_KERNEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "server/engine/kernel.h"
#include "server/faults/fault_switch.h"

namespace schedd {

class FaultyKernel : public Kernel {
 public:
  // `faults` outlives it.
  FaultyKernel(std::unique_ptr<Kernel> kernel, const FaultSwitch* faults)
      : kernel_(std::move(kernel)), faults_(faults) {}

  const SharedMemory& memory() const override { return kernel_->memory(); }
  int64_t NowNanos() const override { return kernel_->NowNanos(); }
  void Commit() override;
  void Wait(int64_t until_ns) override;
  void Wake() override { kernel_->Wake(); }
  absl::Status Attach() override { return kernel_->Attach(); }
  absl::Status Detach() override { return kernel_->Detach(); }
  void Release() override { kernel_->Release(); }
  bool adopted() const override { return kernel_->adopted(); }
  std::optional<KernelExit> Exit() const override { return kernel_->Exit(); }

 private:
  void GoWrong();
  void SubmitNonsense(size_t count);

  const std::unique_ptr<Kernel> kernel_;
  const FaultSwitch* const faults_;
  uint32_t next_slot_ = 0;
};

}  // namespace schedd

#endif  // SCHEDD_FAULTS_FAULTY_KERNEL_H_
