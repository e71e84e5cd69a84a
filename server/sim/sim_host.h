// SPDX-License-Identifier: Apache-2.0
//
// The kernel host of `schedd --kernel=sim`: a simulated machine at work, to use the whole API
// without root or a sched_ext kernel.
//
// Owned by the daemon. Threads as kernel.h says; it runs one thread of its own, which paces the
// machine to the real clock. Kernels that it loaded may outlive it. Errors: INVALID_ARGUMENT for
// options out of range, UNIMPLEMENTED for those that a simulated machine does not have.
#ifndef SCHEDD_SIM_SIM_HOST_H_
#define SCHEDD_SIM_SIM_HOST_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/engine/kernel.h"
#include "server/sim/demo_workload.h"
#include "server/sim/paced_kernel.h"
#include "server/sim/paced_machine.h"
#include "server/sim/workload.h"

namespace schedd {

struct SimHostOptions {
  int nr_cpus = 4;
  uint64_t seed = 1;
  // Puts the first tasks on the machine.
  std::function<void(SimMachine&)> workload = StartDemoWorkload;
  // Machine and tasks in place of the three above. Its duration and engine_call do not count here.
  std::optional<SimWorkload> scenario = std::nullopt;
  // Seconds that pass on the machine in a real one; more than 0.
  double speed = 1;
};

class SimHost : public KernelHost {
 public:
  static constexpr int kMostCpus = SCHEDD_MAX_CPUS;

  explicit SimHost(const SimHostOptions& options);

  absl::StatusOr<std::unique_ptr<Kernel>> Load(const LoadOptions& options) override;
  KernelState ReadState() const override;
  absl::StatusOr<std::string> CgroupPath(uint64_t cgroup_id) const override;
  absl::StatusOr<int32_t> CgroupWeight(const std::string& path) const override;
  absl::Status PrepareSchedulingThread() override { return absl::OkStatus(); }
  absl::StatusOr<int64_t> PageFaultCount(int32_t tid) const override;

 private:
  const SimHostOptions options_;
  const std::shared_ptr<PacedMachine> machine_;
  const std::shared_ptr<Attachments> attachments_;
  const std::shared_ptr<PacedTrouble> trouble_;
};

}  // namespace schedd

#endif  // SCHEDD_SIM_SIM_HOST_H_
