// SPDX-License-Identifier: Apache-2.0
//
// What the host says in files: sched_ext's state, CPUs, page faults, cgroup paths.
//
// Free functions without state; any thread. `root` is put before each path ("" on a real host), so
// that tests can lay out a host of their own. A file that is missing or unreadable is a Status or
// an "unsupported", never a guess.
#ifndef SCHEDD_KERNEL_HOST_FILES_H_
#define SCHEDD_KERNEL_HOST_FILES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/engine/kernel.h"

namespace schedd {

// What the name of every scheduler of ours begins with.
inline constexpr char kOwnOpsPrefix[] = "schedd";

// State of sched_ext from <root>/sys/kernel/sched_ext. A scheduler is ours when its ops name is
// `own_prefix`, alone or followed by what the kernel appends ("_" and more).
KernelState ReadSchedExtState(const std::string& root, absl::string_view own_prefix);

// Number of CPU IDs (highest possible + 1) from <root>/sys/devices/system/cpu/possible.
absl::StatusOr<uint32_t> ReadCpuIdCount(const std::string& root);

// The word of <root>/proc/cmdline that begins with "name=", whole; empty when the kernel was booted
// without.
std::string ReadBootArgument(const std::string& root, absl::string_view name);

// Counter of hotplug events, 0 when the kernel has none.
uint64_t ReadHotplugSequence(const std::string& root);

// Minor plus major faults of a thread of this process, from <root>/proc/self/task/<tid>/stat.
absl::StatusOr<int64_t> ReadPageFaults(const std::string& root, int32_t tid);

// Path of a cgroup v2 below `mount` (normally /sys/fs/cgroup) without leading slash. Needs
// CAP_DAC_READ_SEARCH. NOT_FOUND when it is gone.
absl::StatusOr<std::string> ReadCgroupPath(const std::string& mount, uint64_t cgroup_id);

// cpu.weight of the cgroup v2 `path` (as from ReadCgroupPath) below `mount`; 1 for 0, which an idle
// group has. NOT_FOUND when there is no such file: no cpu controller there, or no such cgroup.
absl::StatusOr<int32_t> ReadCgroupWeight(const std::string& mount, const std::string& path);

}  // namespace schedd

#endif  // SCHEDD_KERNEL_HOST_FILES_H_
