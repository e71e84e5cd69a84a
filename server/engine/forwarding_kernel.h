// SPDX-License-Identifier: Apache-2.0
//
// A kernel port around another one: every call is that one's until somebody overrides it.
//
// For what stands between the engine and a kernel: faults, probes. Threads as the port says.
#ifndef SCHEDD_ENGINE_FORWARDING_KERNEL_H_
#define SCHEDD_ENGINE_FORWARDING_KERNEL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "server/engine/kernel.h"

namespace schedd {

class ForwardingKernel : public Kernel {
 public:
  explicit ForwardingKernel(std::unique_ptr<Kernel> kernel) : kernel_(std::move(kernel)) {}

  const SharedMemory& memory() const override { return kernel_->memory(); }
  int64_t NowNanos() const override { return kernel_->NowNanos(); }
  void Commit() override { kernel_->Commit(); }
  void Wait(int64_t until_ns) override { kernel_->Wait(until_ns); }
  void Wake() override { kernel_->Wake(); }
  absl::Status Attach() override { return kernel_->Attach(); }
  absl::Status Detach() override { return kernel_->Detach(); }
  void Release() override { kernel_->Release(); }
  bool adopted() const override { return kernel_->adopted(); }
  std::optional<KernelExit> Exit() const override { return kernel_->Exit(); }

 private:
  const std::unique_ptr<Kernel> kernel_;
};

}  // namespace schedd

#endif  // SCHEDD_ENGINE_FORWARDING_KERNEL_H_
