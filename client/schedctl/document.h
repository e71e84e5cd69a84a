// SPDX-License-Identifier: Apache-2.0
//
// API messages as JSON and YAML.
//
// The JSON is proto3's own mapping: lowerCamelCase names, 64-bit numbers and durations as strings,
// enums by name; fields without presence are printed even when they are zero. The YAML is the same
// document. Pure functions; any thread. Failure: INTERNAL for a message that has no JSON (a
// duration out of range, for example).
#ifndef SCHEDD_CLIENT_SCHEDCTL_DOCUMENT_H_
#define SCHEDD_CLIENT_SCHEDCTL_DOCUMENT_H_

#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace schedd::client {

enum class DocumentStyle {
  kJson,       // indented
  kJsonLine,   // one line
  kJsonNulls,  // one line, and what is not set is null instead of left out
  kYaml,       // begins with --- so that several can follow one another
};

// One message.
absl::StatusOr<std::string> ToDocument(const google::protobuf::Message& message,
                                       DocumentStyle style);

// {"<key>": [messages]}.
absl::StatusOr<std::string> ToDocument(
    absl::string_view key, const std::vector<const google::protobuf::Message*>& messages,
    DocumentStyle style);

// Any JSON text in another style. INVALID_ARGUMENT when it is not JSON.
absl::StatusOr<std::string> Restyle(absl::string_view json, DocumentStyle style);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_DOCUMENT_H_
