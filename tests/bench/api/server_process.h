// SPDX-License-Identifier: Apache-2.0
//
// The whole daemon in a process of its own, on a simulated machine with many tasks: as
// `schedd --kernel=sim`, but for the machine.
//
// A process, because its CPU time is to be told from that of the clients. Owned by the benchmark's
// main thread. Start() forks: call it before the process has other threads. Errors: INTERNAL or
// the system's, with a sentence.
#ifndef SCHEDD_TESTS_BENCH_API_SERVER_PROCESS_H_
#define SCHEDD_TESTS_BENCH_API_SERVER_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "tests/bench/api/probed_host.h"

namespace schedd {

// CPU time used so far, ns.
struct ServerCpu {
  int64_t process_ns = 0;     // all threads, those that ended as well
  int64_t machine_ns = 0;     // of it the thread that simulates the machine
  int64_t scheduling_ns = 0;  // of it the scheduling thread
};

class ServerProcess {
 public:
  // With a machine of 4 CPUs: `sleepers` tasks that wake up now and then, and 8 hogs. It may not
  // serve yet when this returns.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(int sleepers);
  ~ServerProcess();  // ends it and removes its files
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  std::string endpoint() const { return "unix://" + socket(); }
  std::string socket() const { return directory_ + "/s.sock"; }
  const ProbeLog& log() const { return *log_; }
  // Once it is attached.
  absl::StatusOr<ServerCpu> Cpu() const;
  absl::StatusOr<int64_t> ResidentBytes() const;

 private:
  ServerProcess(std::string directory, ProbeLog* log)
      : directory_(std::move(directory)), log_(log) {}

  const std::string directory_;  // also its state directory
  ProbeLog* const log_;
  pid_t pid_ = 0;
};

}  // namespace schedd

#endif  // SCHEDD_TESTS_BENCH_API_SERVER_PROCESS_H_
