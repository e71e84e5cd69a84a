// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "schedd/v1/policy_service.pb.h"
#include "schedd/v1/scheduler_service.pb.h"
#include "schedd/v1/task_service.pb.h"
#include "server/control/error.h"
#include "tests/unit/rpc/fake_audit_store.h"

namespace schedd::rpc {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

TEST(ResourceTest, IsTheNameInTheRequestOrInTheResourceInIt) {
  v1::DetachSchedulerRequest named;
  named.set_name("schedulers/default");
  EXPECT_EQ(ResourceOf(named), "schedulers/default");
  v1::UpdatePolicyRequest holds;
  holds.mutable_policy()->set_name("policies/default");
  EXPECT_EQ(ResourceOf(holds), "policies/default");
  EXPECT_EQ(ResourceOf(v1::CreateTaskOverrideRequest()), "");
}

TEST(GenerationTest, IsThatOfTheReply) {
  v1::Policy policy;
  policy.set_generation(7);
  EXPECT_EQ(GenerationOf(policy), 7);
  v1::Scheduler scheduler;
  scheduler.set_policy_generation(8);
  EXPECT_EQ(GenerationOf(scheduler), 8);
  EXPECT_EQ(GenerationOf(v1::AuditEntry()), 0);
  EXPECT_EQ(GenerationOf(v1::Task()), 0);
}

TEST(ValidatesOnlyTest, IsAskedOfTheRequest) {
  v1::UpdatePolicyRequest request;
  EXPECT_FALSE(ValidatesOnly(request));
  request.set_validate_only(true);
  EXPECT_TRUE(ValidatesOnly(request));
  EXPECT_FALSE(ValidatesOnly(v1::DetachSchedulerRequest()));
}

TEST(EntryTest, LongTextsAreCut) {
  v1::DetachSchedulerRequest request;
  request.set_name(std::string(5000, 'n'));
  request.set_reason(std::string(5000, 'r'));
  const AuditEntry entry = MakeAuditEntry(absl::Now(), "/m", request);
  EXPECT_LE(entry.resource.size(), 520u);
  EXPECT_LE(entry.note.size(), 520u);
  EXPECT_LE(entry.request.size(), 2060u);
  EXPECT_THAT(entry.request, HasSubstr("{\"name\":\"nnn"));
}

class AuditTrailTest : public ::testing::Test {
 protected:
  static AuditEntry Begun() {
    AuditEntry entry;
    entry.principal = "uid:1 pid:2";
    entry.method = "/m";
    entry.resource = "policies/default";
    entry.request = "{json}";
    entry.note = "because";
    return entry;
  }

  std::vector<std::string> lines_;
  const Log log_{LogLevel::kWarning,
                 [this](absl::string_view line) { lines_.emplace_back(line.substr(15)); }};
  const Log all_{LogLevel::kInfo,
                 [this](absl::string_view line) { lines_.emplace_back(line.substr(15)); }};
  SystemClock clock_;
  FakeAuditStore store_;
};

TEST_F(AuditTrailTest, AChangeIsStoredBeforeItIsMadeAndLoggedAfter) {
  AuditTrail trail(&store_, &clock_, &all_);
  AuditEntry entry = Begun();
  trail.Begin(entry);
  EXPECT_EQ(entry.id, 1);
  ASSERT_THAT(store_.entries, SizeIs(1));
  EXPECT_FALSE(store_.entries[0].outcome.has_value());
  EXPECT_THAT(lines_, SizeIs(0));
  entry.outcome = AuditOutcome{.generation = 9};
  trail.End(entry);
  EXPECT_EQ(store_.entries[0].outcome, entry.outcome);
  EXPECT_THAT(lines_, ElementsAre("changed method=/m who=\"uid:1 pid:2\" resource=policies/default "
                                  "generation=9 note=because entry=1\n"));
}

TEST_F(AuditTrailTest, ARefusalIsOneEntryAndOneLine) {
  AuditTrail trail(&store_, &clock_, &all_);
  AuditEntry entry = Begun();
  entry.outcome = AuditOutcome{absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED", "no", 0};
  trail.Begin(entry);
  EXPECT_THAT(store_.entries, SizeIs(1));
  EXPECT_THAT(lines_,
              ElementsAre(HasSubstr("code=PERMISSION_DENIED reason=ROLE_NOT_ALLOWED message=no")));
}

// A store that fails keeps nobody from detaching a scheduler; the log has it then, at a level that
// is not turned off by the way.
TEST_F(AuditTrailTest, WhatIsNotStoredIsCountedAndStandsWholeInTheLog) {
  AuditTrail trail(&store_, &clock_, &log_);
  store_.problem = absl::UnavailableError("disk full");
  AuditEntry entry = Begun();
  trail.Begin(entry);
  entry.outcome = AuditOutcome{};
  trail.End(entry);
  EXPECT_EQ(trail.lost_count(), 1);
  EXPECT_EQ(trail.problem(), "disk full");
  EXPECT_THAT(lines_, ElementsAre(AllOf(HasSubstr("changed method=/m"), HasSubstr("request={json}"),
                                        HasSubstr("not_stored=\"disk full\""))));
  store_.problem = absl::OkStatus();
  AuditEntry next = Begun();
  trail.Begin(next);
  EXPECT_EQ(trail.problem(), "");
  EXPECT_EQ(trail.lost_count(), 1);
}

TEST_F(AuditTrailTest, WithoutAStoreThereIsTheLog) {
  AuditTrail trail(nullptr, &clock_, &all_);
  AuditEntry entry = Begun();
  trail.Begin(entry);
  entry.outcome = AuditOutcome{};
  trail.End(entry);
  EXPECT_THAT(lines_, ElementsAre(AllOf(HasSubstr("changed"), Not(HasSubstr("not_stored")))));
  EXPECT_EQ(GetErrorReason(trail.List(0, "").status()), "AUDIT_UNAVAILABLE");
}

TEST_F(AuditTrailTest, IsListedPageByPageAndNewEntriesDoNotShiftIt) {
  AuditTrail trail(&store_, &clock_, &log_);
  for (int i = 0; i < 5; ++i) {
    AuditEntry entry = Begun();
    trail.Begin(entry);
  }
  std::vector<int64_t> ids;
  std::string token;
  do {
    const auto page = trail.List(2, token);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const AuditEntry& entry : page->entries) ids.push_back(entry.id);
    token = page->next_page_token;
    AuditEntry entry = Begun();
    trail.Begin(entry);
  } while (!token.empty());
  EXPECT_THAT(ids, ElementsAre(5, 4, 3, 2, 1));
}

TEST_F(AuditTrailTest, WrongPagesAreRefused) {
  AuditTrail trail(&store_, &clock_, &log_);
  EXPECT_EQ(GetErrorReason(trail.List(-1, "").status()), "INVALID_PAGE_SIZE");
  EXPECT_EQ(GetErrorReason(trail.List(1, "x").status()), "INVALID_PAGE_TOKEN");
  store_.problem = absl::UnavailableError("disk full");
  EXPECT_EQ(GetErrorReason(trail.List(1, "").status()), "AUDIT_UNAVAILABLE");
  EXPECT_EQ(trail.lost_count(), 0);
}

}  // namespace
}  // namespace schedd::rpc
