// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/document.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace schedd::client {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kIndent = 2;

// Words that a YAML reader (1.1 or 1.2) takes for something else than a text.
bool IsReserved(const std::string& text) {
  static constexpr std::array<absl::string_view, 9> kWords = {"null", "true", "false", "yes", "no",
                                                              "on",   "off",  "y",     "n"};
  return std::find(kWords.begin(), kWords.end(), absl::AsciiStrToLower(text)) != kWords.end();
}

// Plain where it is certain, double quotes otherwise: a JSON string is a YAML string.
std::string YamlScalar(const Json& value) {
  if (!value.is_string()) return value.dump();
  const std::string& text = value.get_ref<const std::string&>();
  const bool plain =
      !text.empty() && (absl::ascii_isalpha(text[0]) || text[0] == '/') && !IsReserved(text) &&
      std::all_of(text.begin(), text.end(), [](char c) {
        return absl::ascii_isalnum(c) || c == '_' || c == '/' || c == '.' || c == '-';
      });
  return plain ? text : value.dump();
}

void AppendYaml(const Json& value, int depth, std::string* out);

// "key:" or "-" was written; what belongs to it follows on the line, or on the next ones.
void AppendValue(const Json& value, int depth, std::string* out) {
  if (value.is_structured() && !value.empty()) {
    absl::StrAppend(out, "\n");
    AppendYaml(value, depth, out);
  } else {
    absl::StrAppend(out, " ", value.is_structured() ? value.dump() : YamlScalar(value), "\n");
  }
}

void AppendYaml(const Json& value, int depth, std::string* out) {
  const std::string indent(depth * kIndent, ' ');
  if (value.is_object()) {
    for (const auto& [key, item] : value.items()) {
      absl::StrAppend(out, indent, YamlScalar(Json(key)), ":");
      AppendValue(item, depth + 1, out);
    }
  } else if (value.is_array()) {
    for (const Json& item : value) {
      if (item.is_object() && !item.empty()) {
        // The first key stands beside the dash.
        std::string lines;
        AppendYaml(item, depth + 1, &lines);
        absl::StrAppend(out, indent, "- ", lines.substr((depth + 1) * kIndent));
      } else {
        absl::StrAppend(out, indent, "-");
        AppendValue(item, depth + 1, out);
      }
    }
  }
}

std::string Dump(const Json& document, DocumentStyle style) {
  switch (style) {
    case DocumentStyle::kJson:
      return document.dump(kIndent) + "\n";
    case DocumentStyle::kJsonLine:
    case DocumentStyle::kJsonNulls:
      return document.dump() + "\n";
    case DocumentStyle::kYaml:
      break;
  }
  std::string out = "---";
  AppendValue(document, 0, &out);
  return out;
}

// Adds what the JSON of a message leaves out because it is not set.
void AddNulls(const google::protobuf::Descriptor& type, Json& json) {
  // A Timestamp, a Duration or a FieldMask is a text, not an object with its fields.
  if (!json.is_object()) return;
  for (int i = 0; i < type.field_count(); ++i) {
    const auto* field = type.field(i);
    Json& value = json[field->json_name()];
    if (field->message_type() == nullptr || field->is_map()) continue;
    if (value.is_array()) {
      for (Json& item : value) AddNulls(*field->message_type(), item);
    } else {
      AddNulls(*field->message_type(), value);
    }
  }
}

absl::StatusOr<Json> ToJson(const google::protobuf::Message& message, DocumentStyle style) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!status.ok()) {
    return absl::InternalError(
        absl::StrCat("cannot show a ", message.GetTypeName(), " as JSON: ", status.ToString()));
  }
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (style == DocumentStyle::kJsonNulls) AddNulls(*message.GetDescriptor(), json);
  return json;
}

}  // namespace

absl::StatusOr<std::string> ToDocument(const google::protobuf::Message& message,
                                       DocumentStyle style) {
  auto json = ToJson(message, style);
  if (!json.ok()) return json.status();
  return Dump(*json, style);
}

absl::StatusOr<std::string> ToDocument(
    absl::string_view key, const std::vector<const google::protobuf::Message*>& messages,
    DocumentStyle style) {
  Json list = Json::array();
  for (const auto* message : messages) {
    auto json = ToJson(*message, style);
    if (!json.ok()) return json.status();
    list.push_back(*std::move(json));
  }
  Json document;
  document[std::string(key)] = std::move(list);
  return Dump(document, style);
}

absl::StatusOr<std::string> Restyle(absl::string_view json, DocumentStyle style) {
  const Json document = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return absl::InvalidArgumentError("this is not JSON");
  return Dump(document, style);
}

}  // namespace schedd::client
