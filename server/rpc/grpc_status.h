// SPDX-License-Identifier: Apache-2.0
//
// A google.rpc.Status in gRPC's own type, the details in the trailing metadata where clients look.
//
// A pure function; any thread. Cannot fail.
#ifndef SCHEDD_RPC_GRPC_STATUS_H_
#define SCHEDD_RPC_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"
#include "server/rpc/status.h"

namespace schedd::rpc {

inline grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status details = ToRpcStatus(status);
  return grpc::Status(static_cast<grpc::StatusCode>(details.code()), details.message(),
                      details.SerializeAsString());
}

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_GRPC_STATUS_H_
