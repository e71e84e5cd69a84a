// SPDX-License-Identifier: Apache-2.0
//
// The metrics that schedd gives to Prometheus: one table, read from what the API says.
//
// Metrics() is the only place that knows a metric; docs/metrics.md has a row for each. Every value
// is computed from a SchedulerInfo when somebody scrapes, so that API and metrics cannot differ.
// Pure; any thread. Units: times in seconds, all else is counted. Cannot fail.
#ifndef SCHEDD_METRICS_METRIC_TABLE_H_
#define SCHEDD_METRICS_METRIC_TABLE_H_

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/control/scheduler_info.h"

namespace schedd::metrics {

// One line of a metric: a value, with its labels where the metric has any.
struct Sample {
  double value = 0;
  std::vector<prometheus::ClientMetric::Label> labels = {};
  prometheus::ClientMetric::Histogram histogram = {};  // instead of value
};

struct Metric {
  enum class Type { kCounter, kGauge, kHistogram };

  absl::string_view name;
  Type type;
  absl::string_view unit;    // "seconds", or what is counted
  absl::string_view field;   // where the API has it, in schedd.v1.Scheduler; empty: nowhere
  absl::string_view labels;  // their names, separated by commas
  absl::string_view help;
  // None: the metric is absent, for there is nothing to tell.
  std::vector<Sample> (*read)(const SchedulerInfo& info);
};

// In the order of docs/metrics.md. The first one, schedd_up, is always there.
absl::Span<const Metric> Metrics();

absl::string_view TypeName(Metric::Type type);  // "counter", "gauge", "histogram"

// What a scrape gives: all metrics that have a value; of an error only schedd_up, with 0.
std::vector<prometheus::MetricFamily> Collect(const absl::StatusOr<SchedulerInfo>& info);

}  // namespace schedd::metrics

#endif  // SCHEDD_METRICS_METRIC_TABLE_H_
