// SPDX-License-Identifier: Apache-2.0
//
// Whether this machine can run schedd, found in its files; each finding says what to do.
//
// Reads /sys, /proc and /boot below a root directory and changes nothing. Blocks on files only. Any
// thread. What cannot be read is itself a finding; nothing fails.
#ifndef SCHEDD_CLIENT_SCHEDCTL_DOCTOR_H_
#define SCHEDD_CLIENT_SCHEDCTL_DOCTOR_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "schedd/v1/scheduler_service.pb.h"

namespace schedd::client {

enum class Verdict {
  kOk,
  kWarn,  // works, with a limit
  kFail,  // schedd cannot attach until it is mended
};

const char* VerdictText(Verdict verdict);

struct Finding {
  std::string check;  // what was looked at
  Verdict verdict = Verdict::kOk;
  std::string detail;  // what is
  std::string action;  // what to do; empty when OK
};

// Kernel, BTF, privileges, cgroup2, BPF file system, limits, name space, other schedulers.
std::vector<Finding> ExamineMachine(const std::string& root);

// What the answer of schedd says.
Finding ExamineDaemon(const absl::StatusOr<v1::Scheduler>& scheduler);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_DOCTOR_H_
