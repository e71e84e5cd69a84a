// SPDX-License-Identifier: Apache-2.0
//
// Stands before every call: finds out who makes it, whether that one may, and writes down those
// that change something.
//
// Owned by the server, outlives the services; any thread. A method that is not in the table of
// method_rules.h is refused to everybody.
#ifndef SCHEDD_RPC_GUARD_H_
#define SCHEDD_RPC_GUARD_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/status.h>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/rpc/audit.h"
#include "server/rpc/caller.h"
#include "server/rpc/grpc_status.h"
#include "server/rpc/method_rules.h"
#include "server/rpc/peer.h"
#include "server/rpc/roles.h"

namespace schedd::rpc {

// What the guard knows; all outlive it.
struct GuardContext {
  const PeerTable* peers;
  const RoleBook* roles;
  AuditTrail* audit;
};

// Whether who makes the call may. OK, or PERMISSION_DENIED ROLE_NOT_ALLOWED with metadata
// "principal", "method" and "needed_role". Within the CallScope of `caller`.
absl::Status CheckRole(absl::string_view method, const Caller& caller,
                       const grpc::ServerContextBase& context);

// A stream that ends before its first message.
template <typename Reply>
class RefusingReactor final : public grpc::ServerWriteReactor<Reply> {
 public:
  explicit RefusingReactor(const grpc::Status& status) { this->Finish(status); }
  void OnDone() override { delete this; }
};

class Guard {
 public:
  explicit Guard(const GuardContext& context) : context_(context) {}

  // A unary call of `method`, "/schedd.v1.TaskService/GetTask", that `inner` serves by `call`.
  template <typename Inner, typename Service, typename Request, typename Reply>
  grpc::Status Run(absl::string_view method, Inner* inner,
                   grpc::Status (Service::*call)(grpc::ServerContext*, const Request*, Reply*),
                   grpc::ServerContext* context, const Request* request, Reply* reply) const {
    return Run(method, *context, *request, *reply,
               [&] { return (inner->*call)(context, request, reply); });
  }

  // A stream of `method`, which `inner` opens by `call`. Streams change nothing.
  template <typename Inner, typename Service, typename Request, typename Reply>
  grpc::ServerWriteReactor<Reply>* Open(absl::string_view method, Inner* inner,
                                        grpc::ServerWriteReactor<Reply>* (Service::*call)(
                                            grpc::CallbackServerContext*, const Request*),
                                        grpc::CallbackServerContext* context,
                                        const Request* request) const {
    const Caller caller = Identify(*context);
    const CallScope scope(context, &caller);
    const absl::Status admitted = CheckRole(method, caller, *context);
    if (admitted.ok()) return (inner->*call)(context, request);
    return new RefusingReactor<Reply>(ToGrpcStatus(admitted));
  }

 private:
  Caller Identify(const grpc::ServerContextBase& context) const;
  grpc::Status Run(absl::string_view method, const grpc::ServerContext& context,
                   const google::protobuf::Message& request, const google::protobuf::Message& reply,
                   absl::FunctionRef<grpc::Status()> call) const;

  const GuardContext context_;
};

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_GUARD_H_
