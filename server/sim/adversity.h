// SPDX-License-Identifier: Apache-2.0
//
// What can go wrong between the dispatcher and the daemon, at will.
//
// Plain values; whoever owns the simulated kernel sets them, also while it runs. Nothing here can
// fail.
#ifndef SCHEDD_SIM_ADVERSITY_H_
#define SCHEDD_SIM_ADVERSITY_H_

#include <cstddef>
#include <cstdint>

#include "bpf/abi.h"

namespace schedd {

struct SimAdversity {
  int64_t doorbell_delay_ns = 0;                    // it rings so much later
  int lose_every_doorbell = 0;                      // every so many-th doorbell is lost; 0: none
  size_t event_ring_size = SCHEDD_EVENT_RING_SIZE;  // events that fit a CPU's ring
  size_t commit_limit = SCHEDD_DECISION_RING_SIZE;  // decisions that one Commit() applies
};

}  // namespace schedd

#endif  // SCHEDD_SIM_ADVERSITY_H_
