// SPDX-License-Identifier: Apache-2.0
//
// Every method, as every role, on a unix socket and on TCP with a certificate: allowed or refused
// as the table says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "server/rpc/method_rules.h"
#include "tests/unit/rpc/identity_fixture.h"
#include "tests/unit/rpc/linked_methods.h"

namespace schedd::rpc {
namespace {

class RoleMatrixTest : public IdentityFixture {
 protected:
  // `role` nothing: none.
  void ExpectTable(const std::shared_ptr<grpc::Channel>& channel, std::optional<Role> role) {
    for (const LinkedMethod& method : LinkedMethods()) {
      const MethodRule* rule = FindMethodRule(method.path);
      ASSERT_NE(rule, nullptr) << method.path;
      const bool open = rule->kind == MethodRule::Kind::kOpen;
      const bool allowed = open || (role.has_value() && rule->allowed.Has(*role));
      // Only an open stream does not end by itself.
      const grpc::Status status =
          open && method.streams ? CallEmpty(channel, method.path, std::chrono::milliseconds(300))
                                 : CallEmpty(channel, method.path);
      const std::string what =
          absl::StrCat(method.path, " as ", role.has_value() ? RoleName(*role) : "nobody");
      EXPECT_NE(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << what;
      EXPECT_NE(status.error_code(), grpc::StatusCode::UNAVAILABLE) << what;
      if (allowed) {
        EXPECT_NE(status.error_code(), grpc::StatusCode::PERMISSION_DENIED) << what;
      } else {
        EXPECT_EQ(CodeAndReason(status), "PERMISSION_DENIED ROLE_NOT_ALLOWED") << what;
      }
    }
  }

  static RoleTable With(const std::string& principal, std::optional<Role> role) {
    RoleTable table;
    if (role.has_value()) table.Grant(principal, *role);
    return table;
  }

  static std::vector<std::optional<Role>> AllAndNone() {
    std::vector<std::optional<Role>> roles(AllRoles().begin(), AllRoles().end());
    roles.emplace_back();
    return roles;
  }
};

TEST_F(RoleMatrixTest, OnAUnixSocket) {
  for (const std::optional<Role> role : AllAndNone()) {
    roles_.Set(With(absl::StrCat("uid:", geteuid()), role));
    ExpectTable(channel_, role);
  }
}

TEST_F(RoleMatrixTest, WithACertificate) {
  const std::string id = "spiffe://test/somebody";
  const auto channel = TlsChannel(authority_.Issue("client", "URI:" + id));
  for (const std::optional<Role> role : AllAndNone()) {
    roles_.Set(With(id, role));
    ExpectTable(channel, role);
  }
}

// Nothing that was refused got as far as the kernel.
TEST_F(RoleMatrixTest, RefusedMeansNotDone) {
  roles_.Set(With("local", Role::kViewer));
  v1::AttachSchedulerRequest request;
  request.set_name("schedulers/default");
  v1::Scheduler reply;
  EXPECT_EQ(CodeAndReason(scheduler_->AttachScheduler(Context().get(), request, &reply)),
            "PERMISSION_DENIED ROLE_NOT_ALLOWED");
  EXPECT_TRUE(host_.events.empty());
}

}  // namespace
}  // namespace schedd::rpc
