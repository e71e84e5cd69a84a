// SPDX-License-Identifier: Apache-2.0
//
// A Scheduler in words.
//
// Pure functions on values; any thread; never fails. Counters that the daemon left out (nothing
// attached) are left out.
#ifndef SCHEDD_CLIENT_SCHEDCTL_SCHEDULER_TEXT_H_
#define SCHEDD_CLIENT_SCHEDCTL_SCHEDULER_TEXT_H_

#include <string>

#include "absl/time/time.h"
#include "client/schedctl/table.h"
#include "schedd/v1/scheduler_service.pb.h"

namespace schedd::client {

// Green when ours runs, red when it was thrown out, yellow otherwise.
Cell StateCell(const v1::Scheduler& scheduler);

// "attached: schedd_0_1 schedules all tasks".
std::string SchedulerSentence(const v1::Scheduler& scheduler);

// Two columns, what and how: state, policy, runs by kind, losses, what schedd itself costs, the
// last exit.
void AddSchedulerRows(const v1::Scheduler& scheduler, absl::Time now, absl::TimeZone zone,
                      Table& table);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_SCHEDULER_TEXT_H_
