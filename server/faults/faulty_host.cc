// SPDX-License-Identifier: Apache-2.0
#include "server/faults/faulty_host.h"

#include "server/faults/faulty_kernel.h"

namespace schedd {

absl::StatusOr<std::unique_ptr<Kernel>> FaultyHost::Wrap(
    absl::StatusOr<std::unique_ptr<Kernel>> kernel) {
  if (!kernel.ok()) return kernel.status();
  return std::make_unique<FaultyKernel>(*std::move(kernel), faults_.get());
}

}  // namespace schedd
