// SPDX-License-Identifier: Apache-2.0
//
// A comparison of simulations as tables and as bars for a terminal.
//
// Pure functions; any thread; never fail. Wide: figures that are seldom asked for, too.
#ifndef SCHEDD_CLIENT_SCHEDCTL_SIMULATION_TEXT_H_
#define SCHEDD_CLIENT_SCHEDCTL_SIMULATION_TEXT_H_

#include <optional>
#include <string>
#include <vector>

#include "client/schedctl/simulation_figures.h"
#include "client/schedctl/table.h"

namespace schedd::client {

// What was simulated: the workload and the machine, and a line for each policy.
std::string SimulationHeading(const SimulationComparison& comparison);

// The whole machine, a column for each policy.
Table MachineTable(const SimulationComparison& comparison, bool wide);

// The groups of tasks.
Table GroupTable(const SimulationComparison& comparison, bool wide);

// Shares of the CPU time as bars, one for each group and policy.
Table SharePlot(const SimulationComparison& comparison);

// Decades of a logarithmic axis that all latencies of a comparison fit on.
struct LatencyScale {
  int first = 0;  // it begins at 10^first ns
  int last = 0;   // and ends at 10^last ns

  // 0 at the beginning, 1 at the end.
  double PlaceOf(double nanos) const;
};

// "10us": its end.
std::string DecadeText(int decade);

// Absent when no task ever woke.
std::optional<LatencyScale> ScaleOf(const SimulationComparison& comparison);

// Wakeup latencies as bars on that scale: to the median, and on to the 99th percentile.
// Tasks that never woke are left out.
Table LatencyPlot(const SimulationComparison& comparison, const LatencyScale& scale);
}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_SIMULATION_TEXT_H_
