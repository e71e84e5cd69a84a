// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/status.h"

#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/control/error.h"

namespace schedd::rpc {
namespace {

constexpr char kRetryUrl[] = "type.googleapis.com/google.rpc.RetryInfo";
// Clients refuse trailing metadata of more than 8 KiB: the message (escaped, up to three times its
// size) and the status (in base 64, with the message once more) must fit in it together.
constexpr size_t kMaxMessageBytes = 1536;
constexpr size_t kMaxDescriptionBytes = 512;
constexpr size_t kMaxStatusBytes = 2560;

}  // namespace

std::string CutText(absl::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

absl::Status WithRetryAfter(absl::Status status, absl::Duration delay) {
  google::rpc::RetryInfo info;
  const int64_t seconds = absl::IDivDuration(delay, absl::Seconds(1), &delay);
  info.mutable_retry_delay()->set_seconds(seconds);
  info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(delay)));
  status.SetPayload(kRetryUrl, absl::Cord(info.SerializeAsString()));
  return status;
}

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status result;
  result.set_code(static_cast<int>(status.code()));
  const std::string message = CutText(status.message(), kMaxMessageBytes);
  result.set_message(message);
  const std::string reason = GetErrorReason(status);
  const ErrorMetadata metadata = GetErrorMetadata(status);
  if (!reason.empty()) {
    google::rpc::ErrorInfo info;
    info.set_reason(reason);
    info.set_domain(std::string(kErrorDomain));
    info.mutable_metadata()->insert(metadata.begin(), metadata.end());
    result.add_details()->PackFrom(info);
  }
  const auto field = metadata.find("field");
  if (field != metadata.end()) {
    google::rpc::BadRequest bad;
    google::rpc::BadRequest::FieldViolation& violation = *bad.add_field_violations();
    violation.set_field(field->second);
    violation.set_description(CutText(message, kMaxDescriptionBytes));
    result.add_details()->PackFrom(bad);
  }
  if (const auto retry = status.GetPayload(kRetryUrl); retry.has_value()) {
    google::protobuf::Any& detail = *result.add_details();
    detail.set_type_url(kRetryUrl);
    detail.set_value(std::string(*retry));
  }
  if (result.ByteSizeLong() > kMaxStatusBytes) result.clear_details();
  return result;
}

}  // namespace schedd::rpc
