// SPDX-License-Identifier: Apache-2.0
//
// What the daemon configures of the control plane.
//
// Value object; copied by Control. Its parts only read it. Nothing here fails.
#ifndef SCHEDD_CONTROL_CONTROL_OPTIONS_H_
#define SCHEDD_CONTROL_CONTROL_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/time/time.h"
#include "server/control/process_usage.h"
#include "server/control/safe_ranges.h"
#include "server/engine/kernel.h"
#include "server/policy/parameters.h"

namespace schedd {

struct ControlOptions {
  LoadOptions load = {};  // load.ext_tasks_only is the configured scope
  PolicyParameters parameters =
      {};                       // to begin with; the daemon has checked them with CheckParameters()
  SafeRanges safe_ranges = {};  // the daemon has checked them with CheckSafeRanges()
  // How long a revision of a policy must be in force until it is known to be good.
  absl::Duration bake_time = absl::Seconds(60);
  std::string policy_kind = "vruntime";  // only shown
  std::string daemon_version = {};       // only shown
  std::string kernel_release = {};       // only shown
  std::string dump_directory = {};       // for the kernel's dumps at ejection; empty: not kept
  int32_t max_dumps = 10;                // newest ones kept
  // How often an ejected dispatcher is attached again by itself (reattach_budget.h); 0: never.
  int32_t reattach_limit = 0;
  // How long a call waits for the scheduling thread to take its change up.
  absl::Duration apply_timeout = absl::Seconds(1);
  // Lines for the daemon's log: attach, detach, ejection, accepted changes. Called on the sequence;
  // may be empty.
  std::function<void(const std::string& line)> log = {};
  // What the daemon itself costs. Called on the sequence; a test tells another one.
  std::function<ProcessUsage()> process_usage = ReadProcessUsage;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_CONTROL_OPTIONS_H_
