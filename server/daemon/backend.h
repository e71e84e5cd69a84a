// SPDX-License-Identifier: Apache-2.0
//
// The kernel host that a configuration asks for.
//
// Called on the main thread; the caller owns what it gets. Whether the kernel is fit shows when it
// is used.
#ifndef SCHEDD_DAEMON_BACKEND_H_
#define SCHEDD_DAEMON_BACKEND_H_

#include <memory>

#include "absl/status/statusor.h"
#include "server/daemon/config.h"
#include "server/engine/kernel.h"

namespace schedd::daemon {

// Opens nothing but the workload file; fails as ReadWorkloadFile() does.
absl::StatusOr<std::unique_ptr<KernelHost>> MakeHost(const Config& config);

// Whether the workload that the configuration names, if it does, can be simulated.
absl::Status CheckWorkload(const Config& config);

// Environment variable that names a file of faults to inject (server/faults/fault_switch.h): for
// tests.
inline constexpr char kFaultsVariable[] = "SCHEDD_TEST_FAULTS";

// `host` with the faults that `path` says; `host` itself when that is null. Errors: the file cannot
// be used.
absl::StatusOr<std::unique_ptr<KernelHost>> WithFaults(std::unique_ptr<KernelHost> host,
                                                       const char* path);

// Removes what a dead daemon left in the kernel, if its time has come. True when nothing is left to
// do.
bool SweepKernel(Backend backend);

}  // namespace schedd::daemon

#endif  // SCHEDD_DAEMON_BACKEND_H_
