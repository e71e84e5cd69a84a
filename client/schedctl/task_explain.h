// SPDX-License-Identifier: Apache-2.0
//
// What applies to a task, and who says so.
//
// A pure function on messages; any thread. Failure: ABORTED when the task and the policies do not
// belong together because a policy was deleted between the calls.
#ifndef SCHEDD_CLIENT_SCHEDCTL_TASK_EXPLAIN_H_
#define SCHEDD_CLIENT_SCHEDCTL_TASK_EXPLAIN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schedd/v1/policy_service.pb.h"
#include "schedd/v1/task_service.pb.h"

namespace schedd::client {

struct Setting {
  std::string name;   // "weight", "slice", or a parameter
  std::string value;  // as it is written
  std::string from;   // "taskOverrides/web", "policies/db", "nice 0"
};

// `policies`: all of them, most specific first. `change`: the override that applies to the task;
// nullptr for none. A slice of an override goes before base_slice.
absl::StatusOr<std::vector<Setting>> ExplainTask(const v1::Task& task,
                                                 const std::vector<v1::Policy>& policies,
                                                 const v1::TaskOverride* change);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_TASK_EXPLAIN_H_
