// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/api/server_process.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <new>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/base/log.h"
#include "server/daemon/app.h"
#include "server/daemon/config.h"
#include "server/daemon/stop_signal.h"
#include "server/policy/parameters.h"

namespace schedd {
namespace {

constexpr int kCpus = 4;
// Two for each CPU: none is ever idle, so that every task that wakes up needs a decision.
constexpr int kHogs = 2 * kCpus;
constexpr int64_t kSecond = 1'000'000'000;

void StartWorkload(SimMachine& machine, int sleepers) {
  for (int i = 0; i < kHogs; ++i) {
    machine.Spawn({.comm = "hog", .uid = 1000, .cgroup = "bench", .program = {RunFor(kSecond)}});
  }
  // About one in 20 s each: 500 wakeups a second by 10,000.
  for (int i = 0; i < sleepers; ++i) {
    machine.Spawn({.comm = absl::StrCat("sleeper-", i % 100),
                   .uid = 1000,
                   .cgroup = absl::StrCat("bench.slice/group-", i % 20),
                   .program = {SleepFor(10 * kSecond, 20 * kSecond), RunFor(50'000)}});
  }
}

// The only other thread of this process.
int32_t OtherThread() {
  int32_t tid = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    int32_t other = 0;
    if (absl::SimpleAtoi(entry.path().filename().string(), &other) && other != gettid()) {
      tid = other;
    }
  }
  return tid;
}

// The daemon's life. Returns its exit code.
int Serve(const std::string& directory, const std::string& listen, int sleepers, ProbeLog* log) {
  const auto stop = daemon::SignalStop::Create();
  const auto config = daemon::MakeConfig(
      {}, {{"listen", listen, ""}, {"kernel", "sim", ""}, {"state-dir", directory, ""}});
  if (!stop.ok() || !config.ok()) return 1;
  DecisionProbe probe(log, config->max_tasks);
  SimHostOptions options;
  options.nr_cpus = kCpus;
  options.workload = [sleepers](SimMachine& machine) { StartWorkload(machine, sleepers); };
  ProbedHost host(options, &probe, log);
  log->machine_tid.store(OtherThread());
  const Log lines(LogLevel::kWarning, StandardErrorSink());
  const daemon::Outcome outcome =
      daemon::App(*config, PolicyParameters(), &host, stop->get(), &lines).Run();
  if (!outcome.problem.empty()) std::fprintf(stderr, "server: %s\n", outcome.problem.c_str());
  return static_cast<int>(outcome.code);
}

// Of a thread of another process: no clock_gettime() reads that.
absl::StatusOr<int64_t> ThreadCpu(pid_t pid, int32_t tid) {
  const std::string path = absl::StrCat("/proc/", pid, "/task/", tid, "/schedstat");
  std::ifstream file(path);
  int64_t ns = 0;
  if (!(file >> ns)) return absl::InternalError(absl::StrCat("cannot read ", path));
  return ns;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(int sleepers) {
  std::string directory = "/tmp/api_benchmark_XXXXXX";  // short: a socket's path has 107 bytes
  if (mkdtemp(directory.data()) == nullptr) return absl::ErrnoToStatus(errno, "mkdtemp");
  // The socket's own mode says who may connect.
  if (chmod(directory.c_str(), 0711) != 0) return absl::ErrnoToStatus(errno, "chmod");
  void* const memory =
      mmap(nullptr, sizeof(ProbeLog), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return absl::ErrnoToStatus(errno, "mmap");
  std::unique_ptr<ServerProcess> server(new ServerProcess(directory, new (memory) ProbeLog));
  const pid_t parent = getpid();
  server->pid_ = fork();
  if (server->pid_ < 0) return absl::ErrnoToStatus(errno, "fork");
  if (server->pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);
    _exit(Serve(directory, server->endpoint(), sleepers, server->log_));
  }
  return server;
}

ServerProcess::~ServerProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  munmap(log_, sizeof(ProbeLog));
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

absl::StatusOr<ServerCpu> ServerProcess::Cpu() const {
  clockid_t clock;
  timespec time;
  if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &time) != 0) {
    return absl::InternalError("the server's process has ended");
  }
  const absl::StatusOr<int64_t> machine = ThreadCpu(pid_, log_->machine_tid.load());
  if (!machine.ok()) return machine.status();
  const absl::StatusOr<int64_t> scheduling = ThreadCpu(pid_, log_->scheduling_tid.load());
  if (!scheduling.ok()) return scheduling.status();
  return ServerCpu{.process_ns = time.tv_sec * kSecond + time.tv_nsec,
                   .machine_ns = *machine,
                   .scheduling_ns = *scheduling};
}

absl::StatusOr<int64_t> ServerProcess::ResidentBytes() const {
  const std::string path = absl::StrCat("/proc/", pid_, "/statm");
  std::ifstream file(path);
  int64_t pages = 0;
  if (!(file >> pages >> pages)) return absl::InternalError(absl::StrCat("cannot read ", path));
  return pages * sysconf(_SC_PAGESIZE);
}

}  // namespace schedd
