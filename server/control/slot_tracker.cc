// SPDX-License-Identifier: Apache-2.0
#include "server/control/slot_tracker.h"

#include <algorithm>
#include <span>

namespace schedd {

void SlotTracker::Reset(const SharedMemory* memory) {
  memory_ = memory;
  owners_.clear();
  slot_by_tid_.clear();
  tasks_by_tgid_.clear();
}

std::vector<uint32_t> SlotTracker::Scan() {
  std::vector<uint32_t> changed;
  if (memory_ == nullptr) return changed;
  const std::span<const schedd_slot> slots = UsedSlots(*memory_);
  if (slots.size() > owners_.size()) owners_.resize(slots.size());
  for (uint32_t slot = 0; slot < slots.size(); ++slot) {
    const std::optional<SlotIdentity> owner = ReadIdentity(slots[slot]);
    if (owner == owners_[slot]) continue;
    SetOwner(slot, owner);
    changed.push_back(slot);
  }
  return changed;
}

void SlotTracker::SetOwner(uint32_t slot, const std::optional<SlotIdentity>& owner) {
  if (const std::optional<SlotIdentity>& old = owners_[slot]; old.has_value()) {
    const auto by_tid = slot_by_tid_.find(old->task.tid);
    // The thread ID may be that of a younger task already, in a slot that was read before this one.
    if (by_tid != slot_by_tid_.end() && by_tid->second == slot) slot_by_tid_.erase(by_tid);
    const auto by_tgid = tasks_by_tgid_.find(old->tgid);
    if (--by_tgid->second == 0) tasks_by_tgid_.erase(by_tgid);
  }
  if (owner.has_value()) {
    slot_by_tid_[owner->task.tid] = slot;
    ++tasks_by_tgid_[owner->tgid];
  }
  owners_[slot] = owner;
}

const SlotIdentity* SlotTracker::Owner(uint32_t slot) const {
  return slot < owners_.size() && owners_[slot].has_value() ? &*owners_[slot] : nullptr;
}

std::optional<uint32_t> SlotTracker::FindTask(const TaskKey& task) const {
  const auto found = slot_by_tid_.find(task.tid);
  if (found == slot_by_tid_.end() || owners_[found->second]->task != task) return std::nullopt;
  return found->second;
}

bool SlotTracker::HasUnprotected(int32_t tgid) const {
  return std::ranges::any_of(owners_, [tgid](const std::optional<SlotIdentity>& owner) {
    return owner.has_value() && owner->tgid == tgid && !owner->is_protected();
  });
}

std::optional<uint64_t> SlotTracker::ProcessStart(int32_t tgid) const {
  const auto leader = slot_by_tid_.find(tgid);
  if (leader == slot_by_tid_.end()) return std::nullopt;
  return owners_[leader->second]->task.start_boottime_ns;
}

}  // namespace schedd
