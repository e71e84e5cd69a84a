// SPDX-License-Identifier: Apache-2.0
#include "server/sim/sim_host.h"

#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>

#include "absl/strings/str_cat.h"
#include "server/sim/start_workload.h"

namespace schedd {
namespace {

constexpr char kNamePrefix[] = "schedd";
constexpr uint32_t kLongestWatchdogMs = 30'000;
constexpr int32_t kTaskIds = 4'000'000;  // as many as the kernel has

absl::Status Validate(const LoadOptions& options) {
  if (options.max_tasks == 0) {
    return absl::InvalidArgumentError("max_tasks is 0; give at least 1");
  }
  if (options.watchdog_timeout_ms == 0 || options.watchdog_timeout_ms > kLongestWatchdogMs) {
    return absl::InvalidArgumentError(absl::StrCat("watchdog_timeout is ",
                                                   options.watchdog_timeout_ms, " ms; give 1 to ",
                                                   kLongestWatchdogMs));
  }
  if (options.ops_name.compare(0, sizeof(kNamePrefix) - 1, kNamePrefix) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("name \"", options.ops_name, "\" must begin with \"", kNamePrefix, "\""));
  }
  if (options.ext_tasks_only) {
    return absl::UnimplementedError(
        "the simulated machine has no SCHED_EXT tasks: let schedd schedule all tasks (scope all, "
        "no "
        "--ext-tasks-only)");
  }
  return absl::OkStatus();
}

MachineOptions MachineFor(const SimHostOptions& options) {
  if (!options.scenario.has_value()) return {.nr_cpus = options.nr_cpus, .seed = options.seed};
  return {.topology = options.scenario->topology,
          .costs = options.scenario->costs,
          .tick_ns = options.scenario->tick_ns,
          .seed = options.scenario->seed,
          .tid_range = kTaskIds};
}

void MakeTrouble(SimMachine& machine, int64_t time_ns, const SimChange& change,
                 const std::shared_ptr<PacedTrouble>& trouble) {
  machine.At(time_ns, [&machine, time_ns, change, trouble] {
    if (change.kind == SimChange::Kind::kStall) {
      trouble->stalled_until_ns.store(time_ns + change.duration_ns);
    } else {
      trouble->adversity = change.adversity;
    }
    if (change.every_ns > 0) MakeTrouble(machine, time_ns + change.every_ns, change, trouble);
  });
}

void Start(SimMachine& machine, const SimWorkload& scenario,
           const std::shared_ptr<PacedTrouble>& trouble) {
  const int64_t start_ns = machine.now_ns();
  trouble->adversity = scenario.adversity;
  for (const SimChange& change : scenario.changes) {
    if (change.kind == SimChange::Kind::kStall || change.kind == SimChange::Kind::kAdversity) {
      MakeTrouble(machine, start_ns + change.at_ns, change, trouble);
    }
  }
  StartWorkload(machine, scenario);
}

}  // namespace

SimHost::SimHost(const SimHostOptions& options)
    : options_(options),
      machine_(std::make_shared<PacedMachine>(MachineFor(options), options.speed)),
      attachments_(std::make_shared<Attachments>()),
      trouble_(std::make_shared<PacedTrouble>()) {
  if (options_.scenario.has_value()) {
    machine_->With([this](SimMachine& machine) { Start(machine, *options_.scenario, trouble_); });
  } else if (options_.workload) {
    machine_->With(options_.workload);
  }
}

absl::StatusOr<std::unique_ptr<Kernel>> SimHost::Load(const LoadOptions& options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  const int nr_cpus =
      options_.scenario.has_value() ? options_.scenario->topology.nr_cpus() : options_.nr_cpus;
  return std::make_unique<PacedKernel>(machine_, attachments_, trouble_, nr_cpus, options);
}

KernelState SimHost::ReadState() const {
  KernelState state;
  state.ops_name = attachments_->name();
  const bool attached = !state.ops_name.empty();
  state.attachment = attached ? KernelState::Attachment::kOurs : KernelState::Attachment::kDetached;
  state.raw_state = attached ? "enabled" : "disabled";
  return state;
}

absl::StatusOr<std::string> SimHost::CgroupPath(uint64_t cgroup_id) const {
  std::optional<std::string> found;
  machine_->With([&found, cgroup_id](SimMachine& machine) {
    const std::string* path = machine.CgroupPath(cgroup_id);
    if (path != nullptr) found = *path;
  });
  if (!found.has_value()) {
    return absl::NotFoundError(absl::StrCat("no control group has ID ", cgroup_id));
  }
  return *found;
}

absl::StatusOr<int32_t> SimHost::CgroupWeight(const std::string& path) const {
  if (options_.scenario.has_value()) {
    const auto found = options_.scenario->cgroup_weights.find(path);
    if (found != options_.scenario->cgroup_weights.end()) return found->second;
  }
  return absl::NotFoundError(absl::StrCat("control group \"", path, "\" has no weight"));
}

// The scheduling thread is real here, too.
absl::StatusOr<int64_t> SimHost::PageFaultCount(int32_t tid) const {
  std::ifstream file(absl::StrCat("/proc/self/task/", tid, "/stat"));
  const std::string stat{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const size_t after_name = stat.rfind(')');  // the name before it may hold anything
  int64_t minor = 0;
  int64_t major = 0;
  if (after_name == std::string::npos ||
      std::sscanf(stat.c_str() + after_name,
                  ") %*c %*d %*d %*d %*d %*d %*u %" SCNd64 " %*u %" SCNd64, &minor, &major) != 2) {
    return absl::NotFoundError(absl::StrCat("this process has no thread ", tid));
  }
  return minor + major;
}

}  // namespace schedd
