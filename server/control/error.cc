// SPDX-License-Identifier: Apache-2.0
#include "server/control/error.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"

namespace schedd {
namespace {

// Payloads of the status, one a value: absl::Status keeps them by type URL.
constexpr absl::string_view kReasonUrl = "schedd/reason";
constexpr absl::string_view kMetadataUrlPrefix = "schedd/metadata/";

void SetDetails(absl::Status& status, absl::string_view reason, const ErrorMetadata& metadata) {
  status.SetPayload(kReasonUrl, absl::Cord(reason));
  for (const auto& [key, value] : metadata) {
    status.SetPayload(absl::StrCat(kMetadataUrlPrefix, key), absl::Cord(value));
  }
}

}  // namespace

absl::Status MakeError(absl::StatusCode code, absl::string_view reason, absl::string_view message,
                       const ErrorMetadata& metadata) {
  absl::Status status(code, message);
  SetDetails(status, reason, metadata);
  return status;
}

absl::Status WithReason(const absl::Status& status, absl::string_view reason,
                        const ErrorMetadata& metadata) {
  if (status.ok() || !GetErrorReason(status).empty()) return status;
  absl::Status annotated = status;
  SetDetails(annotated, reason, metadata);
  return annotated;
}

std::string GetErrorReason(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kReasonUrl);
  return payload.has_value() ? std::string(*payload) : std::string();
}

ErrorMetadata GetErrorMetadata(const absl::Status& status) {
  ErrorMetadata metadata;
  status.ForEachPayload([&metadata](absl::string_view url, const absl::Cord& payload) {
    if (absl::ConsumePrefix(&url, kMetadataUrlPrefix)) {
      metadata[std::string(url)] = std::string(payload);
    }
  });
  return metadata;
}

}  // namespace schedd
