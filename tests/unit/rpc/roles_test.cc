// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/roles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace schedd::rpc {
namespace {

using ::testing::HasSubstr;

TEST(RoleSetTest, HoldsWhatWasAdded) {
  RoleSet set;
  EXPECT_TRUE(set.empty());
  set.Add(Role::kTuner);
  EXPECT_TRUE(set.Has(Role::kTuner));
  EXPECT_FALSE(set.Has(Role::kAdmin));
  EXPECT_TRUE(set.Overlaps({Role::kAdmin, Role::kTuner}));
  EXPECT_FALSE(set.Overlaps({Role::kAdmin, Role::kViewer}));
  EXPECT_FALSE(set.Overlaps({}));
}

TEST(RoleTest, NamesGoBothWays) {
  for (const Role role : AllRoles()) EXPECT_EQ(ParseRole(RoleName(role)), role);
  EXPECT_FALSE(ParseRole("root").has_value());
  EXPECT_FALSE(ParseRole("").has_value());
}

TEST(RoleTest, SetsAreListedForPeople) {
  EXPECT_EQ(RoleNames({}), "no role");
  EXPECT_EQ(RoleNames({Role::kViewer}), "viewer");
  EXPECT_EQ(RoleNames({Role::kOperator, Role::kAdmin}), "operator or admin");
  EXPECT_EQ(RoleNames({Role::kTuner, Role::kFleet, Role::kAdmin}, "and"), "tuner, fleet and admin");
}

struct Principal {
  const char* text;
  const char* want;
};
class GoodPrincipalTest : public ::testing::TestWithParam<Principal> {};

TEST_P(GoodPrincipalTest, IsUnderstood) {
  const auto principal = ParsePrincipal(GetParam().text);
  ASSERT_TRUE(principal.ok()) << principal.status();
  EXPECT_EQ(*principal, GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    All, GoodPrincipalTest,
    ::testing::Values(Principal{"uid:0", "uid:0"}, Principal{"uid:4294967294", "uid:4294967294"},
                      Principal{"uid:007", "uid:7"}, Principal{"gid:27", "gid:27"},
                      Principal{"user:root", "uid:0"}, Principal{"group:root", "gid:0"},
                      Principal{"local", "local"}, Principal{"anonymous", "anonymous"},
                      Principal{"certificate", "certificate"},
                      Principal{"spiffe://a/b", "spiffe://a/b"},
                      Principal{"spiffe://a/b/*", "spiffe://a/b/*"},
                      Principal{"spiffe://a/*", "spiffe://a/*"}));

class BadPrincipalTest : public ::testing::TestWithParam<Principal> {};

TEST_P(BadPrincipalTest, IsRefusedWithWhatIsAllowed) {
  const auto principal = ParsePrincipal(GetParam().text);
  ASSERT_FALSE(principal.ok()) << *principal;
  EXPECT_EQ(principal.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string message(principal.status().message());
  EXPECT_THAT(message, HasSubstr(GetParam().want));
  EXPECT_THAT(message, HasSubstr("allowed is uid:N"));
}

INSTANTIATE_TEST_SUITE_P(All, BadPrincipalTest,
                         ::testing::Values(Principal{"", "no known kind"},
                                           Principal{"root", "no known kind"},
                                           Principal{"Local", "no known kind"},
                                           Principal{"uid:", "must be a number"},
                                           Principal{"uid:-1", "must be a number"},
                                           Principal{"uid:4294967295", "must be a number"},
                                           Principal{"gid:users", "must be a number"},
                                           Principal{"user:no-such-user-here", "no such user"},
                                           Principal{"group:no-such-group-here", "no such group"},
                                           Principal{"spiffe://", "no trust domain"},
                                           Principal{"spiffe:///x", "no trust domain"},
                                           Principal{"spiffe://*", "'*' may only be"},
                                           Principal{"spiffe://a/b*", "'*' may only be"},
                                           Principal{"spiffe://a/*/b", "'*' may only be"},
                                           Principal{"spiffe://a/*/*", "'*' may only be"}));

TEST(RoleTableTest, AllPrincipalsOfACallerCount) {
  RoleTable table;
  table.Grant("uid:5", Role::kViewer);
  table.Grant("gid:7", Role::kOperator);
  table.Grant("gid:7", Role::kTuner);
  EXPECT_EQ(table.RolesOf({"uid:5", "gid:7"}),
            RoleSet({Role::kViewer, Role::kOperator, Role::kTuner}));
  EXPECT_EQ(table.RolesOf({"uid:7", "gid:5"}), RoleSet());
}

TEST(RoleTableTest, AStarMeansAllBelowAndNotBeside) {
  RoleTable table;
  table.Grant("spiffe://a/b/*", Role::kTuner);
  EXPECT_TRUE(table.RolesOf({"spiffe://a/b/c"}).Has(Role::kTuner));
  EXPECT_TRUE(table.RolesOf({"spiffe://a/b/c/d"}).Has(Role::kTuner));
  EXPECT_TRUE(table.RolesOf({"spiffe://a/b"}).empty());
  EXPECT_TRUE(table.RolesOf({"spiffe://a/bc"}).empty());
}

TEST(RoleTableTest, RootAndOurselvesAreAdminsWhateverAFileSays) {
  for (const RoleTable& table : {BaseRoles(), DefaultRoles()}) {
    EXPECT_TRUE(table.RolesOf({"uid:0"}).Has(Role::kAdmin));
    EXPECT_TRUE(table.RolesOf({absl::StrCat("uid:", geteuid())}).Has(Role::kAdmin));
  }
  EXPECT_TRUE(BaseRoles().RolesOf({"uid:12345", "local", "anonymous", "certificate"}).empty());
}

TEST(RoleTableTest, WithoutAFileOthersMayLookAndACertificateAloneIsNoRight) {
  const RoleTable table = DefaultRoles();
  EXPECT_EQ(table.RolesOf({"uid:12345", "gid:12345", "local"}), RoleSet({Role::kViewer}));
  EXPECT_EQ(table.RolesOf({"anonymous"}), RoleSet({Role::kViewer}));
  EXPECT_TRUE(table.RolesOf({"certificate", "spiffe://a/b"}).empty());
}

TEST(RoleBookTest, ANewTableEndsTheProblem) {
  RoleBook book{RoleTable()};
  book.SetProblem("line 3");
  EXPECT_EQ(book.problem(), "line 3");
  EXPECT_TRUE(book.table()->RolesOf({"uid:0"}).empty());
  book.Set(BaseRoles());
  EXPECT_EQ(book.problem(), "");
  EXPECT_FALSE(book.table()->RolesOf({"uid:0"}).empty());
}

}  // namespace
}  // namespace schedd::rpc
