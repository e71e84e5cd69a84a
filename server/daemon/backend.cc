// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/backend.h"

#include "server/kernel/libbpf_host.h"
#include "server/kernel/pin_sweep.h"
#include "server/sim/sim_host.h"

namespace schedd::daemon {

std::unique_ptr<KernelHost> MakeHost(Backend backend) {
  if (backend == Backend::kSim) return std::make_unique<SimHost>(SimHostOptions{});
  return MakeLibbpfHost();
}

bool SweepKernel(Backend backend) { return backend == Backend::kSim || SweepPins(); }

}  // namespace schedd::daemon
