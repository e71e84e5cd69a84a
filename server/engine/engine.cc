// SPDX-License-Identifier: Apache-2.0
#include "server/engine/engine.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "server/base/allocation_guard.h"
#include "server/engine/adaptive_spin.h"
#include "server/engine/decision_writer.h"
#include "server/engine/engine_counters.h"
#include "server/engine/event_drain.h"
#include "server/engine/machine_observer.h"
#include "server/engine/shared_access.h"
#include "server/engine/spsc_ring.h"
#include "server/engine/task_table.h"
#include "server/engine/task_views.h"

namespace schedd {
namespace {

// Directives under way at once. Few: the scheduling thread takes them within microseconds.
constexpr size_t kMailboxSize = 64;
// Events taken in one pass: bounds how old the heartbeat gets while a flood of them comes in.
constexpr size_t kEventsPerPass = 512;
// Most decisions in one pass, whatever dispatch_batch_count says.
constexpr size_t kMaxBatch = SCHEDD_DECISION_RING_SIZE;
// How soon it looks again when it has work that it could not do (no room in the decision ring).
constexpr int64_t kRetryNs = 1'000'000;

void RelaxCpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// What the event of a wait would have said, had it not been lost: how the wait before it ended.
// When this one is out of turn by now, that one is supposed to have been so, too.
uint32_t FlagsOfLost(const schedd_slot& slot) {
  const uint32_t seq = LoadShared(slot.seq);
  uint32_t flags = 0;
  if (seq - LoadShared(slot.urgent_seq) <= 1) flags |= SCHEDD_EVENT_OUT_OF_TURN;
  if (seq - LoadShared(slot.unasked_seq) == 1) flags |= SCHEDD_EVENT_UNASKED;
  return flags;
}

// With a decision, and not running. Threads that the dispatcher schedules itself wait for no
// decision.
bool IsInDecidedWait(const schedd_slot& slot) {
  return LoadShared(slot.state) == SCHEDD_TASK_DECIDED && LoadShared(slot.waiting_since_ns) != 0 &&
         (LoadShared(slot.flags) & (SCHEDD_SLOT_DAEMON | SCHEDD_SLOT_DIRECT)) == 0;
}

class SlotWaits : public WaitQuery {
 public:
  explicit SlotWaits(const TaskTable* tasks) : tasks_(tasks) {}
  bool IsWaiting(TaskId task, uint32_t sequence) const override {
    return tasks_->IsWaiting(task, sequence);
  }
  bool IsUrgent(TaskId task, uint32_t sequence) const override {
    return tasks_->IsUrgent(task, sequence);
  }

 private:
  const TaskTable* const tasks_;
};

}  // namespace

struct Engine::State {
  State(Kernel* kernel_in, std::unique_ptr<Policy> policy_in, const EngineOptions& options_in)
      : kernel(kernel_in),
        header(kernel_in->memory().header),
        options(options_in),
        policy(std::move(policy_in)),
        drain(kernel_in->memory().events),
        tasks(kernel_in->memory().slots),
        views(kernel_in->memory().slots.size()),
        observer(kernel_in->memory().cpus, &tasks),
        waits(&tasks),
        writer(kernel_in->memory().decisions, &tasks, &counters),
        spin(options_in.spin_ns) {}

  void Beat(int64_t now_ns);
  size_t ApplyDirectives();
  void Apply(Directive& directive);
  void ApplyParameters(const PolicyParameters& changed);
  void EndLeases();
  void OnEvent(const schedd_event& event);
  void Take(const schedd_event& event);
  uint64_t LostEvents() const;
  void RecoverLost();
  void ResumeAdopted();
  size_t Decide();
  size_t DecisionRoom();
  size_t WriteDecisions(size_t count);
  void Publish(uint32_t slot);
  bool HasWork() const { return !inbox.empty() || drain.HasEvents() || stop.load(); }
  bool Spin();
  void Park();

  Kernel* const kernel;
  schedd_header* const header;
  const EngineOptions options;
  const std::unique_ptr<Policy> policy;
  PolicyParameters parameters;
  int64_t generation = 0;
  uint64_t recovered_losses = 0;  // LostEvents() when the slots were searched last
  bool search_decided = false;    // next time also for waits with a decision

  EngineCounters counters;
  EventDrain drain;
  TaskTable tasks;
  TaskViews views;
  MachineObserver observer;
  SlotWaits waits;
  DecisionWriter writer;
  AdaptiveSpin spin;
  std::array<Decision, kMaxBatch> batch;

  // Control thread to scheduling thread, and back to be freed. A directive is in one of them, or in
  // hand.
  SpscRing<Directive*, kMailboxSize> inbox;
  SpscRing<Directive*, kMailboxSize> done;
  size_t under_way = 0;  // control thread

  std::atomic<int64_t> applied_generation{0};
  std::atomic<int64_t> applied_time_ns{0};
  std::atomic<int32_t> scheduling_tid{0};
  std::atomic<bool> stop{false};
};

// Says that the scheduling thread is alive, and ends a degraded time: the dispatcher begins one,
// only the engine ends it.
void Engine::State::Beat(int64_t now_ns) {
  StoreSharedRelease(header->heartbeat_ns, now_ns);
  if (LoadShared(header->degraded_since_ns) == 0) return;
  const auto since_ns = static_cast<int64_t>(ExchangeShared(header->degraded_since_ns, 0));
  const int64_t ended_ns = std::max<int64_t>(0, now_ns - since_ns);
  StoreShared(header->degraded_ns,
              LoadShared(header->degraded_ns) + static_cast<uint64_t>(ended_ns));
}

size_t Engine::State::ApplyDirectives() {
  Directive* directive = nullptr;
  size_t applied = 0;
  while (inbox.Pop(directive)) {
    Apply(*directive);
    done.Push(directive);  // has room: Submit() lets no more be under way than it holds
    ++applied;
  }
  return applied;
}

// Parameters count from the next decision on; weights, slices and whose parameters they are from a
// task's next wait on.
void Engine::State::Apply(Directive& directive) {
  if (directive.parameters.has_value()) ApplyParameters(*directive.parameters);
  for (const PolicySetting& setting : directive.policies) {
    policy->Apply(setting.index, setting.parameters);
  }
  if (directive.cgroup_policies != nullptr) tasks.ExchangePolicies(directive.cgroup_policies);
  if (directive.shares != nullptr) tasks.ExchangeShares(directive.shares);
  for (const TaskSetting& setting : directive.settings) {
    if (tasks.Override(setting)) Publish(setting.slot);
  }
  EndLeases();
  // The same generation again only adds tasks to it: it has been in force before.
  if (directive.generation == generation) return;
  generation = directive.generation;
  applied_time_ns.store(kernel->NowNanos(), std::memory_order_relaxed);
  applied_generation.store(generation, std::memory_order_release);
}

void Engine::State::ApplyParameters(const PolicyParameters& changed) {
  parameters = changed;
  policy->Apply(kDefaultPolicyIndex, parameters);
  StoreShared(header->base_slice_ns, parameters.base_slice_ns);
  StoreShared(header->decision_budget_ns, parameters.decision_budget_ns);
  StoreShared(header->starvation_bound_ns, parameters.starvation_bound_ns);
  StoreShared(header->preempt_margin_ns, std::max<int64_t>(parameters.wakeup_preempt_margin_ns, 0));
  StoreShared(header->min_slice_ns, parameters.min_slice_ns);
  StoreShared(header->sleeper_credit_ns, parameters.sleeper_credit_ns);
  StoreShared(header->all_decisions, parameters.placement_mode == PlacementMode::kAllDecisions);
}

// What was decided before holds no longer than the wait it was decided for.
void Engine::State::EndLeases() {
  const uint32_t epoch = LoadShared(header->lease_epoch) + 1;
  StoreSharedRelease(header->lease_epoch, epoch);
  writer.set_lease_epoch(epoch);
}

void Engine::State::OnEvent(const schedd_event& event) {
  counters.events.Add();
  if (!tasks.IsCurrent(event)) {
    counters.stale_events.Add();
    return;
  }
  Take(event);
}

// An event, or a wait that was found without one.
void Engine::State::Take(const schedd_event& event) {
  if (tasks.HasOtherOwner(event.slot, event.key)) policy->OnExit(event.slot);
  policy->OnEvent(tasks.Describe(event));
  Publish(event.slot);
}

// Events that the dispatcher had and did not send.
uint64_t Engine::State::LostEvents() const {
  uint64_t lost = 0;
  for (const schedd_cpu& cpu : kernel->memory().cpus) {
    lost += LoadShared(cpu.counters[SCHEDD_COUNT_EVENTS_DROPPED]) +
            LoadShared(cpu.counters[SCHEDD_COUNT_EVENTS_WITHHELD]);
  }
  return lost;
}

// Tasks whose event was lost wait in the kernel-side queue, which knows no starvation bound: finds
// them in the slots. Only after losses, so that the search costs nothing otherwise. In an adopted
// dispatcher those that wait where the last daemon put them are as unknown: a light one's deadline
// may be seconds away.
void Engine::State::RecoverLost() {
  const uint64_t lost = LostEvents();
  if (lost == recovered_losses) return;
  recovered_losses = lost;
  const bool decided_too = std::exchange(search_decided, false);
  const std::span<schedd_slot> slots = kernel->memory().slots;
  const size_t used = std::min<size_t>(LoadShared(header->slots_high_water), slots.size());
  for (size_t index = 0; index < used; ++index) {
    const schedd_slot& slot = slots[index];
    const uint32_t key = LoadSharedAcquire(slot.key);
    const bool has_owner = key % 2 == 0;  // else it changes just now
    const bool waits =
        LoadShared(slot.state) == SCHEDD_TASK_UNDECIDED || (decided_too && IsInDecidedWait(slot));
    if (!has_owner || !waits) continue;
    Take({.slot = static_cast<uint32_t>(index),
          .seq = LoadShared(slot.seq),
          .key = key,
          .flags = FlagsOfLost(slot),
          .time_ns = LoadShared(slot.waiting_since_ns),
          .cpu = LoadShared(slot.cpu),
          .reserved = 0});
  }
}

// Goes on where the last daemon was: virtual time at the queues' place, no run charged twice, and
// every task that waits, with a decision of the last daemon or without, found in the first pass.
void Engine::State::ResumeAdopted() {
  std::vector<uint64_t> floors;
  for (const schedd_cpu& cpu : kernel->memory().cpus) floors.push_back(LoadShared(cpu.vtime_floor));
  policy->Resume(floors);
  tasks.Resume();
  recovered_losses = LostEvents() - 1;
  search_decided = true;
}

void Engine::State::Publish(uint32_t slot) {
  const uint32_t key = LoadShared(kernel->memory().slots[slot].key);
  const bool known = tasks.IsKnownOwner(slot, key);
  const TaskAccount account = known ? policy->Account(slot) : TaskAccount();
  views.Publish(slot, key,
                {.vruntime_ns = account.vruntime_ns,
                 .lag_ns = account.lag_ns,
                 .effective_weight = tasks.EffectiveWeight(slot, key)});
}

// Room for a batch. When the last one is still in the ring, the dispatcher is asked to take it
// first.
size_t Engine::State::DecisionRoom() {
  const auto most = static_cast<size_t>(std::max(parameters.dispatch_batch_count, 1));
  const size_t wanted = std::clamp<size_t>(policy->pending(), 1, std::min(most, kMaxBatch));
  if (writer.room() < wanted) {
    counters.decision_ring_full.Add();
    kernel->Commit();
  }
  return std::min({most, kMaxBatch, writer.room()});
}

size_t Engine::State::Decide() {
  const int64_t now_ns = kernel->NowNanos();
  if (policy->pending() == 0 && policy->NextDeadlineNanos() > now_ns) return 0;
  const size_t room = DecisionRoom();
  if (room == 0) return 0;
  const MachineView machine = observer.Observe(now_ns);
  const size_t count =
      WriteDecisions(policy->Schedule(machine, waits, std::span(batch).first(room)));
  observer.ForgetFormerOwners(*policy);
  return count;
}

size_t Engine::State::WriteDecisions(size_t count) {
  size_t written = 0;
  for (const Decision& decision : std::span(batch).first(count)) {
    if (!writer.Write(decision, generation)) continue;
    Publish(decision.task);
    ++written;
  }
  if (written > 0) kernel->Commit();
  return count;
}

// Looks for work for a moment: an event that comes soon then costs no wakeup. True when some came.
bool Engine::State::Spin() {
  const int64_t meant_ns = spin.NextNanos();
  if (meant_ns == 0) return HasWork();
  const int64_t begun_ns = kernel->NowNanos();
  bool found = HasWork();
  int64_t took_ns = 0;
  while (!found && took_ns < meant_ns) {
    RelaxCpu();
    found = HasWork();
    took_ns = kernel->NowNanos() - begun_ns;
  }
  spin.Note(meant_ns, found, took_ns);
  return found;
}

// The order matters: first say that it sleeps, then look again, then sleep. The other side
// publishes first, then looks whether it sleeps. One of the two always sees the other.
void Engine::State::Park() {
  const int64_t now_ns = kernel->NowNanos();
  int64_t until_ns = now_ns + options.heartbeat_ns;
  if (policy->pending() > 0) {
    until_ns = now_ns + kRetryNs;
  } else if (policy->NextDeadlineNanos() < until_ns) {
    until_ns = std::max(policy->NextDeadlineNanos(), now_ns + kRetryNs);
  }
  ExchangeShared(header->parked, 1);
  if (!HasWork()) {
    counters.parks.Add();
    kernel->Wait(until_ns);
  }
  ExchangeShared(header->parked, 0);
}

Engine::Engine(Kernel* kernel, std::unique_ptr<Policy> policy, const EngineOptions& options,
               const PolicyParameters& initial, int64_t initial_generation)
    : state_(std::make_unique<State>(kernel, std::move(policy), options)) {
  if (kernel->adopted()) state_->ResumeAdopted();
  Directive first = {.generation = initial_generation, .parameters = initial, .settings = {}};
  state_->Apply(first);
}

Engine::~Engine() {
  Directive* directive = nullptr;
  while (state_->inbox.Pop(directive)) delete directive;
  while (state_->done.Pop(directive)) delete directive;
}

size_t Engine::Step() {
  State& state = *state_;
  state.counters.passes.Add();
  state.Beat(state.kernel->NowNanos());
  size_t handled = state.ApplyDirectives();
  handled += state.drain.Drain(kEventsPerPass,
                               [&state](const schedd_event& event) { state.OnEvent(event); });
  state.RecoverLost();
  return handled + state.Decide();
}

void Engine::RunOnce() {
  if (Step() == 0 && !state_->Spin()) state_->Park();
}

void Engine::Run() {
  State& state = *state_;
  state.scheduling_tid.store(gettid(), std::memory_order_release);
  Step();
  ArmAllocationCount();
  const int64_t allocations_before = ArmedAllocationCount();
  while (!state.stop.load(std::memory_order_acquire)) {
    RunOnce();
    state.counters.allocations.Set(ArmedAllocationCount() - allocations_before);
  }
  DisarmAllocationCount();
}

void Engine::Stop() {
  state_->stop.store(true);
  state_->kernel->Wake();
}

bool Engine::Submit(std::unique_ptr<Directive>& directive) {
  Reclaim();
  if (state_->under_way >= kMailboxSize || !state_->inbox.Push(directive.get())) return false;
  (void)directive.release();
  ++state_->under_way;
  state_->kernel->Wake();
  return true;
}

void Engine::Reclaim() {
  Directive* directive = nullptr;
  while (state_->done.Pop(directive)) {
    delete directive;
    --state_->under_way;
  }
}

int64_t Engine::applied_generation() const {
  return state_->applied_generation.load(std::memory_order_acquire);
}

int64_t Engine::applied_time_ns() const {
  return state_->applied_time_ns.load(std::memory_order_relaxed);
}

EngineStats Engine::stats() const { return state_->counters.Read(); }

TaskEngineView Engine::view(uint32_t slot, uint32_t key) const {
  return state_->views.Read(slot, key);
}

int32_t Engine::scheduling_tid() const {
  return state_->scheduling_tid.load(std::memory_order_acquire);
}

}  // namespace schedd
