// SPDX-License-Identifier: Apache-2.0
//
// How a unary call ends: the result in the reply, or the error to the caller and, for calls that
// would have changed something, to the log.
//
// Pure but for the log; any thread. Cannot fail.
#ifndef SCHEDD_RPC_REPLY_H_
#define SCHEDD_RPC_REPLY_H_

#include <grpcpp/server_context.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/base/log.h"
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

// Leaves a trace of a change that was refused; accepted ones are logged by the control plane.
inline void LogRefusal(const Log& log, absl::string_view method, const grpc::ServerContext& context,
                       const absl::Status& status) {
  if (status.ok()) return;
  log.Info("refused", {{"method", method},
                       {"peer", context.peer()},
                       {"code", absl::StatusCodeToString(status.code())},
                       {"reason", GetErrorReason(status)},
                       {"message", std::string(status.message())}});
}

// Reply() of a call that changes something.
template <typename Info, typename Message>
grpc::Status ReplyToChange(const Log& log, absl::string_view method,
                           const grpc::ServerContext& context, const absl::StatusOr<Info>& result,
                           Message* message) {
  LogRefusal(log, method, context, result.status());
  return Reply(result, message);
}

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_REPLY_H_
