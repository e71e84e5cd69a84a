// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/method_rules.h"

#include <algorithm>

namespace schedd::rpc {
namespace {

using Kind = MethodRule::Kind;

constexpr RoleSet kEveryRole = {Role::kViewer, Role::kOperator, Role::kTuner, Role::kFleet,
                                Role::kAdmin};
constexpr RoleSet kOperate = {Role::kOperator, Role::kAdmin};
// Beyond the safe range only an admin may go: MayLeaveSafeRange() of caller.h.
constexpr RoleSet kTune = {Role::kTuner, Role::kFleet, Role::kAdmin};
constexpr RoleSet kRollBack = {Role::kOperator, Role::kFleet, Role::kAdmin};
// Which policies there are.
constexpr RoleSet kManage = {Role::kFleet, Role::kAdmin};

constexpr MethodRule kRules[] = {
    // What supervises a daemon has no rights in it.
    {"/grpc.health.v1.Health/Check", Kind::kOpen, {}},
    {"/grpc.health.v1.Health/Watch", Kind::kOpen, {}},
    // The descriptions of the API are public.
    {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Kind::kOpen, {}},

    {"/schedd.v1.SchedulerService/GetScheduler", Kind::kRead, kEveryRole},
    {"/schedd.v1.SchedulerService/WatchScheduler", Kind::kRead, kEveryRole},
    {"/schedd.v1.SchedulerService/AttachScheduler", Kind::kMutates, kOperate},
    {"/schedd.v1.SchedulerService/DetachScheduler", Kind::kMutates, kOperate},
    {"/schedd.v1.SchedulerService/ListAuditEntries", Kind::kRead, kOperate},

    {"/schedd.v1.TaskService/GetTask", Kind::kRead, kEveryRole},
    {"/schedd.v1.TaskService/ListTasks", Kind::kRead, kEveryRole},
    {"/schedd.v1.TaskService/WatchTasks", Kind::kRead, kEveryRole},
    {"/schedd.v1.TaskService/GetTaskOverride", Kind::kRead, kEveryRole},
    {"/schedd.v1.TaskService/ListTaskOverrides", Kind::kRead, kEveryRole},
    {"/schedd.v1.TaskService/CreateTaskOverride", Kind::kMutates, kOperate},
    {"/schedd.v1.TaskService/UpdateTaskOverride", Kind::kMutates, kOperate},
    {"/schedd.v1.TaskService/DeleteTaskOverride", Kind::kMutates, kOperate},

    {"/schedd.v1.PolicyService/ListParameterSpecs", Kind::kRead, kEveryRole},
    {"/schedd.v1.PolicyService/GetPolicy", Kind::kRead, kEveryRole},
    {"/schedd.v1.PolicyService/ListPolicies", Kind::kRead, kEveryRole},
    {"/schedd.v1.PolicyService/ListPolicyRevisions", Kind::kRead, kEveryRole},
    {"/schedd.v1.PolicyService/CreatePolicy", Kind::kMutates, kManage},
    {"/schedd.v1.PolicyService/UpdatePolicy", Kind::kMutates, kTune},
    {"/schedd.v1.PolicyService/DeletePolicy", Kind::kMutates, kManage},
    {"/schedd.v1.PolicyService/RollbackPolicy", Kind::kMutates, kRollBack},
};

}  // namespace

absl::Span<const MethodRule> MethodRules() { return kRules; }

const MethodRule* FindMethodRule(absl::string_view method) {
  const auto* found = std::ranges::find(kRules, method, &MethodRule::method);
  return found == std::end(kRules) ? nullptr : found;
}

}  // namespace schedd::rpc
