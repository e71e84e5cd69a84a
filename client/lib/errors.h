// SPDX-License-Identifier: Apache-2.0
//
// What an error of the daemon says beyond its code and its sentence.
//
// The daemon sends google.rpc.Status with details; the client library keeps each detail as a
// payload of the absl::Status under its type URL. These functions put them there and read them
// back. Values only; any thread. Details that cannot be parsed are ignored: the code and the
// message still hold.
#ifndef SCHEDD_CLIENT_LIB_ERRORS_H_
#define SCHEDD_CLIENT_LIB_ERRORS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace schedd::client {

// The status for a code of gRPC's numbering (which is absl's), with the serialized
// google.rpc.Status `details`.
absl::Status MakeStatus(int code, absl::string_view message, absl::string_view details);

// ErrorInfo.reason, for example "ETAG_MISMATCH"; empty when the status carries none.
std::string ErrorReason(const absl::Status& status);

// ErrorInfo.metadata; empty when the status carries none.
std::map<std::string, std::string> ErrorMetadata(const absl::Status& status);

// One line "field: why" for each violation of BadRequest; empty when the status carries none.
std::vector<std::string> FieldViolations(const absl::Status& status);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_LIB_ERRORS_H_
