// SPDX-License-Identifier: Apache-2.0
#include "server/engine/decision_writer.h"

#include <algorithm>

namespace schedd {

bool DecisionWriter::Write(const Decision& decision, int64_t generation) {
  if (!tasks_->IsDecidable(decision.task, decision.sequence, decision.urgent)) {
    counters_->stale_decisions.Add();
    return false;
  }
  const bool preempt = decision.preempt && decision.cpu != kAnyCpu;
  schedd_decision record = {};
  record.slot = decision.task;
  record.seq = decision.sequence;
  record.key = tasks_->KnownOwner(decision.task);
  record.cpu = decision.cpu;
  if (preempt) record.flags |= SCHEDD_DECISION_PREEMPT;
  if (decision.urgent) record.flags |= SCHEDD_DECISION_URGENT;
  if (decision.yields) record.flags |= SCHEDD_DECISION_YIELDS;
  record.slice_ns = static_cast<uint64_t>(decision.slice_ns);
  record.deadline = decision.deadline;
  record.generation = static_cast<uint64_t>(generation);
  record.lease_us =
      static_cast<uint32_t>(std::clamp<int64_t>(decision.lease_ns, 0, kMaxLeaseNanos) / 1000);
  record.lease_epoch = lease_epoch_;
  record.weight = static_cast<uint32_t>(tasks_->DescribedWeight(decision.task));
  if (!schedd_decision_put(ring_, &record)) return false;
  counters_->decisions.Add();
  if (preempt) counters_->preempt_decisions.Add();
  if (decision.urgent) counters_->urgent_decisions.Add();
  return true;
}

}  // namespace schedd
