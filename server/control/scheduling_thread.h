// SPDX-License-Identifier: Apache-2.0
//
// The scheduling thread: runs an Engine with a policy on a thread of its own, prepared by
// KernelHost::PrepareSchedulingThread().
//
// MakeSchedulingThreadFactory() is for the daemon; what it makes belongs to SchedulerControl and is
// used on the control thread. Making one fails with what PrepareSchedulingThread() says, or
// DEADLINE_EXCEEDED / SELF_TEST_FAILED when the first pass does not come.
#ifndef SCHEDD_CONTROL_SCHEDULING_THREAD_H_
#define SCHEDD_CONTROL_SCHEDULING_THREAD_H_

#include <string>

#include "server/control/engine_runner.h"
#include "server/engine/engine.h"
#include "server/engine/kernel.h"

namespace schedd {

// `policy_kind`: a name that MakePolicy() takes. `host` outlives the factory and all it makes.
EngineRunnerFactory MakeSchedulingThreadFactory(KernelHost* host, std::string policy_kind,
                                                const EngineOptions& options);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_SCHEDULING_THREAD_H_
