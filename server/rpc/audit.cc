// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/audit.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/control/error.h"
#include "server/control/page_token.h"
#include "server/rpc/status.h"

namespace schedd::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kMaxRequestBytes = 2048;
constexpr size_t kMaxTextBytes = 512;
constexpr char kTokenKind[] = "audit";

// nullptr unless the message has such a field of that type.
const FieldDescriptor* FindField(const Message& message, const char* name,
                                 FieldDescriptor::CppType type) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  return field != nullptr && field->cpp_type() == type && !field->is_repeated() ? field : nullptr;
}

std::string TextOf(const Message& message, const char* name) {
  const FieldDescriptor* field = FindField(message, name, FieldDescriptor::CPPTYPE_STRING);
  return field == nullptr ? "" : message.GetReflection()->GetString(message, field);
}

std::string JsonOf(const Message& request) {
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(request, &json).ok()) return "";
  return json;
}

}  // namespace

std::string ResourceOf(const Message& request) {
  std::string name = TextOf(request, "name");
  if (!name.empty()) return name;
  const google::protobuf::Descriptor* type = request.GetDescriptor();
  for (int i = 0; i < type->field_count() && name.empty(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_repeated()) continue;
    name = TextOf(request.GetReflection()->GetMessage(request, field), "name");
  }
  return name;
}

int64_t GenerationOf(const Message& reply) {
  for (const char* name : {"generation", "policy_generation"}) {
    const FieldDescriptor* field = FindField(reply, name, FieldDescriptor::CPPTYPE_INT64);
    if (field != nullptr) return reply.GetReflection()->GetInt64(reply, field);
  }
  return 0;
}

bool ValidatesOnly(const Message& request) {
  const FieldDescriptor* field = FindField(request, "validate_only", FieldDescriptor::CPPTYPE_BOOL);
  return field != nullptr && request.GetReflection()->GetBool(request, field);
}

AuditEntry MakeAuditEntry(absl::Time time, absl::string_view method, const Message& request) {
  AuditEntry entry;
  entry.time = time;
  entry.method = std::string(method);
  entry.resource = CutText(ResourceOf(request), kMaxTextBytes);
  entry.request = CutText(JsonOf(request), kMaxRequestBytes);
  entry.note = CutText(TextOf(request, "reason"), kMaxTextBytes);
  return entry;
}

void AuditTrail::Begin(AuditEntry& entry) {
  absl::Status stored;
  if (store_ != nullptr) {
    absl::MutexLock lock(&mutex_);
    const absl::StatusOr<int64_t> id = store_->Add(entry);
    if (id.ok()) entry.id = *id;
    stored = id.status();
    Note(stored);
  }
  if (entry.outcome.has_value()) Write(entry, stored);
}

void AuditTrail::End(const AuditEntry& entry) {
  absl::Status stored;
  if (store_ != nullptr) {
    absl::MutexLock lock(&mutex_);
    if (entry.id != 0) {
      stored = store_->SetOutcome(entry.id, *entry.outcome);
      Note(stored);
    } else {
      stored = absl::UnavailableError(problem_);
    }
  }
  Write(entry, stored);
}

void AuditTrail::Note(const absl::Status& stored) {
  problem_ = std::string(stored.message());
  if (!stored.ok()) ++lost_count_;
}

// Not stored: a warning, which no usual log level keeps out.
void AuditTrail::Write(const AuditEntry& entry, const absl::Status& stored) const {
  const AuditOutcome& outcome = *entry.outcome;
  const bool accepted = outcome.code == absl::StatusCode::kOk;
  std::vector<LogField> fields = {{"method", entry.method}, {"who", entry.principal}};
  const auto add = [&fields](absl::string_view key, const std::string& value) {
    if (!value.empty()) fields.emplace_back(key, value);
  };
  add("resource", entry.resource);
  if (accepted) {
    if (outcome.generation != 0) fields.emplace_back("generation", outcome.generation);
  } else {
    fields.emplace_back("code", absl::StatusCodeToString(outcome.code));
    add("reason", outcome.reason);
    add("message", outcome.message);
  }
  add("note", entry.note);
  if (entry.id != 0) fields.emplace_back("entry", entry.id);
  if (!stored.ok()) {
    add("request", entry.request);
    add("not_stored", std::string(stored.message()));
  }
  log_->Write(stored.ok() ? LogLevel::kInfo : LogLevel::kWarning, accepted ? "changed" : "refused",
              fields);
}

absl::StatusOr<AuditTrail::Page> AuditTrail::List(int32_t page_size,
                                                  const std::string& page_token) {
  const absl::StatusOr<int32_t> size = CheckPageSize(page_size, kDefaultPageSize, kMaxPageSize);
  if (!size.ok()) return size.status();
  int64_t before = INT64_MAX;
  if (!page_token.empty()) {
    const absl::StatusOr<std::string> content = DecodePageToken(kTokenKind, page_token);
    if (!content.ok()) return content.status();
    if (!absl::SimpleAtoi(*content, &before)) return PageTokenError("it names no entry");
  }
  absl::StatusOr<std::vector<AuditEntry>> entries =
      absl::UnavailableError("schedd keeps no audit log: its state directory cannot be used");
  if (store_ != nullptr) {
    absl::MutexLock lock(&mutex_);
    entries = store_->List(before, *size + 1);
  }
  if (!entries.ok()) {
    return MakeError(absl::StatusCode::kUnavailable, reason::kAuditUnavailable,
                     entries.status().message());
  }
  Page page{*std::move(entries), ""};
  if (page.entries.size() > static_cast<size_t>(*size)) {
    page.entries.pop_back();
    page.next_page_token = EncodePageToken(kTokenKind, absl::StrCat(page.entries.back().id));
  }
  return page;
}

int64_t AuditTrail::lost_count() const {
  absl::MutexLock lock(&mutex_);
  return lost_count_;
}

std::string AuditTrail::problem() const {
  absl::MutexLock lock(&mutex_);
  return problem_;
}

}  // namespace schedd::rpc
