// SPDX-License-Identifier: Apache-2.0
//
// Between the plain values of server/control and the messages of schedd.v1.
//
// Pure functions; any thread. Nothing fails: a message that means nothing becomes a value that the
// control plane refuses with a reason. Durations beyond int64 nanoseconds become the largest ones.
#ifndef SCHEDD_RPC_CONVERT_H_
#define SCHEDD_RPC_CONVERT_H_

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "absl/time/time.h"
#include "schedd/v1/policy_service.pb.h"
#include "schedd/v1/scheduler_service.pb.h"
#include "schedd/v1/task_service.pb.h"
#include "server/control/audit_store.h"
#include "server/control/override_info.h"
#include "server/control/parameter_specs.h"
#include "server/control/policy_info.h"
#include "server/control/safe_ranges.h"
#include "server/control/scheduler_info.h"
#include "server/control/task_info.h"

namespace schedd::rpc {

google::protobuf::Duration ToProto(absl::Duration duration);
absl::Duration FromProto(const google::protobuf::Duration& duration);
google::protobuf::Timestamp ToProto(absl::Time time);
absl::Time FromProto(const google::protobuf::Timestamp& time);

v1::Scheduler ToProto(const SchedulerInfo& info);
AttachRequest FromProto(const v1::AttachSchedulerRequest& request);

v1::AuditEntry ToProto(const AuditEntry& entry);

v1::ParameterSpec ToProto(const ParameterSpec& spec, const ParameterRange& safe);
v1::Policy ToProto(const PolicyInfo& info);
v1::PolicyRevision ToProto(const RevisionInfo& info);
CreatePolicyRequest FromProto(const v1::CreatePolicyRequest& request, ChangeContext context);
PolicyUpdate FromProto(const v1::UpdatePolicyRequest& request, ChangeContext context);
DeletePolicyRequest FromProto(const v1::DeletePolicyRequest& request, ChangeContext context);
RollbackRequest FromProto(const v1::RollbackPolicyRequest& request, ChangeContext context);

v1::Task ToProto(const TaskInfo& info);
// Into an empty message: spares lists of tasks a copy for each.
void ToProto(const TaskInfo& info, v1::Task* task);

v1::TaskOverride ToProto(const OverrideInfo& info);
CreateOverrideRequest FromProto(const v1::CreateTaskOverrideRequest& request);
UpdateOverrideRequest FromProto(const v1::UpdateTaskOverrideRequest& request);

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_CONVERT_H_
