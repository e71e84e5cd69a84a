// SPDX-License-Identifier: Apache-2.0
//
// Finds out why a TCP address could not be listened on, which gRPC does not say.
//
// Called on the main thread before gRPC binds. Errors: ALREADY_EXISTS (in use), PERMISSION_DENIED,
// INTERNAL. Nothing is left behind.
#ifndef SCHEDD_RPC_TCP_PROBE_H_
#define SCHEDD_RPC_TCP_PROBE_H_

#include "absl/status/status.h"
#include "server/rpc/listen_address.h"

namespace schedd::rpc {

// OK when somebody could listen on this kTcp address now.
absl::Status CheckPortFree(const ListenAddress& address);

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_TCP_PROBE_H_
