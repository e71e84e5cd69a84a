// SPDX-License-Identifier: Apache-2.0
//
// Runs a workload file of the simulated machine on the real one.
//
//     workload_run FILE
//
// Prints a line of JSON with what each task did, and then waits for the end of its stdin, so that
// whoever reads it can ask the scheduler for the same tasks. Exit code: 0, or 2 for a file that
// cannot be run.
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>

#include "server/simulate/workload_file.h"
#include "tests/fidelity/real_workload.h"

namespace schedd {
namespace {

int Refuse(const absl::Status& status) {
  std::cerr << "workload_run: " << status.message() << '\n';
  return 2;
}

int Main(const char* path) {
  const absl::StatusOr<SimWorkload> workload = ReadWorkloadFile(path);
  if (!workload.ok()) return Refuse(workload.status());
  const absl::Status runs = CheckRunsForReal(*workload);
  if (!runs.ok()) return Refuse(runs);
  auto* const real = new RealWorkload(*workload);
  nlohmann::json line = {{"tgid", getpid()}, {"tasks", nlohmann::json::array()}};
  for (const RealTaskReport& task : real->Run()) {
    line["tasks"].push_back({{"tid", task.tid},
                             {"group", task.group},
                             {"run_ns", task.run_ns},
                             {"rounds", task.rounds}});
  }
  std::cout << line.dump() << std::endl;
  while (std::cin.get() != std::char_traits<char>::eof()) {
  }
  _exit(0);  // whatever the threads wait for
}

}  // namespace
}  // namespace schedd

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: workload_run FILE\n");
    return 2;
  }
  return schedd::Main(argv[1]);
}
