// SPDX-License-Identifier: Apache-2.0
//
// The audit log.
#include "absl/strings/str_cat.h"
#include "server/rpc/convert.h"

namespace schedd::rpc {

v1::AuditEntry ToProto(const AuditEntry& entry) {
  v1::AuditEntry message;
  message.set_name(absl::StrCat("auditEntries/", entry.id));
  *message.mutable_event_time() = ToProto(entry.time);
  message.set_method(entry.method);
  message.set_principal(entry.principal);
  message.set_role(entry.roles);
  message.set_resource_name(entry.resource);
  message.set_request_json(entry.request);
  message.set_reason(entry.note);
  if (entry.outcome.has_value()) {
    message.set_status_code(static_cast<int32_t>(entry.outcome->code));
    message.set_error_reason(entry.outcome->reason);
    message.set_error_message(entry.outcome->message);
    message.set_policy_generation(entry.outcome->generation);
  }
  return message;
}

}  // namespace schedd::rpc
