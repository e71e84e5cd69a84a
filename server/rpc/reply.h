// SPDX-License-Identifier: Apache-2.0
//
// How a unary call ends: the result in the reply, or the error to the caller.
//
// Pure; any thread. Cannot fail.
#ifndef SCHEDD_RPC_REPLY_H_
#define SCHEDD_RPC_REPLY_H_

#include "absl/status/statusor.h"
#include "server/control/error.h"
#include "server/rpc/convert.h"
#include "server/rpc/grpc_status.h"

namespace schedd::rpc {

template <typename Info, typename Message>
grpc::Status Reply(const absl::StatusOr<Info>& result, Message* message) {
  if (!result.ok()) return ToGrpcStatus(result.status());
  *message = ToProto(*result);
  return grpc::Status::OK;
}

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_REPLY_H_
