// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/config_file.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "schedd/config/v1/config.pb.h"

namespace schedd::daemon {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::TextFormat;

// Lines and columns for people begin at 1.
std::string Place(absl::string_view path, int line, int column) {
  return absl::StrCat(path, ":", line + 1, ":", column + 1);
}

class ErrorList : public google::protobuf::io::ErrorCollector {
 public:
  explicit ErrorList(absl::string_view path) : path_(path) {}

  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    errors_.push_back(absl::StrCat(Place(path_, line, column), ": ", message));
  }

  absl::Status ToStatus() const {
    return absl::InvalidArgumentError(absl::StrCat(
        absl::StrJoin(errors_, "\n"),
        "\nThe file holds lines such as `max_tasks: 4096`; docs/configuration.md lists "
        "the fields."));
  }

 private:
  const absl::string_view path_;
  std::vector<std::string> errors_;
};

// Value of a set field as one would write it for the flag. `index` is -1 for a field that is not
// repeated.
std::string FieldText(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(reflection.GetInt64(message, &field));
    default:
      return index < 0 ? reflection.GetString(message, &field)
                       : reflection.GetRepeatedString(message, &field, index);
  }
}

}  // namespace

absl::StatusOr<std::vector<Setting>> ParseConfigText(absl::string_view path,
                                                     const std::string& text) {
  config::v1::Config message;
  ErrorList errors(path);
  TextFormat::ParseInfoTree places;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  parser.WriteLocationsTo(&places);
  if (!parser.ParseFromString(text, &message)) return errors.ToStatus();

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
  std::ifstream file(path);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  // Reading a directory succeeds in opening and fails here.
  if (!file || file.bad() || (text.fail() && errno == EISDIR)) {
    const int error = errno;
    const std::string message =
        absl::StrCat("cannot read the configuration file ", path, ": ", std::strerror(error));
    return error == EACCES ? absl::PermissionDeniedError(message) : absl::NotFoundError(message);
  }
  return ParseConfigText(path, text.str());
}

}  // namespace schedd::daemon
