// SPDX-License-Identifier: Apache-2.0
#include "server/control/override_control.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/control/error.h"
#include "server/control/page_token.h"

namespace schedd {
namespace {

// How soon a new task that matches gets its override.
constexpr absl::Duration kRescanInterval = absl::Milliseconds(50);
// The wall clock may jump: look at it at least this often.
constexpr absl::Duration kMaxExpiryWait = absl::Seconds(1);
constexpr int32_t kDefaultPageSize = 100;
constexpr int32_t kMaxPageSize = 1'000;
constexpr absl::string_view kTokenKind = "taskOverrides";

std::string NameOf(const std::string& id) { return absl::StrCat(kOverridePrefix, id); }

constexpr absl::string_view kNotThere =
    " has ended, or never was: ListTasks shows the tasks there are";
constexpr absl::string_view kProtected =
    " must never wait for this daemon (it is part of it, or of the kernel): it cannot be "
    "overridden";

absl::Status TargetError(absl::StatusCode code, absl::string_view reason, absl::string_view field,
                         absl::string_view message) {
  return MakeError(code, reason, message,
                   {{"field", absl::StrCat("task_override.selector.", field)}});
}

}  // namespace

OverrideControl::OverrideControl(Sequence* sequence, const Clock* clock,
                                 const ControlOptions* options, GenerationCounter* generations,
                                 StateJournal* journal, CgroupPaths* cgroups,
                                 SchedulerControl* scheduler, const PolicyControl* policy)
    : clock_(clock),
      options_(options),
      generations_(generations),
      journal_(journal),
      scheduler_(scheduler),
      policy_(policy),
      table_(cgroups),
      created_(journal->initial().created),
      rescan_(sequence),
      expiry_(sequence) {
  scheduler_->AddObserver(this);
  for (const StoredOverride& stored : journal->initial().overrides) {
    table_.Add({stored, *ParseSelector(stored.spec.selector)});
  }
  StartTimers();
}

OverrideControl::~OverrideControl() { scheduler_->RemoveObserver(this); }

void OverrideControl::Create(const CreateOverrideRequest& request, Done done) {
  Refresh();
  absl::StatusOr<Override> checked = Check(request.spec);
  if (!checked.ok()) return done(checked.status());
  absl::Status target = CheckTarget(checked->selector);
  if (!target.ok()) return done(target);
  const absl::StatusOr<std::string> id = ChooseId(request.id);
  if (!id.ok()) return done(id.status());
  checked->id = *id;
  checked->creation = created_ + 1;
  checked->create_time = clock_->Now();
  if (request.validate_only) {
    checked->matched_task_count = table_.CountMatches(*checked, std::string());
    return done(Describe(*checked));
  }
  checked->generation = generations_->upcoming();
  absl::Status stored = journal_->PutOverride(*checked);
  if (!stored.ok()) return done(stored);
  ++created_;
  generations_->Next();
  Log(absl::StrCat("generation ", checked->generation, ": created ", NameOf(*id)));
  table_.Add(*std::move(checked));
  CommitAndDescribe(*id, std::move(done));
}

absl::StatusOr<OverrideInfo> OverrideControl::Get(const std::string& name) {
  Refresh();
  const absl::StatusOr<const Override*> entry = Find(name);
  if (!entry.ok()) return entry.status();
  return Describe(**entry);
}

absl::StatusOr<OverridePage> OverrideControl::List(int32_t page_size,
                                                   const std::string& page_token) {
  const absl::StatusOr<int32_t> size = CheckPageSize(page_size, kDefaultPageSize, kMaxPageSize);
  if (!size.ok()) return size.status();
  Refresh();
  auto next = table_.overrides().begin();
  if (!page_token.empty()) {
    const absl::StatusOr<std::string> last_id = DecodePageToken(kTokenKind, page_token);
    if (!last_id.ok()) return last_id.status();
    next = table_.overrides().upper_bound(*last_id);
  }
  OverridePage page;
  for (; next != table_.overrides().end(); ++next) {
    if (page.overrides.size() == static_cast<size_t>(*size)) {
      page.next_page_token = EncodePageToken(kTokenKind, std::prev(next)->first);
      break;
    }
    page.overrides.push_back(Describe(next->second));
  }
  return page;
}

void OverrideControl::Update(const UpdateOverrideRequest& request, Done done) {
  Refresh();
  const absl::StatusOr<const Override*> found = Find(request.name);
  if (!found.ok()) return done(found.status());
  const Override& old = **found;
  absl::Status etag = CheckEtag(old, request.etag);
  if (!etag.ok()) return done(etag);
  const absl::StatusOr<OverrideSpec> spec =
      MergeOverrideSpec(old.spec, request.spec, request.update_mask);
  if (!spec.ok()) return done(spec.status());
  absl::StatusOr<Override> checked = Check(*spec);
  if (!checked.ok()) return done(checked.status());
  if (!(spec->selector == old.spec.selector)) {
    absl::Status target = CheckTarget(checked->selector);
    if (!target.ok()) return done(target);
  }
  checked->id = old.id;
  checked->creation = old.creation;
  checked->create_time = old.create_time;
  checked->generation = old.generation;
  if (checked->selector.tgid == old.selector.tgid && old.process_start_ns.has_value()) {
    checked->process_start_ns = old.process_start_ns;
  }
  if (request.validate_only) {
    checked->matched_task_count = table_.CountMatches(*checked, old.id);
    return done(Describe(*checked));
  }
  checked->generation = generations_->upcoming();
  absl::Status stored = journal_->PutOverride(*checked);
  if (!stored.ok()) return done(stored);
  generations_->Next();
  Log(absl::StrCat("generation ", checked->generation, ": changed ", request.name));
  const std::string id = old.id;
  table_.Remove(id);
  table_.Add(*std::move(checked));
  CommitAndDescribe(id, std::move(done));
}

void OverrideControl::Delete(const std::string& name, const std::string& etag, DeleteDone done) {
  Refresh();
  const absl::StatusOr<const Override*> found = Find(name);
  if (!found.ok()) return done(found.status());
  absl::Status matches = CheckEtag(**found, etag);
  if (!matches.ok()) return done(matches);
  const std::string id = (*found)->id;
  absl::Status stored = journal_->RemoveOverrides({id}, generations_->upcoming());
  if (!stored.ok()) return done(stored);
  const int64_t generation = generations_->Next();
  Log(absl::StrCat("generation ", generation, ": deleted ", name));
  table_.Remove(id);
  Commit(generation, [done = std::move(done)] { done(absl::OkStatus()); });
}

absl::StatusOr<Override> OverrideControl::Check(const OverrideSpec& spec) {
  absl::StatusOr<ParsedSelector> selector = ParseSelector(spec.selector);
  if (!selector.ok()) return selector.status();
  if (absl::Status status = CheckOverrideValues(spec, policy_->parameters()); !status.ok()) {
    return status;
  }
  const absl::StatusOr<std::optional<absl::Time>> expire_time = ExpireTimeOf(spec, clock_->Now());
  if (!expire_time.ok()) return expire_time.status();
  Override checked;
  checked.spec = spec;
  checked.spec.expire_time = *expire_time;
  checked.spec.ttl.reset();
  checked.selector = *std::move(selector);
  if (checked.selector.tgid != 0) {
    checked.process_start_ns = table_.tracker().ProcessStart(checked.selector.tgid);
  }
  return checked;
}

// A task or process that is named must be there, and must be one that may be overridden.
absl::Status OverrideControl::CheckTarget(const ParsedSelector& selector) const {
  if (!selector.task.has_value() && selector.tgid == 0) return absl::OkStatus();
  if (!attached_) return DetachedError("whether that task or process exists is not known");
  const SlotTracker& tracker = table_.tracker();
  if (selector.task.has_value()) {
    const std::string name = FormatTaskName(*selector.task);
    const std::optional<uint32_t> slot = tracker.FindTask(*selector.task);
    if (!slot.has_value()) {
      return TargetError(absl::StatusCode::kNotFound, reason::kTaskNotFound, "task",
                         absl::StrCat(name, kNotThere));
    }
    if (tracker.Owner(*slot)->is_protected()) {
      return TargetError(absl::StatusCode::kFailedPrecondition, reason::kTaskProtected, "task",
                         absl::StrCat(name, kProtected));
    }
  }
  if (selector.tgid == 0) return absl::OkStatus();
  const std::string process = absl::StrCat("process ", selector.tgid);
  if (!tracker.HasProcess(selector.tgid)) {
    return TargetError(absl::StatusCode::kNotFound, reason::kTaskNotFound, "tgid",
                       absl::StrCat(process, kNotThere));
  }
  if (!tracker.HasUnprotected(selector.tgid)) {
    return TargetError(absl::StatusCode::kFailedPrecondition, reason::kTaskProtected, "tgid",
                       absl::StrCat(process, kProtected));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> OverrideControl::ChooseId(const std::string& wanted) {
  std::string id = wanted;
  if (id.empty()) {
    int64_t number = created_ + 1;
    do {
      id = absl::StrCat("override-", number++);
    } while (table_.Find(id) != nullptr);
  }
  if (absl::Status status = CheckOverrideId(id); !status.ok()) return status;
  if (table_.Find(id) != nullptr) {
    return MakeError(absl::StatusCode::kAlreadyExists, reason::kOverrideExists,
                     absl::StrCat(NameOf(id),
                                  " exists: change it with UpdateTaskOverride, or choose another "
                                  "task_override_id"),
                     {{"field", "task_override_id"}});
  }
  if (table_.overrides().size() >= kMaxOverrides) {
    return MakeError(absl::StatusCode::kResourceExhausted, reason::kTooManyOverrides,
                     absl::StrCat("there are ", kMaxOverrides,
                                  " overrides, the most there may be: delete one first, or use "
                                  "one that matches more tasks"));
  }
  return id;
}

absl::StatusOr<const Override*> OverrideControl::Find(const std::string& name) const {
  const absl::StatusOr<std::string> id = ParseOverrideName(name);
  if (!id.ok()) return id.status();
  const Override* entry = table_.Find(*id);
  if (entry != nullptr) return entry;
  return MakeError(absl::StatusCode::kNotFound, reason::kOverrideNotFound,
                   absl::StrCat("there is no ", name,
                                ": it never was, was deleted, has expired, or ended with its task"),
                   {{"field", "name"}});
}

absl::Status OverrideControl::CheckEtag(const Override& entry, const std::string& etag) const {
  if (etag.empty() || etag == generations_->Etag(entry.generation)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kAborted, reason::kEtagMismatch,
                   absl::StrCat(NameOf(entry.id), " has changed since you read it (generation ",
                                entry.generation, " now): read it again and repeat the change"),
                   {{"field", "etag"}});
}

OverrideInfo OverrideControl::Describe(const Override& entry) const {
  return {.name = NameOf(entry.id),
          .spec = entry.spec,
          .matched_task_count = entry.matched_task_count,
          .create_time = entry.create_time,
          .etag = generations_->Etag(entry.generation),
          .generation = entry.generation};
}

void OverrideControl::Commit(int64_t generation, std::function<void()> done) {
  scheduler_->outbox().Send({.generation = generation,
                             .parameters = {},
                             .settings = table_.TakeSettings(),
                             .shares = nullptr});
  StartTimers();
  scheduler_->outbox().WhenApplied(generation, options_->apply_timeout, std::move(done));
}

void OverrideControl::CommitAndDescribe(const std::string& id, Done done) {
  const OverrideInfo info = Describe(*table_.Find(id));
  Commit(info.generation, [this, id, info, done = std::move(done)] {
    const Override* entry = table_.Find(id);
    const bool same = entry != nullptr && entry->generation == info.generation;
    done(same ? Describe(*entry) : info);
  });
}

// What was found without a change: belongs to the newest generation.
void OverrideControl::Send() {
  std::vector<TaskSetting> settings = table_.TakeSettings();
  if (settings.empty()) return;
  scheduler_->outbox().Send(
      {.generation = generations_->current(), .parameters = {}, .settings = std::move(settings)});
}

void OverrideControl::Refresh() {
  attached_ = scheduler_->attachment() != nullptr;
  Expire();
  const std::vector<std::string> ended =
      table_.Refresh([this] { return scheduler_->IsAttachedNow(); });
  for (const std::string& id : ended) {
    Log(absl::StrCat(NameOf(id), " ended: its task or process has"));
  }
  if (!ended.empty()) StoreRemoval(ended, generations_->current());
  Send();
}

void OverrideControl::Expire() {
  const absl::Time now = clock_->Now();
  std::vector<std::string> expired;
  for (const auto& [id, entry] : table_.overrides()) {
    if (entry.spec.expire_time.has_value() && *entry.spec.expire_time <= now) expired.push_back(id);
  }
  if (expired.empty()) return;
  const int64_t generation = generations_->Next();
  for (const std::string& id : expired) {
    table_.Remove(id);
    Log(absl::StrCat("generation ", generation, ": ", NameOf(id), " expired"));
  }
  StoreRemoval(expired, generation);
  scheduler_->outbox().Send({.generation = generation,
                             .parameters = {},
                             .settings = table_.TakeSettings(),
                             .shares = nullptr});
}

// Of overrides that are over in any case: a store that keeps them loses nothing, since they end
// again after the next start.
void OverrideControl::StoreRemoval(const std::vector<std::string>& ids, int64_t generation) {
  const absl::Status stored = journal_->RemoveOverrides(ids, generation);
  if (!stored.ok()) {
    Log(absl::StrCat("ended, but still stored: ", NameOf(absl::StrJoin(ids, ", ")), ": ",
                     stored.message()));
  }
}

void OverrideControl::Rescan() {
  Refresh();
  StartTimers();
}

// While there are overrides and tasks: looks for new tasks. While one has an end: waits for it.
void OverrideControl::StartTimers() {
  if (attached_ && !table_.overrides().empty() && !rescan_.running()) {
    rescan_.Start(kRescanInterval, [this] { Rescan(); });
  }
  absl::Time first = absl::InfiniteFuture();
  for (const auto& [id, entry] : table_.overrides()) {
    first = std::min(first, entry.spec.expire_time.value_or(absl::InfiniteFuture()));
  }
  if (first == absl::InfiniteFuture()) return expiry_.Stop();
  expiry_.Start(std::min(first - clock_->Now(), kMaxExpiryWait), [this] {
    Expire();
    StartTimers();
  });
}

void OverrideControl::Shutdown() {
  rescan_.Stop();
  expiry_.Stop();
}

void OverrideControl::OnAttached(const Attachment& attachment) {
  attached_ = true;
  table_.Reset(&attachment.kernel->memory());
  Refresh();
  StartTimers();
}

void OverrideControl::OnDetached() {
  attached_ = false;
  table_.Reset(nullptr);
  rescan_.Stop();
}

AppliedOverride OverrideControl::OverrideOf(uint32_t slot, uint32_t key) const {
  const Override* entry = table_.InForce(slot, key);
  if (entry == nullptr) return {};
  return {.name = NameOf(entry->id), .weight = entry->spec.weight};
}

void OverrideControl::Log(const std::string& line) const {
  if (options_->log) options_->log(line);
}

}  // namespace schedd
