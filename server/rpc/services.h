// SPDX-License-Identifier: Apache-2.0
//
// The services of schedd.v1: they translate, and leave the meaning to server/control. Before each
// method stands the guard (guard.h).
//
// Owned by the Server; see service_types.h.
#ifndef SCHEDD_RPC_SERVICES_H_
#define SCHEDD_RPC_SERVICES_H_

#include <memory>
#include <vector>

#include "server/base/log.h"
#include "server/control/clock.h"
#include "server/control/control.h"

namespace grpc {
class Service;
}

namespace schedd::rpc {

class AuditTrail;
class Guard;
class RequestIds;
class RoleBook;
struct StreamHome;

// What services stand on; all outlive them.
struct ServiceContext {
  Control* control;
  const Clock* clock;
  const Log* log;
  const StreamHome* streams;
  RequestIds* request_ids;
  AuditTrail* audit;
  const RoleBook* roles;
};

// All of them. `guard` outlives them.
std::vector<std::unique_ptr<grpc::Service>> MakeServices(const ServiceContext& context,
                                                         const Guard* guard);

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_SERVICES_H_
