// SPDX-License-Identifier: Apache-2.0
//
// Serves the metrics to Prometheus: http://ADDRESS/metrics, text format.
//
// Owned by the daemon; main thread. Start() opens the listener, Stop() closes it; both may be
// called on another thread, one at a time. Two threads of civetweb's: one accepts, one answers, so
// that scrapes come one after another; a client that says nothing holds them up for kRequestTimeout
// at most. There is no authentication and nothing to change: who can connect can read.
#ifndef SCHEDD_METRICS_METRICS_SERVER_H_
#define SCHEDD_METRICS_METRICS_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/tcp_address.h"
#include "server/control/scheduler_info.h"

namespace schedd::metrics {

inline constexpr char kMetricsPath[] = "/metrics";

class MetricsServer {
 public:
  // Asked once at each scrape, on the thread that answers. Must not wait for this object's end, and
  // may be asked until Stop() has returned. An error gives schedd_up 0 and nothing else.
  using Source = std::function<absl::StatusOr<SchedulerInfo>()>;

  // Fails with ALREADY_EXISTS (port in use), PERMISSION_DENIED, UNIMPLEMENTED (an IPv6 address, and
  // the system's civetweb has no IPv6, as in Debian 12) or UNAVAILABLE, and a sentence that says
  // what to do; nothing listens then.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(const TcpAddress& address,
                                                              Source source);
  ~MetricsServer();  // Stop()
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  // Where it listens, with the port that the kernel chose.
  const TcpAddress& address() const { return address_; }

  // Closes the port, ends the scrape under way (a silent client's within kRequestTimeout) and all
  // threads. May be called twice.
  void Stop();

 private:
  // Longest that a client may take to send its request.
  static constexpr absl::Duration kRequestTimeout = absl::Seconds(1);

  struct Parts;
  MetricsServer(TcpAddress address, std::unique_ptr<Parts> parts);

  const TcpAddress address_;
  std::unique_ptr<Parts> parts_;  // null once stopped
};

}  // namespace schedd::metrics

#endif  // SCHEDD_METRICS_METRICS_SERVER_H_
