// SPDX-License-Identifier: Apache-2.0
//
// What this process has used of the machine, by the kernel's account.
//
// Free functions without state; any thread. Each is a system call or two: microseconds.
#ifndef SCHEDD_CONTROL_PROCESS_USAGE_H_
#define SCHEDD_CONTROL_PROCESS_USAGE_H_

#include <cstdint>

#include "absl/status/statusor.h"

namespace schedd {

// Context switches: because a thread waited for something, and because another one took its CPU.
struct SwitchCounts {
  int64_t voluntary = 0;
  int64_t involuntary = 0;
};

// All threads since the process began, ended ones included.
struct ProcessUsage {
  int64_t cpu_time_ns = 0;  // user and system; the kernel rounds to microseconds
  SwitchCounts switches = {};
};

// Cannot fail.
ProcessUsage ReadProcessUsage();

// Of the thread with that kernel thread ID in this process since it began. NOT_FOUND: there is no
// such thread. INTERNAL: the kernel's file is not as expected.
absl::StatusOr<SwitchCounts> ReadThreadSwitches(int32_t tid);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_PROCESS_USAGE_H_
