// SPDX-License-Identifier: Apache-2.0
//
// The table of who may do what is complete: each method of each service that is linked in has its
// line.
#include "server/rpc/method_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/unit/rpc/linked_methods.h"

namespace schedd::rpc {
namespace {

using ::testing::Contains;

TEST(MethodRulesTest, EachMethodHasItsRule) {
  const std::vector<LinkedMethod> methods = LinkedMethods();
  ASSERT_GE(methods.size(), 18u) << "the services were not found";
  for (const LinkedMethod& method : methods) {
    EXPECT_NE(FindMethodRule(method.path), nullptr)
        << method.path << " has no rule: add a line to server/rpc/method_rules.cc";
  }
}

TEST(MethodRulesTest, EachRuleIsOfAMethodThatThereIs) {
  std::set<std::string> paths;
  for (const LinkedMethod& method : LinkedMethods()) paths.insert(method.path);
  for (const MethodRule& rule : MethodRules()) {
    EXPECT_THAT(paths, Contains(std::string(rule.method)));
    EXPECT_EQ(FindMethodRule(rule.method), &rule) << rule.method << " is there twice";
  }
}

// An open one asks for no role, every other one for at least one, and an admin has all of them.
TEST(MethodRulesTest, AdminsMayDoEverythingThatAnybodyMay) {
  for (const MethodRule& rule : MethodRules()) {
    const bool open = rule.kind == MethodRule::Kind::kOpen;
    EXPECT_EQ(rule.allowed.empty(), open) << rule.method;
    EXPECT_EQ(rule.allowed.Has(Role::kAdmin), !open) << rule.method;
  }
}

// What it is called says whether it reads.
TEST(MethodRulesTest, WhatChangesSomethingIsWrittenDownAndNotForViewers) {
  for (const MethodRule& rule : MethodRules()) {
    if (rule.kind == MethodRule::Kind::kOpen) continue;
    const absl::string_view name = rule.method.substr(rule.method.rfind('/') + 1);
    const bool reads = absl::StartsWith(name, "Get") || absl::StartsWith(name, "List") ||
                       absl::StartsWith(name, "Watch");
    EXPECT_EQ(rule.kind == MethodRule::Kind::kRead, reads) << rule.method;
    if (!reads) {
      EXPECT_FALSE(rule.allowed.Has(Role::kViewer)) << rule.method;
    }
  }
}

TEST(MethodRulesTest, WhatIsNotThereIsNotFound) {
  for (const char* method : {"", "/", "/schedd.v1.TaskService/", "/schedd.v1.TaskService/GetTas",
                             "schedd.v1.TaskService/GetTask", "/schedd.v1.TaskService/GetTask "}) {
    EXPECT_EQ(FindMethodRule(method), nullptr) << method;
  }
}

}  // namespace
}  // namespace schedd::rpc
