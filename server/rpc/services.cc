// SPDX-License-Identifier: Apache-2.0
//
// A guard before each method. What is not written down here is not served at all: gRPC's generated
// class says UNIMPLEMENTED.
#include "server/rpc/services.h"

#include <utility>

#include "server/rpc/guard.h"
#include "server/rpc/service_types.h"

namespace schedd::rpc {
namespace {

// NOLINTBEGIN(bugprone-macro-parentheses): the arguments are types and names.

// A unary method of the service.
#define SCHEDD_GUARDED(SERVICE, METHOD, REQUEST, REPLY)                                          \
  grpc::Status METHOD(grpc::ServerContext* context, const REQUEST* request, REPLY* reply)        \
      override {                                                                                 \
    return guard_->Run("/schedd.v1." #SERVICE "/" #METHOD, inner_.get(), &SERVICE##Base::METHOD, \
                       context, request, reply);                                                 \
  }

// A method that streams replies.
#define SCHEDD_GUARDED_STREAM(SERVICE, METHOD, REQUEST, REPLY)                                    \
  grpc::ServerWriteReactor<REPLY>* METHOD(grpc::CallbackServerContext* context,                   \
                                          const REQUEST* request) override {                      \
    return guard_->Open("/schedd.v1." #SERVICE "/" #METHOD, inner_.get(), &SERVICE##Base::METHOD, \
                        context, request);                                                        \
  }

// NOLINTEND(bugprone-macro-parentheses)

class GuardedSchedulerService final : public SchedulerServiceBase {
 public:
  GuardedSchedulerService(const Guard* guard, std::unique_ptr<SchedulerServiceBase> inner)
      : guard_(guard), inner_(std::move(inner)) {}

  SCHEDD_GUARDED(SchedulerService, GetScheduler, v1::GetSchedulerRequest, v1::Scheduler)
  SCHEDD_GUARDED(SchedulerService, AttachScheduler, v1::AttachSchedulerRequest, v1::Scheduler)
  SCHEDD_GUARDED(SchedulerService, DetachScheduler, v1::DetachSchedulerRequest, v1::Scheduler)
  SCHEDD_GUARDED_STREAM(SchedulerService, WatchScheduler, v1::WatchSchedulerRequest,
                        v1::WatchSchedulerResponse)
  SCHEDD_GUARDED(SchedulerService, ListAuditEntries, v1::ListAuditEntriesRequest,
                 v1::ListAuditEntriesResponse)

 private:
  const Guard* const guard_;
  const std::unique_ptr<SchedulerServiceBase> inner_;
};

class GuardedTaskService final : public TaskServiceBase {
 public:
  GuardedTaskService(const Guard* guard, std::unique_ptr<TaskServiceBase> inner)
      : guard_(guard), inner_(std::move(inner)) {}

  SCHEDD_GUARDED(TaskService, GetTask, v1::GetTaskRequest, v1::Task)
  SCHEDD_GUARDED(TaskService, ListTasks, v1::ListTasksRequest, v1::ListTasksResponse)
  SCHEDD_GUARDED_STREAM(TaskService, WatchTasks, v1::WatchTasksRequest, v1::WatchTasksResponse)
  SCHEDD_GUARDED(TaskService, CreateTaskOverride, v1::CreateTaskOverrideRequest, v1::TaskOverride)
  SCHEDD_GUARDED(TaskService, GetTaskOverride, v1::GetTaskOverrideRequest, v1::TaskOverride)
  SCHEDD_GUARDED(TaskService, ListTaskOverrides, v1::ListTaskOverridesRequest,
                 v1::ListTaskOverridesResponse)
  SCHEDD_GUARDED(TaskService, UpdateTaskOverride, v1::UpdateTaskOverrideRequest, v1::TaskOverride)
  SCHEDD_GUARDED(TaskService, DeleteTaskOverride, v1::DeleteTaskOverrideRequest,
                 google::protobuf::Empty)

 private:
  const Guard* const guard_;
  const std::unique_ptr<TaskServiceBase> inner_;
};

class GuardedPolicyService final : public PolicyServiceBase {
 public:
  GuardedPolicyService(const Guard* guard, std::unique_ptr<PolicyServiceBase> inner)
      : guard_(guard), inner_(std::move(inner)) {}

  SCHEDD_GUARDED(PolicyService, ListParameterSpecs, v1::ListParameterSpecsRequest,
                 v1::ListParameterSpecsResponse)
  SCHEDD_GUARDED(PolicyService, GetPolicy, v1::GetPolicyRequest, v1::Policy)
  SCHEDD_GUARDED(PolicyService, ListPolicies, v1::ListPoliciesRequest, v1::ListPoliciesResponse)
  SCHEDD_GUARDED(PolicyService, ListPolicyRevisions, v1::ListPolicyRevisionsRequest,
                 v1::ListPolicyRevisionsResponse)
  SCHEDD_GUARDED(PolicyService, CreatePolicy, v1::CreatePolicyRequest, v1::Policy)
  SCHEDD_GUARDED(PolicyService, UpdatePolicy, v1::UpdatePolicyRequest, v1::Policy)
  SCHEDD_GUARDED(PolicyService, DeletePolicy, v1::DeletePolicyRequest, google::protobuf::Empty)
  SCHEDD_GUARDED(PolicyService, RollbackPolicy, v1::RollbackPolicyRequest, v1::Policy)

 private:
  const Guard* const guard_;
  const std::unique_ptr<PolicyServiceBase> inner_;
};

#undef SCHEDD_GUARDED
#undef SCHEDD_GUARDED_STREAM

}  // namespace

std::vector<std::unique_ptr<grpc::Service>> MakeServices(const ServiceContext& context,
                                                         const Guard* guard) {
  std::vector<std::unique_ptr<grpc::Service>> services;
  services.push_back(
      std::make_unique<GuardedSchedulerService>(guard, MakeSchedulerService(context)));
  services.push_back(std::make_unique<GuardedTaskService>(guard, MakeTaskService(context)));
  services.push_back(std::make_unique<GuardedPolicyService>(guard, MakePolicyService(context)));
  return services;
}

}  // namespace schedd::rpc
