// SPDX-License-Identifier: Apache-2.0
//
// Mean and percentiles from a slot's wakeup-latency histogram (bpf/histogram.h).
//
// Pure; any thread. Nanoseconds. A percentile (nearest rank) is the middle of its bucket, so
// within 6.25 % of the true one, and never more than the largest latency seen; below 4.6 us there
// is only one bucket. No samples: zeros.
#ifndef SCHEDD_CONTROL_LATENCY_H_
#define SCHEDD_CONTROL_LATENCY_H_

#include <cstdint>

#include "bpf/abi.h"

namespace schedd {

struct LatencySummary {
  int64_t mean_ns = 0;
  int64_t p50_ns = 0;
  int64_t p99_ns = 0;
  int64_t max_ns = 0;
};

LatencySummary SummarizeLatency(const schedd_slot& slot);

}  // namespace schedd

#endif  // SCHEDD_CONTROL_LATENCY_H_
