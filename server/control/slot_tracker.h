// SPDX-License-Identifier: Apache-2.0
//
// Remembers who owned each slot at the last look, and says what has changed since.
//
// Owned by OverrideControl, used on the sequence. A look costs one cache line a slot in use. A task
// that takes over a slot is told from the one before it by the slot's key. Cannot fail; without
// memory (detached) there is nobody.
#ifndef SCHEDD_CONTROL_SLOT_TRACKER_H_
#define SCHEDD_CONTROL_SLOT_TRACKER_H_

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "server/control/slot_identity.h"
#include "server/control/task_info.h"
#include "server/engine/kernel.h"

namespace schedd {

class SlotTracker {
 public:
  // Forgets all. The memory must stay until Reset(nullptr).
  void Reset(const SharedMemory* memory);

  // Reads all slots in use; returns those whose owner, or anything about it, is not as before.
  std::vector<uint32_t> Scan();

  // Slots that Scan() has seen.
  uint32_t size() const { return static_cast<uint32_t>(owners_.size()); }
  // nullptr for a free slot.
  const SlotIdentity* Owner(uint32_t slot) const;

  // Slot of a living task.
  std::optional<uint32_t> FindTask(const TaskKey& task) const;
  // True when a task of that process lives.
  bool HasProcess(int32_t tgid) const { return tasks_by_tgid_.contains(tgid); }
  // True when one of its tasks may be overridden.
  bool HasUnprotected(int32_t tgid) const;
  // Start time of the process's first thread; nothing when that one has ended or is not known.
  std::optional<uint64_t> ProcessStart(int32_t tgid) const;

 private:
  void SetOwner(uint32_t slot, const std::optional<SlotIdentity>& owner);

  const SharedMemory* memory_ = nullptr;
  std::vector<std::optional<SlotIdentity>> owners_;
  std::unordered_map<int32_t, uint32_t> slot_by_tid_;
  std::unordered_map<int32_t, int32_t> tasks_by_tgid_;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_SLOT_TRACKER_H_
