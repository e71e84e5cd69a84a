// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/trace_workload.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/simulate/trace_lives.h"

namespace schedd {
namespace {

using sim::v1::TraceCpu;

// The kernel's prio of nice 0; less than kFirstFairPrio is a real-time task.
constexpr int kDefaultPrio = 120;
constexpr int kFirstFairPrio = 100;
constexpr int kLeastNice = -20;
constexpr int kMostNice = 19;
constexpr int kFullCapacity = 1'024;
constexpr size_t kMostCommBytes = 64;

// The recording's CPUs as the simulated machine counts them.
struct Cpus {
  SimTopology topology;
  std::map<int32_t, int> place;  // of the kernel's number
  bool uneven = false;           // caches and cores cannot be told
};

// How many there are in each group, when there are groups and that is the same in all.
template <typename Key>
std::optional<int> EvenCount(const std::vector<Key>& members) {
  std::map<Key, int> counts;
  for (const Key& member : members) ++counts[member];
  if (counts.empty()) return std::nullopt;
  for (const auto& [member, count] : counts) {
    if (count != counts.begin()->second) return std::nullopt;
  }
  return counts.begin()->second;
}

using Node = int32_t;
using Llc = std::pair<Node, int32_t>;
using Core = std::pair<Llc, int32_t>;

Core CoreOf(const TraceCpu& cpu) { return {{cpu.node(), cpu.llc()}, cpu.core()}; }

template <typename Value>
std::vector<Value> Different(std::vector<Value> sorted) {
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  return sorted;
}

// nullopt: the groups are not of one size.
std::optional<SimTopology> EvenTopology(const std::vector<TraceCpu>& cpus) {
  std::vector<Core> cores;
  for (const TraceCpu& cpu : cpus) cores.push_back(CoreOf(cpu));
  const auto threads_per_core = EvenCount(cores);
  std::vector<Llc> llcs;
  for (const Core& core : Different(cores)) llcs.push_back(core.first);
  const auto cores_per_llc = EvenCount(llcs);
  std::vector<Node> nodes;
  for (const Llc& llc : Different(llcs)) nodes.push_back(llc.first);
  const auto llcs_per_node = EvenCount(nodes);
  if (!threads_per_core.has_value() || !cores_per_llc.has_value() || !llcs_per_node.has_value()) {
    return std::nullopt;
  }
  SimTopology topology;
  topology.nodes = static_cast<int>(Different(nodes).size());
  topology.llcs_per_node = *llcs_per_node;
  topology.cores_per_llc = *cores_per_llc;
  topology.threads_per_core = *threads_per_core;
  return topology;
}

Cpus CpusOf(const Trace& trace) {
  std::map<int32_t, TraceCpu> by_number;
  for (const TraceCpu& cpu : trace.header.cpus()) by_number[cpu.cpu()] = cpu;
  std::vector<TraceCpu> sorted;
  for (const auto& [number, cpu] : by_number) sorted.push_back(cpu);
  std::sort(sorted.begin(), sorted.end(), [](const TraceCpu& a, const TraceCpu& b) {
    return CoreOf(a) != CoreOf(b) ? CoreOf(a) < CoreOf(b) : a.cpu() < b.cpu();
  });
  Cpus cpus;
  const auto even = EvenTopology(sorted);
  cpus.uneven = !even.has_value();
  cpus.topology = even.value_or(SimTopology::Flat(std::max(1, static_cast<int>(sorted.size()))));
  // What a busy sibling takes is in the recorded CPU time already.
  cpus.topology.shared_core_percent = 100;
  const auto step = static_cast<size_t>(cpus.topology.threads_per_core);
  bool alike = true;
  for (size_t i = 0; i < sorted.size(); ++i) {
    cpus.place[sorted[i].cpu()] = static_cast<int>(i);
    const int capacity = std::clamp(sorted[i].capacity(), 0, kFullCapacity);
    if (i % step == 0) cpus.topology.capacities.push_back(capacity > 0 ? capacity : kFullCapacity);
    alike = alike && cpus.topology.capacities.back() == kFullCapacity;
  }
  if (alike) cpus.topology.capacities.clear();
  return cpus;
}

class Maker {
 public:
  Maker(const Trace& trace, const ReplayOptions& options)
      : trace_(trace), options_(options), cpus_(CpusOf(trace)) {}

  absl::StatusOr<Replay> Make();

 private:
  SimWorkloadTasks MakeTask(const TraceLife& life);
  SimTaskSpec MakeSpec(int32_t tid);
  std::vector<SimStep> MakeProgram(const TraceLife& life);
  void AddNotes();

  const Trace& trace_;
  const ReplayOptions& options_;
  const Cpus cpus_;
  Replay replay_;
  int64_t realtime_ = 0;
  int64_t endless_ = 0;
};

SimTaskSpec Maker::MakeSpec(int32_t tid) {
  SimTaskSpec spec;
  const auto found = trace_.tasks.find(tid);
  if (found == trace_.tasks.end()) {
    spec.comm = absl::StrCat("tid-", tid);
    return spec;
  }
  const sim::v1::TraceTask& task = found->second;
  spec.comm = task.comm().substr(0, kMostCommBytes);
  spec.tgid = std::max(task.tgid(), 0);
  spec.kthread = task.kthread();
  spec.cgroup = task.cgroup();
  if (task.prio() < kFirstFairPrio) ++realtime_;
  spec.nice = task.prio() < kFirstFairPrio
                  ? kLeastNice
                  : std::clamp(task.prio() - kDefaultPrio, kLeastNice, kMostNice);
  spec.weight = WeightOfNice(spec.nice);
  for (int32_t cpu : task.cpus()) {
    const auto place = cpus_.place.find(cpu);
    if (place != cpus_.place.end()) spec.cpus.push_back(place->second);
  }
  std::sort(spec.cpus.begin(), spec.cpus.end());
  spec.cpus = Different(std::move(spec.cpus));
  return spec;
}

std::vector<SimStep> Maker::MakeProgram(const TraceLife& life) {
  std::vector<SimStep> program;
  program.reserve(life.steps.size() + 2);
  for (const TraceStep& step : life.steps) {
    switch (step.kind) {
      case TraceStep::Kind::kWaitUntil:
        program.push_back(SleepUntil(step.ns));
        break;
      case TraceStep::Kind::kTake:
        program.push_back(::schedd::Take(step.place));
        break;
      case TraceStep::Kind::kRun:
        program.push_back(RunFor(step.ns));
        break;
      case TraceStep::Kind::kPost:
        program.push_back(Post(step.place));
        break;
    }
  }
  if (life.unfinished && options_.endless_after_ns > 0 &&
      life.last_run_ns >= options_.endless_after_ns) {
    program.push_back(RunFor(replay_.workload.duration_ns));
    ++endless_;
  }
  program.push_back(Exit());
  return program;
}

SimWorkloadTasks Maker::MakeTask(const TraceLife& life) {
  SimWorkloadTasks tasks;
  tasks.start_ns = life.begin_ns;
  tasks.spec = MakeSpec(life.tid);
  tasks.spec.program = MakeProgram(life);
  return tasks;
}

void Maker::AddNotes() {
  std::vector<std::string>& notes = replay_.notes;
  if (!trace_.damage.empty()) notes.push_back(trace_.damage);
  if (trace_.lost_events > 0) {
    notes.push_back(absl::StrCat(
        trace_.lost_events, " events were lost while recording: what happened then is missing"));
  }
  if (cpus_.uneven) {
    notes.emplace_back("the host's caches and cores differ in size: the simulated CPUs share none");
  }
  if (realtime_ > 0) {
    notes.push_back(absl::StrCat(realtime_, " real-time tasks are replayed as nice -20"));
  }
  if (endless_ > 0) {
    notes.push_back(absl::StrCat(
        endless_, " tasks that ran when the recording ended run to the end of the simulation"));
  }
}

absl::StatusOr<Replay> Maker::Make() {
  SimWorkload& workload = replay_.workload;
  workload.duration_ns = trace_.end_ns - trace_.header.start_ns();
  if (workload.duration_ns <= 0 || cpus_.place.empty()) {
    return absl::InvalidArgumentError("nothing was recorded");
  }
  auto lives = LivesOf(
      trace_,
      {.steps = true, .follow_wakers = options_.follow_wakers, .most_steps = options_.most_steps});
  if (!lives.ok()) return lives.status();
  workload.name = "trace";
  workload.description = absl::StrCat("recorded on Linux ", trace_.header.kernel_release());
  workload.topology = cpus_.topology;
  for (TraceLife& life : *lives) {
    const bool left_out = !options_.with_recorder && IsRecorder(trace_, life.tid);
    // One that was woken at the end and never ran says nothing.
    if (!left_out && life.run_ns > 0) workload.tasks.push_back(MakeTask(life));
    life.steps = {};  // not both at a time
  }
  AddNotes();
  return std::move(replay_);
}

}  // namespace

absl::StatusOr<Replay> ReplayOf(const Trace& trace, const ReplayOptions& options) {
  return Maker(trace, options).Make();
}

}  // namespace schedd
