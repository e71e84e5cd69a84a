// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/config_file.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/text_format.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "schedd/config/v1/config.pb.h"
#include "server/text/text_file.h"

namespace schedd::daemon {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::TextFormat;

constexpr char kHint[] =
    "The file holds lines such as `max_tasks: 4096`; docs/configuration.md lists the fields.";

// Value of a set field as one would write it for the flag. `index` is -1 for a field that is not
// repeated.
std::string FieldText(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(reflection.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(reflection.GetDouble(message, &field));
    default:
      return index < 0 ? reflection.GetString(message, &field)
                       : reflection.GetRepeatedString(message, &field, index);
  }
}

}  // namespace

absl::StatusOr<std::vector<Setting>> ParseConfigText(absl::string_view path,
                                                     const std::string& text) {
  config::v1::Config message;
  TextFormat::ParseInfoTree places;
  if (absl::Status status = ParseText(path, text, kHint, &message, &places); !status.ok()) {
    return status;
  }

  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  std::vector<Setting> settings;
  for (const FieldDescriptor* field : fields) {
    const int size = field->is_repeated() ? message.GetReflection()->FieldSize(message, field) : 1;
    TextFormat::ParseLocation at;
    for (int i = 0; i < size; ++i) {
      const int index = field->is_repeated() ? i : -1;
      const TextFormat::ParseLocation own = places.GetLocation(field, index);
      // Protobuf knows one place for all values of a list in brackets.
      if (own.line >= 0) at = own;
      settings.push_back({absl::StrReplaceAll(field->name(), {{"_", "-"}}),
                          FieldText(message, *field, index), Place(path, at.line, at.column)});
    }
  }
  return settings;
}

absl::StatusOr<std::vector<Setting>> ReadConfigFile(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadTextFile("configuration file", path);
  if (!text.ok()) return text.status();
  return ParseConfigText(path, *text);
}

}  // namespace schedd::daemon
