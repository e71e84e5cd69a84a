// SPDX-License-Identifier: Apache-2.0
//
// Writes the policy's decisions into the ring that the dispatcher reads.
//
// Owned by the engine, used by the scheduling thread alone (the ring's producer). A decision whose
// task no longer waits is not written but counted. No allocation; never waits: room() says how many
// fit.
#ifndef SCHEDD_ENGINE_DECISION_WRITER_H_
#define SCHEDD_ENGINE_DECISION_WRITER_H_

#include <cstddef>
#include <cstdint>

#include "bpf/abi.h"
#include "bpf/ring.h"
#include "server/engine/engine_counters.h"
#include "server/engine/task_table.h"
#include "server/policy/policy.h"

namespace schedd {

class DecisionWriter {
 public:
  DecisionWriter(schedd_decision_ring* ring, const TaskTable* tasks, EngineCounters* counters)
      : ring_(ring), tasks_(tasks), counters_(counters) {}

  size_t room() const { return schedd_decision_room(ring_); }

  // Leases given from here on end when header.lease_epoch is no longer this.
  void set_lease_epoch(uint32_t epoch) { lease_epoch_ = epoch; }

  // False when the task does not wait for this decision any more, or the ring is full.
  bool Write(const Decision& decision, int64_t generation);

 private:
  schedd_decision_ring* const ring_;
  const TaskTable* const tasks_;
  EngineCounters* const counters_;
  uint32_t lease_epoch_ = 0;
};

}  // namespace schedd

#endif  // SCHEDD_ENGINE_DECISION_WRITER_H_
