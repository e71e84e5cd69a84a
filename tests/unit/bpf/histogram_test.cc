// SPDX-License-Identifier: Apache-2.0
//
// The latency histogram of bpf/histogram.h in user space.
#include "bpf/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>

namespace {

constexpr uint64_t kFirst = 4'096;            // ns, start of the first bucket that has a start
constexpr uint64_t kEnd = 8'589'934'592 - 1;  // ns, largest that has a bucket of its own

TEST(HistogramTest, Log2) {
  EXPECT_EQ(schedd_log2(0), 0u);
  for (uint32_t bit = 0; bit < 64; ++bit) {
    EXPECT_EQ(schedd_log2(1ull << bit), bit);
    EXPECT_EQ(schedd_log2((1ull << bit) | ((1ull << bit) - 1)), bit);
  }
}

TEST(HistogramTest, EndsTakeWhatIsBeyondThem) {
  EXPECT_EQ(schedd_latency_bucket(0), 0u);
  EXPECT_EQ(schedd_latency_bucket(1), 0u);
  EXPECT_EQ(schedd_latency_bucket(kFirst), 0u);
  EXPECT_EQ(schedd_latency_bucket(kEnd), SCHEDD_LATENCY_BUCKETS - 1u);
  EXPECT_EQ(schedd_latency_bucket(kEnd * 100), SCHEDD_LATENCY_BUCKETS - 1u);
  EXPECT_EQ(schedd_latency_bucket(~0ull), SCHEDD_LATENCY_BUCKETS - 1u);
}

TEST(HistogramTest, BucketsCoverTheRangeWithoutGapOrOverlap) {
  EXPECT_EQ(schedd_latency_bucket_start(0), kFirst);
  for (uint32_t bucket = 0; bucket < SCHEDD_LATENCY_BUCKETS; ++bucket) {
    const uint64_t start = schedd_latency_bucket_start(bucket);
    const uint64_t end = schedd_latency_bucket_start(bucket + 1);
    ASSERT_LT(start, end);
    EXPECT_EQ(schedd_latency_bucket(start), bucket);
    EXPECT_EQ(schedd_latency_bucket(end - 1), bucket);
  }
  EXPECT_EQ(schedd_latency_bucket_start(SCHEDD_LATENCY_BUCKETS), kEnd + 1);
}

TEST(HistogramTest, TheMiddleOfABucketIsWithinSixAndAQuarterPercent) {
  for (uint32_t bucket = 0; bucket < SCHEDD_LATENCY_BUCKETS; ++bucket) {
    const auto start = static_cast<double>(schedd_latency_bucket_start(bucket));
    const auto end = static_cast<double>(schedd_latency_bucket_start(bucket + 1));
    const double middle = (start + end) / 2;
    EXPECT_LE((middle - start) / start, 0.0625 + 1e-12) << "bucket " << bucket;
    EXPECT_LE((end - middle) / end, 0.0625 + 1e-12) << "bucket " << bucket;
  }
}

TEST(HistogramTest, RandomLatenciesFallIntoTheirBucket) {
  std::mt19937_64 random(42);
  for (int i = 0; i < 100'000; ++i) {
    // Evenly over the orders of magnitude.
    const uint64_t latency_ns = random() >> (random() % 64);
    const uint32_t bucket = schedd_latency_bucket(latency_ns);
    ASSERT_LT(bucket, uint32_t{SCHEDD_LATENCY_BUCKETS});
    if (latency_ns < kFirst || latency_ns > kEnd) continue;
    ASSERT_GE(latency_ns, schedd_latency_bucket_start(bucket));
    ASSERT_LT(latency_ns, schedd_latency_bucket_start(bucket + 1));
  }
}

TEST(HistogramTest, ALongerLatencyNeverFallsIntoAnEarlierBucket) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t a = random() >> (random() % 64);
    const uint64_t b = random() >> (random() % 64);
    ASSERT_LE(schedd_latency_bucket(std::min(a, b)), schedd_latency_bucket(std::max(a, b)));
  }
}

}  // namespace
