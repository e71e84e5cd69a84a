// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/suggest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace schedd::client {
namespace {

const std::vector<std::string> kCommands = {"status", "task", "policy", "scheduler", "doctor"};

TEST(Closest, FindsTypingErrors) {
  EXPECT_EQ(Closest("tsk", kCommands), "task");    // missing
  EXPECT_EQ(Closest("taask", kCommands), "task");  // added
  EXPECT_EQ(Closest("tosk", kCommands), "task");   // wrong
  EXPECT_EQ(Closest("tsak", kCommands), "task");   // swapped
  EXPECT_EQ(Closest("polcy", kCommands), "policy");
  EXPECT_EQ(Closest("shceduler", kCommands), "scheduler");
}

TEST(Closest, FindsBeginnings) {
  EXPECT_EQ(Closest("sched", kCommands), "scheduler");
  EXPECT_EQ(Closest("s", kCommands), "status");
}

TEST(Closest, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(Closest("frobnicate", kCommands), "");
  EXPECT_EQ(Closest("tap", kCommands), "");  // two errors in a short word
  EXPECT_EQ(Closest("", kCommands), "");
  EXPECT_EQ(Closest("tsk", {}), "");
  EXPECT_EQ(Closest(std::string(100, 's'), kCommands), "");
}

TEST(Closest, TakesTheNearestThenTheFirst) {
  EXPECT_EQ(Closest("dotcor", {"doctors", "doctor"}), "doctor");
  EXPECT_EQ(Closest("ab", {"ac", "ad"}), "ac");
}

TEST(DidYouMean, IsAQuestionOrNothing) {
  EXPECT_EQ(DidYouMean("tsk", kCommands), "; did you mean \"task\"?");
  EXPECT_EQ(DidYouMean("frobnicate", kCommands), "");
}

}  // namespace
}  // namespace schedd::client
