// SPDX-License-Identifier: Apache-2.0
//
// A comparison of simulations as a page of HTML to keep or to send: tables and bars.
//
// One file that needs no other and no script, light or dark as the reader's browser is, well-formed
// as XML is. The same comparison gives the same page. Names come from outside and are escaped. A
// pure function; any thread; never fails.
#ifndef SCHEDD_CLIENT_SCHEDCTL_SIMULATION_PAGE_H_
#define SCHEDD_CLIENT_SCHEDCTL_SIMULATION_PAGE_H_

#include <string>

#include "client/schedctl/simulation_figures.h"

namespace schedd::client {

std::string SimulationPage(const SimulationComparison& comparison);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_SIMULATION_PAGE_H_
