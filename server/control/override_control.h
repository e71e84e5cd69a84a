// SPDX-License-Identifier: Apache-2.0
//
// Creates, lists, changes and ends task overrides, and keeps the engine in step with them.
//
// Owned by Control, all on its sequence. Never blocks: changes answer through a callback once the
// scheduling thread has them in force or the time is up. A refused change changes nothing. At most
// 1000 overrides.
//
// What to know:
//  - Each create, update, delete and expiry is one generation. Tasks that begin to match later
//  (found within 50 ms) belong to the
//    generation of the change that made them match, and raise none.
//  - One override is in force for a task: see OverridePrecedence. What it leaves (weight or slice)
//  is the task's own.
//  - An override by `task` or `tgid` ends by itself with that task or process; it needs an attached
//  scheduler to be created.
//  - Children and threads get an override only by matching its selector.
//  - Threads of the daemon and kernel threads that the dispatcher schedules itself are never
//  matched.
//  - Overrides outlast detach and attach, and the daemon where there is a store. Each change is
//  stored before it is made; an override whose time is over ends even if the store refuses.
#ifndef SCHEDD_CONTROL_OVERRIDE_CONTROL_H_
#define SCHEDD_CONTROL_OVERRIDE_CONTROL_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/control/attachment.h"
#include "server/control/cgroup_paths.h"
#include "server/control/clock.h"
#include "server/control/control_options.h"
#include "server/control/generation.h"
#include "server/control/override_info.h"
#include "server/control/override_table.h"
#include "server/control/policy_control.h"
#include "server/control/scheduler_control.h"
#include "server/control/sequence.h"
#include "server/control/state_journal.h"
#include "server/control/task_catalog.h"

namespace schedd {

class OverrideControl : public AttachmentObserver, public OverrideSource {
 public:
  static constexpr size_t kMaxOverrides = 1'000;

  using Done = std::function<void(absl::StatusOr<OverrideInfo>)>;
  using DeleteDone = std::function<void(absl::Status)>;

  // Arguments outlive it. Begins with the overrides of `journal`. Becomes an observer of
  // `scheduler`.
  OverrideControl(Sequence* sequence, const Clock* clock, const ControlOptions* options,
                  GenerationCounter* generations, StateJournal* journal, CgroupPaths* cgroups,
                  SchedulerControl* scheduler, const PolicyControl* policy);
  ~OverrideControl() override;

  void Create(const CreateOverrideRequest& request, Done done);
  absl::StatusOr<OverrideInfo> Get(const std::string& name);
  absl::StatusOr<OverridePage> List(int32_t page_size, const std::string& page_token);
  void Update(const UpdateOverrideRequest& request, Done done);
  void Delete(const std::string& name, const std::string& etag, DeleteDone done);

  // Ends all timers.
  void Shutdown();

  void OnAttached(const Attachment& attachment) override;
  void OnDetached() override;
  AppliedOverride OverrideOf(uint32_t slot, uint32_t key) const override;

 private:
  // A checked override from what a caller asks.
  absl::StatusOr<Override> Check(const OverrideSpec& spec);
  absl::Status CheckTarget(const ParsedSelector& selector) const;
  absl::StatusOr<std::string> ChooseId(const std::string& wanted);
  absl::StatusOr<const Override*> Find(const std::string& name) const;
  absl::Status CheckEtag(const Override& entry, const std::string& etag) const;
  OverrideInfo Describe(const Override& entry) const;

  // Sends what changed, as `generation`, and answers once it is in force.
  void Commit(int64_t generation, std::function<void()> done);
  // Answers with the override as it is then, or as it was when it is gone already.
  void CommitAndDescribe(const std::string& id, Done done);
  void Send();
  void Refresh();
  void Expire();
  void StoreRemoval(const std::vector<std::string>& ids, int64_t generation);
  void Rescan();
  void StartTimers();
  void Log(const std::string& line) const;

  const Clock* const clock_;
  const ControlOptions* const options_;
  GenerationCounter* const generations_;
  StateJournal* const journal_;
  SchedulerControl* const scheduler_;
  const PolicyControl* const policy_;

  OverrideTable table_;
  int64_t created_;  // overrides so far
  bool attached_ = false;
  Timer rescan_;
  Timer expiry_;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_OVERRIDE_CONTROL_H_
