// SPDX-License-Identifier: Apache-2.0
#include "server/control/page_token.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/control/error.h"

namespace schedd {
namespace {

// A longer one is not worth decoding. The longest of ours hold a path (up to 4 KiB) for each of the
// eight fields of an order, twice in base64: 57 KiB.
constexpr size_t kMaxTokenBytes = 65'536;

}  // namespace

absl::StatusOr<int32_t> CheckPageSize(int32_t page_size, int32_t default_size, int32_t max_size) {
  if (page_size < 0) {
    return MakeError(absl::StatusCode::kInvalidArgument, reason::kInvalidPageSize,
                     absl::StrCat("page_size is ", page_size, ": use 1 to ", max_size,
                                  ", or 0 for ", default_size),
                     {{"field", "page_size"}});
  }
  return page_size == 0 ? default_size : std::min(page_size, max_size);
}

std::string EncodePageToken(absl::string_view kind, absl::string_view content) {
  return absl::WebSafeBase64Escape(absl::StrCat(kind, ":", content));
}

absl::StatusOr<std::string> DecodePageToken(absl::string_view kind, absl::string_view token) {
  std::string plain;
  if (token.size() > kMaxTokenBytes || !absl::WebSafeBase64Unescape(token, &plain)) {
    return PageTokenError("it is not one that this server gave out");
  }
  absl::string_view content = plain;
  if (!absl::ConsumePrefix(&content, absl::StrCat(kind, ":"))) {
    return PageTokenError("it belongs to another list");
  }
  return std::string(content);
}

absl::Status PageTokenError(absl::string_view why) {
  return MakeError(
      absl::StatusCode::kInvalidArgument, reason::kInvalidPageToken,
      absl::StrCat("page_token cannot be used: ", why, "; begin again without a page_token"),
      {{"field", "page_token"}});
}

}  // namespace schedd
