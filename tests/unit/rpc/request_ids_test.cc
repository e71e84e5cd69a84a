// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/request_ids.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "server/control/error.h"

namespace schedd::rpc {
namespace {

constexpr char kId[] = "6f3c9b1e-2d4a-4c88-9f10-0123456789ab";

std::string IdOf(int number) {
  return absl::StrCat("6f3c9b1e-2d4a-4c88-9f10-", absl::Dec(number, absl::kZeroPad12));
}

class RequestIdsTest : public ::testing::Test {
 protected:
  // What is answered; each run of the work gives another number.
  std::string Run(const std::string& id, const std::string& request = "r", bool is_check = false) {
    const absl::StatusOr<std::string> reply =
        ids_.Run(id, request, is_check, [this]() -> absl::StatusOr<std::string> {
          ++runs_;
          if (!result_.ok()) return result_;
          return absl::StrCat("reply ", runs_);
        });
    return reply.ok() ? *reply : GetErrorReason(reply.status());
  }

  RequestIds::TimePoint now_{std::chrono::hours(1)};
  absl::Status result_;
  int runs_ = 0;
  RequestIds ids_{[this] { return now_; }};
};

TEST_F(RequestIdsTest, TheSameRequestIsAnsweredAsTheFirstTime) {
  EXPECT_EQ(Run(kId), "reply 1");
  EXPECT_EQ(Run(kId), "reply 1");
  EXPECT_EQ(Run("6F3C9B1E-2D4A-4C88-9F10-0123456789AB"), "reply 1") << "case means nothing";
  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(Run(IdOf(1)), "reply 2");
}

TEST_F(RequestIdsTest, AnotherRequestWithItIsRefused) {
  EXPECT_EQ(Run(kId, "a"), "reply 1");
  EXPECT_EQ(Run(kId, "b"), "REQUEST_ID_REUSED");
  EXPECT_EQ(Run(kId, "a"), "reply 1");
  EXPECT_EQ(runs_, 1);
}

TEST_F(RequestIdsTest, ItIsForgottenAfterTenMinutes) {
  EXPECT_EQ(Run(kId), "reply 1");
  now_ += RequestIds::kKept - std::chrono::nanoseconds(1);
  EXPECT_EQ(Run(kId), "reply 1");
  now_ += std::chrono::nanoseconds(1);
  EXPECT_EQ(Run(kId, "another one"), "reply 2");
}

TEST_F(RequestIdsTest, WhatFailedMayBeTriedAgain) {
  result_ = absl::UnavailableError("full");
  EXPECT_EQ(Run(kId), "");
  result_ = absl::OkStatus();
  EXPECT_EQ(Run(kId, "even another one"), "reply 2");
}

TEST_F(RequestIdsTest, AMereCheckIsNotRemembered) {
  EXPECT_EQ(Run(kId, "check", /*is_check=*/true), "reply 1");
  EXPECT_EQ(Run(kId, "check", /*is_check=*/true), "reply 2");
  EXPECT_EQ(Run(kId, "change"), "reply 3");
}

TEST_F(RequestIdsTest, OnlyUuidsAreTaken) {
  for (const std::string& id :
       {std::string("x"), std::string(36, 'a'), std::string("6f3c9b1e2d4a4c889f100123456789ab"),
        std::string("6f3c9b1e-2d4a-4c88-9f10-0123456789a"),
        std::string("6f3c9b1e-2d4a-4c88-9f10-0123456789abc"),
        std::string("6f3c9b1e-2d4a-4c88-9f10-0123456789ag"),
        std::string("6f3c9b1e-2d4a-4c889-f10-0123456789ab"),
        std::string("{6f3c9b1e-2d4a-4c88-9f10-0123456789}"),
        std::string("00000000-0000-0000-0000-000000000000")}) {
    EXPECT_EQ(Run(id), "INVALID_REQUEST_ID") << id;
    EXPECT_EQ(Run(id, "check", /*is_check=*/true), "INVALID_REQUEST_ID") << id;
  }
  EXPECT_EQ(runs_, 0);
}

TEST_F(RequestIdsTest, TheirNumberIsBounded) {
  for (size_t i = 0; i < RequestIds::kMost; ++i) Run(IdOf(static_cast<int>(i)));
  EXPECT_EQ(Run(kId), "TOO_MANY_REQUEST_IDS");
  EXPECT_EQ(Run(IdOf(3)), "reply 4");
  now_ += RequestIds::kKept;
  EXPECT_EQ(Run(kId), absl::StrCat("reply ", RequestIds::kMost + 1));
}

// A client gives up waiting and calls again while the first call still runs.
TEST_F(RequestIdsTest, ARepetitionWaitsForTheFirstOne) {
  absl::Notification begun;
  absl::Notification go_on;
  std::string first;
  std::thread caller([&] {
    first = *ids_.Run(kId, "r", false, [&]() -> absl::StatusOr<std::string> {
      begun.Notify();
      go_on.WaitForNotification();
      return "the first";
    });
  });
  begun.WaitForNotification();
  std::string second;
  absl::Notification answered;
  std::thread again([&] {
    second = Run(kId);
    answered.Notify();
  });
  // Never before the first one; one that did not wait would be here at once.
  EXPECT_FALSE(answered.WaitForNotificationWithTimeout(absl::Milliseconds(100)));
  go_on.Notify();
  caller.join();
  again.join();
  EXPECT_EQ(first, "the first");
  EXPECT_EQ(second, "the first");
  EXPECT_EQ(runs_, 0);
}

}  // namespace
}  // namespace schedd::rpc
