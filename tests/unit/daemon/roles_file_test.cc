// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/roles_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace schedd::daemon {
namespace {

using rpc::Role;
using rpc::RoleSet;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string ErrorOf(const std::string& text) {
  const auto table = ParseRoles("roles.conf", text);
  EXPECT_FALSE(table.ok()) << text;
  EXPECT_EQ(table.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(table.status().message());
}

TEST(RolesFileTest, GivesEachPrincipalEachRole) {
  const auto table = ParseRoles("f", R"(
# operators
grant { role: "operator" role: "tuner" principal: "uid:7" principal: "group:root" }
grant { role: "viewer" principal: "spiffe://example.org/ns/*" }
)");
  ASSERT_TRUE(table.ok()) << table.status();
  const RoleSet both = {Role::kOperator, Role::kTuner};
  EXPECT_EQ(table->RolesOf({"uid:7"}), both);
  EXPECT_EQ(table->RolesOf({"gid:0"}), both);
  EXPECT_EQ(table->RolesOf({"spiffe://example.org/ns/a"}), RoleSet({Role::kViewer}));
  EXPECT_EQ(table->RolesOf({"uid:8", "local", "anonymous", "certificate"}), RoleSet());
}

TEST(RolesFileTest, RootAndOurselvesStayAdmins) {
  const auto table = ParseRoles("f", R"(grant { role: "viewer" principal: "user:root" })");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_TRUE(table->RolesOf({"uid:0"}).Has(Role::kAdmin));
  EXPECT_TRUE(ParseRoles("f", "")->RolesOf({absl::StrCat("uid:", geteuid())}).Has(Role::kAdmin));
}

TEST(RolesFileTest, MistakesAreNamedWithTheirPlace) {
  EXPECT_THAT(ErrorOf("grants {}"), StartsWith("roles.conf:1:"));
  EXPECT_THAT(ErrorOf("grant {"), HasSubstr("docs/security.md"));
  EXPECT_THAT(ErrorOf("grant { role: \"viewer\"\n  role: \"boss\" principal: \"uid:7\" }"),
              StartsWith("roles.conf:2:3: there is no role 'boss'; there are: viewer, operator, "));
  EXPECT_THAT(ErrorOf("\ngrant { role: \"viewer\"\n principal: \"uid:7\"\n principal: \"bob\" }"),
              StartsWith("roles.conf:4:2: principal 'bob': "));
  EXPECT_THAT(ErrorOf("grant { role: \"viewer\" principal: [\"uid:7\", \"bob\"] }"),
              StartsWith("roles.conf:1:24: principal 'bob': "));
}

TEST(RolesFileTest, AGrantWithoutRoleOrPrincipalIsAMistake) {
  EXPECT_THAT(ErrorOf("\n grant { role: \"viewer\" }"),
              StartsWith("roles.conf:2:2: a grant needs a role and a principal"));
  EXPECT_THAT(ErrorOf("grant { principal: \"uid:7\" }"), HasSubstr("a grant needs"));
}

TEST(RolesFileTest, WithoutAFileThereAreDefaultsAndAMissingFileIsSaid) {
  EXPECT_EQ(ReadRoles("")->RolesOf({"uid:4000000001", "local"}), RoleSet({Role::kViewer}));
  const auto missing = ReadRoles("/nowhere/roles.conf");
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.status().message()),
              HasSubstr("cannot read the roles file /nowhere/roles.conf"));
}

}  // namespace
}  // namespace schedd::daemon
