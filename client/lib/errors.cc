// SPDX-License-Identifier: Apache-2.0
#include "client/lib/errors.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace schedd::client {
namespace {

// Reads the payload of type T; false when there is none or it is damaged.
template <typename T>
bool ReadPayload(const absl::Status& status, T* message) {
  const auto payload =
      status.GetPayload(absl::StrCat("type.googleapis.com/", T::descriptor()->full_name()));
  return payload.has_value() && message->ParseFromString(std::string(*payload));
}

}  // namespace

absl::Status MakeStatus(int code, absl::string_view message, absl::string_view details) {
  absl::Status status(static_cast<absl::StatusCode>(code), message);
  google::rpc::Status rich;
  if (!rich.ParseFromArray(details.data(), static_cast<int>(details.size()))) return status;
  for (const auto& detail : rich.details()) {
    status.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return status;
}

std::string ErrorReason(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  return ReadPayload(status, &info) ? info.reason() : "";
}

std::map<std::string, std::string> ErrorMetadata(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  if (!ReadPayload(status, &info)) return {};
  return {info.metadata().begin(), info.metadata().end()};
}

std::vector<std::string> FieldViolations(const absl::Status& status) {
  google::rpc::BadRequest request;
  std::vector<std::string> lines;
  if (!ReadPayload(status, &request)) return lines;
  for (const auto& violation : request.field_violations()) {
    lines.push_back(absl::StrCat(violation.field(), ": ", violation.description()));
  }
  return lines;
}

}  // namespace schedd::client
