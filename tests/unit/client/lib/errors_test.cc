// SPDX-License-Identifier: Apache-2.0
#include "client/lib/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace schedd::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::string Details() {
  google::rpc::Status rich;
  google::rpc::ErrorInfo info;
  info.set_reason("PARAMETER_OUT_OF_RANGE");
  (*info.mutable_metadata())["field"] = "parameters.base_slice";
  rich.add_details()->PackFrom(info);
  google::rpc::BadRequest request;
  auto* violation = request.add_field_violations();
  violation->set_field("parameters.base_slice");
  violation->set_description("must be 100us to 1s");
  rich.add_details()->PackFrom(request);
  return rich.SerializeAsString();
}

TEST(MakeStatus, KeepsCodeAndMessage) {
  const absl::Status status = MakeStatus(10, "the etag does not hold", "");
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(status.message(), "the etag does not hold");
}

TEST(MakeStatus, KeepsTheDetails) {
  const absl::Status status = MakeStatus(3, "base_slice is too long", Details());
  EXPECT_EQ(ErrorReason(status), "PARAMETER_OUT_OF_RANGE");
  EXPECT_THAT(ErrorMetadata(status), ElementsAre(Pair("field", "parameters.base_slice")));
  EXPECT_THAT(FieldViolations(status), ElementsAre("parameters.base_slice: must be 100us to 1s"));
}

TEST(MakeStatus, IgnoresDamagedDetails) {
  const absl::Status status = MakeStatus(3, "wrong", "\xff\xff\xff");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorReason(status), "");
}

TEST(MakeStatus, IgnoresADamagedDetail) {
  google::rpc::Status rich;
  auto* detail = rich.add_details();
  detail->set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  detail->set_value("\xff\xff");
  const absl::Status status = MakeStatus(3, "wrong", rich.SerializeAsString());
  EXPECT_EQ(ErrorReason(status), "");
  EXPECT_THAT(ErrorMetadata(status), IsEmpty());
}

TEST(ErrorReason, IsEmptyWithoutDetails) {
  const absl::Status status = absl::NotFoundError("no such task");
  EXPECT_EQ(ErrorReason(status), "");
  EXPECT_THAT(ErrorMetadata(status), IsEmpty());
  EXPECT_THAT(FieldViolations(status), IsEmpty());
  EXPECT_EQ(ErrorReason(absl::OkStatus()), "");
}

}  // namespace
}  // namespace schedd::client
