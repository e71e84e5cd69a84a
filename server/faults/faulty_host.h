// SPDX-License-Identifier: Apache-2.0
//
// A kernel host around another one, whose kernels go wrong while a FaultSwitch says so
// (faulty_kernel.h).
//
// For tests alone: the daemon makes one when it is started with SCHEDD_TEST_FAULTS=FILE. Threads
// and errors are those of the host inside.
#ifndef SCHEDD_FAULTS_FAULTY_HOST_H_
#define SCHEDD_FAULTS_FAULTY_HOST_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/engine/kernel.h"
#include "server/faults/fault_switch.h"

namespace schedd {

class FaultyHost : public KernelHost {
 public:
  // Owns both. The kernels that it hands out end before it.
  FaultyHost(std::unique_ptr<KernelHost> host, std::unique_ptr<FaultSwitch> faults)
      : host_(std::move(host)), faults_(std::move(faults)) {}

  absl::StatusOr<std::unique_ptr<Kernel>> Load(const LoadOptions& options) override {
    return Wrap(host_->Load(options));
  }
  absl::StatusOr<std::unique_ptr<Kernel>> Adopt(const LoadOptions& options) override {
    return Wrap(host_->Adopt(options));
  }
  KernelState ReadState() const override { return host_->ReadState(); }
  absl::StatusOr<std::string> CgroupPath(uint64_t cgroup_id) const override {
    return host_->CgroupPath(cgroup_id);
  }
  absl::Status PrepareSchedulingThread() override { return host_->PrepareSchedulingThread(); }
  absl::StatusOr<int64_t> PageFaultCount(int32_t tid) const override {
    return host_->PageFaultCount(tid);
  }

 private:
  absl::StatusOr<std::unique_ptr<Kernel>> Wrap(absl::StatusOr<std::unique_ptr<Kernel>> kernel);

  const std::unique_ptr<KernelHost> host_;
  const std::unique_ptr<FaultSwitch> faults_;
};

}  // namespace schedd

#endif  // SCHEDD_FAULTS_FAULTY_HOST_H_
