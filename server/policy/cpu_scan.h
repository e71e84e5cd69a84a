// SPDX-License-Identifier: Apache-2.0
//
// Walks some of the CPUs that a task may use, beginning with the one it knows.
//
// A pure function template, any thread; the affinity mask belongs to the caller. CPUs are numbers
// from 0. Cannot fail.
#ifndef SCHEDD_POLICY_CPU_SCAN_H_
#define SCHEDD_POLICY_CPU_SCAN_H_

#include <cstdint>

namespace schedd {

// Looks no further than this many CPUs: decisions must not cost more on a bigger machine.
inline constexpr int kMostScannedCpus = 8;

// Calls visit(cpu) for up to kMostScannedCpus CPUs below `nr_cpus` whose bit is set in `allowed`
// (nullptr: all are), in rising order from `first` on and around, until it returns false.
template <typename Visit>
void ScanAllowedCpus(const uint64_t* allowed, uint32_t first, uint32_t nr_cpus, Visit&& visit) {
  if (nr_cpus == 0) return;
  if (first >= nr_cpus) first = 0;
  int visited = 0;
  for (uint32_t step = 0; step < nr_cpus && visited < kMostScannedCpus;) {
    uint32_t cpu = first + step;
    const uint32_t end = cpu < nr_cpus ? nr_cpus : first;  // of the part below or above `first`
    if (cpu >= nr_cpus) cpu -= nr_cpus;
    if (allowed != nullptr) {
      const uint64_t rest = allowed[cpu / 64] >> (cpu % 64);
      const uint32_t skip =
          rest == 0 ? 64 - cpu % 64 : static_cast<uint32_t>(__builtin_ctzll(rest));
      if (skip != 0) {
        // Not past the end of this part: the next bit there would belong to another lap.
        step += skip < end - cpu ? skip : end - cpu;
        continue;
      }
    }
    ++visited;
    ++step;
    if (!visit(cpu)) return;
  }
}

}  // namespace schedd

#endif  // SCHEDD_POLICY_CPU_SCAN_H_
