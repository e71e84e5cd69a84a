// SPDX-License-Identifier: Apache-2.0
#include "server/control/error.h"

#include <gtest/gtest.h>

namespace schedd {
namespace {

TEST(ErrorTest, CarriesReasonAndMetadata) {
  const absl::Status status =
      MakeError(absl::StatusCode::kInvalidArgument, reason::kParameterOutOfRange, "too large",
                {{"field", "parameters.base_slice"}, {"maximum", "100ms"}});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "too large");
  EXPECT_EQ(GetErrorReason(status), "PARAMETER_OUT_OF_RANGE");
  const ErrorMetadata expected = {{"field", "parameters.base_slice"}, {"maximum", "100ms"}};
  EXPECT_EQ(GetErrorMetadata(status), expected);
}

TEST(ErrorTest, AStatusWithoutReasonHasAnEmptyOne) {
  EXPECT_EQ(GetErrorReason(absl::InternalError("x")), "");
  EXPECT_EQ(GetErrorReason(absl::OkStatus()), "");
  EXPECT_TRUE(GetErrorMetadata(absl::InternalError("x")).empty());
}

TEST(ErrorTest, ForeignPayloadsAreNotMetadata) {
  absl::Status status = absl::InternalError("x");
  status.SetPayload("type.example/other", absl::Cord("payload"));
  EXPECT_TRUE(GetErrorMetadata(status).empty());
}

TEST(ErrorTest, WithReasonKeepsCodeAndMessage) {
  const absl::Status status = WithReason(absl::InternalError("R1 invalid mem access"),
                                         reason::kVerifierRejected, {{"a", "b"}});
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(), "R1 invalid mem access");
  EXPECT_EQ(GetErrorReason(status), "VERIFIER_REJECTED");
  EXPECT_EQ(GetErrorMetadata(status).at("a"), "b");
}

TEST(ErrorTest, WithReasonDoesNotReplaceOne) {
  const absl::Status first =
      MakeError(absl::StatusCode::kInternal, reason::kSelfTestFailed, "no pass");
  EXPECT_EQ(GetErrorReason(WithReason(first, reason::kAttachFailed)), "SELF_TEST_FAILED");
}

TEST(ErrorTest, WithReasonLeavesOkAlone) {
  EXPECT_TRUE(WithReason(absl::OkStatus(), reason::kAttachFailed).ok());
}

}  // namespace
}  // namespace schedd
