// SPDX-License-Identifier: Apache-2.0
//
// Who makes a call.
//
// Caller is a value. CallScope says, on the thread that serves a call, for as long as it lives, who
// that is; the functions below look there, so a service needs nothing but its gRPC context. They
// hold for unary calls until their handler returns, and for streams until the handler has returned
// its reactor. Outside of that a caller is nobody and may nothing: they cannot fail.
#ifndef SCHEDD_RPC_CALLER_H_
#define SCHEDD_RPC_CALLER_H_

#include <grpcpp/server_context.h>

#include <memory>
#include <string>
#include <vector>

#include "server/rpc/peer.h"
#include "server/rpc/roles.h"

namespace schedd::rpc {

struct Caller {
  // What roles are given to: "uid:1000", "gid:1000", "local"; "spiffe://…", "certificate";
  // "anonymous".
  std::vector<std::string> principals;
  RoleSet roles;
  // Whose limits it uses up: "uid:1000", "spiffe://…", "anonymous".
  std::string account;
  std::shared_ptr<const Peer> peer;  // on a unix socket, else nullptr

  // For people and logs: "uid:1000 pid:4711", "spiffe://…", "anonymous ipv4:127.0.0.1:4711".
  std::string name;
};

// By the kernel on a unix socket, by the certificate on TCP. `name` is empty: it costs a look at
// /proc, see CallerName().
Caller IdentifyCaller(const grpc::ServerContextBase& context, const PeerTable& peers,
                      const RoleTable& roles);

// On the stack of whoever serves the call. Both outlive it.
class CallScope {
 public:
  CallScope(const grpc::ServerContextBase* context, const Caller* caller);
  ~CallScope();
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

 private:
  const CallScope* const outer_;
  friend const Caller* FindCaller(const grpc::ServerContextBase& context);
  const grpc::ServerContextBase* const context_;
  const Caller* const caller_;
};

// nullptr when nobody said who makes the call.
const Caller* FindCaller(const grpc::ServerContextBase& context);

// Who makes the call, for people and logs; "nobody" when nobody said.
std::string CallerName(const grpc::ServerContextBase& context);

// Whose limits the call uses up.
std::string CallerAccount(const grpc::ServerContextBase& context);

// True if the caller may set parameters outside of the safe range: an admin.
bool MayLeaveSafeRange(const grpc::ServerContextBase& context);

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_CALLER_H_
