// SPDX-License-Identifier: Apache-2.0
//
// Reads the small messages of a workload file: machine, costs, spans of time, adversity.
//
// Pure but for what they note in the FieldReader; one thread. Times in ns. Nothing here fails.
#ifndef SCHEDD_SIMULATE_VALUE_READER_H_
#define SCHEDD_SIMULATE_VALUE_READER_H_

#include <string>

#include "schedd/sim/v1/workload.pb.h"
#include "server/sim/adversity.h"
#include "server/sim/task_program.h"
#include "server/sim/topology.h"
#include "server/simulate/field_reader.h"

namespace schedd {

// One CPU when the machine is too large.
SimTopology ReadTopology(const Located<sim::v1::Machine>& machine, FieldReader* fields);

// The realistic ones when the machine does not say.
SimCosts ReadCosts(const Located<sim::v1::Machine>& machine, FieldReader* fields);

SimSpan ReadSpan(const Located<sim::v1::Span>& span, FieldReader* fields);

SimAdversity ReadAdversity(const Located<sim::v1::Adversity>& adversity, FieldReader* fields);

// Below the root, without a slash at either end.
std::string ReadCgroupPath(const FieldPlace& place, const std::string& path, FieldReader* fields);

}  // namespace schedd

#endif  // SCHEDD_SIMULATE_VALUE_READER_H_
