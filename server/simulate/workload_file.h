// SPDX-License-Identifier: Apache-2.0
//
// Reads a workload file: protobuf text format, message schedd.sim.v1.Workload.
//
// Free functions; any thread. What they give is fit for StartWorkload(). Errors: NOT_FOUND or
// PERMISSION_DENIED for a file that cannot be read, and INVALID_ARGUMENT with
// FILE:LINE:COLUMN of everything wrong in it, what is allowed there and what to do.
#ifndef SCHEDD_SIMULATE_WORKLOAD_FILE_H_
#define SCHEDD_SIMULATE_WORKLOAD_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/sim/workload.h"

namespace schedd {

// `path` names the text in messages, and the workload if it has no name itself.
absl::StatusOr<SimWorkload> ParseWorkload(absl::string_view text, absl::string_view path);

absl::StatusOr<SimWorkload> ReadWorkloadFile(const std::string& path);

}  // namespace schedd

#endif  // SCHEDD_SIMULATE_WORKLOAD_FILE_H_
