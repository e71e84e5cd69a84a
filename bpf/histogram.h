/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Log-linear latency histogram: 8 equal buckets to each power of two from 4.096 us (2^12 ns)
 * to 8.6 s (2^33 ns). A bucket is 1/8 to 1/16 of its value wide, so its middle is within 6.25 % of
 * every value in it. The first bucket also takes everything shorter, the last everything longer.
 * Same idea as HdrHistogram; plain C so that BPF can fill it.
 */
#ifndef SCHEDD_BPF_HISTOGRAM_H_
#define SCHEDD_BPF_HISTOGRAM_H_

#include "bpf/ring.h"

enum { SCHEDD_LATENCY_MIN_SHIFT = 12, SCHEDD_LATENCY_SUB_SHIFT = 3 };

/* Index of the highest set bit; 0 for 0. By halving: BPF v3 cannot count leading zeros. */
SCHEDD_INLINE schedd_u32 schedd_log2(schedd_u64 v) {
  schedd_u32 r = 0;
  if (v >> 32) {
    r += 32;
    v >>= 32;
  }
  if (v >> 16) {
    r += 16;
    v >>= 16;
  }
  if (v >> 8) {
    r += 8;
    v >>= 8;
  }
  if (v >> 4) {
    r += 4;
    v >>= 4;
  }
  if (v >> 2) {
    r += 2;
    v >>= 2;
  }
  if (v >> 1) r += 1;
  return r;
}

/* Bucket of a latency, 0 to SCHEDD_LATENCY_BUCKETS - 1. */
SCHEDD_INLINE schedd_u32 schedd_latency_bucket(schedd_u64 latency_ns) {
  schedd_u32 octave, bucket;
  if (latency_ns < (1ull << SCHEDD_LATENCY_MIN_SHIFT)) return 0;
  octave = schedd_log2(latency_ns);
  bucket = ((octave - SCHEDD_LATENCY_MIN_SHIFT) << SCHEDD_LATENCY_SUB_SHIFT) +
           ((latency_ns >> (octave - SCHEDD_LATENCY_SUB_SHIFT)) &
            ((1u << SCHEDD_LATENCY_SUB_SHIFT) - 1));
  return bucket < SCHEDD_LATENCY_BUCKETS ? bucket : SCHEDD_LATENCY_BUCKETS - 1;
}

/* Smallest latency of a bucket, ns; that of bucket + 1 is its end. */
SCHEDD_INLINE schedd_u64 schedd_latency_bucket_start(schedd_u32 bucket) {
  schedd_u32 octave = SCHEDD_LATENCY_MIN_SHIFT + (bucket >> SCHEDD_LATENCY_SUB_SHIFT);
  schedd_u64 sub = bucket & ((1u << SCHEDD_LATENCY_SUB_SHIFT) - 1);
  return (1ull << octave) + (sub << (octave - SCHEDD_LATENCY_SUB_SHIFT));
}

#endif /* SCHEDD_BPF_HISTOGRAM_H_ */
