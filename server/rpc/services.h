// SPDX-License-Identifier: Apache-2.0
//
// The three services of schedd.v1: they translate, and leave the meaning to server/control.
//
// Owned by the Server; gRPC calls them on its own threads. Unary calls block one of those while the
// control thread works; streams live on the stream sequence. They fail with what the control plane
// says, as google.rpc.Status (status.h).
#ifndef SCHEDD_RPC_SERVICES_H_
#define SCHEDD_RPC_SERVICES_H_

#include <memory>

#include "server/base/log.h"
#include "server/control/clock.h"
#include "server/control/control.h"

namespace grpc {
class Service;
}

namespace schedd::rpc {

class RequestIds;
struct StreamHome;

// What services stand on; all outlive them.
struct ServiceContext {
  Control* control;
  const Clock* clock;
  const Log* log;
  const StreamHome* streams;
  RequestIds* request_ids;
};

std::unique_ptr<grpc::Service> MakeSchedulerService(const ServiceContext& context);
std::unique_ptr<grpc::Service> MakeTaskService(const ServiceContext& context);
std::unique_ptr<grpc::Service> MakePolicyService(const ServiceContext& context);

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_SERVICES_H_
