// SPDX-License-Identifier: Apache-2.0
#include "server/sim/dispatcher.h"

#include <algorithm>
#include <utility>

#include "bpf/lease.h"
#include "bpf/preempt.h"
#include "bpf/ring.h"
#include "bpf/sleep.h"
#include "bpf/sync.h"
#include "bpf/virtual_time.h"
#include "bpf/wait.h"
#include "server/engine/shared_access.h"

namespace schedd {
namespace {

// As DISPATCH_DRAIN in bpf/.
constexpr int kDispatchDrain = 16;
// As TAKE_LOOKS there.
constexpr int kTakeLooks = 4;
constexpr int64_t kTickNs = 4'000'000;
// As NET_PERIOD_NS there.
constexpr int64_t kNetPeriodNs = 100'000'000;

// The dispatcher's own words: it alone writes them, others read.
template <typename T>
void Bump(T& word, uint64_t n = 1) {
  StoreShared(word, static_cast<T>(LoadShared(word) + n));
}

}  // namespace

Dispatcher::Dispatcher(SimMachine* machine, const SharedMemory& memory,
                       std::function<void()> ring_doorbell)
    : machine_(machine),
      memory_(memory),
      ring_doorbell_(std::move(ring_doorbell)),
      own_(memory.cpus.size()),
      by_slot_(memory.slots.size()) {}

schedd_slot* Dispatcher::SlotOf(const SimTask& task) {
  return task.slot == SCHEDD_NO_SLOT ? nullptr : &memory_.slots[task.slot];
}

void Dispatcher::Count(int cpu, schedd_counter counter, uint64_t n) {
  SCHEDD_ADD(&memory_.cpus[static_cast<size_t>(cpu)].counters[counter], n);
}

int64_t Dispatcher::SliceOf(const SimTask& task) {
  const schedd_slot* slot = SlotOf(task);
  if (slot != nullptr && slot->slice_ns != 0) return static_cast<int64_t>(slot->slice_ns);
  return static_cast<int64_t>(LoadShared(memory_.header->base_slice_ns));
}

bool Dispatcher::KickIdle(const SimTask& task) {
  const int cpu = machine_->ClaimIdleCpu(task);
  if (cpu < 0) return false;
  Count(task.cpu, SCHEDD_COUNT_KICKS_IDLE);
  machine_->Kick(cpu, /*preempt=*/false);
  return true;
}

bool Dispatcher::SomebodyQueued() const {
  return urgent_.size() + ready_.size() + undecided_.size() > 0;
}

// --- from waking to running
// --------------------------------------------------------------------------

// A waker that says it is about to sleep, and has kept its word before, is followed on its CPU.
bool Dispatcher::RunsInWakersPlace(const SimTask& task) {
  const int cpu = machine_->waking_cpu();
  if (cpu < 0 || machine_->Current(cpu) == nullptr) return false;
  const schedd_slot* waker = SlotOf(*machine_->Current(cpu));
  schedd_cpu& record = memory_.cpus[static_cast<size_t>(cpu)];
  return waker != nullptr &&
         schedd_sync_begin(&record, static_cast<uint64_t>(machine_->now_ns())) != 0 &&
         schedd_sync_trusted(waker) != 0 && !SomebodyQueued() && task.allowed.Has(cpu);
}

bool Dispatcher::SelectCpu(SimTask& task) {
  const bool all_decisions = LoadShared(memory_.header->all_decisions) != 0;
  int cpu = -1;
  if (!all_decisions && RunsInWakersPlace(task)) {
    cpu = machine_->waking_cpu();
    Count(cpu, SCHEDD_COUNT_RUN_DIRECT_SYNC);
    // The tick finds out when the waker does not sleep as it said.
    machine_->At(machine_->now_ns() + kTickNs, [this, cpu, alive = std::weak_ptr<int>(alive_)] {
      if (!alive.expired()) CheckWaker(cpu);
    });
  } else {
    cpu = machine_->ClaimIdleCpu(task);
    if (cpu < 0) return false;
    machine_->Kick(cpu, /*preempt=*/false);
    if (all_decisions) return false;
    Count(cpu, SCHEDD_COUNT_RUN_DIRECT_IDLE);
  }
  task.direct = true;
  task.solo = true;
  if (schedd_slot* slot = SlotOf(task)) StoreShared(slot->state, SCHEDD_TASK_DECIDED);
  machine_->InsertLocal(cpu, task, SliceOf(task));
  return true;
}

void Dispatcher::CheckWaker(int cpu) {
  const schedd_cpu& record = memory_.cpus[static_cast<size_t>(cpu)];
  if (record.running != 0 && machine_->LocalCount(cpu) > 0 &&
      schedd_sync_broken(&record, static_cast<uint64_t>(machine_->now_ns())) != 0) {
    machine_->Kick(cpu, /*preempt=*/true);
  }
}

void Dispatcher::Runnable(SimTask& task, bool woke) {
  schedd_slot* slot = SlotOf(task);
  if (slot == nullptr) return;
  StoreShared(slot->waiting_since_ns, machine_->now_ns());
  if (!woke && slot->wakeups != 0) return;
  Bump(slot->wakeups);
  StoreShared(slot->woken_ns, machine_->now_ns());
  StoreShared(slot->awake_run_ns, 0);
  schedd_sleep_end(slot, memory_.cpus[static_cast<size_t>(slot->cpu)].vtime_floor);
}

// As must_run_here in bpf/: a kernel thread of one CPU never waits for user space.
bool Dispatcher::MustRunHere(const SimTask& task) {
  return task.spec->kthread && task.allowed.Count() == 1;
}

void Dispatcher::EnqueueDirect(SimTask& task) {
  Count(task.cpu, SCHEDD_COUNT_RUN_DIRECT_KTHREAD);
  task.direct = true;
  if (schedd_slot* slot = SlotOf(task)) StoreShared(slot->state, SCHEDD_TASK_DECIDED);
  const int cpu = task.allowed.FirstCommon(task.allowed, 0, machine_->nr_cpus());
  machine_->InsertLocal(cpu, task, static_cast<int64_t>(LoadShared(memory_.header->base_slice_ns)));
  KickIdle(task);
}

void Dispatcher::Enqueue(SimTask& task, bool woke) {
  if (MustRunHere(task)) return EnqueueDirect(task);
  schedd_slot* slot = SlotOf(task);
  task.direct = false;
  task.solo = false;
  if (slot != nullptr && (woke || task.cut) && LoadShared(memory_.header->all_decisions) == 0 &&
      schedd_lease_holds(memory_.header, slot, static_cast<uint64_t>(machine_->now_ns()))) {
    EnqueueLeased(task, *slot, woke);
  } else {
    EnqueueUndecided(task, slot, woke);
  }
}

void Dispatcher::EnqueueLeased(SimTask& task, schedd_slot& slot, bool woke) {
  const uint64_t floor = memory_.cpus[static_cast<size_t>(task.cpu)].vtime_floor;
  const uint64_t vtime = schedd_place_in_queue(memory_.header, &slot, /*woke=*/1, floor);
  StoreShared(slot.deadline, vtime);
  schedd_wait_begin_decided(&slot);
  StoreShared(slot.leased_seq, slot.seq);
  Count(task.cpu, SCHEDD_COUNT_WAITS_LEASED);
  const int cpu = KickIdle(task) || !woke ? -1 : CpuToTake(task, vtime);
  (cpu < 0 ? ready_ : own_[static_cast<size_t>(cpu)]).Insert(task, vtime);
  ArmNet();
  if (cpu >= 0) {
    TakeCpu(cpu, task.cpu);
  } else if (woke) {
    ArmTick();
  }
}

void Dispatcher::EnqueueUndecided(SimTask& task, schedd_slot* slot, bool woke) {
  uint64_t vtime = memory_.cpus[static_cast<size_t>(task.cpu)].vtime_floor;
  uint32_t flags = woke ? SCHEDD_EVENT_WAKEUP : SCHEDD_EVENT_EXPIRED;
  if (slot == nullptr) {
    vtime = schedd_deadline_of_new(memory_.header, static_cast<uint32_t>(task.weight), vtime);
  } else {
    vtime = schedd_place_in_queue(memory_.header, slot, woke ? 1 : 0, vtime);
    StoreShared(slot->deadline, vtime);
    StoreShared(slot->asked_ns, machine_->now_ns());
    if (slot->urgent_seq == slot->seq) flags |= SCHEDD_EVENT_OUT_OF_TURN;
    if (slot->unasked_seq == slot->seq) flags |= SCHEDD_EVENT_UNASKED;
    schedd_wait_begin(slot);
  }
  undecided_.Insert(task, vtime);
  ArmNet();
  if (!KickIdle(task) && woke && slot != nullptr && slot->decided_weight != 0 &&
      LoadShared(memory_.header->all_decisions) == 0) {
    const int cpu = CpuToTake(task, vtime);
    if (cpu >= 0) {
      StoreShared(memory_.cpus[static_cast<size_t>(cpu)].give_way, 1u);
      TakeCpu(cpu, task.cpu);
    } else {
      ArmTick();
    }
  }
  if (slot != nullptr) {
    SendEvent(task, *slot, flags);
  } else {
    Count(task.cpu, SCHEDD_COUNT_NO_SLOT);
  }
}

// As schedd_may_take in bpf/: a task with that deadline may take the CPU from the one that runs
// there.
bool Dispatcher::MayTake(int cpu, uint64_t deadline) const {
  const SimTask* running = machine_->Current(cpu);
  if (running == nullptr || running->slot == SCHEDD_NO_SLOT || MustRunHere(*running)) return false;
  return schedd_may_preempt(memory_.header, &memory_.cpus[static_cast<size_t>(cpu)],
                            &memory_.slots[running->slot], deadline,
                            static_cast<uint64_t>(machine_->now_ns())) != 0;
}

void Dispatcher::TakeCpu(int cpu, int by_cpu) {
  schedd_note_preempt(&memory_.cpus[static_cast<size_t>(cpu)],
                      static_cast<uint64_t>(machine_->now_ns()));
  Count(by_cpu, SCHEDD_COUNT_KICKS_PREEMPT);
  machine_->Kick(cpu, /*preempt=*/true);
}

// The CPUs' ticks, which come all the time there and at the same time on all CPUs; here while
// somebody waits who woke.
void Dispatcher::ArmTick() {
  if (std::exchange(tick_armed_, true)) return;
  const int64_t next_ns = (machine_->now_ns() / kTickNs + 1) * kTickNs;
  machine_->At(next_ns, [this, alive = std::weak_ptr<int>(alive_)] {
    if (!alive.expired()) LookAtTick();
  });
}

void Dispatcher::LookAtTick() {
  tick_armed_ = false;
  if (LoadShared(memory_.header->all_decisions) != 0 || ready_.size() + undecided_.size() == 0) {
    return;
  }
  for (int cpu = 0; cpu < machine_->nr_cpus(); ++cpu) {
    if (!MayBeTakenByFirstOf(ready_, cpu) && !MayBeTakenByFirstOf(undecided_, cpu)) continue;
    schedd_cpu& record = memory_.cpus[static_cast<size_t>(cpu)];
    schedd_note_preempt(&record, static_cast<uint64_t>(machine_->now_ns()));
    StoreShared(record.give_way, 1u);
    machine_->Kick(cpu, /*preempt=*/true);
  }
  ArmTick();
}

bool Dispatcher::MayBeTakenByFirstOf(const VtimeQueue& queue, int cpu) {
  const SimTask* task = queue.FirstFor(cpu);
  schedd_slot* slot = task == nullptr ? nullptr : SlotOf(*task);
  return slot != nullptr && slot->woken_ns != 0 && MayTake(cpu, task->queue_vtime) &&
         schedd_claim_at_tick(slot) != 0;
}

int Dispatcher::CpuToTake(const SimTask& task, uint64_t deadline) const {
  const int nr_cpus = machine_->nr_cpus();
  for (int i = 0; i < std::min(kTakeLooks, nr_cpus); ++i) {
    const int cpu = (task.cpu + i) % nr_cpus;
    if (task.allowed.Has(cpu) && own_[static_cast<size_t>(cpu)].size() == 0 &&
        MayTake(cpu, deadline)) {
      return cpu;
    }
  }
  return -1;
}

// As owes_a_turn in bpf/: who had come to the starvation bound is not cut short by the daemon.
bool Dispatcher::OwesATurn(int cpu) const {
  if (machine_->LocalCount(cpu) > 0) return true;
  const SimTask* running = machine_->Current(cpu);
  if (running == nullptr || running->slot == SCHEDD_NO_SLOT) return false;
  const schedd_slot& slot = memory_.slots[running->slot];
  const uint64_t since_ns = memory_.cpus[static_cast<size_t>(cpu)].since_ns;
  return slot.urgent_seq == slot.seq &&
         static_cast<uint64_t>(machine_->now_ns()) - since_ns < slot.slice_ns;
}

bool Dispatcher::IsFresh(int cpu) const {
  const uint64_t since_ns = memory_.cpus[static_cast<size_t>(cpu)].since_ns;
  return static_cast<int64_t>(static_cast<uint64_t>(machine_->now_ns()) - since_ns) <
         static_cast<int64_t>(memory_.header->min_slice_ns);
}

// As for a thread of the daemon in bpf/: an idle CPU, else the last one, else another one.
int Dispatcher::CpuForDaemon(int last_cpu) const {
  if (machine_->IsIdle(last_cpu)) return last_cpu;
  if (const int idle = machine_->AnyIdle(); idle >= 0) return idle;
  const bool elsewhere = machine_->Current(last_cpu) == nullptr || OwesATurn(last_cpu);
  const bool spares_fresh = !elsewhere && IsFresh(last_cpu);
  if (!elsewhere && !spares_fresh) return last_cpu;
  for (int cpu = 0; cpu < machine_->nr_cpus(); ++cpu) {
    if (memory_.cpus[static_cast<size_t>(cpu)].offline != 0) continue;
    if (machine_->Current(cpu) != nullptr && !OwesATurn(cpu) && !(spares_fresh && IsFresh(cpu))) {
      return cpu;
    }
  }
  return elsewhere ? -1 : last_cpu;
}

// The timer of bpf/safety_net.bpf.h, which runs there all the time; here while somebody waits.
void Dispatcher::ArmNet() {
  if (std::exchange(net_armed_, true)) return;
  machine_->At(machine_->now_ns() + kNetPeriodNs, [this, alive = std::weak_ptr<int>(alive_)] {
    if (!alive.expired()) LookAfterWaits();
  });
}

void Dispatcher::LookAfterWaits() {
  net_armed_ = false;
  const bool degraded = LoadShared(memory_.header->degraded_since_ns) != 0;
  if (degraded) HurryStarved(undecided_, /*only_leased=*/false);
  HurryStarved(ready_, /*only_leased=*/!degraded);
  if (SomebodyQueued()) ArmNet();
}

void Dispatcher::HurryStarved(VtimeQueue& queue, bool only_leased) {
  const int64_t due_since_ns =
      machine_->now_ns() + kNetPeriodNs - static_cast<int64_t>(memory_.header->starvation_bound_ns);
  std::vector<SimTask*> due;
  queue.ForEach([&](SimTask& task) {
    const schedd_slot* slot = SlotOf(task);
    if (slot == nullptr || slot->waiting_since_ns == 0 ||
        static_cast<int64_t>(slot->waiting_since_ns) > due_since_ns ||
        (only_leased && slot->leased_seq != slot->seq)) {
      return;
    }
    due.push_back(&task);
  });
  for (SimTask* task : due) {
    schedd_slot& slot = *SlotOf(*task);
    StoreShared(slot.urgent_seq, slot.seq);
    queue.Remove(*task);
    urgent_.Insert(*task, slot.waiting_since_ns);
  }
}

void Dispatcher::Dequeue(SimTask& task) {
  if (task.queue != nullptr) task.queue->Remove(task);
}

// The queue whose first task for `cpu` has the earliest deadline, decided or not; nullptr when
// nobody waits in either.
VtimeQueue* Dispatcher::EarliestQueue(int cpu) {
  const SimTask* ready = ready_.FirstFor(cpu);
  const SimTask* undecided = undecided_.FirstFor(cpu);
  if (ready == nullptr) return undecided != nullptr ? &undecided_ : nullptr;
  if (undecided == nullptr) return &ready_;
  return static_cast<int64_t>(undecided->queue_vtime - ready->queue_vtime) < 0 ? &undecided_
                                                                               : &ready_;
}

bool Dispatcher::GoesOn(const SimTask& running, const SimTask& rival) {
  const schedd_slot* slot = SlotOf(running);
  if (slot == nullptr || slot->decided_weight == 0 || slot->yields != 0 || MustRunHere(running) ||
      !schedd_decision_stands(memory_.header, slot)) {
    return false;
  }
  const auto ran_ns = static_cast<uint64_t>(machine_->now_ns() - running.running_since_ns);
  const uint64_t deadline = schedd_deadline_of_running(
      slot, memory_.cpus[static_cast<size_t>(running.cpu)].vtime_floor, ran_ns);
  return static_cast<int64_t>(deadline - rival.queue_vtime) < 0;
}

// A CPU's virtual time is that of what it chooses, or little ahead of what was decided.
void Dispatcher::MoveFloor(uint64_t& floor, uint64_t chosen, bool decided) {
  if (static_cast<int64_t>(chosen - floor) > 0) {
    StoreShared(floor, chosen);
  } else if (decided && floor - chosen > SCHEDD_QUEUE_LEAD_NS) {
    StoreShared(floor, chosen + SCHEDD_QUEUE_LEAD_NS);
  }
}

SimTask* Dispatcher::Dispatch(int cpu, const SimTask* previous) {
  const bool gives_way = ExchangeShared(memory_.cpus[static_cast<size_t>(cpu)].give_way, 0u) != 0;
  for (int i = 0; i < kDispatchDrain && ApplyNext(cpu); ++i) {
  }
  SimTask* task = own_[static_cast<size_t>(cpu)].TakeFor(cpu);
  if (task == nullptr) task = urgent_.TakeFor(cpu);
  if (task == nullptr) {
    VtimeQueue* queue = EarliestQueue(cpu);
    if (queue == nullptr) return nullptr;
    if (previous != nullptr && !gives_way && GoesOn(*previous, *queue->FirstFor(cpu))) {
      return nullptr;
    }
    task = queue->TakeFor(cpu);
    MoveFloor(memory_.cpus[static_cast<size_t>(cpu)].vtime_floor, task->queue_vtime,
              queue == &ready_);
  }
  task->slice_ns = SliceOf(*task);
  return task;
}

int64_t Dispatcher::Refill(SimTask& task) {
  AccountRun(task);
  task.solo = EarliestQueue(task.cpu) == nullptr;
  Count(task.cpu, SCHEDD_COUNT_SLICE_REFILLS);
  return SliceOf(task);
}

// --- events and decisions
// ----------------------------------------------------------------------------

// The scheduling thread is silent although events wait. While it slept it was not silent but asked
// to sleep: then the time since it was woken counts.
bool Dispatcher::IsDegraded(schedd_event_ring& ring) {
  schedd_header* header = memory_.header;
  if (schedd_event_backlog(&ring) == 0) return false;
  const auto now_ns = static_cast<uint64_t>(machine_->now_ns());
  const uint64_t sign_of_life = std::max(LoadShared(header->heartbeat_ns), header->doorbell_ns);
  const auto silent_ns = static_cast<int64_t>(now_ns - sign_of_life);
  if (silent_ns <= static_cast<int64_t>(LoadShared(header->decision_budget_ns))) return false;
  SCHEDD_CAS(&header->degraded_since_ns, 0, now_ns);
  return true;
}

void Dispatcher::SendEvent(const SimTask& task, const schedd_slot& slot, uint32_t flags) {
  schedd_event_ring& ring = memory_.events[static_cast<size_t>(task.cpu)];
  schedd_event* event = nullptr;
  if (IsDegraded(ring)) {
    Count(task.cpu, SCHEDD_COUNT_EVENTS_WITHHELD);
  } else if (schedd_event_backlog(&ring) >= adversity_.event_ring_size ||
             (event = schedd_event_reserve(&ring)) == nullptr) {
    Count(task.cpu, SCHEDD_COUNT_EVENTS_DROPPED);
  } else {
    *event = {.slot = task.slot,
              .seq = slot.seq,
              .key = slot.key,
              .flags = flags,
              .time_ns = static_cast<uint64_t>(machine_->now_ns()),
              .cpu = slot.cpu,
              .reserved = 0};
    schedd_event_publish(&ring);
    Count(task.cpu, SCHEDD_COUNT_EVENTS);
    machine_->Trace("event", "tid", task.tid, "seq", slot.seq);
  }
  RingDoorbell(task.cpu);
}

void Dispatcher::RingDoorbell(int cpu) {
  schedd_header* header = memory_.header;
  if (LoadSharedAcquire(header->parked) == 0 || ExchangeShared(header->parked, 0u) == 0) return;
  StoreShared(header->doorbell_ns, machine_->now_ns());
  Count(cpu, SCHEDD_COUNT_DOORBELLS);
  ++doorbells_;
  if (adversity_.lose_every_doorbell > 0 &&
      doorbells_ % static_cast<uint64_t>(adversity_.lose_every_doorbell) == 0) {
    machine_->Trace("doorbell-lost", "cpu", cpu, "n", static_cast<int64_t>(doorbells_));
    return;
  }
  if (adversity_.doorbell_delay_ns > 0) {
    machine_->At(machine_->now_ns() + adversity_.doorbell_delay_ns, ring_doorbell_);
  } else {
    ring_doorbell_();
  }
}

void Dispatcher::Commit() {
  for (size_t i = 0; i < adversity_.commit_limit && ApplyNext(/*cpu=*/0); ++i) {
  }
}

bool Dispatcher::ApplyNext(int cpu) {
  schedd_decision decision;
  const int taken = schedd_decision_take(memory_.decisions, &decision);
  if (taken > 0) ApplyDecision(cpu, decision);
  return taken != 0;
}

bool Dispatcher::IsCurrent(const schedd_slot& slot, const schedd_decision& decision) const {
  return slot.key == decision.key && slot.seq == decision.seq &&
         (slot.state == SCHEDD_TASK_UNDECIDED || slot.state == SCHEDD_TASK_DECIDED);
}

void Dispatcher::ApplyDecision(int cpu, const schedd_decision& decision) {
  SimTask* task = decision.slot < by_slot_.size() ? by_slot_[decision.slot] : nullptr;
  schedd_slot* slot = task != nullptr ? SlotOf(*task) : nullptr;
  // Moved on already: decisions move tasks out of these two queues only.
  const bool movable = task != nullptr && (task->queue == &undecided_ || task->queue == &ready_);
  if (!movable || !IsCurrent(*slot, decision)) {
    Count(cpu, SCHEDD_COUNT_DECISIONS_STALE);
    machine_->Trace("stale", "slot", decision.slot, "seq", decision.seq);
    return;
  }
  VtimeQueue& to = Destination(cpu, decision, *task);
  task->queue->Remove(*task);
  // Urgent ones in the order in which they began to wait.
  to.Insert(*task, &to == &urgent_ ? slot->waiting_since_ns : decision.deadline);
  StoreShared(slot->state, SCHEDD_TASK_DECIDED);
  StoreShared(slot->slice_ns, decision.slice_ns);
  StoreShared(slot->deadline, decision.deadline);
  StoreShared(slot->generation, decision.generation);
  StoreShared(slot->decided_weight, decision.weight);
  StoreShared(slot->yields, decision.flags & SCHEDD_DECISION_YIELDS ? 1u : 0u);
  if (&to == &urgent_) StoreShared(slot->urgent_seq, decision.seq);
  schedd_lease_give(slot, &decision, static_cast<schedd_u64>(machine_->now_ns()));
  Count(cpu, SCHEDD_COUNT_DECISIONS_APPLIED);
  machine_->Trace("decision", "tid", task->tid, "seq", decision.seq);
  WakeCpuFor(cpu, decision, *task, to);
}

VtimeQueue& Dispatcher::Destination(int cpu, const schedd_decision& decision, const SimTask& task) {
  if (decision.flags & SCHEDD_DECISION_URGENT) return urgent_;
  if (decision.cpu < 0) return ready_;
  if (decision.cpu >= machine_->nr_cpus() || !task.allowed.Has(decision.cpu) ||
      memory_.cpus[static_cast<size_t>(decision.cpu)].offline != 0) {
    Count(cpu, SCHEDD_COUNT_DECISIONS_BOUNCED);
    return ready_;
  }
  return own_[static_cast<size_t>(decision.cpu)];
}

void Dispatcher::WakeCpuFor(int cpu, const schedd_decision& decision, const SimTask& task,
                            const VtimeQueue& to) {
  if (&to == &urgent_ || &to == &ready_) {
    KickIdle(task);
    return;
  }
  if ((decision.flags & SCHEDD_DECISION_PREEMPT) != 0) {
    TakeCpu(decision.cpu, cpu);
  } else {
    machine_->Kick(decision.cpu, /*preempt=*/false);
  }
}

// --- running
// ---------------------------------------------------------------------------------------------

// The CPU took the task from a queue where it waited for a decision.
void Dispatcher::NoteChosen(const SimTask& task, schedd_cpu& cpu, schedd_slot& slot) {
  if (slot.state == SCHEDD_TASK_DECIDED) {
    Count(task.cpu, SCHEDD_COUNT_RUN_DECIDED);
    // For a wait under a lease nobody was asked.
    if (slot.leased_seq != slot.seq) AccountDecisionLatency(cpu, slot);
    return;
  }
  StoreShared(slot.unasked_seq, slot.seq);
  Count(task.cpu, SCHEDD_COUNT_RUN_UNDECIDED);
  if (LoadShared(memory_.header->degraded_since_ns) != 0) {
    Count(task.cpu, SCHEDD_COUNT_RUN_DEGRADED);
  }
}

void Dispatcher::Running(SimTask& task) {
  const auto now_ns = static_cast<uint64_t>(machine_->now_ns());
  schedd_slot* slot = SlotOf(task);
  schedd_cpu& cpu = memory_.cpus[static_cast<size_t>(task.cpu)];
  task.running_since_ns = machine_->now_ns();
  StoreShared(cpu.slot_key, slot != nullptr ? slot->key : 0);
  StoreShared(cpu.since_ns, now_ns);
  StoreSharedRelease(cpu.slot, task.slot);
  StoreShared(cpu.running, 1u);
  StoreShared(cpu.protected_task, MustRunHere(task) ? 1u : 0u);
  cpu.sync_woke_ns = 0;
  task.cut = false;
  task.run_began_ns = machine_->now_ns();
  if (slot == nullptr) return;
  if (!task.direct) NoteChosen(task, cpu, *slot);
  AccountWait(*slot);
  AccountWakeupLatency(*slot);
  if (slot->cpu != task.cpu) {
    if (slot->run_ns != 0) Bump(slot->migrations);
    StoreShared(slot->cpu, task.cpu);
  }
  StoreShared(slot->running_since_ns, now_ns);
  StoreShared(slot->state, SCHEDD_TASK_RUNNING);
}

void Dispatcher::Stopping(SimTask& task, bool runnable) {
  schedd_slot* slot = SlotOf(task);
  schedd_cpu& cpu = memory_.cpus[static_cast<size_t>(task.cpu)];
  const auto now_ns = static_cast<uint64_t>(machine_->now_ns());
  StoreShared(cpu.running, 0u);
  StoreShared(cpu.protected_task, 0u);
  StoreShared(cpu.slot, SCHEDD_NO_SLOT);
  AccountRun(task);
  if (slot == nullptr) return;
  schedd_sync_end(&cpu, slot, runnable ? 0 : 1, now_ns);
  if (runnable) {
    task.cut = now_ns - cpu.since_ns < slot->slice_ns;
    Bump(slot->involuntary_switches);
    StoreShared(slot->waiting_since_ns, machine_->now_ns());
    StoreShared(slot->state, SCHEDD_TASK_DECIDED);
  } else {
    StoreShared(slot->state, SCHEDD_TASK_SLEEPING);
  }
}

void Dispatcher::Quiescent(SimTask& task, bool sleeps) {
  schedd_slot* slot = SlotOf(task);
  if (slot == nullptr) return;
  AccountWait(*slot);
  StoreShared(slot->state, SCHEDD_TASK_SLEEPING);
  if (!sleeps) return;
  Bump(slot->voluntary_switches);
  schedd_sleep_begin(slot, memory_.cpus[static_cast<size_t>(slot->cpu)].vtime_floor);
}

void Dispatcher::IdleChanged(int cpu, bool idle) {
  StoreShared(memory_.cpus[static_cast<size_t>(cpu)].idle, idle ? 1u : 0u);
}

void Dispatcher::OnlineChanged(int cpu, bool online) {
  StoreShared(memory_.cpus[static_cast<size_t>(cpu)].offline, online ? 0u : 1u);
  if (online) return;
  // As in bpf/: who waits there alone waits with all others.
  while (SimTask* task = own_[static_cast<size_t>(cpu)].TakeFirst()) {
    ready_.Insert(*task, task->queue_vtime);
  }
}

}  // namespace schedd
