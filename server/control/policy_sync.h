// SPDX-License-Identifier: Apache-2.0
//
// Keeps the engine in step with the policies: their parameters, and which control group has which.
//
// Owned by PolicyControl, all on the sequence. While attached, and while there are other policies
// than the default one, it looks each 50 ms for control groups that it has not met; tasks that
// begin in a known one have its policy at once, since the engine looks it up by control group. What
// is found belongs to the newest generation and raises none. Never blocks; cannot fail.
#ifndef SCHEDD_CONTROL_POLICY_SYNC_H_
#define SCHEDD_CONTROL_POLICY_SYNC_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "absl/time/time.h"
#include "server/control/attachment.h"
#include "server/control/cgroup_paths.h"
#include "server/control/generation.h"
#include "server/control/policy_set.h"
#include "server/control/scheduler_control.h"
#include "server/control/sequence.h"
#include "server/control/task_catalog.h"
#include "server/engine/directive.h"
#include "server/policy/cgroup_policies.h"
#include "server/policy/parameters.h"

namespace schedd {

class PolicySync : public AttachmentObserver, public PolicySource {
 public:
  static constexpr absl::Duration kInterval = absl::Milliseconds(50);

  // A policy as the engine knows it.
  struct Member {
    PolicyIndex index = kDefaultPolicyIndex;
    PolicyName name;  // resource name
  };

  // Arguments outlive it. Becomes an observer of `scheduler`. `set` is what PolicyControl has in
  // force.
  PolicySync(Sequence* sequence, const GenerationCounter* generations, CgroupPaths* cgroups,
             SchedulerControl* scheduler, const PolicySet* set);
  ~PolicySync() override;

  // The policies of the set, each by its path, from now on. Nothing is sent.
  void SetMembers(std::map<std::string, Member> members);

  // Sends what has changed in the set or its members, as `generation`.
  void Send(int64_t generation);

  // Ends the timer.
  void Shutdown() { timer_.Stop(); }

  void OnAttached(const Attachment& attachment) override;
  void OnDetached() override;
  PolicyName PolicyOf(uint64_t cgroup_id) const override;

 private:
  using Assignment = std::unordered_map<uint64_t, const Member*>;  // by cgroup ID

  void Rescan();
  Assignment Assign(const Attachment& attachment) const;
  // What the engine does not know yet.
  Directive Changes();
  bool HasOnlyDefault() const { return members_.size() <= 1; }
  void StartTimer();

  const GenerationCounter* const generations_;
  CgroupPaths* const cgroups_;
  SchedulerControl* const scheduler_;
  const PolicySet* const set_;

  std::map<std::string, Member> members_;  // by path
  Assignment assigned_;                    // of the control groups that tasks were in
  // As the engine was told.
  std::map<PolicyIndex, PolicyParameters> sent_;
  CgroupPolicies sent_cgroups_;
  Timer timer_;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_POLICY_SYNC_H_
