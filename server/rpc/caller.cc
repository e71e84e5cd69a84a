// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/caller.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include "absl/strings/str_cat.h"

namespace schedd::rpc {
namespace {

thread_local const CallScope* innermost = nullptr;

std::string Property(const grpc::AuthContext& identity, const char* name) {
  const std::vector<grpc::string_ref> values = identity.FindPropertyValues(name);
  return values.empty() ? "" : std::string(values[0].data(), values[0].size());
}

// TCP with a certificate: our listener takes no other TLS.
bool HasCertificate(const grpc::AuthContext& identity) {
  const std::string security = Property(identity, GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME);
  return security == GRPC_TLS_TRANSPORT_SECURITY_TYPE ||
         security == GRPC_SSL_TRANSPORT_SECURITY_TYPE;
}

void IdentifyByCertificate(const grpc::AuthContext& identity, Caller& caller) {
  caller.principals = {kCertificatePrincipal};
  // gRPC gives it only for a certificate with one URI, and that a valid SPIFFE ID.
  caller.account = Property(identity, GRPC_PEER_SPIFFE_ID_PROPERTY_NAME);
  if (caller.account.empty()) {
    // The common name is what its owner asked for: good for a log, not for rights.
    caller.account = absl::StrCat("certificate:", Property(identity, GRPC_X509_CN_PROPERTY_NAME));
  } else {
    caller.principals.push_back(caller.account);
  }
  caller.name = caller.account;
}

}  // namespace

Caller IdentifyCaller(const grpc::ServerContextBase& context, const PeerTable& peers,
                      const RoleTable& roles) {
  Caller caller;
  const std::string connection = context.peer();
  caller.peer = peers.Find(connection);
  const std::shared_ptr<const grpc::AuthContext> identity = context.auth_context();
  if (caller.peer != nullptr) {
    caller.principals = caller.peer->principals;
    caller.principals.emplace_back(kLocalPrincipal);
    caller.account = caller.peer->principals[0];
  } else if (identity != nullptr && HasCertificate(*identity)) {
    IdentifyByCertificate(*identity, caller);
  } else {
    caller.principals = {kAnonymousPrincipal};
    caller.account = kAnonymousPrincipal;
    caller.name = absl::StrCat(kAnonymousPrincipal, " ", connection);
  }
  caller.roles = roles.RolesOf(caller.principals);
  return caller;
}

CallScope::CallScope(const grpc::ServerContextBase* context, const Caller* caller)
    : outer_(innermost), context_(context), caller_(caller) {
  innermost = this;
}

CallScope::~CallScope() { innermost = outer_; }

const Caller* FindCaller(const grpc::ServerContextBase& context) {
  const bool known = innermost != nullptr && innermost->context_ == &context;
  return known ? innermost->caller_ : nullptr;
}

std::string CallerName(const grpc::ServerContextBase& context) {
  const Caller* caller = FindCaller(context);
  if (caller == nullptr) return "nobody";
  return caller->peer == nullptr ? caller->name : PeerName(*caller->peer);
}

std::string CallerAccount(const grpc::ServerContextBase& context) {
  const Caller* caller = FindCaller(context);
  return caller == nullptr ? "nobody" : caller->account;
}

bool MayLeaveSafeRange(const grpc::ServerContextBase& context) {
  const Caller* caller = FindCaller(context);
  return caller != nullptr && caller->roles.Has(Role::kAdmin);
}

}  // namespace schedd::rpc
