// SPDX-License-Identifier: Apache-2.0
//
// schedd: reads what it is told to do, and does it. Exit codes: exit_code.h.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "server/base/log.h"
#include "server/daemon/app.h"
#include "server/daemon/backend.h"
#include "server/daemon/config.h"
#include "server/daemon/config_file.h"
#include "server/daemon/flags.h"
#include "server/daemon/parameters.h"
#include "server/daemon/roles_file.h"
#include "server/daemon/stop_signal.h"
#include "server/daemon/sweeper.h"
#include "server/rpc/tls_files.h"

namespace schedd::daemon {
namespace {

int Fail(ExitCode code, const std::string& problem) {
  std::fprintf(stderr, "schedd: %s\n", problem.c_str());
  return static_cast<int>(code);
}

int Usage(const absl::Status& status) {
  return Fail(absl::IsPermissionDenied(status) ? ExitCode::kPermission : ExitCode::kUsage,
              std::string(status.message()));
}

// For what a killed daemon leaves: sockets, lock files, pins.
absl::Status StartSweeperFor(const Config& config) {
  std::vector<std::string> sockets;
  for (const rpc::ListenAddress& address : config.listen) {
    if (address.kind == rpc::ListenAddress::Kind::kUnix) sockets.push_back(address.path);
  }
  return StartSweeper(sockets, [&config] { return SweepKernel(config.kernel); });
}

// The files that the configuration names.
absl::Status CheckFiles(const Config& config) {
  if (absl::Status roles = ReadRoles(config.roles_file).status(); !roles.ok()) return roles;
  if (absl::Status workload = CheckWorkload(config); !workload.ok()) return workload;
  return config.tls.empty() ? absl::OkStatus() : rpc::CheckTlsFiles(config.tls);
}

int Main(int argc, const char* const* argv) {
  const absl::StatusOr<CommandLine> line = ParseCommandLine(argc, argv);
  if (!line.ok()) return Usage(line.status());
  if (line->action == CommandLine::Action::kPrint) {
    std::fputs(line->text.c_str(), stdout);
    return static_cast<int>(ExitCode::kOk);
  }
  absl::StatusOr<std::vector<Setting>> file = std::vector<Setting>();
  if (!line->config_path.empty()) file = ReadConfigFile(line->config_path);
  if (!file.ok()) return Usage(file.status());
  const absl::StatusOr<Config> config = MakeConfig(*file, line->settings);
  if (!config.ok()) return Usage(config.status());
  const absl::StatusOr<PolicyParameters> parameters = MakeParameters(*config);
  if (!parameters.ok()) return Usage(parameters.status());
  const absl::StatusOr<SafeRanges> safe_ranges = MakeSafeRanges(*config);
  if (!safe_ranges.ok()) return Usage(safe_ranges.status());
  if (const absl::Status files = CheckFiles(*config); !files.ok()) return Usage(files);
  if (line->action == CommandLine::Action::kCheckConfig) {
    std::puts("the configuration is right");
    return static_cast<int>(ExitCode::kOk);
  }

  // Both before any thread exists. It must not see the signals blocked.
  if (const absl::Status swept = StartSweeperFor(*config); !swept.ok()) {
    return Fail(ExitCode::kInternal, std::string(swept.message()));
  }
  // All threads inherit the blocked signals.
  const absl::StatusOr<std::unique_ptr<SignalStop>> stop = SignalStop::Create();
  if (!stop.ok()) return Fail(ExitCode::kInternal, std::string(stop.status().message()));
  const Log log(config->log_level, StandardErrorSink());
  const char* const faults = std::getenv(kFaultsVariable);
  absl::StatusOr<std::unique_ptr<KernelHost>> host = MakeHost(*config);
  if (host.ok()) host = WithFaults(*std::move(host), faults);
  if (!host.ok()) return Usage(host.status());
  if (faults != nullptr) log.Warning("faults will be injected", {{"file", std::string(faults)}});
  const Outcome outcome = App(*config, *parameters, host->get(), stop->get(), &log).Run();
  return outcome.problem.empty() ? static_cast<int>(outcome.code)
                                 : Fail(outcome.code, outcome.problem);
}

}  // namespace
}  // namespace schedd::daemon

int main(int argc, char** argv) { return schedd::daemon::Main(argc, argv); }
