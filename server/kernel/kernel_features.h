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
#include <vector>

#include "absl/status/statusor.h"

struct btf;

namespace schedd {

// Value of flag `name` of enum scx_ops_flags; NOT_FOUND when the kernel of these types does not
// know it.
absl::StatusOr<uint64_t> FindOpsFlag(const btf& types, const std::string& name);

// The same of the running kernel; UNIMPLEMENTED when it has no BTF.
absl::StatusOr<uint64_t> FindOpsFlag(const std::string& name);

// Functions of sched_ext that no BPF program can call on the kernel of these types, for a defect of
// the types: from 7.1 on, a function to which the verifier adds an argument is in BTF twice, as
// programs see it and, named ..._impl, as it is; a kernel built with pahole 1.26 to 1.30 may have
// lost some of the pairs. Without scx_bpf_create_dsq, for one, no scheduler can be loaded.
std::vector<std::string> FindUncallableFunctions(const btf& types);

// The same of the running kernel; none when it has no BTF.
std::vector<std::string> FindUncallableFunctions();

}  // namespace schedd

#endif  // SCHEDD_KERNEL_KERNEL_FEATURES_H_
