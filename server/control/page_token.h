// SPDX-License-Identifier: Apache-2.0
//
// Page tokens and page sizes, the same for every list of the API.
//
// Pure functions; any thread. A token is opaque text for callers and holds where the next page
// begins; `kind` keeps a token of one list out of another. Errors are INVALID_ARGUMENT, reason
// INVALID_PAGE_SIZE or INVALID_PAGE_TOKEN.
#ifndef SCHEDD_CONTROL_PAGE_TOKEN_H_
#define SCHEDD_CONTROL_PAGE_TOKEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace schedd {

// 0: `default_size`; larger than `max_size`: that; negative: an error.
absl::StatusOr<int32_t> CheckPageSize(int32_t page_size, int32_t default_size, int32_t max_size);

std::string EncodePageToken(absl::string_view kind, absl::string_view content);

// What EncodePageToken() was given for the same kind.
absl::StatusOr<std::string> DecodePageToken(absl::string_view kind, absl::string_view token);

// The error of a token that cannot be used, with the reason in words.
absl::Status PageTokenError(absl::string_view why);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_PAGE_TOKEN_H_
