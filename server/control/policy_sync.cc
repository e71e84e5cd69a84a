// SPDX-License-Identifier: Apache-2.0
#include "server/control/policy_sync.h"

#include <span>
#include <utility>

#include "server/control/slot_identity.h"
#include "server/engine/shared_access.h"

namespace schedd {

PolicySync::PolicySync(Sequence* sequence, const GenerationCounter* generations,
                       CgroupPaths* cgroups, SchedulerControl* scheduler, const PolicySet* set)
    : generations_(generations),
      cgroups_(cgroups),
      scheduler_(scheduler),
      set_(set),
      timer_(sequence) {
  scheduler_->AddObserver(this);
}

PolicySync::~PolicySync() { scheduler_->RemoveObserver(this); }

void PolicySync::SetMembers(std::map<std::string, Member> members) {
  members_ = std::move(members);
  assigned_.clear();
}

void PolicySync::Send(int64_t generation) {
  Directive directive = Changes();
  directive.generation = generation;
  scheduler_->outbox().Send(std::move(directive));
  StartTimer();
}

void PolicySync::Rescan() {
  Directive found = Changes();
  if (found.cgroup_policies != nullptr) {
    found.generation = generations_->current();
    scheduler_->outbox().Send(std::move(found));
  }
  StartTimer();
}

Directive PolicySync::Changes() {
  Directive directive;
  for (const auto& [path, member] : members_) {
    const PolicyParameters parameters = set_->Effective(path);
    const auto [known, is_new] = sent_.emplace(member.index, parameters);
    if (!is_new && known->second == parameters) continue;
    known->second = parameters;
    if (member.index == kDefaultPolicyIndex) {
      directive.parameters = parameters;
    } else {
      directive.policies.push_back({.index = member.index, .parameters = parameters});
    }
  }
  const Attachment* attachment = scheduler_->attachment();
  if (attachment != nullptr) assigned_ = Assign(*attachment);
  CgroupPolicies cgroups;
  for (const auto& [cgroup_id, member] : assigned_) {
    if (member->index != kDefaultPolicyIndex) cgroups.indexes[cgroup_id] = member->index;
  }
  if (cgroups != sent_cgroups_) {
    sent_cgroups_ = std::move(cgroups);
    directive.cgroup_policies = std::make_unique<CgroupPolicies>(sent_cgroups_);
  }
  return directive;
}

PolicySync::Assignment PolicySync::Assign(const Attachment& attachment) const {
  Assignment found;
  if (HasOnlyDefault()) return found;
  for (const schedd_slot& slot : UsedSlots(attachment.kernel->memory())) {
    const bool owned = LoadSharedAcquire(slot.key) % 2 == 0;
    if (!owned || LoadShared(slot.state) == SCHEDD_TASK_FREE) continue;
    const uint64_t cgroup_id = LoadShared(slot.cgroup_id);
    if (found.contains(cgroup_id)) continue;
    const auto known = assigned_.find(cgroup_id);
    if (known != assigned_.end()) {
      found.insert(*known);
      continue;
    }
    const std::string& path = cgroups_->Path(cgroup_id);
    // One that is not found may be found later.
    if (!path.empty()) found.emplace(cgroup_id, &members_.at(set_->MostSpecific(path)));
  }
  return found;
}

void PolicySync::StartTimer() {
  if (scheduler_->attachment() == nullptr || HasOnlyDefault()) return timer_.Stop();
  if (!timer_.running()) timer_.Start(kInterval, [this] { Rescan(); });
}

void PolicySync::OnAttached(const Attachment& /*attachment*/) {
  // The engine begins with the default policy's.
  sent_ = {{kDefaultPolicyIndex, set_->Effective("/")}};
  sent_cgroups_ = {};
  assigned_.clear();
  if (!HasOnlyDefault()) Send(generations_->current());
}

void PolicySync::OnDetached() {
  timer_.Stop();
  assigned_.clear();
}

PolicyName PolicySync::PolicyOf(uint64_t cgroup_id) const {
  if (HasOnlyDefault()) return members_.at("/").name;
  const auto known = assigned_.find(cgroup_id);
  if (known != assigned_.end()) return known->second->name;
  return members_.at(set_->MostSpecific(cgroups_->Path(cgroup_id))).name;
}

}  // namespace schedd
