// SPDX-License-Identifier: Apache-2.0
//
// What the running kernel's BTF says it can do. Asked by name, never by version: stable kernels
// carry backports.
//
// Free functions without state; any thread. Without BTF at hand, /sys/kernel/btf/vmlinux is read
// each time (about 100 ms), so only when a dispatcher is loaded.
#ifndef SCHEDD_KERNEL_KERNEL_FEATURES_H_
#define SCHEDD_KERNEL_KERNEL_FEATURES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

struct btf;

namespace schedd {

// Value of flag `name` of enum scx_ops_flags; NOT_FOUND when the kernel of these types does not
// know it.
absl::StatusOr<uint64_t> FindOpsFlag(const btf& types, const std::string& name);

// The same of the running kernel; UNIMPLEMENTED when it has no BTF.
absl::StatusOr<uint64_t> FindOpsFlag(const std::string& name);

}  // namespace schedd

#endif  // SCHEDD_KERNEL_KERNEL_FEATURES_H_
