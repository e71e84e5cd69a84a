// SPDX-License-Identifier: Apache-2.0
#include "server/engine/latency.h"

#include <algorithm>
#include <numeric>

#include "bpf/histogram.h"
#include "server/engine/shared_access.h"

namespace schedd {
namespace {

int64_t MiddleOf(uint32_t bucket) {
  const uint64_t start = bucket == 0 ? 0 : schedd_latency_bucket_start(bucket);
  return static_cast<int64_t>((start + schedd_latency_bucket_start(bucket + 1)) / 2);
}

int64_t Percentile(const LatencyHistogram& histogram, uint64_t total, uint64_t percent) {
  const auto& buckets = histogram.buckets;
  const auto max_ns = static_cast<int64_t>(histogram.max_ns);
  const uint64_t rank = (total * percent + 99) / 100;  // 1 to total
  uint64_t seen = 0;
  for (uint32_t bucket = 0; bucket < buckets.size(); ++bucket) {
    seen += buckets[bucket];
    if (seen >= rank) {
      // The last bucket has no end: what is in it is only known by the largest.
      const bool last = bucket + 1 == buckets.size();
      return last ? max_ns : std::min(MiddleOf(bucket), max_ns);
    }
  }
  return max_ns;
}

}  // namespace

uint64_t LatencyHistogram::count() const {
  return std::accumulate(buckets.begin(), buckets.end(), uint64_t{0});
}

void LatencyHistogram::Add(uint64_t latency_ns) {
  ++buckets[schedd_latency_bucket(latency_ns)];
  sum_ns += latency_ns;
  max_ns = std::max(max_ns, latency_ns);
}

uint64_t LatencyBucketEnd(size_t bucket) {
  return schedd_latency_bucket_start(static_cast<uint32_t>(bucket) + 1);
}

LatencySummary SummarizeLatency(const LatencyHistogram& histogram) {
  const uint64_t total = histogram.count();
  if (total == 0) return {};
  return {.mean_ns = static_cast<int64_t>(histogram.sum_ns / total),
          .p50_ns = Percentile(histogram, total, 50),
          .p99_ns = Percentile(histogram, total, 99),
          .max_ns = static_cast<int64_t>(histogram.max_ns)};
}

LatencySummary SummarizeLatency(const schedd_slot& slot) {
  LatencyHistogram histogram;
  for (size_t i = 0; i < histogram.buckets.size(); ++i) {
    histogram.buckets[i] = LoadShared(slot.latency_buckets[i]);
  }
  histogram.sum_ns = LoadShared(slot.latency_sum_ns);
  histogram.max_ns = LoadShared(slot.latency_max_ns);
  return SummarizeLatency(histogram);
}

LatencyHistogram ReadDecisionLatency(const SharedMemory& memory) {
  LatencyHistogram histogram;
  for (const schedd_cpu& cpu : memory.cpus) {
    for (size_t i = 0; i < histogram.buckets.size(); ++i) {
      histogram.buckets[i] += LoadShared(cpu.decision_latency_buckets[i]);
    }
    histogram.sum_ns += LoadShared(cpu.decision_latency_sum_ns);
    histogram.max_ns = std::max(histogram.max_ns, LoadShared(cpu.decision_latency_max_ns));
  }
  return histogram;
}

}  // namespace schedd
