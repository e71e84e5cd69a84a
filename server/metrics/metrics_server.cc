// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/metrics_server.h"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>

#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "server/metrics/metric_table.h"

namespace schedd::metrics {
namespace {

class SchedulerCollectable : public prometheus::Collectable {
 public:
  explicit SchedulerCollectable(MetricsServer::Source source) : source_(std::move(source)) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    return metrics::Collect(source_());
  }

 private:
  const MetricsServer::Source source_;
};

// civetweb says only that it could not; the port was free a moment ago.
absl::Status Explain(const TcpAddress& address, const std::exception& error) {
  const std::string message = absl::StrCat("cannot serve metrics on ", address.text());
  if (address.is_ipv6()) {
    return absl::UnimplementedError(absl::StrCat(
        message, ": this system's HTTP library (civetweb) has no IPv6; use an IPv4 address"));
  }
  return absl::UnavailableError(
      absl::StrCat(message, ": ", error.what(), " Try again, or choose another port"));
}

}  // namespace

struct MetricsServer::Parts {
  Parts(const std::vector<std::string>& options, Source source)
      : collectable(std::make_shared<SchedulerCollectable>(std::move(source))), exposer(options) {
    exposer.RegisterCollectable(collectable, kMetricsPath);
  }

  const std::shared_ptr<SchedulerCollectable> collectable;
  prometheus::Exposer exposer;  // ends first: it uses the other
};

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const TcpAddress& address,
                                                                    Source source) {
  const absl::Status is_free = CheckPortFree(address);
  if (!is_free.ok()) return is_free;
  const std::vector<std::string> options = {
      "listening_ports",    address.text(),
      "num_threads",        "1",
      "request_timeout_ms", absl::StrCat(absl::ToInt64Milliseconds(kRequestTimeout)),
  };
  try {
    auto parts = std::make_unique<Parts>(options, std::move(source));
    TcpAddress bound = address;
    const std::vector<int> ports = parts->exposer.GetListeningPorts();
    if (!ports.empty()) bound.port = ports.front();
    return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(bound), std::move(parts)));
  } catch (const std::exception& error) {
    return Explain(address, error);
  }
}

MetricsServer::MetricsServer(TcpAddress address, std::unique_ptr<Parts> parts)
    : address_(std::move(address)), parts_(std::move(parts)) {}

MetricsServer::~MetricsServer() { Stop(); }

void MetricsServer::Stop() {
  if (parts_ == nullptr) return;
  absl::Notification ended;
  std::thread closer([&] {
    parts_.reset();
    ended.Notify();
  });
  // civetweb's accepting thread looks for its end only every 2 s, or when somebody connects.
  bool listening = true;
  while (!ended.WaitForNotificationWithTimeout(absl::Milliseconds(5))) {
    if (listening) listening = Knock(address_);
  }
  closer.join();
}

}  // namespace schedd::metrics
