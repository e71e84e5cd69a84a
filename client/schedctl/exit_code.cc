// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/exit_code.h"

namespace schedd::client {
namespace {

constexpr ExitCode kExitCodes[] = {
    {0, "done"},
    {1,
     "an internal error; doctor found something that FAILs, policy diff --exit-code something that "
     "differs"},
    {2, "wrong usage, or a value that schedd does not accept"},
    {3, "there is no such task, override, policy, revision, parameter or file"},
    {4, "not allowed"},
    {5, "not possible now: nothing attached, another scheduler attached, …"},
    {6, "somebody else changed it meanwhile (etag), or it exists already"},
    {7, "schedd cannot be reached"},
    {kExitNoAnswer, "schedd did not answer in time"},
    {9, "a limit is reached: too many, too soon, or a reader too slow"},
    {10, "not supported: no sched_ext in the kernel, or schedd is older than schedctl"},
};

}  // namespace

std::span<const ExitCode> ExitCodes() { return kExitCodes; }

int ExitCodeOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return kExitOk;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return kExitUsage;
    case absl::StatusCode::kNotFound:
      return 3;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return 4;
    case absl::StatusCode::kFailedPrecondition:
      return 5;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kAlreadyExists:
      return 6;
    case absl::StatusCode::kUnavailable:
      return 7;
    case absl::StatusCode::kDeadlineExceeded:
      return kExitNoAnswer;
    case absl::StatusCode::kResourceExhausted:
      return 9;
    case absl::StatusCode::kUnimplemented:
      return 10;
    default:  // CANCELLED, UNKNOWN, INTERNAL, DATA_LOSS and what may come
      return 1;
  }
}

}  // namespace schedd::client
