// SPDX-License-Identifier: Apache-2.0
#include "server/control/task_catalog.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/control/counters.h"
#include "server/control/error.h"
#include "server/control/latency.h"
#include "server/control/policy_info.h"
#include "server/control/slot_times.h"
#include "server/engine/shared_access.h"

namespace schedd {
namespace {

void ReadStats(const schedd_slot& slot, TaskStats& stats) {
  stats.policy_generation = static_cast<int64_t>(LoadShared(slot.generation));
  stats.slice_ns = static_cast<int64_t>(LoadShared(slot.slice_ns));
  stats.voluntary_switch_count = static_cast<int64_t>(LoadShared(slot.voluntary_switches));
  stats.involuntary_switch_count = static_cast<int64_t>(LoadShared(slot.involuntary_switches));
  stats.wakeup_count = static_cast<int64_t>(LoadShared(slot.wakeups));
  stats.migration_count = static_cast<int64_t>(LoadShared(slot.migrations));
  const LatencySummary latency = SummarizeLatency(slot);
  stats.wakeup_latency_mean_ns = latency.mean_ns;
  stats.wakeup_latency_p50_ns = latency.p50_ns;
  stats.wakeup_latency_p99_ns = latency.p99_ns;
  stats.wakeup_latency_max_ns = latency.max_ns;
}

}  // namespace

TaskCatalog::TaskCatalog(const Clock* clock, SchedulerControl* scheduler, CgroupPaths* cgroups,
                         const OverrideSource* overrides, const ShareSource* shares)
    : clock_(clock),
      scheduler_(scheduler),
      cgroups_(cgroups),
      overrides_(overrides),
      shares_(shares) {}

absl::StatusOr<std::shared_ptr<const TaskSnapshot>> TaskCatalog::Snapshot(absl::Duration max_age) {
  const Attachment* attachment = scheduler_->attachment();
  if (attachment == nullptr) {
    last_.reset();
    return DetachedError("no tasks are known");
  }
  const int64_t now_ns = attachment->kernel->NowNanos();
  if (last_ != nullptr && last_attachment_ == attachment->number &&
      absl::Nanoseconds(now_ns - last_now_ns_) < max_age) {
    return last_;
  }
  auto snapshot = std::make_shared<TaskSnapshot>();
  snapshot->collect_time = clock_->Now();
  snapshot->policy_generation = attachment->engine->applied_generation();
  const SharedMemory& memory = attachment->kernel->memory();
  snapshot->lost_event_count = ReadLostEventCount(memory);
  const size_t used = UsedSlots(memory).size();
  for (uint32_t slot = 0; slot < used; ++slot) {
    TaskInfo task;
    if (Read(*attachment, slot, now_ns, task)) snapshot->tasks.push_back(std::move(task));
  }
  std::ranges::sort(snapshot->tasks, {}, &TaskInfo::key);
  last_ = std::move(snapshot);
  last_now_ns_ = now_ns;
  last_attachment_ = attachment->number;
  return last_;
}

absl::StatusOr<TaskInfo> TaskCatalog::Get(const std::string& name) {
  const absl::StatusOr<TaskKey> key = ParseTaskName(name);
  if (!key.ok()) return key.status();
  const Attachment* attachment = scheduler_->attachment();
  if (attachment == nullptr) return DetachedError("no tasks are known");
  const SharedMemory& memory = attachment->kernel->memory();
  const size_t used = UsedSlots(memory).size();
  std::string successor;
  for (uint32_t slot = 0; slot < used; ++slot) {
    if (LoadShared(memory.slots[slot].tid) != key->tid) continue;
    TaskInfo task;
    if (!Read(*attachment, slot, attachment->kernel->NowNanos(), task)) continue;
    if (task.key == *key) return task;
    if (task.key.tid == key->tid) successor = task.name;
  }
  return MakeError(
      absl::StatusCode::kNotFound, reason::kTaskNotFound,
      successor.empty()
          ? absl::StrCat(name, " has ended, or never was: ListTasks shows the tasks there are")
          : absl::StrCat(name, " has ended; its thread ID is now that of ", successor),
      {{"field", "name"}});
}

bool TaskCatalog::Read(const Attachment& attachment, uint32_t slot_index, int64_t now_ns,
                       TaskInfo& task) {
  const schedd_slot& slot = attachment.kernel->memory().slots[slot_index];
  const std::optional<SlotIdentity> identity = ReadIdentity(slot);
  if (!identity.has_value()) return false;
  const SlotTimes times = ReadTimes(slot, now_ns);
  task.run_state = times.run_state;
  task.stats.run_time_ns = times.run_time_ns;
  task.stats.wait_time_ns = times.wait_time_ns;
  ReadStats(slot, task.stats);
  task.nice = LoadShared(slot.nice);
  task.weight = static_cast<int32_t>(LoadShared(slot.weight));
  task.cpu = LoadShared(slot.cpu);
  task.allowed_cpu_count = static_cast<int32_t>(LoadShared(slot.nr_allowed));
  // All of it was read of the same owner.
  std::atomic_thread_fence(std::memory_order_acquire);
  if (LoadShared(slot.key) != identity->key) return false;

  ReadIdentityFields(*identity, task);
  const TaskEngineView view = attachment.engine->view(slot_index, identity->key);
  task.stats.vruntime_ns = view.vruntime_ns;
  task.stats.lag_ns = view.lag_ns;
  AppliedOverride applied = overrides_->OverrideOf(slot_index, identity->key);
  task.effective_weight = task.weight * shares_->FactorOf(identity->cgroup_id);
  if (applied.weight != 0) task.effective_weight = task.weight = applied.weight;
  task.task_override = std::move(applied.name);
  return true;
}

void TaskCatalog::ReadIdentityFields(const SlotIdentity& identity, TaskInfo& task) {
  task.key = identity.task;
  task.name = FormatTaskName(identity.task);
  task.tgid = identity.tgid;
  task.comm = FormatComm(identity.comm);
  task.cgroup_path = cgroups_->Path(identity.cgroup_id);
  task.policy = kPolicyName;
  task.uid = identity.uid;
  task.kernel_thread = (identity.flags & SCHEDD_SLOT_KTHREAD) != 0;
}

absl::Status DetachedError(absl::string_view what) {
  return MakeError(absl::StatusCode::kFailedPrecondition, reason::kSchedulerDetached,
                   absl::StrCat(what,
                                " while the scheduler is not attached: attach it first "
                                "(schedctl scheduler attach)"));
}

}  // namespace schedd
