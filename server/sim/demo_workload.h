// SPDX-License-Identifier: Apache-2.0
//
// A small machine's life to look at: hogs, an editor, a database, a pipeline, a build that starts
// short-lived tasks, a kernel thread.
//
// Stateless; called once on a machine. More work than four CPUs can do, so that weights matter.
// Cannot fail.
#ifndef SCHEDD_SIM_DEMO_WORKLOAD_H_
#define SCHEDD_SIM_DEMO_WORKLOAD_H_

#include "server/sim/machine.h"

namespace schedd {

void StartDemoWorkload(SimMachine& machine);

}  // namespace schedd

#endif  // SCHEDD_SIM_DEMO_WORKLOAD_H_
