// SPDX-License-Identifier: Apache-2.0
//
// What /sys and /proc say of a host's CPUs and of one task, for a recording.
//
// Functions that read small files below a root directory ("" for the host itself); any thread. What
// cannot be read is left out; a task may end at any moment.
#ifndef SCHEDD_CLIENT_TRACE_HOST_FACTS_H_
#define SCHEDD_CLIENT_TRACE_HOST_FACTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "schedd/sim/v1/trace.pb.h"

namespace schedd::client {

// "0-3,8" as numbers. What is no such list has none; at most 4,096.
std::vector<int32_t> ParseCpuList(absl::string_view text);

// The CPUs that are online, by number.
std::vector<sim::v1::TraceCpu> OnlineCpus(const std::string& root);

// Fills in what the events do not say: process, control group, CPUs, whether it is the kernel's.
// `online` CPUs are all; a task that may use all of them has none listed.
void AddTaskFacts(const std::string& root, const std::vector<sim::v1::TraceCpu>& online,
                  sim::v1::TraceTask* task);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_TRACE_HOST_FACTS_H_
