// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/simulation.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "server/engine/engine.h"
#include "server/policy/registry.h"
#include "server/sim/sim_kernel.h"
#include "server/sim/start_workload.h"
#include "server/simulate/cgroup_sharer.h"
#include "server/simulate/rustland_policy.h"
#include "server/simulate/simulation_tally.h"

namespace schedd {
namespace {

constexpr int64_t kStartNs = 1'000'000'000;
constexpr std::string_view kFair = "fair";

// Room for all tasks that the workload starts, and as many again for those that these start.
uint32_t SlotsFor(const SimWorkload& workload) {
  int64_t tasks = 64;
  for (const SimWorkloadTasks& group : workload.tasks) tasks += int64_t{group.count} * 2;
  return static_cast<uint32_t>(std::clamp<int64_t>(tasks, 1'024, 1 << 20));
}

absl::StatusOr<std::unique_ptr<Policy>> PolicyFor(const std::string& name, uint32_t slots,
                                                  uint32_t nr_cpus) {
  if (name == kRustland) return std::make_unique<RustlandPolicy>(slots);
  return MakePolicy(name, slots, nr_cpus);
}

MachineOptions MachineFor(const SimWorkload& workload, SimTrace* trace, SimObserver* observer) {
  return {.topology = workload.topology,
          .costs = workload.costs,
          .start_ns = kStartNs,
          .tick_ns = workload.tick_ns,
          .seed = workload.seed,
          .tid_range = 4'000'000,
          .trace = trace,
          .observer = observer};
}

// The scheduler on the machine, from attach to the end.
class Scheduler {
 public:
  Scheduler(SimMachine* machine, const SimWorkload& workload, std::unique_ptr<Policy> policy,
            uint32_t slots, const PolicyParameters& parameters)
      : machine_(machine),
        kernel_(machine, {.max_tasks = slots,
                          .call_cost_ns = workload.engine_call_ns +
                                          workload.engine_call_cpu_ns * machine->nr_cpus(),
                          .shares_cpus = !workload.engine_has_own_cpu}),
        engine_(&kernel_, std::move(policy), EngineOptions(), parameters,
                /*initial_generation=*/1) {
    kernel_.adversity() = workload.adversity;
    for (const SimChange& change : workload.changes) {
      if (change.kind == SimChange::Kind::kStall || change.kind == SimChange::Kind::kAdversity) {
        ChangeAt(kStartNs + change.at_ns, change);
      }
    }
    engine_.Step();  // alive before the first event, as in the daemon
    kernel_.Attach().IgnoreError();
  }

  // Begins to tell the engine what control groups are due. After the first tasks have started.
  void Share(const std::map<std::string, int32_t>& weights) {
    sharer_ = std::make_unique<CgroupSharer>(machine_, &engine_, weights);
  }

  void RunUntil(int64_t end_ns) {
    kernel_.RunUntil(end_ns, [this, end_ns] {
      if (stalled_until_ns_ > machine_->now_ns()) {
        kernel_.StallUntil(std::min(stalled_until_ns_, end_ns));
      } else {
        engine_.RunOnce();
        engine_.Reclaim();
      }
    });
  }

  EngineStats stats() const { return engine_.stats(); }
  int64_t engine_ns() const { return kernel_.engine_ns(); }

 private:
  void ChangeAt(int64_t time_ns, const SimChange& change) {
    machine_->At(time_ns, [this, time_ns, change] {
      if (change.kind == SimChange::Kind::kStall) {
        stalled_until_ns_ = time_ns + change.duration_ns;
      } else {
        kernel_.adversity() = change.adversity;
      }
      if (change.every_ns > 0) ChangeAt(time_ns + change.every_ns, change);
    });
  }

  SimMachine* const machine_;
  SimKernel kernel_;
  Engine engine_;
  std::unique_ptr<CgroupSharer> sharer_;
  int64_t stalled_until_ns_ = 0;
};

}  // namespace

absl::StatusOr<SimulationReport> Simulate(const SimWorkload& workload,
                                          const SimulationOptions& options) {
  const uint32_t slots = SlotsFor(workload);
  const auto nr_cpus = static_cast<uint32_t>(workload.topology.nr_cpus());
  std::unique_ptr<Policy> policy;
  if (options.policy != kFair) {
    absl::StatusOr<std::unique_ptr<Policy>> made = PolicyFor(options.policy, slots, nr_cpus);
    if (!made.ok()) return made.status();
    policy = *std::move(made);
  }
  SimulationTally tally(workload);
  SimMachine machine(MachineFor(workload, options.trace, &tally));
  std::unique_ptr<Scheduler> scheduler;
  if (policy != nullptr) {
    scheduler = std::make_unique<Scheduler>(
        &machine, workload, std::move(policy), slots,
        options.policy == kRustland ? RustlandParameters(options.parameters) : options.parameters);
  }
  const int64_t begin_ns = machine.now_ns();
  const int64_t end_ns = begin_ns + workload.duration_ns;
  StartWorkload(machine, workload);
  if (scheduler != nullptr) {
    // The other one knows no control groups.
    if (options.policy != kRustland) scheduler->Share(workload.cgroup_weights);
    scheduler->RunUntil(end_ns);
  }
  machine.AdvanceTo(end_ns);

  SimulationReport report = {.workload = workload.name,
                             .policy = options.policy,
                             .seed = workload.seed,
                             .nr_cpus = machine.nr_cpus(),
                             .duration_ns = machine.now_ns() - begin_ns,
                             .idle_while_runnable_ns = machine.IdleWhileRunnableNanos(),
                             .context_switches = machine.context_switches(),
                             .migrations = machine.migrations(),
                             .preemptions = machine.preemptions(),
                             .machine_events = machine.events()};
  for (int cpu = 0; cpu < machine.nr_cpus(); ++cpu) {
    report.busy += static_cast<double>(machine.BusyNanos(cpu));
  }
  report.busy /= static_cast<double>(report.duration_ns) * machine.nr_cpus();
  if (scheduler != nullptr) {
    const EngineStats stats = scheduler->stats();
    report.events = stats.events;
    report.decisions = stats.decisions;
    report.urgent_decisions = stats.urgent_decisions;
    report.engine_ns = scheduler->engine_ns();
  }
  tally.Fill(machine, &report);
  return report;
}

}  // namespace schedd
