// SPDX-License-Identifier: Apache-2.0
//
// A set of CPUs of a simulated machine. A plain value; nothing here can fail.
#ifndef SCHEDD_SIM_CPU_MASK_H_
#define SCHEDD_SIM_CPU_MASK_H_

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "server/sim/topology.h"

namespace schedd {

struct CpuMask {
  std::array<uint64_t, kMostSimCpus / 64> words{};

  void Add(int cpu) { words[Word(cpu)] |= Bit(cpu); }
  void Remove(int cpu) { words[Word(cpu)] &= ~Bit(cpu); }
  bool Has(int cpu) const { return (words[Word(cpu)] & Bit(cpu)) != 0; }
  uint32_t Count() const {
    uint32_t count = 0;
    for (const uint64_t word : words) count += static_cast<uint32_t>(std::popcount(word));
    return count;
  }
  // The first CPU from `begin` on, before `end`, that is in both sets; -1 for none.
  int FirstCommon(const CpuMask& other, int begin, int end) const {
    for (int cpu = begin; cpu < end; cpu = (cpu / 64 + 1) * 64) {
      uint64_t word = words[Word(cpu)] & other.words[Word(cpu)];
      word &= ~uint64_t{0} << (cpu % 64);
      if (word == 0) continue;
      const int found = cpu / 64 * 64 + std::countr_zero(word);
      return found < end ? found : -1;
    }
    return -1;
  }
  // The last of all; -1 for none.
  int Last() const {
    for (size_t word = words.size(); word > 0; --word) {
      if (words[word - 1] == 0) continue;
      return static_cast<int>(word * 64) - 1 - std::countl_zero(words[word - 1]);
    }
    return -1;
  }

 private:
  static size_t Word(int cpu) { return static_cast<size_t>(cpu) / 64; }
  static uint64_t Bit(int cpu) { return uint64_t{1} << (cpu % 64); }
};

}  // namespace schedd

#endif  // SCHEDD_SIM_CPU_MASK_H_
