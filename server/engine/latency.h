// SPDX-License-Identifier: Apache-2.0
//
// Mean and percentiles from the latency histograms (bpf/histogram.h) of the shared memory.
//
// Pure; any thread. Nanoseconds. A percentile (nearest rank) is the middle of its bucket, so
// within 6.25 % of the true one, and never more than the largest latency seen; below 4.6 us there
// is only one bucket. No samples: zeros.
#ifndef SCHEDD_ENGINE_LATENCY_H_
#define SCHEDD_ENGINE_LATENCY_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "bpf/abi.h"
#include "server/engine/kernel.h"

namespace schedd {

struct LatencyHistogram {
  std::array<uint64_t, SCHEDD_LATENCY_BUCKETS> buckets = {};  // by schedd_latency_bucket()
  uint64_t sum_ns = 0;
  uint64_t max_ns = 0;

  uint64_t count() const;  // of all samples
  void Add(uint64_t latency_ns);
};

struct LatencySummary {
  int64_t mean_ns = 0;
  int64_t p50_ns = 0;
  int64_t p99_ns = 0;
  int64_t max_ns = 0;
};

LatencySummary SummarizeLatency(const LatencyHistogram& histogram);

// Where a bucket ends, in nanoseconds; the last one has everything longer, too.
uint64_t LatencyBucketEnd(size_t bucket);

// Of the wakeups of a slot's task.
LatencySummary SummarizeLatency(const schedd_slot& slot);

// How long waits took that a decision placed, over all CPUs. Samples that come while it reads may
// be in one part of it and not yet in another.
LatencyHistogram ReadDecisionLatency(const SharedMemory& memory);

}  // namespace schedd

#endif  // SCHEDD_ENGINE_LATENCY_H_
