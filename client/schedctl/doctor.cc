// SPDX-License-Identifier: Apache-2.0
#include "client/schedctl/doctor.h"

#include <linux/capability.h>

#include <array>
#include <cstdint>
#include <optional>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/schedctl/format.h"
#include "client/schedctl/machine_files.h"

namespace schedd::client {
namespace {

constexpr char kSchedExt[] = "/sys/kernel/sched_ext";
constexpr char kNewKernel[] =
    "boot a kernel with sched_ext: Linux 6.12 or newer built with CONFIG_SCHED_CLASS_EXT=y (on "
    "Debian 13: one of its backports)";

Finding Ok(std::string check, std::string detail) {
  return {std::move(check), Verdict::kOk, std::move(detail), ""};
}
Finding Warn(std::string check, std::string detail, std::string action) {
  return {std::move(check), Verdict::kWarn, std::move(detail), std::move(action)};
}
Finding Fail(std::string check, std::string detail, std::string action) {
  return {std::move(check), Verdict::kFail, std::move(detail), std::move(action)};
}

Finding SchedExt(const MachineFiles& files) {
  const std::string release = files.Read("/proc/sys/kernel/osrelease").value_or("unknown");
  if (files.Exists(kSchedExt)) {
    return Ok("sched_ext", absl::StrCat("kernel ", release, " has it"));
  }
  return Fail("sched_ext", absl::StrCat("kernel ", release, " has no ", kSchedExt), kNewKernel);
}

// The options that the dispatcher needs, where the configuration can be read.
Finding KernelConfig(const MachineFiles& files) {
  constexpr char kCheck[] = "kernel config";
  const std::string release = files.Read("/proc/sys/kernel/osrelease").value_or("");
  auto config = files.Read("/proc/config.gz");
  if (!config.has_value()) config = files.Read(absl::StrCat("/boot/config-", release));
  if (!config.has_value()) {
    const bool proved = files.Exists(kSchedExt);  // then the options are there
    return proved ? Ok(kCheck, "cannot be read, and need not be: sched_ext is there")
                  : Warn(kCheck,
                         absl::StrCat("neither /proc/config.gz nor /boot/config-", release,
                                      " can be read"),
                         "look for CONFIG_SCHED_CLASS_EXT in the kernel's configuration");
  }
  const std::string lines = absl::StrCat("\n", *config, "\n");
  std::vector<std::string> missing;
  for (const char* option : {"CONFIG_SCHED_CLASS_EXT", "CONFIG_BPF_SYSCALL", "CONFIG_BPF_JIT",
                             "CONFIG_DEBUG_INFO_BTF"}) {
    if (!absl::StrContains(lines, absl::StrCat("\n", option, "=y\n"))) missing.push_back(option);
  }
  if (missing.empty()) return Ok(kCheck, "all options are set");
  return Fail(kCheck, absl::StrCat("not set: ", absl::StrJoin(missing, ", ")), kNewKernel);
}

Finding Btf(const MachineFiles& files) {
  if (files.Exists("/sys/kernel/btf/vmlinux")) return Ok("BTF", "/sys/kernel/btf/vmlinux is there");
  return Fail("BTF", "/sys/kernel/btf/vmlinux is missing, so the dispatcher cannot be loaded",
              "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y");
}

// isolcpus= without flags, or with the flag "domain", takes CPUs out of load balancing, and the
// kernel then enables no sched_ext scheduler (Documentation/admin-guide/kernel-parameters.txt,
// scx_enable()).
Finding IsolatedCpus(const MachineFiles& files) {
  constexpr char kCheck[] = "isolated CPUs";
  const std::string arguments = files.Read("/proc/cmdline").value_or("");
  for (absl::string_view word : absl::StrSplit(arguments, ' ')) {
    absl::string_view value = word;
    if (!absl::ConsumePrefix(&value, "isolcpus=") || value.empty()) continue;
    const std::vector<absl::string_view> parts = absl::StrSplit(value, ',');
    if (!absl::ascii_isdigit(value[0]) && !absl::c_linear_search(parts, "domain")) continue;
    return Fail(kCheck, absl::StrCat("booted with ", word, ": the kernel allows no sched_ext then"),
                "boot without it, and set CPUs apart by a cpuset partition instead "
                "(cpuset.cpus.partition=isolated)");
  }
  return Ok(kCheck, "none by isolcpus=");
}

// The effective capabilities of this process as bits.
std::optional<uint64_t> Capabilities(const MachineFiles& files) {
  const auto effective = files.Field("/proc/self/status", "CapEff");
  uint64_t bits = 0;
  if (!effective.has_value() || !absl::SimpleHexAtoi(*effective, &bits)) return std::nullopt;
  return bits;
}

bool Has(uint64_t capabilities, int bit) { return (capabilities >> bit & 1) != 0; }

Finding Privileges(const MachineFiles& files) {
  constexpr char kCheck[] = "privileges";
  constexpr char kAction[] =
      "run schedd as root; to use a running schedd, be a member of the group that owns its socket";
  struct Needed {
    int bit;
    const char* name;
  };
  constexpr std::array<Needed, 5> kNeeded = {{{CAP_BPF, "CAP_BPF"},
                                              {CAP_PERFMON, "CAP_PERFMON"},
                                              {CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},
                                              {CAP_SYS_NICE, "CAP_SYS_NICE"},
                                              {CAP_IPC_LOCK, "CAP_IPC_LOCK"}}};
  const auto bits = Capabilities(files);
  if (!bits.has_value()) {
    return Warn(kCheck, "/proc/self/status does not say which capabilities there are", kAction);
  }
  std::vector<std::string> missing;
  for (const Needed& needed : kNeeded) {
    if (!Has(*bits, needed.bit)) missing.push_back(needed.name);
  }
  if (missing.empty()) return Ok(kCheck, "enough to load and attach a scheduler");
  // Only schedd needs them: a person who uses schedctl may well do without.
  return Warn(kCheck,
              absl::StrCat("without ", absl::StrJoin(missing, ", "),
                           " schedd cannot attach if it is started from here"),
              kAction);
}

Finding UnprivilegedBpf(const MachineFiles& files) {
  constexpr char kCheck[] = "unprivileged BPF";
  const auto value = files.Read("/proc/sys/kernel/unprivileged_bpf_disabled");
  if (value == "0") {
    return Warn(kCheck, "allowed: any user may load BPF programs. schedd does not need it",
                "sysctl kernel.unprivileged_bpf_disabled=2");
  }
  return Ok(kCheck, value.has_value() ? "off" : "not in this kernel");
}

Finding Cgroup2(const MachineFiles& files) {
  if (files.Mounted("cgroup2", "/sys/fs/cgroup")) return Ok("cgroup2", "mounted at /sys/fs/cgroup");
  return Warn(
      "cgroup2", "not mounted at /sys/fs/cgroup: tasks cannot be chosen by their cgroup",
      "boot with systemd.unified_cgroup_hierarchy=1, or mount -t cgroup2 none /sys/fs/cgroup");
}

Finding BpfFileSystem(const MachineFiles& files) {
  if (files.Mounted("bpf", "/sys/fs/bpf")) return Ok("BPF file system", "mounted at /sys/fs/bpf");
  return Warn("BPF file system", "not mounted at /sys/fs/bpf: nothing can be pinned there",
              "mount -t bpf bpf /sys/fs/bpf");
}

Finding ForeignScheduler(const MachineFiles& files) {
  constexpr char kCheck[] = "other schedulers";
  const std::string state = files.Read(absl::StrCat(kSchedExt, "/state")).value_or("");
  if (state.empty() || state == "disabled") return Ok(kCheck, "no sched_ext scheduler is attached");
  const std::string ops = files.Read(absl::StrCat(kSchedExt, "/root/ops")).value_or("unknown");
  // The rule of schedd itself: the name alone, or with a version behind it.
  if (ops == "schedd" || absl::StartsWith(ops, "schedd_")) {
    return Ok(kCheck, absl::StrCat(ops, " is attached (ours)"));
  }
  return Fail(kCheck, absl::StrCat("\"", ops, "\" is attached (", state, ")"),
              "only one scheduler can be attached: stop that one (its service, or sysrq-S), then "
              "schedctl scheduler attach");
}

Finding LockedMemory(const MachineFiles& files) {
  constexpr char kCheck[] = "locked memory";
  constexpr uint64_t kEnough = 64 << 20;
  constexpr char kKey[] = "Max locked memory";
  if (Has(Capabilities(files).value_or(0), CAP_IPC_LOCK)) {
    return Ok(kCheck, "no limit holds, with CAP_IPC_LOCK");
  }
  const auto limits = files.Read("/proc/self/limits");
  for (absl::string_view line : absl::StrSplit(limits.value_or(""), '\n')) {
    if (!absl::StartsWith(line, kKey)) continue;
    const std::vector<std::string> words =
        absl::StrSplit(line.substr(sizeof(kKey) - 1), ' ', absl::SkipEmpty());
    uint64_t bytes = 0;
    if (words.empty()) break;
    if (words[0] == "unlimited" || (absl::SimpleAtoi(words[0], &bytes) && bytes >= kEnough)) {
      return Ok(kCheck, absl::StrCat("limit ", words[0]));
    }
    return Warn(kCheck,
                absl::StrCat("limit ", words[0],
                             " bytes: schedd without CAP_IPC_LOCK cannot lock its memory"),
                "LimitMEMLOCK=infinity in the service, or ulimit -l unlimited");
  }
  return Warn(kCheck, "/proc/self/limits does not say the limit", "ulimit -l unlimited");
}

Finding PidNamespace(const MachineFiles& files) {
  constexpr char kCheck[] = "PID name space";
  // The inode number of the initial one is fixed in the kernel (PROC_PID_INIT_INO).
  constexpr char kInitial[] = "pid:[4026531836]";
  const auto link = files.ReadLink("/proc/self/ns/pid");
  if (link == kInitial) return Ok(kCheck, "the initial one");
  return Warn(kCheck,
              link.has_value() ? "not the initial one: task IDs of the API are not those seen here"
                               : "unknown",
              "run schedd and schedctl outside of containers");
}

}  // namespace

const char* VerdictText(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "OK";
    case Verdict::kWarn:
      return "WARN";
    case Verdict::kFail:
      break;
  }
  return "FAIL";
}

std::vector<Finding> ExamineMachine(const std::string& root) {
  const MachineFiles files(root);
  return {SchedExt(files),         KernelConfig(files),    Btf(files),         IsolatedCpus(files),
          Privileges(files),       UnprivilegedBpf(files), Cgroup2(files),     BpfFileSystem(files),
          ForeignScheduler(files), LockedMemory(files),    PidNamespace(files)};
}

Finding ExamineDaemon(const absl::StatusOr<v1::Scheduler>& scheduler) {
  constexpr char kCheck[] = "schedd";
  if (!scheduler.ok()) {
    return Warn(kCheck, std::string(scheduler.status().message()),
                "start schedd as root, or ask the right endpoint");
  }
  const std::string version =
      absl::StrCat("version ", Printable(scheduler->daemon_version()), " answers; state ",
                   EnumText(v1::Scheduler::State_descriptor(), scheduler->state()));
  if (scheduler->state() == v1::Scheduler::STATE_EJECTED) {
    return Warn(kCheck, absl::StrCat(version, ": ", Printable(scheduler->last_exit().reason())),
                "read schedctl status and schedd's log, then schedctl scheduler attach");
  }
  return Ok(kCheck, version);
}

}  // namespace schedd::client
