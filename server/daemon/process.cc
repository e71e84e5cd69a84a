// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/process.h"

#include <linux/capability.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace schedd::daemon {
namespace {

// -1000 would make the process exempt, and then a leak of ours would take the machine down.
constexpr int kOomScore = -999;
// More than gRPC and Protobuf (whose parsers recurse 100 deep at most) were seen to need.
constexpr size_t kThreadStackBytes = 1024 * 1024;

}  // namespace

absl::Status LockMemory() {
  // Stacks of threads are locked whole when a dispatcher is attached: the default of 8 MiB each
  // would be wasted.
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) == 0) {
    pthread_attr_setstacksize(&attributes, kThreadStackBytes);
    pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
  }
  // A huge page is made by taking the small ones away for a moment: that would fault.
  prctl(PR_SET_THP_DISABLE, 1UL, 0UL, 0UL, 0UL);
  if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "cannot lock memory");
}

absl::Status ProtectFromOutOfMemory(const std::string& path) {
  std::ofstream file(path);
  file << kOomScore << std::flush;
  if (file) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", kOomScore, " to ", path));
}

absl::Status RaisePriority() {
  constexpr int kHighest = -20;
  if (setpriority(PRIO_PROCESS, 0, kHighest) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "cannot raise the daemon's priority");
}

bool MayLoadBpf() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, data) != 0) return geteuid() == 0;
  const auto has = [&data](unsigned capability) {
    return (data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
  };
  return has(CAP_BPF) || has(CAP_SYS_ADMIN);
}

std::string KernelRelease() {
  utsname names;
  return uname(&names) == 0 ? names.release : "";
}

void NotifyServiceManager(const std::string& state) { sd_notify(0, state.c_str()); }

}  // namespace schedd::daemon
