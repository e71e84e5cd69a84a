// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/backend.h"

#include <utility>

#include "server/faults/fault_switch.h"
#include "server/faults/faulty_host.h"
#include "server/kernel/libbpf_host.h"
#include "server/kernel/pin_sweep.h"
#include "server/sim/sim_host.h"

namespace schedd::daemon {

std::unique_ptr<KernelHost> MakeHost(Backend backend) {
  if (backend == Backend::kSim) return std::make_unique<SimHost>(SimHostOptions{});
  return MakeLibbpfHost();
}

absl::StatusOr<std::unique_ptr<KernelHost>> WithFaults(std::unique_ptr<KernelHost> host,
                                                       const char* path) {
  if (path == nullptr) return host;
  absl::StatusOr<std::unique_ptr<FaultSwitch>> faults = OpenFaultFile(path);
  if (!faults.ok()) return faults.status();
  return std::make_unique<FaultyHost>(std::move(host), *std::move(faults));
}

bool SweepKernel(Backend backend) { return backend == Backend::kSim || SweepPins(); }

}  // namespace schedd::daemon
