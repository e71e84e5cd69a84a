// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/parameters.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/schedctl/format.h"
#include "client/schedctl/suggest.h"

namespace schedd::client {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::vector<std::string> ParameterNames() {
  const Descriptor* type = v1::PolicyParameters::descriptor();
  std::vector<std::string> names;
  for (int i = 0; i < type->field_count(); ++i) names.push_back(type->field(i)->name());
  return names;
}

absl::Status BadValue(const FieldDescriptor* field, absl::string_view value,
                      absl::string_view allowed) {
  return absl::InvalidArgumentError(
      absl::StrCat(field->name(), " cannot be \"", value, "\"; ", allowed));
}

absl::Status SetField(absl::string_view value, const FieldDescriptor* field,
                      v1::PolicyParameters* parameters) {
  const auto* reflection = parameters->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      auto duration = ParseDuration(value);
      if (!duration.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat(field->name(), ": ", duration.status().message()));
      }
      reflection->MutableMessage(parameters, field)->CopyFrom(ToProto(*duration));
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT32: {
      int32_t number = 0;
      if (!absl::SimpleAtoi(value, &number)) return BadValue(field, value, "write a whole number");
      reflection->SetInt32(parameters, field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto* choice = FindEnumValue(field->enum_type(), value);
      if (choice == nullptr || choice->number() == 0) {
        return BadValue(field, value,
                        absl::StrCat("choose one of: ", EnumChoices(field->enum_type())));
      }
      reflection->SetEnum(parameters, field, choice);
      return absl::OkStatus();
    }
    default:
      return absl::UnimplementedError(
          absl::StrCat("schedctl cannot set ", field->name(), "; use the API"));
  }
}

std::string FieldText(const v1::PolicyParameters& parameters, const FieldDescriptor* field) {
  const auto* reflection = parameters.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      if (!reflection->HasField(parameters, field)) return "-";
      google::protobuf::Duration duration;
      duration.CopyFrom(reflection->GetMessage(parameters, field));
      return ExactDuration(FromProto(duration));
    }
    case FieldDescriptor::CPPTYPE_INT32:
      if (!reflection->HasField(parameters, field)) return "-";
      return absl::StrCat(reflection->GetInt32(parameters, field));
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = reflection->GetEnumValue(parameters, field);
      return number == 0 ? "-" : EnumText(field->enum_type(), number);
    }
    default:
      return "?";
  }
}

}  // namespace

absl::Status AddAssignment(absl::string_view assignment, v1::UpdatePolicyRequest* request) {
  const size_t equals = assignment.find('=');
  if (equals == 0 || equals == absl::string_view::npos || equals + 1 == assignment.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", assignment,
        "\" is no change; write name=value, for example base_slice=5ms, or name=default"));
  }
  const std::string name(assignment.substr(0, equals));
  const absl::string_view value = assignment.substr(equals + 1);
  const FieldDescriptor* field = v1::PolicyParameters::descriptor()->FindFieldByName(name);
  if (field == nullptr) {
    const std::vector<std::string> names = ParameterNames();
    return absl::InvalidArgumentError(absl::StrCat("there is no parameter \"", name, "\"",
                                                   DidYouMean(name, names),
                                                   " Parameters: ", absl::StrJoin(names, ", ")));
  }
  const std::string path = absl::StrCat("parameters.", name);
  auto& paths = *request->mutable_update_mask()->mutable_paths();
  if (std::find(paths.begin(), paths.end(), path) != paths.end()) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is given twice"));
  }
  // In the mask and not set: the default.
  if (value != "default") {
    const absl::Status status =
        SetField(value, field, request->mutable_policy()->mutable_parameters());
    if (!status.ok()) return status;
  }
  *paths.Add() = path;
  return absl::OkStatus();
}

std::vector<std::pair<std::string, std::string>> ParameterTexts(
    const v1::PolicyParameters& parameters) {
  const Descriptor* type = v1::PolicyParameters::descriptor();
  std::vector<std::pair<std::string, std::string>> texts;
  for (int i = 0; i < type->field_count(); ++i) {
    texts.emplace_back(type->field(i)->name(), FieldText(parameters, type->field(i)));
  }
  return texts;
}

std::string SpecNumber(const v1::ParameterSpec& spec, int64_t value) {
  return spec.unit() == "ns" ? ExactDuration(absl::Nanoseconds(value)) : Count(value);
}

std::string SpecChoice(const v1::ParameterSpec& spec, const std::string& value) {
  const FieldDescriptor* field =
      v1::PolicyParameters::descriptor()->FindFieldByName(spec.field_path());
  // A newer daemon may have parameters and values that we do not know.
  if (field == nullptr || field->enum_type() == nullptr) return value;
  const auto* choice = FindEnumValue(field->enum_type(), value);
  return choice == nullptr ? value : EnumText(field->enum_type(), choice->number());
}

}  // namespace schedd::client
