// SPDX-License-Identifier: Apache-2.0
//
// Reads the tasks from the shared slots: what ListTasks, GetTask and WatchTasks show.
//
// Owned by Control, used on its sequence; the snapshots it makes may be read on any thread. Reading
// costs the scheduler nothing: no lock, no system call but for a cgroup not met before.
// Nanoseconds. A task whose slot changes hands while it is read is left out: it has just ended, or
// has just begun.
//
// A snapshot costs a comparison for each task that sleeps as it did in the one before, which it
// shares with that one, and for the others what Get() costs.
#ifndef SCHEDD_CONTROL_TASK_CATALOG_H_
#define SCHEDD_CONTROL_TASK_CATALOG_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/control/cgroup_paths.h"
#include "server/control/clock.h"
#include "server/control/scheduler_control.h"
#include "server/control/slot_identity.h"
#include "server/control/task_info.h"

namespace schedd {

// What an override does to a task; the name is empty when there is none.
struct AppliedOverride {
  std::string name;
  int32_t weight = 0;  // 0: leaves it

  bool operator==(const AppliedOverride&) const = default;
};

class OverrideSource {
 public:
  virtual ~OverrideSource() = default;
  // For the owner `key` of a slot.
  virtual AppliedOverride OverrideOf(uint32_t slot, uint32_t key) const = 0;
};

// Resource name of a policy; the same object as long as it is the same policy. Never null.
using PolicyName = std::shared_ptr<const std::string>;

class PolicySource {
 public:
  virtual ~PolicySource() = default;
  // Of the policy that applies to the tasks in that cgroup.
  virtual PolicyName PolicyOf(uint64_t cgroup_id) const = 0;
};

class ShareSource {
 public:
  virtual ~ShareSource() = default;
  // By which the weight of a task in that cgroup is multiplied when it competes with tasks
  // elsewhere.
  virtual double FactorOf(uint64_t cgroup_id) const = 0;
};

class TaskCatalog {
 public:
  // Arguments outlive it.
  TaskCatalog(const Clock* clock, SchedulerControl* scheduler, CgroupPaths* cgroups,
              const PolicySource* policies, const OverrideSource* overrides,
              const ShareSource* shares);

  // One no older than max_age. FAILED_PRECONDITION SCHEDULER_DETACHED.
  absl::StatusOr<std::shared_ptr<const TaskSnapshot>> Snapshot(absl::Duration max_age);

  // INVALID_ARGUMENT INVALID_NAME, NOT_FOUND TASK_NOT_FOUND, FAILED_PRECONDITION
  // SCHEDULER_DETACHED.
  absl::StatusOr<TaskInfo> Get(const std::string& name);

 private:
  // All that is known of a task but its latencies, which no two facts that are equal and of a
  // sleeping task can differ in: they change when a task runs after a wakeup.
  struct Facts {
    SlotIdentity identity;
    TaskRunState run_state = TaskRunState::kSleeping;
    uint32_t seq = 0;  // schedd_slot.seq
    int32_t nice = 0;
    int32_t weight = 0;  // the kernel's
    int32_t cpu = 0;
    int32_t allowed_cpu_count = 0;
    TaskStats stats;  // latencies: 0
    PolicyName policy;
    AppliedOverride applied;
    double share_factor = 0;

    bool operator==(const Facts&) const = default;
  };
  // What a slot had at the last snapshot.
  struct Known {
    Facts facts;
    int64_t version = 0;
    std::shared_ptr<const TaskInfo> info;  // null: no owner
  };
  struct Place {
    TaskKey key;
    uint32_t slot;
  };

  // Nothing when the slot has no owner, or not the same one all the time.
  std::optional<Facts> ReadFacts(const Attachment& attachment, uint32_t slot, int64_t now_ns) const;
  // Nothing when the slot is no longer its owner's.
  std::optional<TaskInfo> Describe(const schedd_slot& slot, const Facts& facts);
  bool IsUnchanged(const Known& known, const Facts& facts);
  // Makes known_[slot] what the slot has now. True when that is a task which it had not before.
  bool Look(const Attachment& attachment, uint32_t slot, int64_t now_ns);
  // Brings places_ up to known_, `begun` being the slots that have a task which is not in it.
  void UpdatePlaces(const std::vector<uint32_t>& begun);

  const Clock* const clock_;
  SchedulerControl* const scheduler_;
  CgroupPaths* const cgroups_;
  const PolicySource* const policies_;
  const OverrideSource* const overrides_;
  const ShareSource* const shares_;

  std::shared_ptr<const TaskSnapshot> last_;
  std::vector<Known> known_;     // by slot
  std::vector<Place> places_;    // of the tasks in known_, by key
  int64_t version_ = 0;          // of the newest snapshot, whatever attachment it is of
  int64_t last_now_ns_ = 0;      // Kernel clock
  int64_t last_attachment_ = 0;  // Attachment::number
};

// The error of a call that needs an attached scheduler. `what` completes "... while the scheduler
// is not attached".
absl::Status DetachedError(absl::string_view what);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_TASK_CATALOG_H_
