// SPDX-License-Identifier: Apache-2.0
//
// Turns an absl::Status of the control plane into what a gRPC client sees: a google.rpc.Status with
// ErrorInfo (reason, domain "schedd", metadata), BadRequest (the field at fault) and RetryInfo.
//
// Pure functions; any thread. Cannot fail: a status without a reason gets no ErrorInfo, and a
// message of more than 1.5 KiB is cut.
#ifndef SCHEDD_RPC_STATUS_H_
#define SCHEDD_RPC_STATUS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace google::rpc {
class Status;
}

// Reasons that only this layer gives; the others are in server/control/error.h. Each is part of the
// API: never rename one.
namespace schedd::reason {
inline constexpr absl::string_view kInvalidInterval = "INVALID_INTERVAL";       // INVALID_ARGUMENT
inline constexpr absl::string_view kSchedulerNotFound = "SCHEDULER_NOT_FOUND";  // NOT_FOUND
inline constexpr absl::string_view kTooManyStreams = "TOO_MANY_STREAMS";     // RESOURCE_EXHAUSTED
inline constexpr absl::string_view kStreamOverflow = "STREAM_OVERFLOW";      // RESOURCE_EXHAUSTED
inline constexpr absl::string_view kRoleNotAllowed = "ROLE_NOT_ALLOWED";     // PERMISSION_DENIED
inline constexpr absl::string_view kAuditUnavailable = "AUDIT_UNAVAILABLE";  // UNAVAILABLE
}  // namespace schedd::reason

namespace schedd::rpc {

// Says when to try again, as a google.rpc.RetryInfo.
absl::Status WithRetryAfter(absl::Status status, absl::Duration delay);

// At most so many bytes and a mark, cut at a character, not within one.
std::string CutText(absl::string_view text, size_t max_bytes);

// The google.rpc.Status to send.
google::rpc::Status ToRpcStatus(const absl::Status& status);

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_STATUS_H_
