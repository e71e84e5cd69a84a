// SPDX-License-Identifier: Apache-2.0
//
// Reads the tasks from the shared slots: what ListTasks, GetTask and WatchTasks show.
//
// Owned by Control, used on its sequence; the snapshots it makes may be read on any thread. Reading
// costs the scheduler nothing: no lock, no system call but for a cgroup not met before.
// Nanoseconds. A task whose slot changes hands while it is read is left out: it has just ended, or
// has just begun.
#ifndef SCHEDD_CONTROL_TASK_CATALOG_H_
#define SCHEDD_CONTROL_TASK_CATALOG_H_

#include <cstdint>
#include <memory>
#include <string>

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
};

class OverrideSource {
 public:
  virtual ~OverrideSource() = default;
  // For the owner `key` of a slot.
  virtual AppliedOverride OverrideOf(uint32_t slot, uint32_t key) const = 0;
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
              const OverrideSource* overrides, const ShareSource* shares);

  // One no older than max_age. FAILED_PRECONDITION SCHEDULER_DETACHED.
  absl::StatusOr<std::shared_ptr<const TaskSnapshot>> Snapshot(absl::Duration max_age);

  // INVALID_ARGUMENT INVALID_NAME, NOT_FOUND TASK_NOT_FOUND, FAILED_PRECONDITION
  // SCHEDULER_DETACHED.
  absl::StatusOr<TaskInfo> Get(const std::string& name);

 private:
  // False when the slot has no owner, or not the same one all the time.
  bool Read(const Attachment& attachment, uint32_t slot, int64_t now_ns, TaskInfo& task);
  void ReadIdentityFields(const SlotIdentity& identity, TaskInfo& task);

  const Clock* const clock_;
  SchedulerControl* const scheduler_;
  CgroupPaths* const cgroups_;
  const OverrideSource* const overrides_;
  const ShareSource* const shares_;

  std::shared_ptr<const TaskSnapshot> last_;
  int64_t last_now_ns_ = 0;      // Kernel clock
  int64_t last_attachment_ = 0;  // Attachment::number
};

// The error of a call that needs an attached scheduler. `what` completes "... while the scheduler
// is not attached".
absl::Status DetachedError(absl::string_view what);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_TASK_CATALOG_H_
