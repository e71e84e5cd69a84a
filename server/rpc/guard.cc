// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/guard.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/control/error.h"

namespace schedd::rpc {
namespace {

// What a service told its caller.
AuditOutcome OutcomeOf(const grpc::Status& status, const google::protobuf::Message& reply) {
  AuditOutcome outcome;
  if (status.ok()) {
    outcome.generation = GenerationOf(reply);
    return outcome;
  }
  outcome.code = static_cast<absl::StatusCode>(status.error_code());
  outcome.message = status.error_message();
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  details.ParseFromString(status.error_details());
  for (const auto& detail : details.details()) {
    if (detail.UnpackTo(&info)) outcome.reason = info.reason();
  }
  return outcome;
}

}  // namespace

absl::Status CheckRole(absl::string_view method, const Caller& caller,
                       const grpc::ServerContextBase& context) {
  const MethodRule* rule = FindMethodRule(method);
  if (rule != nullptr && rule->allowed.Overlaps(caller.roles)) return absl::OkStatus();
  const RoleSet allowed = rule == nullptr ? RoleSet() : rule->allowed;
  const std::string needed = RoleNames(allowed, "or");
  // The most specific one there is.
  const std::string& principal =
      caller.peer == nullptr ? caller.principals.back() : caller.principals.front();
  return MakeError(
      absl::StatusCode::kPermissionDenied, reason::kRoleNotAllowed,
      allowed.empty()
          ? absl::StrCat(method, " may be called by nobody")
          : absl::StrCat(CallerName(context), " has ", RoleNames(caller.roles, "and"), " but ",
                         method, " needs ", needed, ": have schedd's administrator give \"",
                         principal, "\" such a role in the roles file (schedd --roles-file)"),
      {{"principal", principal}, {"method", std::string(method)}, {"needed_role", needed}});
}

Caller Guard::Identify(const grpc::ServerContextBase& context) const {
  return IdentifyCaller(context, *context_.peers, *context_.roles->table());
}

grpc::Status Guard::Run(absl::string_view method, const grpc::ServerContext& context,
                        const google::protobuf::Message& request,
                        const google::protobuf::Message& reply,
                        absl::FunctionRef<grpc::Status()> call) const {
  const Caller caller = Identify(context);
  const CallScope scope(&context, &caller);
  const MethodRule* rule = FindMethodRule(method);
  const bool mutates = rule != nullptr && rule->kind == MethodRule::Kind::kMutates;
  const absl::Status admitted = CheckRole(method, caller, context);
  // Asking what would be changes nothing; asking without the right to is of interest.
  if (!mutates || (admitted.ok() && ValidatesOnly(request))) {
    return admitted.ok() ? call() : ToGrpcStatus(admitted);
  }
  AuditEntry entry = MakeAuditEntry(context_.audit->clock().Now(), method, request);
  entry.principal = CallerName(context);
  entry.roles = RoleNames(caller.roles, "and");
  if (!admitted.ok()) {
    const grpc::Status refusal = ToGrpcStatus(admitted);
    entry.denied = true;
    entry.outcome = OutcomeOf(refusal, reply);
    context_.audit->Begin(entry);
    return refusal;
  }
  context_.audit->Begin(entry);
  grpc::Status status = call();
  entry.outcome = OutcomeOf(status, reply);
  context_.audit->End(entry);
  return status;
}

}  // namespace schedd::rpc
