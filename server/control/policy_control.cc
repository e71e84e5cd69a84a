// SPDX-License-Identifier: Apache-2.0
#include "server/control/policy_control.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "server/control/error.h"
#include "server/control/parameter_specs.h"
#include "server/control/policy_revisions.h"
#include "server/control/policy_spec.h"
#include "server/control/restore.h"
#include "server/control/safe_ranges.h"

namespace schedd {
namespace {

bool IsDefault(const StoredPolicy& policy) { return policy.id == kDefaultPolicyId; }

std::string NameOf(const std::string& id) { return absl::StrCat(kPolicyPrefix, id); }

absl::Duration WatchdogOf(const ControlOptions& options) {
  return absl::Milliseconds(options.load.watchdog_timeout_ms);
}

absl::Status ImmutableSelector(const StoredPolicy& policy) {
  return MakeError(
      absl::StatusCode::kInvalidArgument, reason::kImmutableField,
      absl::StrCat("the selector of ", NameOf(policy.id), " cannot be changed: ",
                   IsDefault(policy) ? "it matches all tasks"
                                     : absl::StrCat("it is ", policy.cgroup_path,
                                                    "; make another policy for other tasks"),
                   "; leave selector out"),
      {{"field", "policy.selector"}});
}

}  // namespace

PolicyControl::PolicyControl(Sequence* sequence, const Clock* clock, const ControlOptions* options,
                             GenerationCounter* generations, StateJournal* journal,
                             CgroupPaths* cgroups, SchedulerControl* scheduler)
    : sequence_(sequence),
      clock_(clock),
      options_(options),
      generations_(generations),
      journal_(journal),
      scheduler_(scheduler),
      sync_(sequence, generations, cgroups, scheduler, &set_),
      lapse_(sequence) {
  for (const StoredPolicy& policy : journal->initial().policies) AddRecord(policy);
  SyncMembers();
  scheduler_->AddObserver(this);
  StartLapseTimer();
}

PolicyControl::~PolicyControl() { scheduler_->RemoveObserver(this); }

absl::StatusOr<PolicyInfo> PolicyControl::Get(const std::string& name) {
  const absl::StatusOr<Record*> record = Find(name);
  if (!record.ok()) return record.status();
  return Describe(**record);
}

void PolicyControl::Create(const CreatePolicyRequest& request, Done done) {
  Lapse();
  const absl::StatusOr<std::string> path = ParsePolicyPath(request.cgroup_path);
  for (const absl::Status& status :
       {CheckPolicyId(request.id), CheckReason(request.context.reason), path.status()}) {
    if (!status.ok()) return done(status);
  }
  if (absl::Status status = CheckCreate(request, *path); !status.ok()) return done(status);
  absl::StatusOr<ParameterValues> values = ParameterValues();
  if (!request.values.empty()) {
    const absl::StatusOr<NamedParameters> named = FindNamedParameters(request.values, {});
    if (!named.ok()) return done(named.status());
    values = MergeValues({}, *named, request.values, /*inherits=*/true);
    if (!values.ok()) return done(values.status());
  }
  if (!request.context.may_leave_safe_range) {
    absl::Status safe = CheckWithinSafeRanges({}, *values, options_->safe_ranges);
    if (!safe.ok()) return done(safe);
  }
  StoredPolicy made = {.id = request.id, .cgroup_path = *path, .create_time = clock_->Now()};
  made.revisions.push_back(NewRevision(*std::move(values), request.context));
  if (absl::Status status = CheckWhole(made); !status.ok()) return done(status);
  if (request.validate_only) {
    made.revisions.back().generation = 0;
    PolicySet would_be = set_;
    would_be.Put(made);
    PolicyInfo info = Describe(made, would_be);
    info.etag.clear();
    return done(std::move(info));
  }
  Commit(std::move(made), absl::StrCat("created ", NameOf(request.id), " for ", *path, ": "),
         request.context, std::move(done));
}

absl::Status PolicyControl::CheckCreate(const CreatePolicyRequest& request,
                                        const std::string& path) const {
  if (records_.contains(request.id)) {
    return MakeError(absl::StatusCode::kAlreadyExists, reason::kPolicyExists,
                     absl::StrCat(NameOf(request.id),
                                  " exists: change it with UpdatePolicy, or choose another "
                                  "policy_id"),
                     {{"field", "policy_id"}});
  }
  if (const PolicySet::Entry* same = set_.Find(path); same != nullptr) {
    return MakeError(absl::StatusCode::kAlreadyExists, reason::kSelectorExists,
                     absl::StrCat(NameOf(same->id), " is for ", path,
                                  " already: change that one with UpdatePolicy"),
                     {{"field", "policy.selector.cgroup_path"}});
  }
  if (records_.size() >= kMaxPolicies) {
    return MakeError(absl::StatusCode::kResourceExhausted, reason::kTooManyPolicies,
                     absl::StrCat("there are ", kMaxPolicies,
                                  " policies, the most there may be: delete one first"));
  }
  return absl::OkStatus();
}

void PolicyControl::Update(const PolicyUpdate& update, Done done) {
  const absl::StatusOr<Record*> record = Find(update.name);
  if (!record.ok()) return done(record.status());
  absl::Status status = CheckEtag(**record, update.etag, "policy.etag");
  if (status.ok()) status = CheckReason(update.context.reason);
  if (!status.ok()) return done(status);
  absl::StatusOr<StoredPolicy> next = Updated(**record, update);
  if (!next.ok()) return done(next.status());
  if (status = CheckWhole(*next); !status.ok()) return done(status);
  if (update.validate_only) {
    PolicySet would_be = set_;
    would_be.Put(*next);
    PolicyInfo info = Describe(**record, would_be);
    info.values = next->newest().values;
    info.expire_time = next->expire_time;
    return done(std::move(info));
  }
  const std::string prefix = IsDefault(**record) ? "" : absl::StrCat(NameOf(next->id), ": ");
  Commit(*std::move(next), prefix, update.context, std::move(done));
}

absl::StatusOr<StoredPolicy> PolicyControl::Updated(const StoredPolicy& policy,
                                                    const PolicyUpdate& update) const {
  // Named with its own value it is no change.
  std::vector<std::string> mask = update.update_mask;
  const bool all = mask.empty() || std::ranges::find(mask, "*") != mask.end();
  const bool masked = std::erase_if(mask, [](const std::string& path) {
                        return path == "selector" || path == "selector.cgroup_path";
                      }) > 0;
  const bool differs = !update.cgroup_path.empty() && NormalCgroupPath(update.cgroup_path) !=
                                                          PolicySet::PathOf(policy.cgroup_path);
  if (differs && (masked || all)) return ImmutableSelector(policy);
  if (masked && update.cgroup_path.empty() && !IsDefault(policy)) return ImmutableSelector(policy);
  const bool only_selector = masked && mask.empty();
  const absl::StatusOr<NamedParameters> named =
      FindNamedParameters(only_selector ? ParameterValues() : update.values, mask);
  if (!named.ok()) return named.status();
  const ParameterValues& before = policy.newest().values;
  const bool inherits = !IsDefault(policy);
  absl::StatusOr<ParameterValues> values = MergeValues(before, *named, update.values, inherits);
  if (!values.ok()) return values.status();
  if (!update.context.may_leave_safe_range) {
    absl::Status safe = CheckWithinSafeRanges(before, *values, options_->safe_ranges);
    if (!safe.ok()) return safe;
  }
  StoredPolicy next = policy;
  const ParameterValues& baseline = policy.expire_time.has_value() ? policy.baseline : before;
  if (update.ttl.has_value()) {
    const absl::StatusOr<absl::Time> lapses = LapseTime(*update.ttl, clock_->Now());
    if (!lapses.ok()) return lapses.status();
    next.expire_time = *lapses;
    next.baseline = baseline;
  } else {
    // In range: they are those of `values`.
    next.baseline = *MergeValues(baseline, *named, update.values, inherits);
    if (next.baseline == *values) next.expire_time.reset();
    if (!next.expire_time.has_value()) next.baseline.clear();
  }
  AddRevision(next, NewRevision(*std::move(values), update.context), RevisionEnd::kSuperseded);
  return next;
}

void PolicyControl::Rollback(const RollbackRequest& request, Done done) {
  const absl::StatusOr<Record*> record = Find(request.name);
  if (!record.ok()) return done(record.status());
  absl::Status status = CheckEtag(**record, request.etag, "etag");
  if (status.ok()) status = CheckReason(request.context.reason);
  if (!status.ok()) return done(status);
  const absl::StatusOr<const StoredRevision*> revision =
      FindRevision(**record, request.revision_id);
  if (!revision.ok()) return done(revision.status());
  const int64_t back_to = (*revision)->generation;
  const ParameterValues values = (*revision)->values;
  if (!request.context.may_leave_safe_range) {
    status = CheckWithinSafeRanges((*record)->newest().values, values, options_->safe_ranges);
    if (!status.ok()) return done(status);
  }
  // A revision may be of a schedd with wider ranges.
  if (status = ParametersOf(values).status(); !status.ok()) return done(status);
  StoredPolicy next = static_cast<const StoredPolicy&>(**record);
  next.expire_time.reset();
  next.baseline.clear();
  AddRevision(next, NewRevision(values, request.context), RevisionEnd::kRolledBack);
  if (status = CheckWhole(next); !status.ok()) return done(status);
  if (request.validate_only) {
    PolicySet would_be = set_;
    would_be.Put(next);
    PolicyInfo info = Describe(**record, would_be);
    info.values = values;
    info.expire_time.reset();
    return done(std::move(info));
  }
  Commit(std::move(next), absl::StrCat(NameOf((*record)->id), ": back to revision ", back_to, ": "),
         request.context, std::move(done));
}

void PolicyControl::Delete(const DeletePolicyRequest& request, DeleteDone done) {
  const absl::StatusOr<Record*> record = Find(request.name);
  if (!record.ok()) return done(record.status());
  if (IsDefault(**record)) {
    return done(MakeError(absl::StatusCode::kFailedPrecondition, reason::kDefaultPolicy,
                          absl::StrCat(kPolicyName,
                                       " cannot be deleted: tasks that no other policy matches "
                                       "need it; UpdatePolicy with update_mask * sets it to its "
                                       "defaults"),
                          {{"field", "name"}}));
  }
  absl::Status status = CheckEtag(**record, request.etag, "etag");
  if (status.ok()) status = CheckReason(request.context.reason);
  if (!status.ok()) return done(status);
  const std::string id = (*record)->id;
  PolicySet without = set_;
  without.Remove((*record)->cgroup_path);
  if (status = without.Check(id, WatchdogOf(*options_)); !status.ok()) {
    return done(MakeError(absl::StatusCode::kFailedPrecondition, reason::kPolicyInherited,
                          absl::StrCat("without ", request.name, ", ", status.message()),
                          GetErrorMetadata(status)));
  }
  if (request.validate_only) return done(absl::OkStatus());
  status = journal_->RemovePolicy(id, generations_->upcoming());
  if (!status.ok()) return done(status);
  const int64_t generation = generations_->Next();
  records_.erase(id);
  set_ = std::move(without);
  SyncMembers();
  Log(absl::StrCat("generation ", generation, ": deleted ", request.name,
                   request.context.reason.empty() ? "" : " because: ", request.context.reason));
  sync_.Send(generation);
  StartLapseTimer();
  scheduler_->outbox().WhenApplied(generation, options_->apply_timeout,
                                   [done = std::move(done)] { done(absl::OkStatus()); });
}

void PolicyControl::Commit(StoredPolicy next, const std::string& what, const ChangeContext& context,
                           Done done) {
  next.revisions.back().generation = generations_->upcoming();
  absl::Status stored = journal_->PutPolicy(next, generations_->upcoming());
  if (!stored.ok()) return done(stored);
  const int64_t generation = generations_->Next();
  const std::string id = next.id;
  const std::string path = PolicySet::PathOf(next.cgroup_path);
  const auto existing = records_.find(id);
  const bool is_new = existing == records_.end();
  // Of a new policy: from what its tasks had before.
  const PolicyParameters before = set_.Effective(is_new ? set_.MostSpecific(path) : path);
  if (is_new) {
    AddRecord(next);
    SyncMembers();
  } else {
    set_.Put(next);
    static_cast<StoredPolicy&>(existing->second) = std::move(next);
  }
  Record& record = records_.at(id);
  Log(absl::StrCat("generation ", generation, ": ", what,
                   DescribeParameterChange(before, set_.Effective(path)),
                   record.expire_time.has_value()
                       ? absl::StrCat(" until ", absl::FormatTime(*record.expire_time))
                       : "",
                   context.reason.empty() ? "" : " because: ", context.reason));
  sync_.Send(generation);
  StartBake(record);
  StartLapseTimer();
  scheduler_->outbox().WhenApplied(generation, options_->apply_timeout,
                                   [this, id, info = Describe(record), done = std::move(done)] {
                                     const auto now = records_.find(id);
                                     const bool same =
                                         now != records_.end() &&
                                         now->second.newest().generation == info.generation;
                                     done(same ? Describe(now->second) : info);
                                   });
}

// --- what they stand on ---

absl::StatusOr<PolicyControl::Record*> PolicyControl::Find(const std::string& name) {
  Lapse();
  absl::string_view id = name;
  if (absl::ConsumePrefix(&id, kPolicyPrefix)) {
    const auto found = records_.find(std::string(id));
    if (found != records_.end()) return &found->second;
  }
  return MakeError(absl::StatusCode::kNotFound, reason::kPolicyNotFound,
                   absl::StrCat("there is no policy \"", name,
                                "\": ListPolicies shows those that there are, of which ",
                                kPolicyName, " is always one"),
                   {{"field", "name"}});
}

absl::Status PolicyControl::CheckEtag(const StoredPolicy& policy, const std::string& etag,
                                      const std::string& field) const {
  const int64_t generation = policy.newest().generation;
  if (etag.empty() || etag == generations_->Etag(generation)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kAborted, reason::kEtagMismatch,
                   absl::StrCat(NameOf(policy.id), " has changed since you read it (generation ",
                                generation, " now): read it again and repeat the change"),
                   {{"field", field}});
}

absl::Status PolicyControl::CheckWhole(const StoredPolicy& next) const {
  PolicySet would_be = set_;
  would_be.Put(next);
  return would_be.Check(next.id, WatchdogOf(*options_));
}

StoredRevision PolicyControl::NewRevision(ParameterValues values,
                                          const ChangeContext& context) const {
  return {.values = std::move(values),
          .writer = context.writer,
          .reason = context.reason,
          .create_time = clock_->Now()};
}

void PolicyControl::AddRecord(const StoredPolicy& policy) {
  const PolicyIndex index = policy.id == kDefaultPolicyId ? kDefaultPolicyIndex : FreeIndex();
  Record& record = records_.try_emplace(policy.id, sequence_).first->second;
  static_cast<StoredPolicy&>(record) = policy;
  record.index = index;
  record.name = std::make_shared<const std::string>(NameOf(policy.id));
  set_.Put(policy);
}

// REQUIRES: fewer than kMaxPolicies.
PolicyIndex PolicyControl::FreeIndex() const {
  std::array<bool, kMaxPolicies> used = {};
  used[kDefaultPolicyIndex] = true;
  for (const auto& [id, record] : records_) used[record.index] = true;
  return static_cast<PolicyIndex>(std::ranges::find(used, false) - used.begin());
}

void PolicyControl::SyncMembers() {
  std::map<std::string, PolicySync::Member> members;
  for (const auto& [id, record] : records_) {
    members[PolicySet::PathOf(record.cgroup_path)] = {.index = record.index, .name = record.name};
  }
  sync_.SetMembers(std::move(members));
}

PolicyInfo PolicyControl::Describe(const StoredPolicy& policy, const PolicySet& set) const {
  PolicyInfo info;
  info.name = NameOf(policy.id);
  info.cgroup_path = policy.cgroup_path;
  info.values = policy.newest().values;
  info.parameters = set.Effective(PolicySet::PathOf(policy.cgroup_path));
  info.generation = policy.newest().generation;
  info.etag = generations_->Etag(info.generation);
  info.writer = policy.newest().writer;
  info.expire_time = policy.expire_time;
  info.create_time = policy.create_time;
  const Attachment* attachment = scheduler_->attachment();
  if (attachment == nullptr) return info;
  info.applied_generation = attachment->engine->applied_generation();
  info.apply_time = ApplyTime(*attachment, *clock_);
  return info;
}

void PolicyControl::Shutdown() {
  sync_.Shutdown();
  lapse_.Stop();
  for (auto& [id, record] : records_) record.bake.Stop();
}

void PolicyControl::Log(const std::string& line) const {
  if (options_->log) options_->log(line);
}

}  // namespace schedd
