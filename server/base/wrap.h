// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic on counters that may wrap and on products that may overflow.
//
// Pure functions, any thread. A wrapping counter (virtual time, a sequence) is only ever compared
// with another one less than half its range away; then the sign of the difference is the order.
// Nothing here fails.
#ifndef SCHEDD_BASE_WRAP_H_
#define SCHEDD_BASE_WRAP_H_

#include <cstdint>
#include <limits>

namespace schedd {

// a - b of two wrapping counters.
constexpr int64_t WrapDifference(uint64_t a, uint64_t b) { return static_cast<int64_t>(a - b); }

// a comes before b.
constexpr bool WrapLess(uint64_t a, uint64_t b) { return WrapDifference(a, b) < 0; }

constexpr uint64_t WrapMax(uint64_t a, uint64_t b) { return WrapLess(a, b) ? b : a; }

// Sum and difference that stop at the ends of int64_t instead of overflowing.
constexpr int64_t SaturatingAdd(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

constexpr int64_t SaturatingSubtract(int64_t a, int64_t b) {
  int64_t difference = 0;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return b < 0 ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min();
}

}  // namespace schedd

#endif  // SCHEDD_BASE_WRAP_H_
