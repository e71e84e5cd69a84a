// SPDX-License-Identifier: Apache-2.0
#include "server/policy/vruntime.h"

#include <algorithm>
#include <utility>

#include "server/base/wrap.h"
#include "server/policy/cpu_scan.h"
#include "server/policy/slice.h"

namespace schedd {
namespace {

// Waits checked for their end on each call: where two that go on are found for each arrival, the
// list holds few others; where most are over, some more at once.
constexpr size_t kLiveWaitsEach = 2;
constexpr size_t kSweptWaits = 8;
// By when the first urgent decision for a wait is in effect, or is made again; then twice as long,
// and so on.
constexpr int64_t kQueuedNanos = 2'000'000;

}  // namespace

VruntimePolicy::VruntimePolicy(uint32_t capacity, uint32_t nr_cpus, uint64_t start)
    : tasks_(std::max<uint32_t>(capacity, 1)),
      waiting_(tasks_),
      clocks_(std::max<uint32_t>(nr_cpus, 1), start),
      shared_reference_(start),
      claimed_pass_(std::max<uint32_t>(nr_cpus, 1), 0) {}

void VruntimePolicy::Resume(std::span<const uint64_t> cpu_virtual_ns) {
  const size_t count = std::min(cpu_virtual_ns.size(), claimed_pass_.size());
  for (size_t cpu = 0; cpu < count; ++cpu) {
    clocks_.Set(static_cast<uint32_t>(cpu), cpu_virtual_ns[cpu]);
    shared_reference_ =
        cpu == 0 ? cpu_virtual_ns[0] : WrapMax(shared_reference_, cpu_virtual_ns[cpu]);
  }
}

void VruntimePolicy::Apply(PolicyIndex policy, const PolicyParameters& parameters) {
  if (policy < kMaxPolicies) parameters_[policy] = parameters;
}

void VruntimePolicy::OnEvent(const TaskEvent& event) {
  if (event.task >= tasks_.size()) return;
  Task& task = tasks_[event.task];
  Withdraw(task);
  task.policy = event.policy < kMaxPolicies ? event.policy : kDefaultPolicyIndex;
  const int64_t weight = std::clamp(event.weight, kMinWeight, kMaxWeight);
  task.cpu = event.cpu >= 0 && static_cast<size_t>(event.cpu) < claimed_pass_.size()
                 ? static_cast<uint32_t>(event.cpu)
                 : 0;
  task.out_of_turn = event.out_of_turn;
  Charge(task, event);
  task.has_moved |= event.affinity_changed;
  task.sequence = event.sequence;
  task.allowed_count = event.allowed_count;
  task.allowed = event.allowed;
  task.weight = weight;
  task.slice_override_ns = event.slice_override_ns;
  task.awake_run_ns = event.ran_since_wake_ns;
  task.slept_virtual_ns = event.slept_virtual_ns;
  task.may_preempt = event.woke && event.ran_since_wake_ns <= 0;
  task.enqueue_ns = event.time_ns;
  task.urgent_again_ns = kQueuedNanos;
  CountService(task, event);
  // Placed by Schedule(), which sees what runs now: V may be far behind when no event came for
  // long.
  task.stage = Stage::kArrived;
  arrivals_.push_back(task);
  waiting_.Add(task, task.unserved_since_ns);
}

void VruntimePolicy::OnExit(TaskId id) {
  if (id >= tasks_.size()) return;
  Withdraw(tasks_[id]);
  tasks_[id] = Task();
}

size_t VruntimePolicy::Schedule(const MachineView& machine, const WaitQuery& waits,
                                std::span<Decision> out) {
  ++pass_;
  const size_t arrived = arrivals_.size();
  while (!arrivals_.empty()) {
    Task& task = arrivals_.front();
    arrivals_.pop_front();
    Place(task, machine);
    queue_.insert(task);
    task.stage = Stage::kQueued;
  }
  const size_t live = kLiveWaitsEach * std::max<size_t>(arrived, 1);
  waiting_.Sweep(waits, live, kSweptWaits + live);

  size_t count = DecideStarved(machine, waits, out);
  for (; count < out.size() && !queue_.empty(); ++count) {
    Task& task = *queue_.begin();
    queue_.erase(queue_.begin());
    out[count] = Decide(task, machine, /*urgent=*/false);
  }
  return count;
}

int64_t VruntimePolicy::NextDeadlineNanos() const {
  if (waiting_.empty()) return INT64_MAX;
  const PolicyIndex policy = MostUrgentPolicy();
  return SaturatingAdd(waiting_.oldest_since_ns(policy), StarvationBound(policy));
}

TaskAccount VruntimePolicy::Account(TaskId id) const {
  if (id >= tasks_.size() || !tasks_[id].known) return {};
  const Task& task = tasks_[id];
  return {.vruntime_ns = static_cast<int64_t>(task.vruntime),
          .lag_ns = WrapDifference(clocks_.At(task.cpu), task.vruntime)};
}

// A turn that is cut short ends no wait: one that waited for its bound and lost the CPU after an
// instant would wait for as long once more. From the bound on parts of a turn add up; before it
// they do not, or an instant just before it would end the wait of a task that had nearly a turn
// long ago.
void VruntimePolicy::CountService(Task& task, const TaskEvent& event) {
  const int64_t executed_ns =
      SaturatingSubtract(event.ran_ns, std::max<int64_t>(event.overhead_ns, 0));
  task.served_ns =
      SaturatingAdd(task.overdue ? task.served_ns : 0, std::max<int64_t>(executed_ns, 0));
  if (task.known && !event.woke && task.served_ns < TermsOf(task).min_slice_ns) return;
  task.unserved_since_ns = event.time_ns;
  task.served_ns = 0;
  task.overdue = false;
}

// Adds what the task used since its previous event: before its last wakeup to v now, so that the
// wakeup finds it there; after the wakeup when it is placed.
void VruntimePolicy::Charge(Task& task, const TaskEvent& event) {
  const int64_t ran_ns = std::max<int64_t>(event.ran_ns, 0);
  const int64_t solo_ns = std::clamp<int64_t>(event.solo_ran_ns, 0, ran_ns);
  if (ran_ns > 0) task.was_ordered = solo_ns == 0 && !event.unasked;
  // CPU time that nobody else wanted is no debt to those who come later.
  const int64_t charged_ns = ran_ns - solo_ns + std::min(solo_ns, ChargeLimit(TermsOf(task)));
  const int64_t charged_awake_ns =
      event.woke ? std::clamp<int64_t>(event.ran_since_wake_ns, 0, charged_ns) : charged_ns;
  const int64_t charged_before_ns = charged_ns - charged_awake_ns;
  if (event.woke) {
    task.unplaced_ns = SaturatingAdd(task.unplaced_ns, charged_before_ns);
    if (task.known) Settle(task);
    task.unplaced_ns = 0;
    task.must_clamp = true;
  }
  task.unplaced_ns = SaturatingAdd(task.unplaced_ns, charged_awake_ns);
}

// Moves what the task used into v, and V of the CPU where it was in service along with it.
void VruntimePolicy::Settle(Task& task) {
  if (task.unplaced_ns <= 0) return;
  if (!task.out_of_turn) {
    // However long it ran: the dispatcher lets a task go on, without a word, while those that wait
    // have later deadlines.
    const uint64_t progress = Progress(task.unplaced_ns, task.placed_weight);
    // While others waited for the CPU it was served in its turn, and one so light is rightly as far
    // ahead as its own slices bring it: were V held back, all light tasks would be ahead of it by
    // as much as they may, and their order would be lost. Else it ran because the CPU had nothing
    // else to do, or because the dispatcher, without a decision, knows no light task's place.
    const int64_t window =
        Window(TermsOf(task), task.was_ordered ? task.placed_weight : kDefaultWeight);
    clocks_.Raise(task.cpu, task.vruntime + progress,
                  SaturatingAdd(window, static_cast<int64_t>(progress)));
  }
  Pay(task);
}

void VruntimePolicy::Pay(Task& task) {
  task.vruntime += static_cast<uint64_t>(VirtualNanos(task.unplaced_ns, task.placed_weight));
  task.unplaced_ns = 0;
}

// Settles v and the deadline of a task that came in, once for each wait.
void VruntimePolicy::Place(Task& task, const MachineView& machine) {
  if (task.known && !task.must_clamp) Settle(task);
  const uint64_t reference = Reference(task, machine);
  if (!task.known) {
    // One that ran already (bypassing the queue) pays for that instead.
    const int64_t slice_ns = SliceFor(TermsOf(task), 0, waiting_.size(), claimed_pass_.size());
    const int64_t debit_ns = task.unplaced_ns > 0 ? 0 : slice_ns / 2;
    task.vruntime = reference + static_cast<uint64_t>(VirtualNanos(debit_ns, task.weight));
    task.placed_weight = task.weight;
    task.known = true;
  } else if (task.has_moved) {
    Transfer(task, clocks_.At(task.cpu), reference);
    Pay(task);  // what it used since it woke: no more business of V where it ran
  } else {
    const int64_t most_lag = MostLag(task);
    const auto window = static_cast<uint64_t>(Window(TermsOf(task), task.placed_weight));
    task.vruntime = WrapMax(task.vruntime, reference - static_cast<uint64_t>(most_lag));
    if (WrapLess(reference + window, task.vruntime)) task.vruntime = reference + window;
    if (task.placed_weight != task.weight) Transfer(task, reference, reference);
  }
  Settle(task);
  task.must_clamp = task.has_moved = false;
  task.deadline =
      task.vruntime + static_cast<uint64_t>(Bonus(TermsOf(task), task.awake_run_ns, task.weight));
}

// How far behind V a task may begin to wait, virtual. One that slept: what the policy's terms
// allow. Without a sleep in between, one that was served in its turn may be owed anything that the
// order of service explains, for any weight. Who ran because nobody else wanted the CPU is owed
// nothing by those that it meets now: that time was no debt, so V went on elsewhere without it, and
// from there it would go before all of them for as long.
int64_t VruntimePolicy::MostLag(const Task& task) const {
  const PolicyParameters& terms = TermsOf(task);
  if (task.must_clamp) {
    return std::min(VirtualNanos(terms.sleeper_credit_ns, task.weight),
                    std::max<int64_t>(task.slept_virtual_ns, 0));
  }
  return task.was_ordered ? Window(terms, kMinWeight)
                          : VirtualNanos(ChargeLimit(terms), task.placed_weight);
}

// Keeps what the task owes or is owed in CPU time where virtual time is `from`, at its new weight,
// where virtual time is `to`. A new weight counts from now on: a task that had weight 1 would else
// sit out, at weight 10000, virtual seconds that it ran up at its old rate. And one whose affinity
// changed starts level with those it competes with now: coming from a crowded CPU it would else
// have the new one for itself until it had caught up.
void VruntimePolicy::Transfer(Task& task, uint64_t from, uint64_t to) {
  const __int128 distance = WrapDifference(task.vruntime, from);
  const __int128 rescaled = distance * task.placed_weight / task.weight;
  const int64_t bounded = static_cast<int64_t>(
      std::clamp<__int128>(rescaled, -VirtualNanos(TermsOf(task).sleeper_credit_ns, task.weight),
                           Window(TermsOf(task), task.weight)));
  task.vruntime = to + static_cast<uint64_t>(bounded);
  task.placed_weight = task.weight;
}

// V where `task` competes. A task with a choice of CPUs competes where virtual time is furthest:
// there it gets CPU time soonest, and from any smaller V it would take all of it until it caught
// up.
uint64_t VruntimePolicy::Reference(const Task& task, const MachineView& machine) {
  const bool just_ran = task.known && !task.must_clamp;
  bool found = false;
  uint64_t reference = 0;
  uint32_t first_allowed = task.cpu;
  bool first = true;
  ScanAllowedCpus(task.allowed, task.cpu, CpuCount(machine), [&](uint32_t cpu) {
    if (first) first_allowed = cpu;
    first = false;
    const CpuView& view = machine.At(cpu);
    if (view.kind == CpuView::Kind::kTask) Observe(cpu, view);
    // An idle CPU's clock stands still and tells nothing of those that compete now. That of one
    // which just runs the daemon itself does: without it, V would be another CPU's at random.
    if (view.kind == CpuView::Kind::kIdle && !(just_ran && cpu == task.cpu)) return true;
    reference = found ? WrapMax(reference, clocks_.At(cpu)) : clocks_.At(cpu);
    found = true;
    return true;
  });
  const bool bound_to_one = task.allowed_count == 1;
  if (!found) {
    reference = clocks_.At(first_allowed);
    if (!bound_to_one) reference = WrapMax(reference, shared_reference_);
  }
  if (!bound_to_one) shared_reference_ = reference;
  return reference;
}

void VruntimePolicy::Observe(uint32_t cpu, const CpuView& view) {
  if (view.task >= tasks_.size()) return;
  const Task& running = tasks_[view.task];
  if (!running.known || running.stage == Stage::kArrived || running.stage == Stage::kQueued) return;
  if (view.out_of_turn) return;
  const PolicyParameters& terms = TermsOf(running);
  const int64_t used_ns = std::min(view.unbilled_ns, ChargeLimit(terms));
  clocks_.Follow(cpu, running.vruntime + Progress(used_ns, running.weight),
                 Window(terms, kDefaultWeight), Window(terms, running.weight));
}

// How far V comes while a task of `weight` runs for `ran_ns`. The v of a light one leaps; V goes no
// faster than the clock, or those that come in would be set back by all of that leap.
uint64_t VruntimePolicy::Progress(int64_t ran_ns, int64_t weight) {
  return static_cast<uint64_t>(VirtualNanos(ran_ns, std::max(weight, kDefaultWeight)));
}

// A slice ends at the first timer tick after it: up to 10 ms late with the slowest timer that Linux
// has.
int64_t VruntimePolicy::ChargeLimit(const PolicyParameters& terms) {
  constexpr int64_t kLongestTickNanos = 10'000'000;
  return SaturatingAdd(ClampSlice(terms, INT64_MAX), kLongestTickNanos);
}

int64_t VruntimePolicy::Bonus(const PolicyParameters& terms, int64_t awake_run_ns, int64_t weight) {
  return VirtualNanos(std::min(awake_run_ns, terms.sleeper_credit_ns), weight);
}

// Twice the distance from V at which the order of service can leave a task of this weight: one
// charge and the sleeper's credit.
int64_t VruntimePolicy::Window(const PolicyParameters& terms, int64_t weight) {
  const int64_t distance_ns = SaturatingAdd(ChargeLimit(terms), terms.sleeper_credit_ns);
  return 2 * VirtualNanos(distance_ns, std::min(weight, kDefaultWeight));
}

void VruntimePolicy::Withdraw(Task& task) {
  if (task.stage == Stage::kAway) return;
  if (task.stage == Stage::kArrived) arrivals_.erase(arrivals_.iterator_to(task));
  if (task.stage == Stage::kQueued) queue_.erase(queue_.iterator_to(task));
  waiting_.Remove(task);
  task.stage = Stage::kAway;
}

// Tasks that waited too long, wherever they wait. The kernel queues a task after its event was
// sent: a decision that comes before that finds no task to move, and is made again a moment later.
// One that is in effect is looked at as soon again: the dispatcher says so a moment before it moves
// the task, and takes it back when it could not.
size_t VruntimePolicy::DecideStarved(const MachineView& machine, const WaitQuery& waits,
                                     std::span<Decision> out) {
  size_t count = 0;
  while (count < out.size() && !waiting_.empty()) {
    const PolicyIndex policy = MostUrgentPolicy();
    Task& task = waiting_.oldest(policy);
    // First of all: one whose wait is over stands before others that may have waited longer.
    if (!waiting_.StillWaits(waits, task)) continue;
    const int64_t bound_ns = StarvationBound(policy);
    if (SaturatingSubtract(machine.now_ns, waiting_.oldest_since_ns(policy)) < bound_ns) break;
    waiting_.Remove(task);
    const bool in_effect =
        task.stage == Stage::kHandedOver && waits.IsUrgent(IdOf(task), task.sequence);
    if (task.stage == Stage::kQueued) queue_.erase(queue_.iterator_to(task));
    const int64_t again_ns = SaturatingAdd(machine.now_ns, task.urgent_again_ns);
    waiting_.Add(task, SaturatingSubtract(again_ns, bound_ns));
    // For one that no decision reaches (a CPU took it from its queue, and a higher class that CPU)
    // it must not be woken for ever.
    task.urgent_again_ns = std::min(SaturatingAdd(task.urgent_again_ns, task.urgent_again_ns),
                                    std::max(bound_ns, kQueuedNanos));
    if (in_effect) continue;
    // Once in a wait: who yields at once, over and over, must not stay before all others.
    if (!std::exchange(task.overdue, true)) task.served_ns = 0;
    out[count++] = Decide(task, machine, /*urgent=*/true);
  }
  return count;
}

Decision VruntimePolicy::Decide(Task& task, const MachineView& machine, bool urgent) {
  const int32_t victim = task.may_preempt && !urgent ? FindVictim(task, machine) : kAnyCpu;
  task.stage = Stage::kHandedOver;
  return {
      .task = IdOf(task),
      .sequence = task.sequence,
      .cpu = victim,
      .slice_ns = SliceOf(task),
      .deadline = task.deadline,
      .lease_ns =
          MayLease(task) ? std::clamp<int64_t>(TermsOf(task).base_slice_ns, 0, kMaxLeaseNanos) : 0,
      .preempt = victim != kAnyCpu,
      .urgent = urgent,
  };
}

int64_t VruntimePolicy::SliceOf(const Task& task) const {
  return SliceFor(TermsOf(task), task.slice_override_ns, waiting_.size(), claimed_pass_.size());
}

// Under a lease the dispatcher places a waking task, lets it preempt and watches its wait by
// itself, on the default policy's terms: the only ones that it has. Who has others is decided each
// time.
bool VruntimePolicy::MayLease(const Task& task) const {
  const PolicyParameters& own = TermsOf(task);
  const PolicyParameters& dispatchers = parameters_[kDefaultPolicyIndex];
  return own.sleeper_credit_ns == dispatchers.sleeper_credit_ns &&
         own.starvation_bound_ns == dispatchers.starvation_bound_ns &&
         own.wakeup_preempt_margin_ns == dispatchers.wakeup_preempt_margin_ns;
}

// The CPU that `task` may take from a task with a later deadline, kAnyCpu if it should wait or an
// idle CPU is there for it.
int32_t VruntimePolicy::FindVictim(const Task& task, const MachineView& machine) {
  int32_t victim = kAnyCpu;
  int64_t best_lead = std::max<int64_t>(TermsOf(task).wakeup_preempt_margin_ns, 0);
  ScanAllowedCpus(task.allowed, task.cpu, CpuCount(machine), [&](uint32_t cpu) {
    const CpuView& view = machine.At(cpu);
    if (claimed_pass_[cpu] == pass_) return true;
    if (view.kind == CpuView::Kind::kIdle) {
      claimed_pass_[cpu] = pass_;  // the next waking task needs another one
      victim = kAnyCpu;
      return false;
    }
    if (view.kind != CpuView::Kind::kTask) return true;
    const PolicyIndex policy =
        view.task < tasks_.size() ? tasks_[view.task].policy : kDefaultPolicyIndex;
    const int64_t spared_ns = parameters_[policy].min_slice_ns;
    if (SaturatingSubtract(machine.now_ns, view.taken_ns) < spared_ns) return true;
    // Who runs because it came to the starvation bound has a turn that ends its wait.
    if (view.out_of_turn && SaturatingSubtract(machine.now_ns, view.since_ns) < spared_ns) {
      return true;
    }
    const int64_t lead = WrapDifference(RunningDeadline(cpu, view), task.deadline);
    if (lead > best_lead) {
      best_lead = lead;
      victim = static_cast<int32_t>(cpu);
    }
    return true;
  });
  if (victim != kAnyCpu) claimed_pass_[static_cast<size_t>(victim)] = pass_;
  return victim;
}

// The deadline that the task running on `cpu` would have if it had to wait from now on.
uint64_t VruntimePolicy::RunningDeadline(uint32_t cpu, const CpuView& view) const {
  const Task* running = view.task < tasks_.size() ? &tasks_[view.task] : nullptr;
  const bool known = running != nullptr && running->known;
  // One that never had to wait: a new task that started when this run did.
  const uint64_t vruntime = known ? running->vruntime : clocks_.At(cpu);
  const int64_t weight = known ? running->weight : kDefaultWeight;
  const int64_t awake_ns = SaturatingAdd(known ? running->awake_run_ns : 0, view.unbilled_ns);
  const PolicyParameters& terms = parameters_[known ? running->policy : kDefaultPolicyIndex];
  const int64_t used = VirtualNanos(std::min(view.unbilled_ns, ChargeLimit(terms)), weight);
  return vruntime + static_cast<uint64_t>(used + Bonus(terms, awake_ns, weight));
}

// No shorter than one round of all that wait: in an overload, where every task waits long and none
// is favoured, all would be urgent and order would be lost.
int64_t VruntimePolicy::StarvationBound(PolicyIndex policy) const {
  const PolicyParameters& terms = parameters_[policy];
  constexpr int64_t kTickNanos = 4'000'000;  // by which slices usually end late
  const auto cpus = static_cast<int64_t>(claimed_pass_.size());
  constexpr int64_t kLongestNanos = 1'000'000'000'000;  // whatever the parameters: products fit
  const int64_t slice_ns = SliceFor(terms, 0, waiting_.size(), claimed_pass_.size());
  const int64_t turn_ns = std::min(slice_ns, kLongestNanos) + kTickNanos;
  const int64_t round_ns = turn_ns / cpus * static_cast<int64_t>(waiting_.size());
  // But the kernel throws a scheduler out that lets a task wait for seconds.
  constexpr int64_t kMostNanos = 2'000'000'000;
  const int64_t most_ns = std::max(kMostNanos, terms.starvation_bound_ns);
  return std::max<int64_t>({1, terms.starvation_bound_ns, std::min(round_ns, most_ns)});
}

// Whose longest wait comes to its bound first. REQUIRES: some task waits.
PolicyIndex VruntimePolicy::MostUrgentPolicy() const {
  std::pair<int64_t, PolicyIndex> first(INT64_MAX, kMaxPolicies);  // when due, whose
  waiting_.ForEachPolicy([&](PolicyIndex policy) {
    const int64_t since_ns = waiting_.oldest_since_ns(policy);
    first = std::min(first, {SaturatingAdd(since_ns, StarvationBound(policy)), policy});
  });
  return first.second;
}

uint32_t VruntimePolicy::CpuCount(const MachineView& machine) const {
  return static_cast<uint32_t>(std::min(machine.cpus.size(), claimed_pass_.size()));
}

}  // namespace schedd
