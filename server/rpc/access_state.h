// SPDX-License-Identifier: Apache-2.0
//
// How the parts of the API stand that decide who may do what, and write it down: for those who read
// how the scheduler stands.
//
// Any thread. Cannot fail.
#ifndef SCHEDD_RPC_ACCESS_STATE_H_
#define SCHEDD_RPC_ACCESS_STATE_H_

#include "absl/status/statusor.h"
#include "server/control/scheduler_info.h"
#include "server/rpc/audit.h"
#include "server/rpc/roles.h"

namespace schedd::rpc {

// An error stays one.
inline absl::StatusOr<SchedulerInfo> WithAccessState(absl::StatusOr<SchedulerInfo> scheduler,
                                                     const RoleBook& roles,
                                                     const AuditTrail& audit) {
  if (!scheduler.ok()) return scheduler;
  scheduler->roles_problem = roles.problem();
  scheduler->audit_problem = audit.problem();
  scheduler->unstored_audit_entry_count = audit.lost_count();
  return scheduler;
}

}  // namespace schedd::rpc

#endif  // SCHEDD_RPC_ACCESS_STATE_H_
