// SPDX-License-Identifier: Apache-2.0
//
// Random numbers that are the same on every machine, in every build: whole numbers only, since the
// last bits of log() differ from one C library to the next.
//
// A value; copied freely. Nothing here can fail.
#ifndef SCHEDD_SIM_RANDOM_H_
#define SCHEDD_SIM_RANDOM_H_

#include <cstdint>

#include "server/sim/task_program.h"

namespace schedd {

// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): eight
// bytes of state, so that each task has numbers of its own and does the same work whoever
// schedules it.
class SimRandom {
 public:
  explicit SimRandom(uint64_t seed = 0) : state_(seed) {}

  uint64_t Next();
  // 0 to limit - 1, near enough to evenly; 0 for a limit of 0.
  uint64_t Below(uint64_t limit);
  int64_t Draw(const SimSpan& span);

 private:
  int64_t DrawExponential(int64_t mean_ns);

  uint64_t state_;
};

}  // namespace schedd

#endif  // SCHEDD_SIM_RANDOM_H_
