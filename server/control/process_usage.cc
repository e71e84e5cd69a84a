// SPDX-License-Identifier: Apache-2.0
#include "server/control/process_usage.h"

#include <sys/resource.h>

#include <fstream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace schedd {
namespace {

int64_t Nanos(const timeval& time) {
  return time.tv_sec * int64_t{1'000'000'000} + time.tv_usec * int64_t{1'000};
}

}  // namespace

ProcessUsage ReadProcessUsage() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return {.cpu_time_ns = Nanos(usage.ru_utime) + Nanos(usage.ru_stime),
          .switches = {.voluntary = usage.ru_nvcsw, .involuntary = usage.ru_nivcsw}};
}

absl::StatusOr<SwitchCounts> ReadThreadSwitches(int32_t tid) {
  const std::string path = absl::StrCat("/proc/self/task/", tid, "/status");
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  SwitchCounts switches;
  int found = 0;
  for (std::string line; std::getline(file, line);) {
    absl::string_view number = line;
    if (absl::ConsumePrefix(&number, "voluntary_ctxt_switches:")) {
      found += absl::SimpleAtoi(number, &switches.voluntary) ? 1 : 0;
    } else if (absl::ConsumePrefix(&number, "nonvoluntary_ctxt_switches:")) {
      found += absl::SimpleAtoi(number, &switches.involuntary) ? 1 : 0;
    }
  }
  if (found != 2) return absl::InternalError(absl::StrCat("cannot understand ", path));
  return switches;
}

}  // namespace schedd
