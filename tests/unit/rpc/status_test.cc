// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/control/error.h"

namespace schedd::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(StatusTest, PlainStatusHasNoDetails) {
  const google::rpc::Status status = ToRpcStatus(absl::NotFoundError("nothing there"));
  EXPECT_EQ(status.code(), 5);
  EXPECT_EQ(status.message(), "nothing there");
  EXPECT_EQ(status.details_size(), 0);
}

TEST(StatusTest, ReasonAndMetadataBecomeErrorInfo) {
  const google::rpc::Status status =
      ToRpcStatus(MakeError(absl::StatusCode::kFailedPrecondition, reason::kSchedulerBusy,
                            "another one is attached", {{"ops_name", "scx_other"}}));
  EXPECT_EQ(status.code(), 9);
  ASSERT_EQ(status.details_size(), 1);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(status.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "SCHEDULER_BUSY");
  EXPECT_EQ(info.domain(), "schedd");
  EXPECT_THAT(info.metadata(), UnorderedElementsAre(Pair("ops_name", "scx_other")));
}

TEST(StatusTest, FieldBecomesAViolation) {
  const google::rpc::Status status = ToRpcStatus(MakeError(
      absl::StatusCode::kInvalidArgument, reason::kParameterOutOfRange,
      "parameters.base_slice is 8m: use 100us to 100ms", {{"field", "parameters.base_slice"}}));
  ASSERT_EQ(status.details_size(), 2);
  google::rpc::BadRequest bad;
  ASSERT_TRUE(status.details(1).UnpackTo(&bad));
  ASSERT_EQ(bad.field_violations_size(), 1);
  EXPECT_EQ(bad.field_violations(0).field(), "parameters.base_slice");
  EXPECT_THAT(bad.field_violations(0).description(), HasSubstr("100us to 100ms"));
}

TEST(StatusTest, RetryIsADurationOfSecondsAndNanos) {
  const google::rpc::Status status =
      ToRpcStatus(WithRetryAfter(absl::ResourceExhaustedError("slow"), absl::Milliseconds(2500)));
  ASSERT_EQ(status.details_size(), 1);
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(status.details(0).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 2);
  EXPECT_EQ(retry.retry_delay().nanos(), 500'000'000);
}

// Clients refuse trailing metadata of more than 8 KiB, and then show nothing of the error at all.
TEST(StatusTest, NeverGrowsBeyondWhatClientsTake) {
  const absl::Status huge = MakeError(absl::StatusCode::kInternal, reason::kVerifierRejected,
                                      std::string(100'000, 'x'), {{"field", "parameters"}});
  const google::rpc::Status status = ToRpcStatus(huge);
  const size_t base64 = status.ByteSizeLong() * 4 / 3;
  EXPECT_LT(base64 + status.message().size(), 8'000u);
  EXPECT_EQ(status.details_size(), 2) << "what programs read stays";

  const absl::Status huge_metadata = MakeError(
      absl::StatusCode::kInternal, reason::kVerifierRejected, "x", {{"a", std::string(9000, 'x')}});
  EXPECT_LT(ToRpcStatus(huge_metadata).ByteSizeLong(), 4'000u);
}

TEST(StatusTest, CutsBetweenCharacters) {
  std::string text(1535, 'x');
  text += "üüü";  // the limit of 1536 bytes falls into the first
  const std::string message = ToRpcStatus(absl::InternalError(text)).message();
  EXPECT_EQ(message, std::string(1535, 'x') + "…");
}

}  // namespace
}  // namespace schedd::rpc
