// SPDX-License-Identifier: Apache-2.0
#include "server/sim/random.h"

#include <algorithm>
#include <bit>

namespace schedd {
namespace {

constexpr int kFractionBits = 16;

// -log2(x / 2^64), with kFractionBits binary places; x > 0. Bit by bit: to square a number doubles
// its logarithm.
uint64_t MinusLog2(uint64_t x) {
  const int zeros = std::countl_zero(x);
  uint64_t mantissa = (x << zeros) >> 32;  // 2^31 to 2^32
  uint64_t log = 0;                        // of mantissa / 2^31, 0 to 1
  for (int bit = kFractionBits - 1; bit >= 0; --bit) {
    mantissa = (mantissa * mantissa) >> 31;
    if (mantissa >= uint64_t{1} << 32) {
      mantissa >>= 1;
      log |= uint64_t{1} << bit;
    }
  }
  return (static_cast<uint64_t>(zeros + 1) << kFractionBits) - log;
}

}  // namespace

uint64_t SimRandom::Next() {
  uint64_t z = (state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

uint64_t SimRandom::Below(uint64_t limit) {
  return static_cast<uint64_t>((static_cast<unsigned __int128>(Next()) * limit) >> 64);
}

int64_t SimRandom::Draw(const SimSpan& span) {
  if (span.rare_one_in > 0 && Below(static_cast<uint64_t>(span.rare_one_in)) == 0) {
    return std::max<int64_t>(span.rare_ns, 0);
  }
  const int64_t least_ns = std::max<int64_t>(span.least_ns, 0);
  switch (span.kind) {
    case SimSpan::Kind::kFixed:
      break;
    case SimSpan::Kind::kUniform:
      return least_ns + static_cast<int64_t>(Below(
                            static_cast<uint64_t>(std::max<int64_t>(span.most_ns - least_ns, 0))));
    case SimSpan::Kind::kExponential: {
      constexpr int64_t kMostMeans = 20;
      const int64_t most_ns = span.most_ns > 0 ? span.most_ns : least_ns * kMostMeans;
      return std::min(DrawExponential(least_ns), most_ns);
    }
  }
  return least_ns;
}

// -ln(u) times the mean; ln 2 as a fraction of 2^32.
int64_t SimRandom::DrawExponential(int64_t mean_ns) {
  constexpr unsigned __int128 kLn2 = 2'977'044'472;
  const uint64_t log2 = MinusLog2(std::max<uint64_t>(Next(), 1));
  return static_cast<int64_t>((static_cast<unsigned __int128>(mean_ns) * log2 * kLn2) >>
                              (32 + kFractionBits));
}

}  // namespace schedd
