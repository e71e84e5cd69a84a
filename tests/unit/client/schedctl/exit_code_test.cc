// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/exit_code.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace schedd::client {
namespace {

struct Mapping {
  absl::StatusCode status;
  int exit_code;
};

// Scripts rely on these numbers: a change here breaks them.
constexpr Mapping kMappings[] = {
    {absl::StatusCode::kOk, 0},
    {absl::StatusCode::kCancelled, 1},
    {absl::StatusCode::kUnknown, 1},
    {absl::StatusCode::kInvalidArgument, 2},
    {absl::StatusCode::kDeadlineExceeded, 8},
    {absl::StatusCode::kNotFound, 3},
    {absl::StatusCode::kAlreadyExists, 6},
    {absl::StatusCode::kPermissionDenied, 4},
    {absl::StatusCode::kResourceExhausted, 9},
    {absl::StatusCode::kFailedPrecondition, 5},
    {absl::StatusCode::kAborted, 6},
    {absl::StatusCode::kOutOfRange, 2},
    {absl::StatusCode::kUnimplemented, 10},
    {absl::StatusCode::kInternal, 1},
    {absl::StatusCode::kUnavailable, 7},
    {absl::StatusCode::kDataLoss, 1},
    {absl::StatusCode::kUnauthenticated, 4},
};

class EveryCode : public testing::TestWithParam<Mapping> {};

TEST_P(EveryCode, HasItsExitCode) {
  EXPECT_EQ(ExitCodeOf(GetParam().status), GetParam().exit_code);
}

TEST_P(EveryCode, IsInTheTable) {
  const auto codes = ExitCodes();
  EXPECT_TRUE(std::any_of(codes.begin(), codes.end(),
                          [](const ExitCode& code) { return code.code == GetParam().exit_code; }));
}

INSTANTIATE_TEST_SUITE_P(All, EveryCode, testing::ValuesIn(kMappings));

TEST(ExitCodes, TheTableIsComplete) { EXPECT_EQ(std::size(kMappings), 17u); }

TEST(ExitCodes, AreAscendingAndExplained) {
  int next = 0;
  for (const ExitCode& code : ExitCodes()) {
    EXPECT_EQ(code.code, next++);
    EXPECT_GT(std::string(code.meaning).size(), 3u);
  }
}

}  // namespace
}  // namespace schedd::client
