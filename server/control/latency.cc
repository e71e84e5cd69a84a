// SPDX-License-Identifier: Apache-2.0
#include "server/control/latency.h"

#include <algorithm>
#include <array>

#include "bpf/histogram.h"
#include "server/engine/shared_access.h"

namespace schedd {
namespace {

using Buckets = std::array<uint64_t, SCHEDD_LATENCY_BUCKETS>;

int64_t MiddleOf(uint32_t bucket) {
  const uint64_t start = bucket == 0 ? 0 : schedd_latency_bucket_start(bucket);
  return static_cast<int64_t>((start + schedd_latency_bucket_start(bucket + 1)) / 2);
}

int64_t Percentile(const Buckets& buckets, uint64_t total, uint64_t percent, int64_t max_ns) {
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

LatencySummary SummarizeLatency(const schedd_slot& slot) {
  Buckets buckets;
  uint64_t total = 0;
  for (size_t i = 0; i < buckets.size(); ++i) {
    buckets[i] = LoadShared(slot.latency_buckets[i]);
    total += buckets[i];
  }
  if (total == 0) return {};
  const auto max_ns = static_cast<int64_t>(LoadShared(slot.latency_max_ns));
  return {.mean_ns = static_cast<int64_t>(LoadShared(slot.latency_sum_ns) / total),
          .p50_ns = Percentile(buckets, total, 50, max_ns),
          .p99_ns = Percentile(buckets, total, 99, max_ns),
          .max_ns = max_ns};
}

}  // namespace schedd
