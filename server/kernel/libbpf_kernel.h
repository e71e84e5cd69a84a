// SPDX-License-Identifier: Apache-2.0
//
// One loaded dispatcher: skeleton, mapped maps, link.
//
// Load() verifies and maps; Attach() is separate and last. Threads as the port says. The destructor
// detaches.
#ifndef SCHEDD_KERNEL_LIBBPF_KERNEL_H_
#define SCHEDD_KERNEL_LIBBPF_KERNEL_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/engine/kernel.h"
#include "server/kernel/doorbell.h"
#include "server/kernel/mapping.h"

struct dispatcher;
struct bpf_link;

namespace schedd {

class LibbpfKernel : public Kernel {
 public:
  static absl::StatusOr<std::unique_ptr<LibbpfKernel>> Load(const LoadOptions& options);
  ~LibbpfKernel() override;

  const SharedMemory& memory() const override { return memory_; }
  int64_t NowNanos() const override;
  void Commit() override;
  void Wait(int64_t until_ns) override;
  void Wake() override;
  absl::Status Attach() override;
  absl::Status Detach() override;
  std::optional<KernelExit> Exit() const override;

 private:
  struct SkeletonDestroy {
    void operator()(dispatcher* skeleton) const;
  };

  explicit LibbpfKernel(const LoadOptions& options) : options_(options) {}
  absl::Status Configure(uint32_t cpu_count);
  absl::Status MapMemory(uint32_t cpu_count);
  void InitializeHeader(uint32_t cpu_count);

  const LoadOptions options_;
  std::unique_ptr<dispatcher, SkeletonDestroy> skeleton_;
  bpf_link* link_ = nullptr;
  int commit_fd_ = -1;
  Mapping header_;
  Mapping slots_;
  Mapping cpus_;
  Mapping events_;
  Mapping decisions_;
  Mapping exit_dump_;
  std::unique_ptr<Doorbell> doorbell_;
  SharedMemory memory_;
};

}  // namespace schedd

#endif  // SCHEDD_KERNEL_LIBBPF_KERNEL_H_
