// SPDX-License-Identifier: Apache-2.0
//
// Errors of the control plane: an absl::Status that also carries a machine-readable reason and
// metadata.
//
// Value helpers without state; any thread. server/rpc turns reason and metadata into
// google.rpc.ErrorInfo with domain "schedd" (and the metadata "field" into a google.rpc.BadRequest
// field violation). Cannot fail: a status without a reason has an empty one.
#ifndef SCHEDD_CONTROL_ERROR_H_
#define SCHEDD_CONTROL_ERROR_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace schedd {

inline constexpr absl::string_view kErrorDomain = "schedd";

// Reasons. Each is part of the API: never rename one.
namespace reason {
// INVALID_ARGUMENT
inline constexpr absl::string_view kParameterOutOfRange = "PARAMETER_OUT_OF_RANGE";
inline constexpr absl::string_view kUnknownParameter = "UNKNOWN_PARAMETER";
inline constexpr absl::string_view kUnknownField =
    "UNKNOWN_FIELD";  // a path in update_mask or order_by
inline constexpr absl::string_view kEmptyUpdate = "EMPTY_UPDATE";  // nothing to change
inline constexpr absl::string_view kInvalidName = "INVALID_NAME";
inline constexpr absl::string_view kInvalidFilter = "INVALID_FILTER";
inline constexpr absl::string_view kInvalidOrder = "INVALID_ORDER";
inline constexpr absl::string_view kInvalidPageSize = "INVALID_PAGE_SIZE";
inline constexpr absl::string_view kInvalidPageToken = "INVALID_PAGE_TOKEN";
inline constexpr absl::string_view kInvalidSelector = "INVALID_SELECTOR";
inline constexpr absl::string_view kInvalidOverride = "INVALID_OVERRIDE";
inline constexpr absl::string_view kInvalidExpiration = "INVALID_EXPIRATION";
inline constexpr absl::string_view kMachineParameter =
    "MACHINE_PARAMETER";  // set in another policy than the default one
inline constexpr absl::string_view kImmutableField = "IMMUTABLE_FIELD";
inline constexpr absl::string_view kReasonTooLong = "REASON_TOO_LONG";
inline constexpr absl::string_view kInvalidRequestId = "INVALID_REQUEST_ID";
inline constexpr absl::string_view kRequestIdReused =
    "REQUEST_ID_REUSED";  // for another request than before
// NOT_FOUND
inline constexpr absl::string_view kPolicyNotFound = "POLICY_NOT_FOUND";
inline constexpr absl::string_view kRevisionNotFound = "REVISION_NOT_FOUND";
inline constexpr absl::string_view kTaskNotFound = "TASK_NOT_FOUND";
inline constexpr absl::string_view kOverrideNotFound = "OVERRIDE_NOT_FOUND";
// ALREADY_EXISTS, RESOURCE_EXHAUSTED
inline constexpr absl::string_view kOverrideExists = "OVERRIDE_EXISTS";
inline constexpr absl::string_view kTooManyOverrides = "TOO_MANY_OVERRIDES";
inline constexpr absl::string_view kPolicyExists = "POLICY_EXISTS";
inline constexpr absl::string_view kSelectorExists =
    "SELECTOR_EXISTS";  // another policy is for the same control group
inline constexpr absl::string_view kTooManyPolicies = "TOO_MANY_POLICIES";
inline constexpr absl::string_view kTooManyRequestIds = "TOO_MANY_REQUEST_IDS";
// ABORTED
inline constexpr absl::string_view kEtagMismatch = "ETAG_MISMATCH";
// FAILED_PRECONDITION
inline constexpr absl::string_view kSchedulerBusy =
    "SCHEDULER_BUSY";  // another scheduler is attached
inline constexpr absl::string_view kSchedulerDetached = "SCHEDULER_DETACHED";  // ours is not
inline constexpr absl::string_view kDefaultPolicy = "DEFAULT_POLICY";  // it cannot be deleted
inline constexpr absl::string_view kPolicyInherited =
    "POLICY_INHERITED";  // what others inherit from it is needed
inline constexpr absl::string_view kTaskProtected =
    "TASK_PROTECTED";  // a thread that no override may touch
// PERMISSION_DENIED, UNIMPLEMENTED, INTERNAL: the host
inline constexpr absl::string_view kPrivilegeMissing = "PRIVILEGE_MISSING";
inline constexpr absl::string_view kSchedExtUnsupported = "SCHED_EXT_UNSUPPORTED";
inline constexpr absl::string_view kVerifierRejected = "VERIFIER_REJECTED";
inline constexpr absl::string_view kSelfTestFailed = "SELF_TEST_FAILED";
inline constexpr absl::string_view kAttachFailed = "ATTACH_FAILED";
inline constexpr absl::string_view kDetachFailed = "DETACH_FAILED";
// OUT_OF_RANGE
inline constexpr absl::string_view kSequenceCompacted = "SEQUENCE_COMPACTED";
// DEADLINE_EXCEEDED
inline constexpr absl::string_view kCallTimedOut = "CALL_TIMED_OUT";  // by schedd's own limit
// UNAVAILABLE
inline constexpr absl::string_view kStoreUnavailable =
    "STORE_UNAVAILABLE";  // a change could not be stored, so it was not made
inline constexpr absl::string_view kDraining = "DRAINING";
}  // namespace reason

// Keys used here: "field" (path in the request), "position" (in a filter, from 1), "minimum",
// "maximum", "ops_name".
using ErrorMetadata = std::map<std::string, std::string>;

// `code` must not be kOk.
absl::Status MakeError(absl::StatusCode code, absl::string_view reason, absl::string_view message,
                       const ErrorMetadata& metadata = {});

// Adds a reason to a status of a lower layer unless it has one; keeps code and message. OK stays
// OK.
absl::Status WithReason(const absl::Status& status, absl::string_view reason,
                        const ErrorMetadata& metadata = {});

// Empty when the status carries none.
std::string GetErrorReason(const absl::Status& status);
ErrorMetadata GetErrorMetadata(const absl::Status& status);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_ERROR_H_
