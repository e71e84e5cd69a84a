// SPDX-License-Identifier: Apache-2.0
//
// A machine and what it has to do: all that a simulation is made of but the policy.
//
// Plain values, made by a file (server/simulate/workload_file.h), a recorded trace, or a test.
// Times in ns from the start of the simulation. Nothing here can fail.
#ifndef SCHEDD_SIM_WORKLOAD_H_
#define SCHEDD_SIM_WORKLOAD_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "server/sim/adversity.h"
#include "server/sim/task_program.h"
#include "server/sim/topology.h"

namespace schedd {

// `count` tasks alike. Their threads report together, under spec.comm.
struct SimWorkloadTasks {
  int64_t start_ns = 0;
  int64_t start_spread_ns = 0;  // the last one starts so much later, the others evenly in between
  int count = 1;
  SimTaskSpec spec = {};
};

// Something that happens to the tasks with a name, or to the machine.
struct SimChange {
  enum class Kind {
    kSetNice,      // tasks: nice
    kSetAffinity,  // tasks: cpus, empty for all
    kKill,         // tasks
    kOffline,      // cpus leave the machine
    kOnline,       // cpus come back
    kStall,        // the engine does nothing for duration_ns, as if its thread were stopped
    kAdversity,    // from now on
    kClockStep,    // the clock is duration_ns later at once, and nothing happened meanwhile
  };
  int64_t at_ns = 0;
  int64_t every_ns = 0;  // again and again; 0: once
  Kind kind = Kind::kSetNice;
  std::string tasks = {};
  int nice = 0;
  std::vector<int> cpus = {};
  int64_t duration_ns = 0;
  SimAdversity adversity = {};
};

struct SimWorkload {
  std::string name = {};
  std::string description = {};
  SimTopology topology = {};
  SimCosts costs = {};
  int64_t tick_ns = 4'000'000;  // slices end at ticks; 0: to the nanosecond
  int64_t duration_ns = 10'000'000'000;
  uint64_t seed = 1;
  // What one use of the kernel by the engine takes: its own speed. A pass has about four of them.
  int64_t engine_call_ns = 500;
  // And so much more for each CPU: a pass looks at all of them.
  int64_t engine_call_cpu_ns = 6;
  // The engine has a CPU beside the machine's; else it takes one of these while it is at work.
  bool engine_has_own_cpu = false;
  std::vector<SimWorkloadTasks> tasks = {};
  // cpu.weight of the groups that have one.
  std::map<std::string, int32_t> cgroup_weights = {};
  // What channels hold at the start; others 0. A lock is a channel that holds 1.
  std::map<int, int64_t> channels = {};
  std::vector<SimChange> changes = {};
  SimAdversity adversity = {};
};

// The weight that the kernel gives a nice value, of 100 for nice 0 (sched_prio_to_weight, scaled as
// sched_ext does). `nice` from -20 to 19.
int32_t WeightOfNice(int nice);

}  // namespace schedd

#endif  // SCHEDD_SIM_WORKLOAD_H_
