// SPDX-License-Identifier: Apache-2.0
//
// What the engine remembers of each task slot: how much of it the policy has been told, and the
// override in force.
//
// Owned by the engine, used by the scheduling thread alone. Every entry names the owner
// (schedd_slot.key) it is about and counts for no other one: a task that gets a used slot inherits
// nothing. Allocates in the constructor only. Times in ns. Cannot fail: a slot out of range or an
// owner that is gone is "no".
#ifndef SCHEDD_ENGINE_TASK_TABLE_H_
#define SCHEDD_ENGINE_TASK_TABLE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "bpf/abi.h"
#include "server/engine/directive.h"
#include "server/policy/cgroup_policies.h"
#include "server/policy/cgroup_shares.h"
#include "server/policy/policy.h"

namespace schedd {

class TaskTable {
 public:
  explicit TaskTable(std::span<schedd_slot> slots);

  // The slots were in use under an earlier daemon: what their tasks ran until now has been dealt
  // with.
  void Resume();

  // True when `event` still describes what its task does: same owner, same wait, no decision yet.
  bool IsCurrent(const schedd_event& event) const;

  // True when the task of that slot is the one that the policy was told about.
  bool IsKnownOwner(uint32_t slot, uint32_t key) const;

  // The policy must forget the slot's task before it hears of owner `key`.
  bool HasOtherOwner(uint32_t slot, uint32_t key) const;

  // From here on the entry is about nobody.
  void Forget(uint32_t slot);

  // Makes of a current event what the policy wants to know, and takes note of what it was told. The
  // caller has dealt with HasOtherOwner().
  TaskEvent Describe(const schedd_event& event);

  // CPU time that the slot's task used in ended runs and no event has reported.
  int64_t UnreportedRun(uint32_t slot, uint32_t key) const;

  // True while the slot's task runs because it had come to the starvation bound.
  bool IsOutOfTurn(uint32_t slot) const;

  // Sets or (both 0) removes an override. False when `setting.key` is not the slot's owner.
  bool Override(const TaskSetting& setting);

  // Takes the shares of cgroups that are in force from now on, and leaves the former ones there.
  void ExchangeShares(std::unique_ptr<CgroupShares>& shares) { shares_.swap(shares); }

  // The same for the policies of cgroups.
  void ExchangePolicies(std::unique_ptr<CgroupPolicies>& policies) { policies_.swap(policies); }

  // Weight in force for the task's next wait: the override's, or the kernel's within its cgroup;
  // times the scale in force, 1 to 10000.
  int32_t EffectiveWeight(uint32_t slot, uint32_t key) const;

  // True while the wait that event `sequence` began goes on, decided or not.
  bool IsWaiting(uint32_t slot, uint32_t sequence) const;

  // True while it goes on before all others, by an urgent decision.
  bool IsUrgent(uint32_t slot, uint32_t sequence) const;

  // True when a decision for that wait would still be taken by the dispatcher.
  bool IsDecidable(uint32_t slot, uint32_t sequence, bool urgent) const;

  // Owner that the policy was told about; 0 for nobody.
  uint32_t KnownOwner(uint32_t slot) const { return records_[slot].key; }

  // Weight that the policy was told last. A wait that has begun keeps it, whatever is overridden
  // meanwhile.
  int32_t DescribedWeight(uint32_t slot) const { return records_[slot].described_weight; }

  size_t size() const { return slots_.size(); }

 private:
  struct Record {
    uint32_t key = 0;          // that the policy was told about; 0: nobody (no task has key 0)
    uint32_t counted_key = 0;  // whose counters reported_* are
    uint32_t override_key = 0;
    int32_t override_weight = 0;
    int32_t described_weight = 0;
    int64_t override_slice_ns = 0;
    uint64_t reported_run_ns = 0;
    uint64_t reported_solo_run_ns = 0;
    uint64_t reported_overhead_ns = 0;
    uint64_t reported_wakeups = 0;
    uint64_t reported_affinity = 0;
  };

  bool HasOverride(uint32_t slot, uint32_t key) const {
    return key != 0 && records_[slot].override_key == key;
  }

  const std::span<schedd_slot> slots_;
  std::vector<Record> records_;
  // Never nullptr.
  std::unique_ptr<CgroupShares> shares_ = std::make_unique<CgroupShares>();
  std::unique_ptr<CgroupPolicies> policies_ = std::make_unique<CgroupPolicies>();
};

}  // namespace schedd

#endif  // SCHEDD_ENGINE_TASK_TABLE_H_
