// SPDX-License-Identifier: Apache-2.0
//
// Who makes a call, and what goes with that.
//
// Pure functions of the call; any thread. Cannot fail.
#ifndef SCHEDD_RPC_CALLER_H_
#define SCHEDD_RPC_CALLER_H_

#include <grpcpp/server_context.h>

#include <string>

namespace schedd::rpc {

// As it is kept with what the call changes.
inline std::string CallerName(const grpc::ServerContextBase& call) { return call.peer(); }

// True: values outside of the operator's safe range are taken from this caller, too.
inline bool MayLeaveSafeRange(const grpc::ServerContextBase& /*call*/) { return true; }

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_CALLER_H_
