// SPDX-License-Identifier: Apache-2.0
//
// schedctl audit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/client/schedctl/harness.h"

namespace schedd::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class AuditTest : public SchedctlTest {
 protected:
  AuditTest() {
    v1::AuditEntry& refused = Add("14", "/schedd.v1.SchedulerService/DetachScheduler");
    refused.set_principal("uid:1000 pid:4712");
    refused.set_resource_name("schedulers/default");
    refused.set_status_code(static_cast<int>(absl::StatusCode::kPermissionDenied));
    refused.set_error_reason("ROLE_NOT_ALLOWED");
    v1::AuditEntry& failed = Add("13", "/schedd.v1.PolicyService/UpdatePolicy");
    failed.set_principal("spiffe://example.org/tuner/a");
    failed.set_resource_name("policies/db");
    failed.set_status_code(static_cast<int>(absl::StatusCode::kAborted));
    v1::AuditEntry& done = Add("12", "/schedd.v1.PolicyService/UpdatePolicy");
    done.set_principal("uid:0 pid:4711");
    done.set_role("viewer and admin");
    done.set_resource_name("policies/default");
    done.set_status_code(0);
    done.set_policy_generation(7);
    done.set_reason("less jitter");
    done.set_request_json("{\"reason\":\"less jitter\"}");
    Add("11", "/schedd.v1.PolicyService/CreatePolicy").set_principal("uid:0 pid:4711");
    server_.list_audit.Returns(entries_);
  }

  v1::AuditEntry& Add(const std::string& number, const std::string& method) {
    v1::AuditEntry& entry = *entries_.add_audit_entries();
    entry.set_name("auditEntries/" + number);
    entry.set_method(method);
    entry.mutable_event_time()->set_seconds(kNowSeconds);
    return entry;
  }

  v1::ListAuditEntriesResponse entries_;
};

TEST_F(AuditTest, Golden) {
  const Result result = Run({"audit"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(
      result.out,
      "TIME                 WHO                           CALL             RESOURCE           "
      " RESULT             GENERATION  REASON\n"
      "2026-11-22 20:31:05  uid:1000 pid:4712             DetachScheduler  schedulers/default "
      " PERMISSION_DENIED           -  -\n"
      "2026-11-22 20:31:05  spiffe://example.org/tuner/a  UpdatePolicy     policies/db        "
      " ABORTED                     -  -\n"
      "2026-11-22 20:31:05  uid:0 pid:4711                UpdatePolicy     policies/default   "
      " OK                          7  less jitter\n"
      "2026-11-22 20:31:05  uid:0 pid:4711                CreatePolicy     -                  "
      " unknown                     -  -\n");
  EXPECT_EQ(server_.list_audit.requests.at(0).page_size(), 50);
}

TEST_F(AuditTest, WideShowsRolesErrorAndRequest) {
  EXPECT_THAT(Run({"audit", "-o", "wide"}).out,
              AllOf(HasSubstr("ROLE_NOT_ALLOWED"), HasSubstr("viewer and admin"),
                    HasSubstr("{\"reason\":\"less jitter\"}"), HasSubstr("  12     ")));
}

TEST_F(AuditTest, LimitAndAll) {
  EXPECT_THAT(Run({"audit", "--limit", "2", "--no-headers"}).out,
              AllOf(HasSubstr("policies/db"), Not(HasSubstr("policies/default"))));
  EXPECT_THAT(Run({"audit", "--limit", "0"}).out, HasSubstr("unknown"));
  EXPECT_EQ(server_.list_audit.requests.at(1).page_size(), 0);
}

TEST_F(AuditTest, RefusedAreThoseThatTheCallerMayNotMake) {
  EXPECT_EQ(Run({"audit", "--refused", "-o", "jsonpath={.auditEntries[*].name}"}).out,
            "auditEntries/14\n");
}

TEST_F(AuditTest, AsADocument) {
  EXPECT_THAT(Run({"audit", "-o", "json"}).out,
              StartsWith("{\n  \"auditEntries\": [\n    {\n      \"name\": \"auditEntries/14\""));
}

TEST_F(AuditTest, AnEmptyLogSaysSo) {
  server_.list_audit.Returns(v1::ListAuditEntriesResponse());
  EXPECT_EQ(Run({"audit"}).err, "schedctl: no entries\n");
}

TEST_F(AuditTest, ACodeOfANewerScheddIsANumber) {
  entries_.mutable_audit_entries(0)->set_status_code(77);
  server_.list_audit.Returns(entries_);
  EXPECT_THAT(Run({"audit", "--limit", "1"}).out, HasSubstr("schedulers/default  77 "));
}

TEST_F(AuditTest, WhoMayNotReadItIsTold) {
  server_.list_audit.Returns(DetailedError(absl::StatusCode::kPermissionDenied,
                                           "needs operator or admin", "ROLE_NOT_ALLOWED"));
  const Result result = Run({"audit"});
  EXPECT_EQ(result.code, 4);
  EXPECT_EQ(result.err, "schedctl: needs operator or admin (ROLE_NOT_ALLOWED)\n");
}

}  // namespace
}  // namespace schedd::client
