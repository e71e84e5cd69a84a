// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/backend.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/faults/fault_switch.h"
#include "server/faults/faulty_host.h"
#include "server/kernel/libbpf_host.h"
#include "server/kernel/pin_sweep.h"
#include "server/sim/sim_host.h"
#include "server/simulate/workload_file.h"

namespace schedd::daemon {

namespace {

// What the configuration says of a simulated machine.
absl::StatusOr<SimHostOptions> ReadSimHostOptions(const Config& config) {
  SimHostOptions options = {.speed = config.speed};
  if (config.workload.empty()) return options;
  absl::StatusOr<SimWorkload> workload = ReadWorkloadFile(config.workload);
  if (!workload.ok()) return workload.status();
  if (workload->topology.nr_cpus() > SimHost::kMostCpus) {
    return absl::InvalidArgumentError(
        absl::StrCat(config.workload, ": the machine has ", workload->topology.nr_cpus(),
                     " CPUs; schedd schedules up to ", SimHost::kMostCpus, ": make it smaller"));
  }
  options.scenario = *std::move(workload);
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KernelHost>> MakeHost(const Config& config) {
  if (config.kernel != Backend::kSim) return MakeLibbpfHost();
  const absl::StatusOr<SimHostOptions> options = ReadSimHostOptions(config);
  if (!options.ok()) return options.status();
  return std::make_unique<SimHost>(*options);
}

absl::Status CheckWorkload(const Config& config) { return ReadSimHostOptions(config).status(); }

absl::StatusOr<std::unique_ptr<KernelHost>> WithFaults(std::unique_ptr<KernelHost> host,
                                                       const char* path) {
  if (path == nullptr) return host;
  absl::StatusOr<std::unique_ptr<FaultSwitch>> faults = OpenFaultFile(path);
  if (!faults.ok()) return faults.status();
  return std::make_unique<FaultyHost>(std::move(host), *std::move(faults));
}

bool SweepKernel(Backend backend) { return backend == Backend::kSim || SweepPins(); }

}  // namespace schedd::daemon
