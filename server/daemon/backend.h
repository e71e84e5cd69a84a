// SPDX-License-Identifier: Apache-2.0
//
// The kernel host that a configuration asks for.
//
// Called on the main thread; the caller owns what it gets. Opens nothing and cannot fail:
// whether the kernel is fit shows when it is used.
#ifndef SCHEDD_DAEMON_BACKEND_H_
#define SCHEDD_DAEMON_BACKEND_H_

#include <memory>

#include "server/daemon/config.h"
#include "server/engine/kernel.h"

namespace schedd::daemon {

std::unique_ptr<KernelHost> MakeHost(Backend backend);

// Removes what a dead daemon left in the kernel, if its time has come. True when nothing is left to
// do.
bool SweepKernel(Backend backend);

}  // namespace schedd::daemon

#endif  // SCHEDD_DAEMON_BACKEND_H_
