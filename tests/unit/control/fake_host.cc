// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/control/fake_host.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace schedd {

FakeKernel::FakeKernel(FakeHost* host, const LoadOptions& options, bool adopted)
    : host_(host), options_(options), adopted_(adopted), slots_(host->slots), cpus_(2) {
  memory_ = {
      .header = &header_, .slots = slots_, .cpus = cpus_, .events = {}, .decisions = nullptr};
  header_.ext_tasks_only = options.ext_tasks_only ? 1 : 0;
  host_->kernel = this;
  ++host_->kernels_alive;
}

FakeKernel::~FakeKernel() {
  host_->events.push_back("unload");
  --host_->kernels_alive;
  if (host_->kernel == this) host_->kernel = nullptr;
}

int64_t FakeKernel::NowNanos() const { return 1'000'000'000 + host_->clock->elapsed_ns(); }

absl::Status FakeKernel::Attach() {
  if (adopted_) return absl::OkStatus();
  host_->events.push_back("attach");
  if (!host_->attach_status.ok()) return host_->attach_status;
  host_->state = {
      .attachment = KernelState::Attachment::kOurs, .ops_name = "schedd", .raw_state = "enabled"};
  return absl::OkStatus();
}

absl::Status FakeKernel::Detach() {
  host_->events.push_back("detach");
  if (!host_->detach_status.ok()) return host_->detach_status;
  Eject(
      {.kind = 64, .code = 0, .reason = "unregistered from user space", .message = "", .dump = ""});
  return absl::OkStatus();
}

void FakeKernel::Release() { host_->events.push_back("release"); }

void FakeKernel::Eject(KernelExit exit) {
  exit_ = std::move(exit);
  host_->state = {
      .attachment = KernelState::Attachment::kDetached, .ops_name = "", .raw_state = "disabled"};
}

uint32_t FakeKernel::PutTask(uint32_t index, const FakeTask& task) {
  schedd_slot& slot = slots_[index];
  const uint32_t key = slot.key + 2;
  slot = {};
  slot.key = key;
  slot.tid = task.tid;
  slot.tgid = task.tgid == 0 ? task.tid : task.tgid;
  slot.uid = task.uid;
  slot.start_boottime_ns = task.start_ns;
  slot.cgroup_id = task.cgroup_id;
  std::memcpy(slot.comm, task.comm.data(), std::min<size_t>(task.comm.size(), SCHEDD_COMM_LEN));
  slot.flags = task.flags;
  slot.state = task.state;
  slot.weight = task.weight;
  slot.nr_allowed = 2;
  header_.slots_high_water = std::max<uint64_t>(header_.slots_high_water, index + 1);
  return key;
}

void FakeKernel::EndTask(uint32_t index) {
  slots_[index].key += 2;
  slots_[index].state = SCHEDD_TASK_FREE;
}

FakeEngine::FakeEngine(FakeHost* host, const PolicyParameters& initial, int64_t generation)
    : automatic(host->automatic_engine),
      parameters(initial),
      host_(host),
      applied_generation_(generation),
      applied_time_ns_(host->kernel->NowNanos()) {
  host_->engine = this;
}

FakeEngine::~FakeEngine() {
  host_->events.push_back("engine ends");
  host_->engine = nullptr;
}

absl::StatusOr<SwitchCounts> FakeEngine::switches() const { return host_->switches; }

bool FakeEngine::Submit(std::unique_ptr<Directive>& directive) {
  if (mailbox_full) return false;
  inbox_.push_back(std::move(directive));
  if (automatic) Step();
  return true;
}

void FakeEngine::Step() {
  for (const std::unique_ptr<Directive>& directive : inbox_) {
    if (directive->parameters.has_value()) parameters = *directive->parameters;
    for (const TaskSetting& setting : directive->settings) settings[setting.slot] = setting;
    if (directive->generation != applied_generation_) applied_time_ns_ = host_->kernel->NowNanos();
    applied_generation_ = directive->generation;
    if (directive->shares != nullptr) shares = *directive->shares;
    for (const PolicySetting& setting : directive->policies) {
      policies[setting.index] = setting.parameters;
    }
    if (directive->cgroup_policies != nullptr) cgroup_policies = *directive->cgroup_policies;
    applied.push_back(std::move(*directive));
  }
  inbox_.clear();
}

absl::StatusOr<std::unique_ptr<Kernel>> FakeHost::Load(const LoadOptions& options) {
  events.push_back("load");
  if (!load_status.ok()) return load_status;
  return std::make_unique<FakeKernel>(this, options);
}

absl::StatusOr<std::unique_ptr<Kernel>> FakeHost::Adopt(const LoadOptions& options) {
  if (!adopt_status.ok()) return adopt_status;
  events.push_back("adopt");
  return std::make_unique<FakeKernel>(this, options, /*adopted=*/true);
}

absl::StatusOr<std::string> FakeHost::CgroupPath(uint64_t cgroup_id) const {
  ++cgroup_questions;
  const auto found = cgroups.find(cgroup_id);
  if (found == cgroups.end()) return absl::NotFoundError("gone");
  return found->second;
}

absl::StatusOr<int32_t> FakeHost::CgroupWeight(const std::string& path) const {
  ++weight_questions;
  const auto found = cgroup_weights.find(path);
  if (found == cgroup_weights.end()) return absl::NotFoundError("no cpu controller");
  return found->second;
}

EngineRunnerFactory FakeHost::EngineFactory() {
  return [this](Kernel*, const PolicyParameters& parameters,
                int64_t generation) -> absl::StatusOr<std::unique_ptr<EngineRunner>> {
    events.push_back("engine");
    if (!engine_status.ok()) return engine_status;
    return std::make_unique<FakeEngine>(this, parameters, generation);
  };
}

}  // namespace schedd
