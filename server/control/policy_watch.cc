// SPDX-License-Identifier: Apache-2.0
//
// The part of PolicyControl that lists, and that sees to what happens by itself: values lapse,
// revisions prove good, the kernel ejects the dispatcher.
#include <algorithm>
#include <ranges>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/control/page_token.h"
#include "server/control/policy_control.h"
#include "server/control/policy_revisions.h"

namespace schedd {
namespace {

// The wall clock may jump: look at it at least this often.
constexpr absl::Duration kMaxLapseWait = absl::Seconds(1);
constexpr int32_t kDefaultPageSize = 100;
constexpr int32_t kMaxPageSize = 1'000;
constexpr absl::string_view kPolicyTokens = "policies";
constexpr absl::string_view kRevisionTokens = "policyRevisions";

// Most specific first: of two paths that match, the longer one.
bool IsBefore(const std::string& path, const std::string& other) {
  return path.size() != other.size() ? path.size() > other.size() : path < other;
}

}  // namespace

absl::StatusOr<PolicyPage> PolicyControl::List(int32_t page_size, const std::string& page_token) {
  const absl::StatusOr<int32_t> size = CheckPageSize(page_size, kDefaultPageSize, kMaxPageSize);
  if (!size.ok()) return size.status();
  Lapse();
  std::vector<std::pair<std::string, const Record*>> rest;  // by path
  for (const auto& [id, record] : records_) {
    rest.emplace_back(PolicySet::PathOf(record.cgroup_path), &record);
  }
  if (!page_token.empty()) {
    const absl::StatusOr<std::string> last = DecodePageToken(kPolicyTokens, page_token);
    if (!last.ok()) return last.status();
    std::erase_if(rest, [&last](const auto& entry) { return !IsBefore(*last, entry.first); });
  }
  std::ranges::sort(rest, IsBefore, &std::pair<std::string, const Record*>::first);
  PolicyPage page;
  if (rest.size() > static_cast<size_t>(*size)) {
    rest.resize(static_cast<size_t>(*size));
    page.next_page_token = EncodePageToken(kPolicyTokens, rest.back().first);
  }
  for (const auto& [path, record] : rest) page.policies.push_back(Describe(*record));
  return page;
}

absl::StatusOr<RevisionPage> PolicyControl::ListRevisions(const std::string& name,
                                                          int32_t page_size,
                                                          const std::string& page_token) {
  const absl::StatusOr<Record*> record = Find(name);
  if (!record.ok()) return record.status();
  const absl::StatusOr<int32_t> size = CheckPageSize(page_size, kDefaultPageSize, kMaxPageSize);
  if (!size.ok()) return size.status();
  int64_t before = INT64_MAX;
  if (!page_token.empty()) {
    const absl::StatusOr<std::string> last =
        DecodePageToken(absl::StrCat(kRevisionTokens, "/", (*record)->id), page_token);
    if (!last.ok()) return last.status();
    if (!absl::SimpleAtoi(*last, &before)) return PageTokenError("it names no revision");
  }
  RevisionPage page;
  for (const auto& revision : (*record)->revisions | std::views::reverse) {
    if (revision.generation >= before) continue;
    if (page.revisions.size() == static_cast<size_t>(*size)) {
      page.next_page_token =
          EncodePageToken(absl::StrCat(kRevisionTokens, "/", (*record)->id),
                          absl::StrCat(page.revisions.back().revision.generation));
      break;
    }
    page.revisions.push_back(
        {.name = absl::StrCat(*(*record)->name, "/revisions/", revision.generation),
         .revision = revision});
  }
  return page;
}

// --- temporary values ---

void PolicyControl::Lapse() {
  const absl::Time now = clock_->Now();
  for (auto& [id, record] : records_) {
    if (!record.expire_time.has_value() || *record.expire_time > now) continue;
    const std::string path = PolicySet::PathOf(record.cgroup_path);
    const PolicyParameters before = set_.Effective(path);
    const int64_t generation = generations_->Next();
    AddLapse(record, generation, now);
    set_.Put(record);
    Log(absl::StrCat("generation ", generation, ": ", *record.name,
                     " lapsed: ", DescribeParameterChange(before, set_.Effective(path))));
    StoreFinding(record);
    sync_.Send(generation);
    StartBake(record);
    const absl::Status whole =
        set_.Check(id, absl::Milliseconds(options_->load.watchdog_timeout_ms));
    if (!whole.ok()) Log(absl::StrCat("policies contradict each other: ", whole.message()));
  }
}

void PolicyControl::StartLapseTimer() {
  absl::Time first = absl::InfiniteFuture();
  for (const auto& [id, record] : records_) {
    first = std::min(first, record.expire_time.value_or(absl::InfiniteFuture()));
  }
  if (first == absl::InfiniteFuture()) return lapse_.Stop();
  lapse_.Start(std::min(first - clock_->Now(), kMaxLapseWait), [this] {
    Lapse();
    StartLapseTimer();
  });
}

// --- known-good revisions ---

void PolicyControl::OnAttached(const Attachment& /*attachment*/) {
  for (auto& [id, record] : records_) StartBake(record);
}

void PolicyControl::OnDetached() {
  for (auto& [id, record] : records_) record.bake.Stop();
}

void PolicyControl::OnEjected() {
  for (auto& [id, record] : records_) {
    if (NoteEjection(record, clock_->Now())) StoreFinding(record);
  }
}

void PolicyControl::StartBake(Record& record) {
  record.bake.Stop();
  const StoredRevision& newest = record.newest();
  if (newest.known_good || newest.end_cause != RevisionEnd::kInForce) return;
  if (scheduler_->attachment() == nullptr) return;
  record.bake.Start(options_->bake_time, [this, &record] { Bake(record); });
}

void PolicyControl::Bake(Record& record) {
  const Attachment* attachment = scheduler_->attachment();
  if (attachment == nullptr) return;
  StoredRevision& newest = record.revisions.back();
  // An engine that has not taken it up until now has not proved anything.
  if (attachment->engine->applied_generation() < newest.generation) return StartBake(record);
  newest.known_good = true;
  StoreFinding(record);
}

void PolicyControl::StoreFinding(const StoredPolicy& policy) {
  const absl::Status stored = journal_->PutPolicy(policy, generations_->current());
  if (!stored.ok()) {
    Log(absl::StrCat("not stored: what became of ", kPolicyPrefix, policy.id, ": ",
                     stored.message()));
  }
}

}  // namespace schedd
