// SPDX-License-Identifier: Apache-2.0
//
// The services as gRPC sees them, without a guard: for services.cc alone, which puts one before
// each.
//
// Owned by what is put before them; gRPC calls them on its own threads. Unary calls block one of
// those while the control thread works; streams live on the stream sequence. They fail with what
// the control plane says, as google.rpc.Status (status.h).
#ifndef SCHEDD_RPC_SERVICE_TYPES_H_
#define SCHEDD_RPC_SERVICE_TYPES_H_

#include <memory>

#include "schedd/v1/policy_service.grpc.pb.h"
#include "schedd/v1/scheduler_service.grpc.pb.h"
#include "schedd/v1/task_service.grpc.pb.h"
#include "server/rpc/services.h"

namespace schedd::rpc {

using SchedulerServiceBase =
    v1::SchedulerService::WithCallbackMethod_WatchScheduler<v1::SchedulerService::Service>;
using TaskServiceBase = v1::TaskService::WithCallbackMethod_WatchTasks<v1::TaskService::Service>;
using PolicyServiceBase = v1::PolicyService::Service;

std::unique_ptr<SchedulerServiceBase> MakeSchedulerService(const ServiceContext& context);
std::unique_ptr<TaskServiceBase> MakeTaskService(const ServiceContext& context);
std::unique_ptr<PolicyServiceBase> MakePolicyService(const ServiceContext& context);

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_SERVICE_TYPES_H_
