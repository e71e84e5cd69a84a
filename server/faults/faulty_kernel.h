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
#include <utility>

#include "server/engine/forwarding_kernel.h"
#include "server/faults/fault_switch.h"

namespace schedd {

class FaultyKernel : public ForwardingKernel {
 public:
  // `faults` outlives it.
  FaultyKernel(std::unique_ptr<Kernel> kernel, const FaultSwitch* faults)
      : ForwardingKernel(std::move(kernel)), faults_(faults) {}

  void Commit() override;
  void Wait(int64_t until_ns) override;

 private:
  void GoWrong();
  void SubmitNonsense(size_t count);

  const FaultSwitch* const faults_;
  uint32_t next_slot_ = 0;
};

}  // namespace schedd

#endif  // SCHEDD_FAULTS_FAULTY_KERNEL_H_
