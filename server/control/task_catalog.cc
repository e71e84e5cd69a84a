// SPDX-License-Identifier: Apache-2.0
#include "server/control/task_catalog.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/control/counters.h"
#include "server/control/error.h"
#include "server/control/slot_times.h"
#include "server/engine/latency.h"
#include "server/engine/shared_access.h"

namespace schedd {
namespace {

// But for the latencies.
TaskStats ReadStats(const schedd_slot& slot) {
  TaskStats stats;
  stats.policy_generation = static_cast<int64_t>(LoadShared(slot.generation));
  stats.slice_ns = static_cast<int64_t>(LoadShared(slot.slice_ns));
  stats.voluntary_switch_count = static_cast<int64_t>(LoadShared(slot.voluntary_switches));
  stats.involuntary_switch_count = static_cast<int64_t>(LoadShared(slot.involuntary_switches));
  stats.wakeup_count = static_cast<int64_t>(LoadShared(slot.wakeups));
  stats.migration_count = static_cast<int64_t>(LoadShared(slot.migrations));
  return stats;
}

// True while what was read before is the owner's.
bool IsStillOwnedBy(const schedd_slot& slot, uint32_t key) {
  std::atomic_thread_fence(std::memory_order_acquire);
  return LoadShared(slot.key) == key;
}

}  // namespace

TaskCatalog::TaskCatalog(const Clock* clock, SchedulerControl* scheduler, CgroupPaths* cgroups,
                         const PolicySource* policies, const OverrideSource* overrides,
                         const ShareSource* shares)
    : clock_(clock),
      scheduler_(scheduler),
      cgroups_(cgroups),
      policies_(policies),
      overrides_(overrides),
      shares_(shares) {}

absl::StatusOr<std::shared_ptr<const TaskSnapshot>> TaskCatalog::Snapshot(absl::Duration max_age) {
  const Attachment* attachment = scheduler_->attachment();
  if (attachment == nullptr) {
    last_.reset();
    known_ = {};
    places_ = {};
    return DetachedError("no tasks are known");
  }
  const int64_t now_ns = attachment->kernel->NowNanos();
  if (last_ != nullptr && last_attachment_ == attachment->number &&
      absl::Nanoseconds(now_ns - last_now_ns_) < max_age) {
    return last_;
  }
  if (last_ == nullptr || last_attachment_ != attachment->number) {
    known_.clear();
    places_.clear();
  }
  auto snapshot = std::make_shared<TaskSnapshot>();
  snapshot->collect_time = clock_->Now();
  snapshot->version = ++version_;
  snapshot->policy_generation = attachment->engine->applied_generation();
  const SharedMemory& memory = attachment->kernel->memory();
  snapshot->lost_event_count = ReadLostEventCount(memory);
  known_.resize(std::max(known_.size(), UsedSlots(memory).size()));
  std::vector<uint32_t> begun;
  for (uint32_t slot = 0; slot < known_.size(); ++slot) {
    if (Look(*attachment, slot, now_ns)) begun.push_back(slot);
  }
  UpdatePlaces(begun);
  snapshot->tasks.reserve(places_.size());
  for (const Place& place : places_) {
    const Known& known = known_[place.slot];
    snapshot->tasks.push_back({.key = place.key, .version = known.version, .info = known.info});
  }
  last_ = std::move(snapshot);
  last_now_ns_ = now_ns;
  last_attachment_ = attachment->number;
  return last_;
}

bool TaskCatalog::Look(const Attachment& attachment, uint32_t slot, int64_t now_ns) {
  Known& known = known_[slot];
  std::optional<Facts> facts = ReadFacts(attachment, slot, now_ns);
  if (facts.has_value() && IsUnchanged(known, *facts)) return false;
  std::optional<TaskInfo> info;
  if (facts.has_value()) info = Describe(attachment.kernel->memory().slots[slot], *facts);
  if (!info.has_value()) {
    known.info.reset();
    return false;
  }
  const bool begun = known.info == nullptr || known.info->key != info->key;
  known.facts = *std::move(facts);
  known.version = version_;
  known.info = std::make_shared<const TaskInfo>(*std::move(info));
  return begun;
}

bool TaskCatalog::IsUnchanged(const Known& known, const Facts& facts) {
  // One that runs or waits may have latencies that its facts do not show.
  if (known.info == nullptr || facts.run_state != TaskRunState::kSleeping) return false;
  if (!(known.facts == facts)) return false;
  // A path found stays right; one not found may be found now.
  return !known.info->cgroup_path.empty() || cgroups_->Path(facts.identity.cgroup_id).empty();
}

// Most tasks were there before: a merge, where a sort would cost more than all the reading.
void TaskCatalog::UpdatePlaces(const std::vector<uint32_t>& begun) {
  std::erase_if(places_, [this](const Place& place) {
    const Known& known = known_[place.slot];
    return known.info == nullptr || known.info->key != place.key;
  });
  if (begun.empty()) return;
  std::vector<Place> fresh;
  fresh.reserve(begun.size());
  for (const uint32_t slot : begun) fresh.push_back({.key = known_[slot].info->key, .slot = slot});
  std::ranges::sort(fresh, {}, &Place::key);
  std::vector<Place> merged;
  merged.reserve(places_.size() + fresh.size());
  std::ranges::merge(places_, fresh, std::back_inserter(merged), {}, &Place::key, &Place::key);
  places_ = std::move(merged);
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
    const auto facts = ReadFacts(*attachment, slot, attachment->kernel->NowNanos());
    if (!facts.has_value()) continue;
    std::optional<TaskInfo> task = Describe(memory.slots[slot], *facts);
    if (!task.has_value()) continue;
    if (task->key == *key) return *std::move(task);
    if (task->key.tid == key->tid) successor = task->name;
  }
  return MakeError(
      absl::StatusCode::kNotFound, reason::kTaskNotFound,
      successor.empty()
          ? absl::StrCat(name, " has ended, or never was: ListTasks shows the tasks there are")
          : absl::StrCat(name, " has ended; its thread ID is now that of ", successor),
      {{"field", "name"}});
}

std::optional<TaskCatalog::Facts> TaskCatalog::ReadFacts(const Attachment& attachment,
                                                         uint32_t slot_index,
                                                         int64_t now_ns) const {
  const schedd_slot& slot = attachment.kernel->memory().slots[slot_index];
  const std::optional<SlotIdentity> identity = ReadIdentity(slot);
  if (!identity.has_value()) return std::nullopt;
  Facts facts;
  facts.identity = *identity;
  facts.stats = ReadStats(slot);
  const SlotTimes times = ReadTimes(slot, now_ns);
  facts.run_state = times.run_state;
  facts.stats.run_time_ns = times.run_time_ns;
  facts.stats.wait_time_ns = times.wait_time_ns;
  facts.seq = LoadShared(slot.seq);
  facts.nice = LoadShared(slot.nice);
  facts.weight = static_cast<int32_t>(LoadShared(slot.weight));
  facts.cpu = LoadShared(slot.cpu);
  facts.allowed_cpu_count = static_cast<int32_t>(LoadShared(slot.nr_allowed));
  if (!IsStillOwnedBy(slot, identity->key)) return std::nullopt;

  const TaskEngineView view = attachment.engine->view(slot_index, identity->key);
  facts.stats.vruntime_ns = view.vruntime_ns;
  facts.stats.lag_ns = view.lag_ns;
  facts.policy = policies_->PolicyOf(identity->cgroup_id);
  facts.applied = overrides_->OverrideOf(slot_index, identity->key);
  facts.share_factor = shares_->FactorOf(identity->cgroup_id);
  return facts;
}

std::optional<TaskInfo> TaskCatalog::Describe(const schedd_slot& slot, const Facts& facts) {
  const LatencySummary latency = SummarizeLatency(slot);
  const SlotIdentity& identity = facts.identity;
  if (!IsStillOwnedBy(slot, identity.key)) return std::nullopt;
  TaskInfo task;
  task.key = identity.task;
  task.name = FormatTaskName(identity.task);
  task.tgid = identity.tgid;
  task.comm = FormatComm(identity.comm);
  task.cgroup_path = cgroups_->Path(identity.cgroup_id);
  task.nice = facts.nice;
  task.weight = facts.weight;
  task.effective_weight = task.weight * facts.share_factor;
  if (facts.applied.weight != 0) task.effective_weight = task.weight = facts.applied.weight;
  task.run_state = facts.run_state;
  task.cpu = facts.cpu;
  task.policy = *facts.policy;
  task.task_override = facts.applied.name;
  task.stats = facts.stats;
  task.stats.wakeup_latency_mean_ns = latency.mean_ns;
  task.stats.wakeup_latency_p50_ns = latency.p50_ns;
  task.stats.wakeup_latency_p99_ns = latency.p99_ns;
  task.stats.wakeup_latency_max_ns = latency.max_ns;
  task.uid = identity.uid;
  task.kernel_thread = (identity.flags & SCHEDD_SLOT_KTHREAD) != 0;
  task.allowed_cpu_count = facts.allowed_cpu_count;
  return task;
}

absl::Status DetachedError(absl::string_view what) {
  return MakeError(absl::StatusCode::kFailedPrecondition, reason::kSchedulerDetached,
                   absl::StrCat(what,
                                " while the scheduler is not attached: attach it first "
                                "(schedctl scheduler attach)"));
}

}  // namespace schedd
