// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/proto/api_rules.h"

#include <google/protobuf/descriptor.pb.h>

#include <array>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace schedd {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using google::protobuf::SourceLocation;

constexpr char kDuration[] = "google.protobuf.Duration";
constexpr char kTimestamp[] = "google.protobuf.Timestamp";
constexpr char kFieldMask[] = "google.protobuf.FieldMask";
constexpr char kEmpty[] = "google.protobuf.Empty";

// "TaskOverride" -> "task_override".
std::string SnakeCase(const std::string& name) {
  std::string out;
  for (char c : name) {
    if (absl::ascii_isupper(c) && !out.empty()) out += '_';
    out += absl::ascii_tolower(c);
  }
  return out;
}

// "Policy" -> "Policies", "Box" -> "Boxes".
std::string Plural(const std::string& name) {
  if (absl::EndsWith(name, "y")) return absl::StrCat(name.substr(0, name.size() - 1), "ies");
  return absl::StrCat(name, absl::EndsWith(name, "s") || absl::EndsWith(name, "x") ? "es" : "s");
}

// "TaskOverride" -> "taskOverrides/", as in names of resources.
std::string Collection(const std::string& name) {
  std::string plural = Plural(name);
  plural[0] = absl::ascii_tolower(plural[0]);
  return absl::StrCat(plural, "/");
}

// Whether a comment shows the form of a name: "taskOverrides/<id>"; in a collection below another
// one the last word is enough, "policies/<id>/revisions/<n>" of a PolicyRevision.
bool ShowsForm(const std::string& comment, const std::string& resource) {
  for (size_t i = 0; i < resource.size(); ++i) {
    if (!absl::ascii_isupper(resource[i])) continue;
    if (absl::StrContains(comment, Collection(resource.substr(i)))) return true;
  }
  return false;
}

template <typename Element>
std::string CommentOf(const Element* element) {
  SourceLocation location;
  return element->GetSourceLocation(&location) ? location.leading_comments : "";
}

bool IsMessage(const FieldDescriptor* field, const char* type) {
  return field->message_type() != nullptr && field->message_type()->full_name() == type;
}

class Checker {
 public:
  explicit Checker(const std::vector<const FileDescriptor*>& files) : files_(files) {}

  std::vector<Violation> Run() {
    for (const FileDescriptor* file : files_) {
      for (int i = 0; i < file->service_count(); ++i) CheckService(file->service(i));
    }
    for (const FileDescriptor* file : files_) {
      for (int i = 0; i < file->enum_type_count(); ++i) CheckEnum(file->enum_type(i));
      for (int i = 0; i < file->message_type_count(); ++i) CheckMessage(file->message_type(i));
    }
    return std::move(violations_);
  }

 private:
  template <typename Element>
  void Require(bool holds, const Element* element, const std::string& rule) {
    if (!holds) violations_.push_back({element->full_name(), rule});
  }

  template <typename Element>
  void RequireComment(const Element* element) {
    Require(!absl::StripAsciiWhitespace(CommentOf(element)).empty(), element,
            "has a comment (AIP-192)");
  }

  // A field that must be there, as it must be; nullptr when it is not there at all.
  const FieldDescriptor* RequireField(const Descriptor* message, const std::string& name,
                                      FieldDescriptor::CppType type, const std::string& aip) {
    const FieldDescriptor* field = message->FindFieldByName(name);
    Require(field != nullptr, message, absl::StrCat("has a field ", name, " (", aip, ")"));
    if (field == nullptr) return nullptr;
    Require(field->cpp_type() == type && !field->is_repeated(), field,
            absl::StrCat("is one ", FieldDescriptor::CppTypeName(type), " (", aip, ")"));
    return field;
  }

  // --- services ---

  void CheckService(const ServiceDescriptor* service) {
    RequireComment(service);
    Require(absl::EndsWith(service->name(), "Service"), service, "is called …Service (AIP-191)");
    for (int i = 0; i < service->method_count(); ++i) CheckMethod(service->method(i));
  }

  void CheckMethod(const MethodDescriptor* method) {
    RequireComment(method);
    const std::string& name = method->name();
    used_.insert(method->input_type()->full_name());
    used_.insert(method->output_type()->full_name());
    Require(method->input_type()->name() == name + "Request", method,
            absl::StrCat("takes a ", name, "Request (AIP-136)"));
    Require(!method->client_streaming(), method, "takes one request, no stream");
    const bool watches = absl::StartsWith(name, "Watch");
    Require(method->server_streaming() == watches, method,
            "is a stream when it is called Watch…, and only then");

    const size_t verb_end = name.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 1);
    Require(verb_end != std::string::npos, method, "is called verb and noun (AIP-131)");
    if (verb_end == std::string::npos) return;
    const std::string verb = name.substr(0, verb_end), noun = name.substr(verb_end);
    if (verb == "Get") return CheckGet(method, noun);
    if (verb == "List") return CheckList(method, noun);
    if (verb == "Create") return CheckCreate(method, noun);
    if (verb == "Update") return CheckUpdate(method, noun);
    if (verb == "Delete") return CheckDelete(method, noun);
    if (watches) return RequireReply(method, name + "Response");
    CheckCustom(method, noun);
  }

  void RequireReply(const MethodDescriptor* method, const std::string& wanted) {
    Require(method->output_type()->name() == wanted, method,
            absl::StrCat("returns a ", wanted, " (AIP-131 to 136)"));
  }

  void CheckGet(const MethodDescriptor* method, const std::string& noun) {
    RequireReply(method, noun);
    RequireName(method->input_type());
    CheckResource(method->output_type());
  }

  void CheckList(const MethodDescriptor* method, const std::string& nouns) {
    RequireReply(method, absl::StrCat("List", nouns, "Response"));
    RequireField(method->input_type(), "page_size", FieldDescriptor::CPPTYPE_INT32, "AIP-158");
    RequireField(method->input_type(), "page_token", FieldDescriptor::CPPTYPE_STRING, "AIP-158");
    const Descriptor* reply = method->output_type();
    RequireField(reply, "next_page_token", FieldDescriptor::CPPTYPE_STRING, "AIP-158");
    const FieldDescriptor* items = reply->FindFieldByNumber(1);
    const bool listed = items != nullptr && items->is_repeated() &&
                        items->name() == SnakeCase(nouns) && items->message_type() != nullptr &&
                        Plural(items->message_type()->name()) == nouns;
    Require(listed, reply,
            absl::StrCat("has as field 1 the resources, repeated, called ", SnakeCase(nouns),
                         " (AIP-132)"));
    if (listed) CheckResource(items->message_type());
  }

  void CheckCreate(const MethodDescriptor* method, const std::string& noun) {
    RequireReply(method, noun);
    const Descriptor* request = method->input_type();
    RequireField(request, SnakeCase(noun), FieldDescriptor::CPPTYPE_MESSAGE, "AIP-133");
    RequireField(request, SnakeCase(noun) + "_id", FieldDescriptor::CPPTYPE_STRING, "AIP-133");
    RequireField(request, "validate_only", FieldDescriptor::CPPTYPE_BOOL, "AIP-163");
    RequireEtag(method->output_type());
  }

  void CheckUpdate(const MethodDescriptor* method, const std::string& noun) {
    RequireReply(method, noun);
    const Descriptor* request = method->input_type();
    RequireField(request, SnakeCase(noun), FieldDescriptor::CPPTYPE_MESSAGE, "AIP-134");
    const FieldDescriptor* mask =
        RequireField(request, "update_mask", FieldDescriptor::CPPTYPE_MESSAGE, "AIP-134");
    if (mask != nullptr) Require(IsMessage(mask, kFieldMask), mask, "is a FieldMask (AIP-134)");
    RequireField(request, "validate_only", FieldDescriptor::CPPTYPE_BOOL, "AIP-163");
    RequireEtag(method->output_type());
  }

  void CheckDelete(const MethodDescriptor* method, const std::string& noun) {
    Require(method->output_type()->full_name() == kEmpty || method->output_type()->name() == noun,
            method, absl::StrCat("returns Empty, or the ", noun, " (AIP-135)"));
    RequireName(method->input_type());
    RequireEtag(method->input_type());
  }

  // A method of one resource with a verb of its own ("AttachScheduler").
  void CheckCustom(const MethodDescriptor* method, const std::string& noun) {
    const std::string& reply = method->output_type()->name();
    Require(reply == noun || reply == method->name() + "Response", method,
            absl::StrCat("returns a ", noun, " or a ", method->name(), "Response (AIP-136)"));
    RequireName(method->input_type());
    RequireField(method->input_type(), "validate_only", FieldDescriptor::CPPTYPE_BOOL, "AIP-163");
  }

  // --- resources ---

  // Names a resource to act on.
  void RequireName(const Descriptor* request) {
    const FieldDescriptor* name =
        RequireField(request, "name", FieldDescriptor::CPPTYPE_STRING, "AIP-131");
    if (name == nullptr) return;
    Require(name->number() == 1, name, "is field 1 (AIP-131)");
    Require(absl::StrContains(CommentOf(name), "Required."), name,
            "says that it is Required (AIP-203)");
  }

  void RequireEtag(const Descriptor* message) {
    RequireField(message, "etag", FieldDescriptor::CPPTYPE_STRING, "AIP-154");
  }

  void CheckResource(const Descriptor* resource) {
    if (!resources_.insert(resource->full_name()).second) return;
    const FieldDescriptor* name =
        RequireField(resource, "name", FieldDescriptor::CPPTYPE_STRING, "AIP-122");
    if (name == nullptr) return;
    const std::string comment = CommentOf(name);
    Require(name->number() == 1, name, "is field 1 (AIP-122)");
    Require(absl::StrContains(comment, "Identifier."), name,
            "says that it is the Identifier (AIP-203)");
    Require(ShowsForm(comment, resource->name()), name,
            absl::StrCat("shows its form, \"", Collection(resource->name()), "…\" (AIP-122)"));
  }

  // --- messages, fields, enums ---

  void CheckMessage(const Descriptor* message) {
    if (message->options().map_entry()) return;
    RequireComment(message);
    const std::string& name = message->name();
    if (absl::EndsWith(name, "Request") || absl::EndsWith(name, "Response")) {
      Require(used_.contains(message->full_name()), message,
              "belongs to a method: it is called …Request or …Response");
    }
    for (int i = 0; i < message->field_count(); ++i) CheckField(message->field(i));
    for (int i = 0; i < message->oneof_decl_count(); ++i) {
      if (message->oneof_decl(i)->field_count() > 0 &&
          message->oneof_decl(i)->field(0)->real_containing_oneof() != nullptr) {
        RequireComment(message->oneof_decl(i));
      }
    }
    for (int i = 0; i < message->enum_type_count(); ++i) CheckEnum(message->enum_type(i));
    for (int i = 0; i < message->nested_type_count(); ++i) CheckMessage(message->nested_type(i));
  }

  void CheckField(const FieldDescriptor* field) {
    RequireComment(field);
    const auto type = field->cpp_type();
    Require(type != FieldDescriptor::CPPTYPE_UINT32 && type != FieldDescriptor::CPPTYPE_UINT64,
            field, "is no unsigned integer: Java has none (AIP-141)");
    Require(field->type() != FieldDescriptor::TYPE_GROUP, field, "is no group");
    CheckTime(field);
    CheckStandardName(field);
  }

  // Points in time and durations have types of their own; only what is counted for each task or
  // event, many thousand times a second, is a whole number of nanoseconds.
  void CheckTime(const FieldDescriptor* field) {
    const std::string& name = field->name();
    Require(IsMessage(field, kTimestamp) == absl::EndsWith(name, "_time"), field,
            "is a Timestamp when it is called …_time, and only then (AIP-142)");
    if (absl::EndsWith(name, "_duration")) {
      Require(IsMessage(field, kDuration), field, "is a Duration: it is called …_duration");
    }
    static constexpr std::array<const char*, 9> kUnits = {
        "_ns", "_us", "_ms", "_sec", "_secs", "_seconds", "_millis", "_micros", "_minutes"};
    for (const char* unit : kUnits) {
      Require(!absl::EndsWith(name, unit), field,
              "has no unit in its name: it is a Duration, or counts …_nanos (AIP-142)");
    }
    if (!absl::EndsWith(name, "_nanos")) return;
    Require(field->cpp_type() == FieldDescriptor::CPPTYPE_INT64, field,
            "is an int64: it counts …_nanos");
    const std::string& owner = field->containing_type()->name();
    Require(absl::EndsWith(owner, "Stats") || absl::EndsWith(owner, "Counters"), field,
            "is a Duration: only …Stats and …Counters count …_nanos");
  }

  // Names that mean the same everywhere, and so have one type everywhere.
  void CheckStandardName(const FieldDescriptor* field) {
    struct Standard {
      const char* name;
      FieldDescriptor::CppType type;
      const char* rule;
    };
    static constexpr Standard kStandards[] = {
        {"name", FieldDescriptor::CPPTYPE_STRING, "is a string: a resource name (AIP-122)"},
        {"etag", FieldDescriptor::CPPTYPE_STRING, "is a string (AIP-154)"},
        {"request_id", FieldDescriptor::CPPTYPE_STRING, "is a string (AIP-155)"},
        {"validate_only", FieldDescriptor::CPPTYPE_BOOL, "is a bool (AIP-163)"},
        {"page_size", FieldDescriptor::CPPTYPE_INT32, "is an int32 (AIP-158)"},
        {"page_token", FieldDescriptor::CPPTYPE_STRING, "is a string (AIP-158)"},
        {"next_page_token", FieldDescriptor::CPPTYPE_STRING, "is a string (AIP-158)"},
        {"filter", FieldDescriptor::CPPTYPE_STRING, "is a string (AIP-160)"},
        {"order_by", FieldDescriptor::CPPTYPE_STRING, "is a string (AIP-132)"},
        {"reason", FieldDescriptor::CPPTYPE_STRING, "is a string"},
        {"generation", FieldDescriptor::CPPTYPE_INT64, "is an int64"},
    };
    for (const Standard& standard : kStandards) {
      if (field->name() == standard.name) {
        Require(field->cpp_type() == standard.type, field, standard.rule);
      }
    }
    if (absl::EndsWith(field->name(), "_mask")) {
      Require(IsMessage(field, kFieldMask), field, "is a FieldMask (AIP-161)");
    }
    static constexpr std::array<const char*, 4> kOther = {"dry_run", "limit", "offset", "version"};
    for (const char* other : kOther) {
      Require(field->name() != other, field,
              "is called as the AIPs call it: validate_only, page_size, page_token, etag");
    }
    if (absl::EndsWith(field->name(), "_count")) {
      Require(field->cpp_type() == FieldDescriptor::CPPTYPE_INT32 ||
                  field->cpp_type() == FieldDescriptor::CPPTYPE_INT64,
              field, "is a whole number: it is called …_count (AIP-141)");
    }
  }

  void CheckEnum(const EnumDescriptor* type) {
    RequireComment(type);
    const std::string prefix = absl::StrCat(absl::AsciiStrToUpper(SnakeCase(type->name())), "_");
    for (int i = 0; i < type->value_count(); ++i) {
      RequireComment(type->value(i));
      Require(absl::StartsWith(type->value(i)->name(), prefix), type->value(i),
              absl::StrCat("begins with ", prefix, " (AIP-126)"));
    }
    Require(type->value(0)->number() == 0 && type->value(0)->name() == prefix + "UNSPECIFIED", type,
            absl::StrCat("has ", prefix, "UNSPECIFIED = 0 first (AIP-126)"));
  }

  const std::vector<const FileDescriptor*>& files_;
  std::set<std::string> used_;       // messages that methods take or return
  std::set<std::string> resources_;  // checked already
  std::vector<Violation> violations_;
};

}  // namespace

std::vector<Violation> CheckApi(const std::vector<const FileDescriptor*>& files) {
  return Checker(files).Run();
}

}  // namespace schedd
