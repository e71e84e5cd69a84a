// SPDX-License-Identifier: Apache-2.0
//
// Makes, changes, lists and removes policies, and says what parameters are in force.
//
// Owned by Control, all on its sequence. Never blocks: changes answer through a callback once the
// scheduling thread has them in force or the time is up; a store's write is waited for. A change is
// taken whole or not at all, and stored before it is made; a refused one changes nothing. While
// nothing is attached a change is accepted too, and counts from the next attach on.
//
// What to know:
//  - The policy with the longest cgroup path that matches applies to a task; what it does not set
//  is
//    inherited from the next one, up to "policies/default", which is always there.
//  - Each create, update, delete, rollback and lapse is one generation. All but a delete also make
//  a
//    revision (policy_revisions.h).
//  - A change is checked as a whole: for each policy, what would be in force must keep the rules,
//    now and once temporary values have lapsed. Two policies whose temporary values lapse at
//    different times may break one in between; that is logged, and changes nothing for the worse
//    than the order of service.
//  - A lapse happens even if the store refuses it: at the next start it would happen again.
#ifndef SCHEDD_CONTROL_POLICY_CONTROL_H_
#define SCHEDD_CONTROL_POLICY_CONTROL_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/control/attachment.h"
#include "server/control/cgroup_paths.h"
#include "server/control/clock.h"
#include "server/control/control_options.h"
#include "server/control/generation.h"
#include "server/control/policy_info.h"
#include "server/control/policy_set.h"
#include "server/control/policy_sync.h"
#include "server/control/scheduler_control.h"
#include "server/control/sequence.h"
#include "server/control/state_journal.h"
#include "server/policy/parameters.h"

namespace schedd {

class PolicyControl : public AttachmentObserver {
 public:
  using Done = std::function<void(absl::StatusOr<PolicyInfo>)>;
  using DeleteDone = std::function<void(absl::Status)>;

  // Arguments outlive it. Begins with the policies of `journal`. Becomes an observer of
  // `scheduler`.
  PolicyControl(Sequence* sequence, const Clock* clock, const ControlOptions* options,
                GenerationCounter* generations, StateJournal* journal, CgroupPaths* cgroups,
                SchedulerControl* scheduler);
  ~PolicyControl() override;

  // In force in the default policy.
  PolicyParameters parameters() const { return set_.Effective("/"); }
  const PolicySource& source() const { return sync_; }

  // NOT_FOUND POLICY_NOT_FOUND.
  absl::StatusOr<PolicyInfo> Get(const std::string& name);
  absl::StatusOr<PolicyPage> List(int32_t page_size, const std::string& page_token);
  absl::StatusOr<RevisionPage> ListRevisions(const std::string& name, int32_t page_size,
                                             const std::string& page_token);

  // What policy_spec.h, policy_set.h and safe_ranges.h refuse; UNAVAILABLE STORE_UNAVAILABLE. And
  // ALREADY_EXISTS (POLICY_EXISTS, SELECTOR_EXISTS), RESOURCE_EXHAUSTED TOO_MANY_POLICIES.
  void Create(const CreatePolicyRequest& request, Done done);
  // NOT_FOUND, ABORTED ETAG_MISMATCH, INVALID_ARGUMENT IMMUTABLE_FIELD.
  void Update(const PolicyUpdate& update, Done done);
  // NOT_FOUND, ABORTED, FAILED_PRECONDITION (DEFAULT_POLICY, POLICY_INHERITED).
  void Delete(const DeletePolicyRequest& request, DeleteDone done);
  // NOT_FOUND (the revision's, too), ABORTED.
  void Rollback(const RollbackRequest& request, Done done);

  // Ends all timers.
  void Shutdown();

  void OnAttached(const Attachment& attachment) override;
  void OnDetached() override;
  void OnEjected() override;

 private:
  struct Record : StoredPolicy {
    explicit Record(Sequence* sequence) : bake(sequence) {}
    PolicyIndex index = kDefaultPolicyIndex;
    PolicyName name;
    Timer bake;  // until its newest revision is known to be good
  };

  absl::StatusOr<Record*> Find(const std::string& name);
  absl::Status CheckEtag(const StoredPolicy& policy, const std::string& etag,
                         const std::string& field) const;
  absl::Status CheckCreate(const CreatePolicyRequest& request, const std::string& path) const;
  // The policy after the update, with a revision that has no number yet.
  absl::StatusOr<StoredPolicy> Updated(const StoredPolicy& policy,
                                       const PolicyUpdate& update) const;
  // Whether all policies may be as they would be with `next`.
  absl::Status CheckWhole(const StoredPolicy& next) const;
  StoredRevision NewRevision(ParameterValues values, const ChangeContext& context) const;

  void AddRecord(const StoredPolicy& policy);
  PolicyIndex FreeIndex() const;
  void SyncMembers();
  // Puts `next`, which has been checked, in force: store, engine, log, answer.
  void Commit(StoredPolicy next, const std::string& what, const ChangeContext& context, Done done);
  PolicyInfo Describe(const StoredPolicy& policy) const { return Describe(policy, set_); }
  PolicyInfo Describe(const StoredPolicy& policy, const PolicySet& set) const;

  void StartBake(Record& record);
  void Bake(Record& record);
  void Lapse();
  void StartLapseTimer();
  // What is found out and holds in any case, stored or not.
  void StoreFinding(const StoredPolicy& policy);
  void Log(const std::string& line) const;

  Sequence* const sequence_;
  const Clock* const clock_;
  const ControlOptions* const options_;
  GenerationCounter* const generations_;
  StateJournal* const journal_;
  SchedulerControl* const scheduler_;

  std::map<std::string, Record> records_;  // by id
  PolicySet set_;                          // of records_
  PolicySync sync_;
  Timer lapse_;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_POLICY_CONTROL_H_
