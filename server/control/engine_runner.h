// SPDX-License-Identifier: Apache-2.0
//
// An engine at work, as the control plane sees it: production runs it on the scheduling thread
// (scheduling_thread.h), tests by hand.
//
// Made by an EngineRunnerFactory and owned by SchedulerControl; must end before its Kernel. All
// methods on the control thread. Times are of the Kernel's clock, in nanoseconds. See
// server/engine/engine.h for what each means.
#ifndef SCHEDD_CONTROL_ENGINE_RUNNER_H_
#define SCHEDD_CONTROL_ENGINE_RUNNER_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "server/control/process_usage.h"
#include "server/engine/directive.h"
#include "server/engine/engine.h"
#include "server/engine/kernel.h"
#include "server/policy/parameters.h"

namespace schedd {

class EngineRunner {
 public:
  virtual ~EngineRunner() = default;  // stops the engine and waits for its thread

  virtual bool Submit(std::unique_ptr<Directive>& directive) = 0;
  virtual void Reclaim() = 0;
  virtual int64_t applied_generation() const = 0;
  virtual int64_t applied_time_ns() const = 0;
  virtual EngineStats stats() const = 0;
  virtual TaskEngineView view(uint32_t slot, uint32_t key) const = 0;
  virtual int32_t scheduling_tid() const = 0;
  // CPU time that the scheduling thread has used.
  virtual int64_t cpu_time_ns() const = 0;
  // Context switches of the scheduling thread. An error: nobody can tell.
  virtual absl::StatusOr<SwitchCounts> switches() const = 0;
};

// Starts an engine on `kernel` and returns once it has made one pass without the dispatcher
// attached (the self-test).
using EngineRunnerFactory = std::function<absl::StatusOr<std::unique_ptr<EngineRunner>>(
    Kernel* kernel, const PolicyParameters& parameters, int64_t generation)>;

}  // namespace schedd

#endif  // SCHEDD_CONTROL_ENGINE_RUNNER_H_
