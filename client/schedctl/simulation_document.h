// SPDX-License-Identifier: Apache-2.0
//
// A comparison of simulations as JSON: each number of each run, and the figures made of them.
//
// No message of the API: numbers are numbers, times are whole nanoseconds. A pure function; any
// thread; never fails (bytes that are no UTF-8 become U+FFFD).
#ifndef SCHEDD_CLIENT_SCHEDCTL_SIMULATION_DOCUMENT_H_
#define SCHEDD_CLIENT_SCHEDCTL_SIMULATION_DOCUMENT_H_

#include <string>

#include "client/schedctl/simulation_figures.h"

namespace schedd::client {

std::string SimulationDocument(const SimulationComparison& comparison);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_SIMULATION_DOCUMENT_H_
