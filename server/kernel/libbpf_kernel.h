// SPDX-License-Identifier: Apache-2.0
//
// One loaded dispatcher: skeleton, mapped maps, link.
//
// Load() verifies and maps; Attach() is separate and last. What is attached is pinned (pins.h), so
// that it outlives a daemon that is killed; Adopt() finds it there. Threads as the port says. The
// destructor detaches, unless Release() came before.
#ifndef SCHEDD_KERNEL_LIBBPF_KERNEL_H_
#define SCHEDD_KERNEL_LIBBPF_KERNEL_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/engine/kernel.h"
#include "server/kernel/dispatcher_parts.h"
#include "server/kernel/pins.h"

struct dispatcher;

namespace schedd {

class LibbpfKernel : public Kernel {
 public:
  static absl::StatusOr<std::unique_ptr<LibbpfKernel>> Load(const LoadOptions& options);
  static absl::StatusOr<std::unique_ptr<LibbpfKernel>> Adopt(const LoadOptions& options);
  ~LibbpfKernel() override;

  const SharedMemory& memory() const override { return parts_->memory(); }
  int64_t NowNanos() const override;
  void Commit() override;
  void Wait(int64_t until_ns) override;
  void Wake() override;
  absl::Status Attach() override;
  absl::Status Detach() override;
  void Release() override;
  bool adopted() const override { return adopted_; }
  std::optional<KernelExit> Exit() const override;

 private:
  struct SkeletonDestroy {
    void operator()(dispatcher* skeleton) const;
  };

  explicit LibbpfKernel(const LoadOptions& options) : options_(options) {}
  absl::Status Configure(uint32_t cpu_count);
  absl::Status Link();
  bool AwaitGone() const;
  void InitializeHeader(uint32_t cpu_count);
  void TakeOver();

  const LoadOptions options_;
  std::unique_ptr<dispatcher, SkeletonDestroy> skeleton_;  // none when adopted
  std::unique_ptr<DispatcherParts> parts_;
  bool adopted_ = false;
  // While attached.
  std::unique_ptr<PinDirectory> pins_;
  UniqueFd link_;
};

}  // namespace schedd

#endif  // SCHEDD_KERNEL_LIBBPF_KERNEL_H_
