// SPDX-License-Identifier: Apache-2.0
#include "server/engine/task_table.h"

#include <algorithm>
#include <cmath>

#include "server/engine/shared_access.h"

namespace schedd {
namespace {

// Growth of a counter that never falls. The slot may change hands between two reads; the decision
// is then refused by its key, and the number only must not be absurd.
int64_t Growth(uint64_t now, uint64_t before) {
  return now > before ? static_cast<int64_t>(now - before) : 0;
}

// Two masks with the same one are taken for one and the same: what depends on it is no more than
// the virtual time at which a task starts among others.
uint64_t AffinityHash(const schedd_slot& slot) {
  constexpr uint64_t kFnvPrime = 0x100000001b3;
  uint64_t hash = 0;
  for (const uint64_t& word : slot.allowed) hash = (hash ^ LoadShared(word)) * kFnvPrime;
  return hash;
}

}  // namespace

TaskTable::TaskTable(std::span<schedd_slot> slots) : slots_(slots), records_(slots.size()) {}

void TaskTable::Resume() {
  for (size_t index = 0; index < slots_.size(); ++index) {
    const schedd_slot& slot = slots_[index];
    Record& record = records_[index];
    record.counted_key = LoadSharedAcquire(slot.key);
    record.reported_run_ns = LoadShared(slot.run_ns);
    record.reported_solo_run_ns = LoadShared(slot.solo_run_ns);
    record.reported_overhead_ns = LoadShared(slot.overhead_ns);
    record.reported_wakeups = LoadShared(slot.wakeups);
  }
}

bool TaskTable::IsCurrent(const schedd_event& event) const {
  if (event.slot >= slots_.size()) return false;
  const schedd_slot& slot = slots_[event.slot];
  return LoadShared(slot.key) == event.key && LoadShared(slot.seq) == event.seq &&
         LoadShared(slot.state) == SCHEDD_TASK_UNDECIDED;
}

bool TaskTable::IsKnownOwner(uint32_t slot, uint32_t key) const {
  return slot < slots_.size() && key != 0 && records_[slot].key == key;
}

bool TaskTable::HasOtherOwner(uint32_t slot, uint32_t key) const {
  return slot < slots_.size() && records_[slot].key != 0 && records_[slot].key != key;
}

void TaskTable::Forget(uint32_t slot) {
  Record& record = records_[slot];
  record.key = 0;
  record.counted_key = 0;
  record.reported_run_ns = 0;
  record.reported_solo_run_ns = 0;
  record.reported_overhead_ns = 0;
  record.reported_wakeups = 0;
}

TaskEvent TaskTable::Describe(const schedd_event& event) {
  const schedd_slot& slot = slots_[event.slot];
  Record& record = records_[event.slot];
  const bool is_new = record.key != event.key;
  if (is_new) {
    if (record.counted_key != event.key) Forget(event.slot);
    record.key = record.counted_key = event.key;
  }
  const uint64_t solo_run_ns = LoadShared(slot.solo_run_ns);
  const uint64_t overhead_ns = LoadShared(slot.overhead_ns);
  const uint64_t run_ns = LoadShared(slot.run_ns);
  const uint64_t wakeups = LoadShared(slot.wakeups);
  const uint64_t affinity = AffinityHash(slot);
  const TaskEvent described = {
      .task = event.slot,
      .sequence = event.seq,
      .time_ns = static_cast<int64_t>(event.time_ns),
      .woke = is_new || wakeups != record.reported_wakeups,
      .affinity_changed = !is_new && affinity != record.reported_affinity,
      .out_of_turn = (event.flags & SCHEDD_EVENT_OUT_OF_TURN) != 0,
      .unasked = (event.flags & SCHEDD_EVENT_UNASKED) != 0,
      .ran_ns = Growth(run_ns, record.reported_run_ns),
      .solo_ran_ns = Growth(solo_run_ns, record.reported_solo_run_ns),
      .overhead_ns = Growth(overhead_ns, record.reported_overhead_ns),
      .ran_since_wake_ns = static_cast<int64_t>(LoadShared(slot.awake_run_ns)),
      .slept_virtual_ns = static_cast<int64_t>(LoadShared(slot.slept_virtual_ns)),
      .weight = EffectiveWeight(event.slot, event.key),
      .slice_override_ns = HasOverride(event.slot, event.key) ? record.override_slice_ns : 0,
      .policy = policies_->Of(LoadShared(slot.cgroup_id)),
      .cpu = event.cpu,
      .allowed = slot.allowed,
      .allowed_count = std::max(1u, LoadShared(slot.nr_allowed)),
  };
  record.described_weight = static_cast<int32_t>(described.weight);
  record.reported_run_ns = std::max(run_ns, record.reported_run_ns);
  record.reported_solo_run_ns = std::max(solo_run_ns, record.reported_solo_run_ns);
  record.reported_overhead_ns = std::max(overhead_ns, record.reported_overhead_ns);
  record.reported_wakeups = wakeups;
  record.reported_affinity = affinity;
  return described;
}

int64_t TaskTable::UnreportedRun(uint32_t slot, uint32_t key) const {
  const bool counted = slot < slots_.size() && key != 0 && records_[slot].counted_key == key;
  const uint64_t reported = counted ? records_[slot].reported_run_ns : 0;
  return Growth(LoadShared(slots_[slot].run_ns), reported);
}

bool TaskTable::IsOutOfTurn(uint32_t slot) const {
  return LoadShared(slots_[slot].urgent_seq) == LoadShared(slots_[slot].seq);
}

bool TaskTable::Override(const TaskSetting& setting) {
  if (setting.slot >= slots_.size() || setting.key == 0) return false;
  if (LoadShared(slots_[setting.slot].key) != setting.key) return false;
  Record& record = records_[setting.slot];
  const bool none = setting.weight == 0 && setting.slice_ns == 0;
  record.override_key = none ? 0 : setting.key;
  record.override_weight = setting.weight;
  record.override_slice_ns = setting.slice_ns;
  return true;
}

int32_t TaskTable::EffectiveWeight(uint32_t slot, uint32_t key) const {
  const bool overridden = HasOverride(slot, key) && records_[slot].override_weight != 0;
  // What an operator sets counts on the whole machine, what the kernel says within the cgroup.
  const double weight = overridden ? records_[slot].override_weight
                                   : LoadShared(slots_[slot].weight) *
                                         shares_->Factor(LoadShared(slots_[slot].cgroup_id));
  const double bounded =
      std::clamp<double>(weight * shares_->scale, kMinWeight, static_cast<double>(kMaxWeight));
  return static_cast<int32_t>(std::lround(bounded));
}

bool TaskTable::IsWaiting(uint32_t slot, uint32_t sequence) const {
  return IsDecidable(slot, sequence, /*urgent=*/true);
}

bool TaskTable::IsUrgent(uint32_t slot, uint32_t sequence) const {
  return IsWaiting(slot, sequence) && LoadShared(slots_[slot].urgent_seq) == sequence;
}

bool TaskTable::IsDecidable(uint32_t slot, uint32_t sequence, bool urgent) const {
  if (slot >= slots_.size() || records_[slot].key == 0) return false;
  const schedd_slot& shared = slots_[slot];
  if (LoadShared(shared.key) != records_[slot].key || LoadShared(shared.seq) != sequence) {
    return false;
  }
  const uint32_t state = LoadShared(shared.state);
  return state == SCHEDD_TASK_UNDECIDED || (urgent && state == SCHEDD_TASK_DECIDED);
}

}  // namespace schedd
