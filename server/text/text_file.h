// SPDX-License-Identifier: Apache-2.0
//
// Files in protobuf's text format: read them, parse them, and say where a mistake is.
//
// Free functions; any thread. Errors: NOT_FOUND or PERMISSION_DENIED for a file that cannot be
// read, and INVALID_ARGUMENT naming FILE:LINE:COLUMN of everything wrong in it.
#ifndef SCHEDD_TEXT_TEXT_FILE_H_
#define SCHEDD_TEXT_TEXT_FILE_H_

#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace schedd {

// `what` is what messages call it: "configuration file".
absl::StatusOr<std::string> ReadTextFile(absl::string_view what, const std::string& path);

// `path` is only named in messages, which end with `hint`. `places` is filled with where each field
// is. Messages nest 50 deep at most.
absl::Status ParseText(absl::string_view path, const std::string& text, absl::string_view hint,
                       google::protobuf::Message* message,
                       google::protobuf::TextFormat::ParseInfoTree* places);

// "FILE:LINE:COLUMN", both from 0 here and from 1 there.
std::string Place(absl::string_view path, int line, int column);

}  // namespace schedd

#endif  // SCHEDD_TEXT_TEXT_FILE_H_
