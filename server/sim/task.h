// SPDX-License-Identifier: Apache-2.0
//
// A living task of the simulated machine.
//
// Owned by the machine; the scheduler class in charge keeps its own notes in it, as the kernel's
// classes do in task_struct. Used under the machine's thread rule. Times in ns of the machine's
// clock.
#ifndef SCHEDD_SIM_TASK_H_
#define SCHEDD_SIM_TASK_H_

#include <boost/intrusive/set_hook.hpp>
#include <cstdint>
#include <memory>

#include "bpf/abi.h"
#include "server/sim/cpu_mask.h"
#include "server/sim/random.h"
#include "server/sim/task_program.h"

namespace schedd {

class VtimeQueue;

struct SimTask {
  enum class State { kSleeping, kQueued, kRunning };

  std::shared_ptr<const SimTaskSpec> spec;
  uint64_t life = 0;  // no two tasks of a machine have the same
  int32_t tid = 0;
  int32_t tgid = 0;
  int32_t nice = 0;  // now
  int32_t weight = 100;
  int64_t start_ns = 0;
  uint64_t cgroup_id = 0;
  CpuMask allowed;
  bool goes_anywhere = true;  // all CPUs are allowed
  SimRandom random;

  State state = State::kSleeping;
  int cpu = 0;               // present or last
  size_t next_step = 0;      // of the program
  int64_t remaining_ns = 0;  // of the run step under way
  int64_t debt_ns = 0;       // to run before that: what it cost to bring it here
  int64_t slice_ns = 0;      // set by the class when it hands the task to a CPU

  // The machine's own account.
  int64_t run_ns = 0;
  int64_t wait_ns = 0;
  int64_t longest_wait_ns = 0;
  int64_t queued_since_ns = 0;
  bool woke = false;         // its present wait began with a wakeup
  bool has_begun = false;    // its program
  int64_t rounds = 0;        // of it
  bool tries_again = false;  // the next step, for which it slept
  int64_t migrations = 0;

  // Where it waits: a queue of the class, or a CPU's local queue (-1: none).
  boost::intrusive::set_member_hook<> queue_hook;
  VtimeQueue* queue = nullptr;
  uint64_t queue_vtime = 0;
  uint64_t queue_order = 0;
  int local_cpu = -1;

  // The class in charge.
  uint32_t slot = SCHEDD_NO_SLOT;
  bool solo = false;  // nobody else wanted the CPU when its present run was granted
  bool direct = false;
  bool cut = false;  // lost the CPU before its slice was over
  int64_t running_since_ns = 0;
  int64_t run_began_ns = 0;
  uint64_t fair_vruntime = 0;
};

}  // namespace schedd

#endif  // SCHEDD_SIM_TASK_H_
