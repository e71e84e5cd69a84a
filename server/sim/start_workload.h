// SPDX-License-Identifier: Apache-2.0
//
// Sets a simulated machine to work.
//
// Stateless; called under the machine's thread rule. Expects values that were checked where they
// came from; cannot fail.
#ifndef SCHEDD_SIM_START_WORKLOAD_H_
#define SCHEDD_SIM_START_WORKLOAD_H_

#include "server/sim/machine.h"
#include "server/sim/workload.h"

namespace schedd {

// Puts the workload's tasks on `machine`, now and at their times, and what changes them. Of the
// changes not kStall and kAdversity: these are not the machine's.
void StartWorkload(SimMachine& machine, const SimWorkload& workload);

}  // namespace schedd

#endif  // SCHEDD_SIM_START_WORKLOAD_H_
