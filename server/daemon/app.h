// SPDX-License-Identifier: Apache-2.0
//
// The daemon's life: puts the parts together, attaches last, and takes all apart in the other
// order.
//
// Run() is called once, on the main thread, and returns when the daemon is over; it owns everything
// that it makes. What it is given outlives it. It fails by an exit code and a sentence in
// `problem`; nothing is attached, listened on or locked then.
#ifndef SCHEDD_DAEMON_APP_H_
#define SCHEDD_DAEMON_APP_H_

#include <string>

#include "absl/time/time.h"
#include "server/base/log.h"
#include "server/daemon/config.h"
#include "server/daemon/exit_code.h"
#include "server/daemon/stop_signal.h"
#include "server/engine/kernel.h"
#include "server/policy/parameters.h"

namespace schedd::daemon {

// How it ended; `problem` is empty when that was as asked.
struct Outcome {
  ExitCode code = ExitCode::kOk;
  std::string problem;
};

class App {
 public:
  // `parameters` are those of MakeParameters(), and MakeSafeRanges() takes the configuration, too.
  App(const Config& config, const PolicyParameters& parameters, KernelHost* host, StopSignal* stop,
      const Log* log)
      : config_(config), parameters_(parameters), host_(host), stop_(stop), log_(log) {}

  Outcome Run();

 private:
  // Longest that calls under way may take once a stop was asked for. The kernel then needs well
  // below 1 s to detach, so that all is over within 2 s.
  static constexpr absl::Duration kDrainGrace = absl::Seconds(1);

  Outcome CheckKernel() const;
  Outcome Serve();

  const Config config_;
  const PolicyParameters parameters_;
  KernelHost* const host_;
  StopSignal* const stop_;
  const Log* const log_;
};

}  // namespace schedd::daemon

#endif  // SCHEDD_DAEMON_APP_H_
