// SPDX-License-Identifier: Apache-2.0
//
// The part of the simulated dispatcher that fills the slots: who they belong to, and who ran and
// waited for how long.
#include "bpf/virtual_time.h"
#include "server/engine/shared_access.h"
#include "server/sim/dispatcher.h"

namespace {

schedd_slot* SlotAt(void* memory, uint32_t index) {
  const auto& slots = static_cast<const schedd::SharedMemory*>(memory)->slots;
  return index < slots.size() ? &slots[index] : nullptr;
}

}  // namespace

#define SCHEDD_SLOT_AT(context, index) SlotAt(context, index)
#include "bpf/histogram.h"
#include "bpf/slot_list.h"

namespace schedd {

void Dispatcher::ClearSlot(schedd_slot& slot) {
  StoreShared(slot.state, SCHEDD_TASK_SLEEPING);
  StoreShared(slot.decided_weight, 0u);
  StoreShared(slot.yields, 0u);
  StoreShared(slot.urgent_seq, slot.seq - 1);
  StoreShared(slot.claimed_seq, slot.seq - 1);
  StoreShared(slot.unasked_seq, slot.seq - 1);
  StoreShared(slot.leased_seq, slot.seq - 1);
  slot.sync_kept = 0;
  for (auto* word : {&slot.waiting_since_ns, &slot.running_since_ns,   &slot.woken_ns,
                     &slot.run_ns,           &slot.solo_run_ns,        &slot.wait_ns,
                     &slot.awake_run_ns,     &slot.voluntary_switches, &slot.involuntary_switches,
                     &slot.wakeups,          &slot.migrations,         &slot.slice_ns,
                     &slot.deadline,         &slot.generation,         &slot.latency_sum_ns,
                     &slot.latency_max_ns,   &slot.overhead_ns,        &slot.asked_ns,
                     &slot.sleep_floor,      &slot.slept_virtual_ns,   &slot.lease_until_ns,
                     &slot.lease_end_run_ns}) {
    StoreShared(*word, 0u);
  }
  for (uint32_t& bucket : slot.latency_buckets) StoreShared(bucket, 0u);
}

void Dispatcher::Enable(SimTask& task) {
  SharedMemory memory = memory_;
  task.slot = schedd_slot_take(memory_.header, &memory);
  task.direct = false;
  if (task.slot == SCHEDD_NO_SLOT) {
    Count(task.cpu, SCHEDD_COUNT_TABLE_FULL);
    return;
  }
  by_slot_[task.slot] = &task;
  schedd_slot& slot = memory_.slots[task.slot];
  ExchangeShared(slot.key, slot.key | 1);
  ClearSlot(slot);
  StoreShared(slot.tid, task.tid);
  StoreShared(slot.tgid, task.tgid);
  StoreShared(slot.uid, task.spec->uid);
  StoreShared(slot.start_boottime_ns, task.start_ns);
  StoreShared(slot.cgroup_id, task.cgroup_id);
  for (size_t i = 0; i < SCHEDD_COMM_LEN; ++i) {
    const bool inside = i < task.spec->comm.size() && i + 1 < SCHEDD_COMM_LEN;
    StoreShared(slot.comm[i], inside ? task.spec->comm[i] : '\0');
  }
  StoreShared(slot.flags, task.spec->kthread ? uint32_t{SCHEDD_SLOT_KTHREAD} : 0u);
  StoreShared(slot.nice, task.nice);
  StoreShared(slot.weight, task.weight);
  StoreShared(slot.cpu, task.cpu);
  AffinityChanged(task);
  StoreShared(slot.deadline,
              schedd_deadline_of_new(memory_.header, slot.weight,
                                     memory_.cpus[static_cast<size_t>(task.cpu)].vtime_floor));
  ExchangeShared(slot.key, slot.key + 1);
}

void Dispatcher::Disable(SimTask& task) {
  schedd_slot* slot = SlotOf(task);
  if (slot == nullptr) return;
  Count(task.cpu, SCHEDD_COUNT_ENDED_RUN_NS, slot->run_ns);
  ExchangeShared(slot->key, slot->key + 1);
  StoreShared(slot->state, SCHEDD_TASK_FREE);
  ExchangeShared(slot->key, slot->key + 1);
  SharedMemory memory = memory_;
  schedd_slot_give(memory_.header, &memory, task.slot);
  by_slot_[task.slot] = nullptr;
  task.slot = SCHEDD_NO_SLOT;
}

void Dispatcher::AffinityChanged(SimTask& task) {
  schedd_slot* slot = SlotOf(task);
  if (slot == nullptr) return;
  for (size_t i = 0; i < SCHEDD_MASK_WORDS; ++i) {
    StoreShared(slot->allowed[i], task.allowed.words[i]);
  }
  StoreShared(slot->nr_allowed, task.allowed.Count());
  StoreShared(slot->lease_until_ns, uint64_t{0});
}

void Dispatcher::WeightChanged(SimTask& task) {
  schedd_slot* slot = SlotOf(task);
  if (slot == nullptr) return;
  StoreShared(slot->weight, task.weight);
  StoreShared(slot->nice, task.nice);
  StoreShared(slot->lease_until_ns, uint64_t{0});
}

void Dispatcher::AccountRun(SimTask& task) {
  const auto ran_ns = static_cast<uint64_t>(machine_->now_ns() - task.running_since_ns);
  task.running_since_ns = machine_->now_ns();
  Count(task.cpu, SCHEDD_COUNT_RUN_NS, ran_ns);
  schedd_slot* slot = SlotOf(task);
  if (slot == nullptr) {
    Count(task.cpu, SCHEDD_COUNT_NO_SLOT_RUN_NS, ran_ns);
    return;
  }
  StoreShared(slot->run_ns, slot->run_ns + ran_ns);
  StoreShared(slot->running_since_ns, machine_->now_ns());
  StoreShared(slot->awake_run_ns, slot->awake_run_ns + ran_ns);
  if (task.solo) StoreShared(slot->solo_run_ns, slot->solo_run_ns + ran_ns);
  StoreShared(slot->deadline, slot->deadline + schedd_virtual_ns(slot, ran_ns));
}

void Dispatcher::AccountWait(schedd_slot& slot) {
  const auto now_ns = static_cast<uint64_t>(machine_->now_ns());
  if (slot.waiting_since_ns != 0) {
    StoreShared(slot.wait_ns, slot.wait_ns + (now_ns - slot.waiting_since_ns));
  }
  StoreShared(slot.waiting_since_ns, 0u);
}

void Dispatcher::AccountWakeupLatency(schedd_slot& slot) {
  if (slot.woken_ns == 0) return;
  const uint64_t latency_ns = static_cast<uint64_t>(machine_->now_ns()) - slot.woken_ns;
  StoreShared(slot.woken_ns, 0u);
  StoreShared(slot.latency_sum_ns, slot.latency_sum_ns + latency_ns);
  if (latency_ns > slot.latency_max_ns) StoreShared(slot.latency_max_ns, latency_ns);
  uint32_t& bucket = slot.latency_buckets[schedd_latency_bucket(latency_ns)];
  StoreShared(bucket, bucket + 1);
}

void Dispatcher::AccountDecisionLatency(schedd_cpu& cpu, const schedd_slot& slot) {
  const uint64_t latency_ns = static_cast<uint64_t>(machine_->now_ns()) - slot.asked_ns;
  StoreShared(cpu.decision_latency_sum_ns, cpu.decision_latency_sum_ns + latency_ns);
  if (latency_ns > cpu.decision_latency_max_ns) {
    StoreShared(cpu.decision_latency_max_ns, latency_ns);
  }
  uint64_t& bucket = cpu.decision_latency_buckets[schedd_latency_bucket(latency_ns)];
  StoreShared(bucket, bucket + 1);
}

}  // namespace schedd
