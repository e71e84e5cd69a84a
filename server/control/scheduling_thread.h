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

#include <functional>
#include <memory>

#include "server/control/engine_runner.h"
#include "server/engine/engine.h"
#include "server/engine/kernel.h"
#include "server/policy/policy.h"

namespace schedd {

// Makes the policy for a kernel with so many slots and CPUs.
using PolicyFactory = std::function<std::unique_ptr<Policy>(size_t task_capacity, size_t nr_cpus)>;

// `host` outlives the factory and all it makes.
EngineRunnerFactory MakeSchedulingThreadFactory(KernelHost* host, PolicyFactory make_policy,
                                                const EngineOptions& options);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_SCHEDULING_THREAD_H_
