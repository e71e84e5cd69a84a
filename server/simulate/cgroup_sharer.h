// SPDX-License-Identifier: Apache-2.0
//
// Tells the engine what control groups are due, as the daemon's control plane does on a real host
// (server/control/cgroup_control.h), from the simulated machine's own account.
//
// Owned by one simulation, on its thread. Ten times a second of the simulated clock; nothing where
// no group has a weight. Cannot fail.
#ifndef SCHEDD_SIMULATE_CGROUP_SHARER_H_
#define SCHEDD_SIMULATE_CGROUP_SHARER_H_

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/engine/engine.h"
#include "server/policy/cgroup_shares.h"
#include "server/sim/machine.h"

namespace schedd {

class CgroupSharer {
 public:
  // Arguments outlive the machine's last event. `weights` by path; groups without one are part of
  // the next above.
  CgroupSharer(SimMachine* machine, Engine* engine, const std::map<std::string, int32_t>& weights);

 private:
  struct Demand {
    uint64_t life = 0;
    int64_t ns = 0;
    double activity = 0;
  };

  void Look();
  double ActivityOf(const SimTask& task);
  size_t GroupOf(const std::string& path) const;

  SimMachine* const machine_;
  Engine* const engine_;
  std::vector<WeightedGroup> groups_;
  std::map<std::string, size_t> by_path_;
  std::unordered_map<int32_t, Demand> demands_;
  double scale_ = 1;
};

}  // namespace schedd

#endif  // SCHEDD_SIMULATE_CGROUP_SHARER_H_
