// SPDX-License-Identifier: Apache-2.0
#include "server/engine/latency.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "bpf/histogram.h"

namespace schedd {
namespace {

// As the dispatcher does it.
void Record(schedd_slot& slot, uint64_t latency_ns) {
  ++slot.latency_buckets[schedd_latency_bucket(latency_ns)];
  slot.latency_sum_ns += latency_ns;
  slot.latency_max_ns = std::max<uint64_t>(slot.latency_max_ns, latency_ns);
}

TEST(LatencyTest, NoSamplesAreZeros) {
  const schedd_slot slot = {};
  const LatencySummary summary = SummarizeLatency(slot);
  EXPECT_EQ(summary.mean_ns, 0);
  EXPECT_EQ(summary.p50_ns, 0);
  EXPECT_EQ(summary.p99_ns, 0);
  EXPECT_EQ(summary.max_ns, 0);
}

TEST(LatencyTest, OneSampleIsAllOfThem) {
  schedd_slot slot = {};
  Record(slot, 1'000'000);
  const LatencySummary summary = SummarizeLatency(slot);
  EXPECT_EQ(summary.mean_ns, 1'000'000);
  EXPECT_EQ(summary.max_ns, 1'000'000);
  EXPECT_NEAR(static_cast<double>(summary.p50_ns), 1e6, 6.25e4);
  EXPECT_LE(summary.p99_ns, 1'000'000);  // never above the largest
}

TEST(LatencyTest, NinetyNineOfAHundredAndOneOutlier) {
  schedd_slot slot = {};
  for (int i = 0; i < 99; ++i) Record(slot, 10'000);
  Record(slot, 50'000'000);
  LatencySummary summary = SummarizeLatency(slot);
  EXPECT_NEAR(static_cast<double>(summary.p99_ns), 10'000, 625);
  EXPECT_EQ(summary.max_ns, 50'000'000);
  EXPECT_EQ(summary.mean_ns, (99 * 10'000 + 50'000'000) / 100);
  Record(slot, 50'000'000);  // 2 of 101: the 100th is one of them
  summary = SummarizeLatency(slot);
  EXPECT_NEAR(static_cast<double>(summary.p99_ns), 5e7, 5e7 * 0.0625);
}

// The promise of the API, against the exact answer (nearest rank).
TEST(LatencyTest, PercentilesAreWithinSixAndAQuarterPercent) {
  std::mt19937_64 random(7);
  for (const double spread : {0.3, 1.0, 2.0}) {
    std::lognormal_distribution<double> latency(13, spread);
    schedd_slot slot = {};
    std::vector<double> exact;
    for (int i = 0; i < 5'000; ++i) {
      const double value = std::clamp(latency(random), 5'000.0, 8e9);
      exact.push_back(value);
      Record(slot, static_cast<uint64_t>(value));
    }
    std::ranges::sort(exact);
    const LatencySummary summary = SummarizeLatency(slot);
    EXPECT_NEAR(static_cast<double>(summary.p50_ns), exact[2'499], exact[2'499] * 0.0626);
    EXPECT_NEAR(static_cast<double>(summary.p99_ns), exact[4'949], exact[4'949] * 0.0626);
  }
}

TEST(LatencyTest, TheFirstBucketReachesDownToZero) {
  schedd_slot slot = {};
  for (int i = 0; i < 10; ++i) Record(slot, 4'000);
  EXPECT_EQ(SummarizeLatency(slot).p50_ns, 2'304);  // the middle of 0 to 4608
  EXPECT_EQ(SummarizeLatency(slot).mean_ns, 4'000);
}

TEST(LatencyTest, DecisionLatenciesAreOfAllCpus) {
  std::vector<schedd_cpu> cpus(3);
  const auto record = [&cpus](size_t cpu, uint64_t latency_ns) {
    schedd_cpu& c = cpus[cpu];
    ++c.decision_latency_buckets[schedd_latency_bucket(latency_ns)];
    c.decision_latency_sum_ns += latency_ns;
    c.decision_latency_max_ns = std::max<uint64_t>(c.decision_latency_max_ns, latency_ns);
  };
  SharedMemory memory;
  memory.cpus = cpus;
  EXPECT_EQ(ReadDecisionLatency(memory).count(), 0u);
  EXPECT_EQ(SummarizeLatency(ReadDecisionLatency(memory)).max_ns, 0);
  record(0, 20'000);
  record(2, 20'000);
  record(1, 20'000);
  record(1, 5'000'000);
  record(2, 9'000);
  const LatencyHistogram histogram = ReadDecisionLatency(memory);
  EXPECT_EQ(histogram.count(), 5u);
  EXPECT_EQ(histogram.buckets[schedd_latency_bucket(20'000)], 3u);
  EXPECT_EQ(histogram.sum_ns, 5'069'000u);
  EXPECT_EQ(histogram.max_ns, 5'000'000u);
  const LatencySummary summary = SummarizeLatency(histogram);
  EXPECT_EQ(summary.mean_ns, 1'013'800);
  EXPECT_NEAR(static_cast<double>(summary.p50_ns), 20'000, 1'250);
  EXPECT_NEAR(static_cast<double>(summary.p99_ns), 5e6, 5e6 * 0.0625);
  EXPECT_EQ(summary.max_ns, 5'000'000);
}

TEST(LatencyTest, BucketsEndWhereTheNextOneBegins) {
  EXPECT_EQ(LatencyBucketEnd(0), 4'608u);
  EXPECT_EQ(LatencyBucketEnd(7), 8'192u);
  EXPECT_EQ(LatencyBucketEnd(SCHEDD_LATENCY_BUCKETS - 1), uint64_t{1} << 33);
  for (size_t i = 0; i + 1 < SCHEDD_LATENCY_BUCKETS; ++i) {
    EXPECT_EQ(schedd_latency_bucket(LatencyBucketEnd(i) - 1), i);
    EXPECT_EQ(schedd_latency_bucket(LatencyBucketEnd(i)), i + 1);
  }
}

TEST(LatencyTest, BeyondTheLastBucketOnlyTheLargestIsKnown) {
  schedd_slot slot = {};
  Record(slot, 60'000'000'000);
  EXPECT_EQ(SummarizeLatency(slot).p99_ns, 60'000'000'000);
}

}  // namespace
}  // namespace schedd
