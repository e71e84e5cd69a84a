// SPDX-License-Identifier: Apache-2.0
//
// schedctl doctor on machines made of files.
#include "client/schedctl/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/unit/client/schedctl/harness.h"

namespace schedd::client {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kGoodConfig[] =
    "CONFIG_BPF_SYSCALL=y\nCONFIG_BPF_JIT=y\nCONFIG_SCHED_CLASS_EXT=y\n"
    "CONFIG_DEBUG_INFO_BTF=y\n# CONFIG_OTHER is not set\n";

// A directory that looks like a machine where everything is well; tests break one thing.
class DoctorTest : public SchedctlTest {
 protected:
  DoctorTest() {
    std::string pattern = "/tmp/schedd-machine-XXXXXX";
    root_ = mkdtemp(pattern.data());
    environment_.root = root_;
    Write("/proc/sys/kernel/osrelease", "6.12.9+deb13-amd64\n");
    Write("/sys/kernel/sched_ext/state", "disabled\n");
    Write("/sys/kernel/btf/vmlinux", "x");
    Write("/boot/config-6.12.9+deb13-amd64", kGoodConfig);
    Write("/proc/self/status", "Name:\tschedctl\nCapEff:\t000001ffffffffff\nThreads:\t1\n");
    Write("/proc/sys/kernel/unprivileged_bpf_disabled", "2\n");
    Write("/proc/self/mounts",
          "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"
          "bpf /sys/fs/bpf bpf rw 0 0\n");
    Write("/proc/self/limits",
          "Limit                     Soft Limit           Hard Limit           Units\n"
          "Max locked memory         8388608              8388608              bytes\n");
    std::filesystem::create_directories(root_ + "/proc/self/ns");
    std::filesystem::create_symlink("pid:[4026531836]", root_ + "/proc/self/ns/pid");
    v1::Scheduler scheduler;
    scheduler.set_daemon_version("0.1.0");
    scheduler.set_state(v1::Scheduler::STATE_ATTACHED);
    server_.get_scheduler.Returns(scheduler);
  }

  ~DoctorTest() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }

  void Remove(const std::string& path) { std::filesystem::remove_all(root_ + path); }

  Finding Find(const std::string& check) {
    for (const Finding& finding : ExamineMachine(root_)) {
      if (finding.check == check) return finding;
    }
    ADD_FAILURE() << "no check " << check;
    return {};
  }

  void Expect(const std::string& check, Verdict verdict, const std::string& detail,
              const std::string& action) {
    const Finding finding = Find(check);
    EXPECT_STREQ(VerdictText(finding.verdict), VerdictText(verdict)) << finding.detail;
    EXPECT_THAT(finding.detail, HasSubstr(detail));
    EXPECT_THAT(finding.action, HasSubstr(action));
    EXPECT_EQ(finding.action.empty(), verdict == Verdict::kOk);
  }

  std::string root_;
};

TEST_F(DoctorTest, AGoodMachineHasNoComplaint) {
  for (const Finding& finding : ExamineMachine(root_)) {
    EXPECT_STREQ(VerdictText(finding.verdict), "OK") << finding.check << ": " << finding.detail;
    EXPECT_THAT(finding.detail, testing::Not(IsEmpty())) << finding.check;
    EXPECT_THAT(finding.action, IsEmpty()) << finding.check;
  }
}

TEST_F(DoctorTest, AnEmptyMachineHasFindingsAndNoCrash) {
  const auto findings = ExamineMachine(root_ + "/nowhere");
  EXPECT_EQ(findings.size(), ExamineMachine(root_).size());
  for (const Finding& finding : findings) {
    EXPECT_EQ(finding.action.empty(), finding.verdict == Verdict::kOk) << finding.check;
  }
}

TEST_F(DoctorTest, NoSchedExt) {
  Remove("/sys/kernel/sched_ext");
  Expect("sched_ext", Verdict::kFail, "kernel 6.12.9+deb13-amd64 has no /sys/kernel/sched_ext",
         "boot a kernel with sched_ext");
}

TEST_F(DoctorTest, TheConfigLacksOptions) {
  Write("/boot/config-6.12.9+deb13-amd64",
        "CONFIG_BPF_SYSCALL=y\n# CONFIG_SCHED_CLASS_EXT is not set\nCONFIG_BPF_JIT=y\n");
  Expect("kernel config", Verdict::kFail, "not set: CONFIG_SCHED_CLASS_EXT, CONFIG_DEBUG_INFO_BTF",
         "boot a kernel");
}

TEST_F(DoctorTest, AnOptionWithALongerNameIsAnotherOne) {
  Write("/boot/config-6.12.9+deb13-amd64",
        std::string(kGoodConfig) + "CONFIG_BPF_JIT_ALWAYS_ON=y\n");
  EXPECT_EQ(Find("kernel config").verdict, Verdict::kOk);
  Write("/boot/config-6.12.9+deb13-amd64",
        "CONFIG_BPF_SYSCALL=y\nCONFIG_BPF_JIT=n\nXCONFIG_BPF_JIT=y\nCONFIG_SCHED_CLASS_EXT=y\n"
        "CONFIG_DEBUG_INFO_BTF=y\n");
  Expect("kernel config", Verdict::kFail, "not set: CONFIG_BPF_JIT", "boot");
}

TEST_F(DoctorTest, TheRunningKernelsOwnConfigGoesFirst) {
  gzFile file = gzopen((root_ + "/proc/config.gz").c_str(), "wb");
  gzputs(file, "CONFIG_BPF_SYSCALL=y\n");
  gzclose(file);
  Expect("kernel config", Verdict::kFail,
         "not set: CONFIG_SCHED_CLASS_EXT, CONFIG_BPF_JIT, CONFIG_DEBUG_INFO_BTF", "boot");
}

TEST_F(DoctorTest, ADamagedConfigIsAsNone) {
  Write("/proc/config.gz", std::string("\x1f\x8b\x08\x00 damaged", 12));
  EXPECT_EQ(Find("kernel config").detail, "all options are set");
}

TEST_F(DoctorTest, NoConfig) {
  Remove("/boot");
  Expect("kernel config", Verdict::kOk, "need not be", "");
  Remove("/sys/kernel/sched_ext");
  Expect("kernel config", Verdict::kWarn, "neither /proc/config.gz nor /boot/config-6.12.9",
         "CONFIG_SCHED_CLASS_EXT");
}

TEST_F(DoctorTest, NoBtf) {
  Remove("/sys/kernel/btf");
  Expect("BTF", Verdict::kFail, "/sys/kernel/btf/vmlinux is missing", "CONFIG_DEBUG_INFO_BTF");
}

TEST_F(DoctorTest, CpusIsolatedByABootArgument) {
  for (const char* argument : {"isolcpus=3", "isolcpus=domain,3", "isolcpus=nohz,domain,3"}) {
    Write("/proc/cmdline", absl::StrCat("ro ", argument, " quiet\n"));
    Expect("isolated CPUs", Verdict::kFail, argument, "cpuset.cpus.partition=isolated");
  }
}

TEST_F(DoctorTest, IsolationThatLeavesLoadBalancing) {
  for (const char* line :
       {"ro isolcpus=nohz,3", "isolcpus=managed_irq,2-3", "isolcpus=", "notisolcpus=1"}) {
    Write("/proc/cmdline", line);
    Expect("isolated CPUs", Verdict::kOk, "none", "");
  }
}

TEST_F(DoctorTest, NoPrivileges) {
  Write("/proc/self/status", "CapEff:\t0000000000000000\n");
  Expect("privileges", Verdict::kWarn,
         "without CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN, CAP_SYS_NICE, CAP_IPC_LOCK",
         "run schedd as root");
}

TEST_F(DoctorTest, SomePrivileges) {
  // All but bit 39, CAP_BPF.
  Write("/proc/self/status", "CapEff:\t0000017fffffffff\n");
  Expect("privileges", Verdict::kWarn, "without CAP_BPF schedd", "as root");
}

TEST_F(DoctorTest, UnreadablePrivileges) {
  Write("/proc/self/status", "CapEff:\tnone\n");
  Expect("privileges", Verdict::kWarn, "does not say", "as root");
}

TEST_F(DoctorTest, UnprivilegedBpf) {
  Write("/proc/sys/kernel/unprivileged_bpf_disabled", "0\n");
  Expect("unprivileged BPF", Verdict::kWarn, "any user may load", "sysctl");
}

TEST_F(DoctorTest, MountsThatAreMissing) {
  // Old cgroups, and file systems elsewhere.
  Write("/proc/self/mounts",
        "cgroup /sys/fs/cgroup cgroup rw 0 0\ncgroup2 /mnt cgroup2 rw 0 0\n"
        "none /sys/fs/bpf tmpfs rw 0 0\nshort\n");
  Expect("cgroup2", Verdict::kWarn, "not mounted at /sys/fs/cgroup", "mount -t cgroup2");
  Expect("BPF file system", Verdict::kWarn, "not mounted at /sys/fs/bpf", "mount -t bpf");
}

TEST_F(DoctorTest, ForeignScheduler) {
  Write("/sys/kernel/sched_ext/state", "enabled\n");
  Write("/sys/kernel/sched_ext/root/ops", "lavd_1.0\n");
  Expect("other schedulers", Verdict::kFail, "\"lavd_1.0\" is attached (enabled)", "stop that one");
}

TEST_F(DoctorTest, OurScheduler) {
  Write("/sys/kernel/sched_ext/state", "enabled\n");
  Write("/sys/kernel/sched_ext/root/ops", "schedd_0_1_0\n");
  Expect("other schedulers", Verdict::kOk, "schedd_0_1_0 is attached (ours)", "");
}

// The same rule as schedd's own: the whole name, or up to an underscore.
TEST_F(DoctorTest, ASchedulerWhoseNameOnlyBeginsLikeOursIsForeign) {
  Write("/sys/kernel/sched_ext/state", "enabled\n");
  Write("/sys/kernel/sched_ext/root/ops", "scheddx\n");
  Expect("other schedulers", Verdict::kFail, "\"scheddx\" is attached", "stop that one");
  Write("/sys/kernel/sched_ext/root/ops", "schedd\n");
  Expect("other schedulers", Verdict::kOk, "schedd is attached (ours)", "");
}

TEST_F(DoctorTest, ASchedulerThatIsJustLeavingIsStillThere) {
  Write("/sys/kernel/sched_ext/state", "disabling\n");
  Expect("other schedulers", Verdict::kFail, "\"unknown\" is attached (disabling)", "stop that");
}

TEST_F(DoctorTest, AMountElsewhereOrOfAnotherTypeIsNone) {
  Write("/proc/self/mounts",
        "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\ntmpfs /sys/fs/cgroup tmpfs rw 0 0\n"
        "bpf /sys/fs/bpffs bpf rw 0 0\nshort\n");
  Expect("cgroup2", Verdict::kWarn, "not mounted", "mount -t cgroup2");
  Expect("BPF file system", Verdict::kWarn, "not mounted", "mount -t bpf");
}

TEST_F(DoctorTest, LockedMemory) {
  Expect("locked memory", Verdict::kOk, "no limit holds", "");
  // Without CAP_IPC_LOCK (bit 14).
  Write("/proc/self/status", "CapEff:\t000001ffffffbfff\n");
  Expect("locked memory", Verdict::kWarn, "limit 8388608 bytes", "LimitMEMLOCK=infinity");
  Write("/proc/self/limits", "Max locked memory         unlimited            unlimited  bytes\n");
  Expect("locked memory", Verdict::kOk, "limit unlimited", "");
  Write("/proc/self/limits", "Max locked memory         67108864             67108864   bytes\n");
  Expect("locked memory", Verdict::kOk, "limit 67108864", "");
  Write("/proc/self/limits", "Max open files            1024                 4096       files\n");
  Expect("locked memory", Verdict::kWarn, "does not say", "ulimit");
}

TEST_F(DoctorTest, InAContainer) {
  Remove("/proc/self/ns/pid");
  Expect("PID name space", Verdict::kWarn, "unknown", "outside of containers");
  std::filesystem::create_symlink("pid:[4026532000]", root_ + "/proc/self/ns/pid");
  Expect("PID name space", Verdict::kWarn, "not the initial one", "outside of containers");
}

// --- what schedd says ---

TEST_F(DoctorTest, ScheddAnswers) {
  v1::Scheduler scheduler;
  scheduler.set_daemon_version("0.1.0");
  scheduler.set_state(v1::Scheduler::STATE_DETACHED);
  Finding finding = ExamineDaemon(scheduler);
  EXPECT_EQ(finding.verdict, Verdict::kOk);
  EXPECT_EQ(finding.detail, "version 0.1.0 answers; state detached");
  scheduler.set_state(v1::Scheduler::STATE_EJECTED);
  scheduler.mutable_last_exit()->set_reason("runnable task stall");
  finding = ExamineDaemon(scheduler);
  EXPECT_EQ(finding.verdict, Verdict::kWarn);
  EXPECT_EQ(finding.detail, "version 0.1.0 answers; state ejected: runnable task stall");
  EXPECT_THAT(finding.action, HasSubstr("schedctl status"));
}

TEST_F(DoctorTest, ScheddDoesNotAnswer) {
  const Finding finding = ExamineDaemon(absl::UnavailableError("nobody there"));
  EXPECT_EQ(finding.verdict, Verdict::kWarn);
  EXPECT_EQ(finding.detail, "nobody there");
  EXPECT_THAT(finding.action, HasSubstr("start schedd"));
}

// --- the command ---

TEST_F(DoctorTest, WithoutAFailTheCodeIs0) {
  Write("/proc/sys/kernel/unprivileged_bpf_disabled", "0\n");
  const Result result = Run({"doctor"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, IsEmpty());
  EXPECT_THAT(result.out,
              StartsWith("CHECK             RESULT  DETAIL\n"
                         "sched_ext         OK      kernel 6.12.9+deb13-amd64 has it\n"));
  EXPECT_THAT(result.out,
              HasSubstr("unprivileged BPF  WARN    allowed: any user may load BPF programs. schedd "
                        "does not need it\n"
                        "                          to do: sysctl "
                        "kernel.unprivileged_bpf_disabled=2\n"));
  EXPECT_THAT(result.out, HasSubstr("schedd            OK      version 0.1.0 answers"));
}

TEST_F(DoctorTest, WithAFailTheCodeIs1) {
  Remove("/sys/kernel/btf");
  const Result result = Run({"doctor"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, "schedctl: 1 check fails: schedd cannot attach on this machine\n");
}

TEST_F(DoctorTest, WithoutScheddItIsNoFail) {
  server_.Stop();
  const Result result = Run({"doctor"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("schedd            WARN    no schedd at unix:///tmp/"));
}

TEST_F(DoctorTest, AsJson) {
  Remove("/sys/kernel/btf");
  Remove("/sys/kernel/sched_ext");
  const Result result = Run({"doctor", "-o", "json"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, StartsWith("{\n  \"checks\": [\n    {\n      \"check\": \"sched_ext\",\n"
                                     "      \"result\": \"FAIL\",\n"));
  EXPECT_THAT(result.out, HasSubstr("\"warnCount\": 0,\n  \"failCount\": 2"));
  EXPECT_THAT(result.err, HasSubstr("2 checks fail"));
}

}  // namespace
}  // namespace schedd::client
