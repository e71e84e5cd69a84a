// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/process.h"

#include <linux/capability.h>
#include <sys/mman.h>
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

}  // namespace

absl::Status LockMemory() {
  if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, "cannot lock memory");
}

absl::Status ProtectFromOutOfMemory(const std::string& path) {
  std::ofstream file(path);
  file << kOomScore << std::flush;
  if (file) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", kOomScore, " to ", path));
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
