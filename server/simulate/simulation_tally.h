// SPDX-License-Identifier: Apache-2.0
//
// Keeps count of what the tasks of a simulation go through, name by name.
//
// Owned by one simulation, on its thread; hears of the machine what it counts. Cannot fail.
#ifndef SCHEDD_SIMULATE_SIMULATION_TALLY_H_
#define SCHEDD_SIMULATE_SIMULATION_TALLY_H_

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/engine/latency.h"
#include "server/sim/machine.h"
#include "server/sim/workload.h"
#include "server/simulate/simulation.h"

namespace schedd {

// Jain's index of fairness: 1 when all have as much, 1/n when one has it all. 1 for none.
// (Jain, Chiu, Hawe: "A quantitative measure of fairness", DEC-TR-301, 1984.)
double JainIndex(const std::vector<double>& values);

class SimulationTally : public SimObserver {
 public:
  // Groups of the workload come first, in its order.
  explicit SimulationTally(const SimWorkload& workload);

  void OnWaited(const SimTask& task, int64_t wait_ns, bool woke) override;
  void OnSpawned(const SimTask& task) override;
  void OnEnding(const SimTask& task) override;

  // Completes what the report says of tasks: those that live on `machine` included.
  void Fill(const SimMachine& machine, SimulationReport* report) const;

 private:
  struct Group {
    TaskGroupReport report;
    LatencyHistogram wakeups;
    int64_t started_at_first = 0;  // tasks that were there from the start
  };

  Group& GroupOf(const SimTask& task);
  static void Include(const SimTask& task, int64_t run_ns, int64_t wait_ns, int64_t longest_wait_ns,
                      TaskGroupReport* report);

  std::vector<Group> groups_;
  std::unordered_map<std::string, size_t> by_name_;
  std::unordered_map<const SimTaskSpec*, size_t> by_spec_;  // a name is looked up once
};

}  // namespace schedd

#endif  // SCHEDD_SIMULATE_SIMULATION_TALLY_H_
