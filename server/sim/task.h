// SPDX-License-Identifier: Apache-2.0
//
// A living task of the simulated machine.
//
// Owned by the machine; the scheduler class in charge keeps its own notes in it, as the kernel's
// classes do in task_struct. Used under the machine's thread rule. Times in ns of the machine's
// clock.
#ifndef SCHEDD_SIM_TASK_H_
#define SCHEDD_SIM_TASK_H_

#include <array>
#include <cstdint>

#include "bpf/abi.h"
#include "server/sim/task_program.h"

namespace schedd {

class VtimeQueue;

struct CpuMask {
  std::array<uint64_t, SCHEDD_MASK_WORDS> words{};

  void Add(int cpu) { words[static_cast<size_t>(cpu) / 64] |= 1ull << (cpu % 64); }
  bool Has(int cpu) const { return (words[static_cast<size_t>(cpu) / 64] >> (cpu % 64)) & 1; }
  uint32_t Count() const {
    uint32_t count = 0;
    for (const uint64_t word : words) count += static_cast<uint32_t>(__builtin_popcountll(word));
    return count;
  }
};

struct SimTask {
  enum class State { kSleeping, kQueued, kRunning };

  SimTaskSpec spec;
  int32_t tid = 0;
  int32_t tgid = 0;
  int64_t start_ns = 0;
  uint64_t cgroup_id = 0;
  CpuMask allowed;

  State state = State::kSleeping;
  int cpu = 0;               // present or last
  size_t next_step = 0;      // of the program
  int64_t remaining_ns = 0;  // of the run step under way
  int64_t run_ns = 0;        // the machine's own account
  int64_t slice_ns = 0;      // set by the class when it hands the task to a CPU

  // Where it waits: a queue of the class, or a CPU's local queue (-1: none).
  VtimeQueue* queue = nullptr;
  uint64_t queue_vtime = 0;
  uint64_t queue_order = 0;
  int local_cpu = -1;

  // The class in charge.
  uint32_t slot = SCHEDD_NO_SLOT;
  bool solo = false;  // nobody else wanted the CPU when its present run was granted
  bool direct = false;
  int64_t running_since_ns = 0;
  uint64_t fair_vruntime = 0;
};

}  // namespace schedd

#endif  // SCHEDD_SIM_TASK_H_
