// SPDX-License-Identifier: Apache-2.0
//
// Decides which override is in force for which task, and what the engine must be told when that
// changes.
//
// Owned by OverrideControl, used on the sequence. Slots are matched by owner (key): an override
// never passes from a task to the next one in its slot. Adding costs one comparison a task,
// removing a full search for the tasks that it was in force for. Cannot fail.
#ifndef SCHEDD_CONTROL_OVERRIDE_TABLE_H_
#define SCHEDD_CONTROL_OVERRIDE_TABLE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/control/cgroup_paths.h"
#include "server/control/override_info.h"
#include "server/control/override_spec.h"
#include "server/control/slot_tracker.h"
#include "server/control/state_store.h"
#include "server/engine/directive.h"
#include "server/engine/kernel.h"

namespace schedd {

// One override, with what is worked out of it.
struct Override : StoredOverride {
  ParsedSelector selector = {};
  int32_t matched_task_count = 0;

  OverridePrecedence precedence() const { return selector.Precedence(creation); }
};

class OverrideTable {
 public:
  explicit OverrideTable(CgroupPaths* cgroups) : cgroups_(cgroups) {}

  // The memory must stay until Reset(nullptr): detached, nothing matches.
  void Reset(const SharedMemory* memory);

  // Looks for tasks that came, went or changed, and matches them. Removes overrides for a task or
  // process that has ended, and returns their ids. `is_attached` is asked after the look, and only
  // when there are such: false means that the slots are empty because the dispatcher ends, not
  // because tasks did, and nothing is removed.
  std::vector<std::string> Refresh(const std::function<bool()>& is_attached);

  void Add(Override added);
  // REQUIRES: it is there.
  void Remove(const std::string& id);

  // nullptr when there is none.
  const Override* Find(const std::string& id) const;
  // By id.
  const std::map<std::string, Override>& overrides() const { return overrides_; }

  // Tasks that `candidate` would be in force for, if `replaced` (an id, or empty) were not there.
  int32_t CountMatches(const Override& candidate, const std::string& replaced);

  // What has changed since the last call, for the engine.
  std::vector<TaskSetting> TakeSettings();

  // nullptr when none is in force for the owner `key` of a slot.
  const Override* InForce(uint32_t slot, uint32_t key) const;

  const SlotTracker& tracker() const { return tracker_; }

 private:
  // What holds for a slot's owner.
  struct Match {
    uint32_t key = 0;
    Override* winner = nullptr;
    // As the engine was told.
    int32_t sent_weight = 0;
    int64_t sent_slice_ns = 0;
  };

  bool Matches(const Override& candidate, uint32_t slot);
  bool HasEnded(const Override& candidate) const;
  Override* Search(uint32_t slot);
  void SetWinner(uint32_t slot, Override* winner);
  void Rematch(uint32_t slot);

  CgroupPaths* const cgroups_;
  SlotTracker tracker_;
  std::map<std::string, Override> overrides_;
  std::map<OverridePrecedence, Override*, std::greater<>> by_precedence_;
  std::vector<Match> matches_;     // by slot
  std::vector<uint32_t> touched_;  // slots whose match may differ from what was sent
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_OVERRIDE_TABLE_H_
