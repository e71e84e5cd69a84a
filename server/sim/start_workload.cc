// SPDX-License-Identifier: Apache-2.0
#include "server/sim/start_workload.h"

#include <memory>

namespace schedd {
namespace {

void SpawnAll(SimMachine& machine, int64_t start_ns, const SimWorkloadTasks& tasks) {
  const auto spec = std::make_shared<const SimTaskSpec>(tasks.spec);
  for (int i = 0; i < tasks.count; ++i) {
    const int64_t spread_ns =
        tasks.count > 1 ? tasks.start_spread_ns / (tasks.count - 1) * i : int64_t{0};
    const int64_t at_ns = start_ns + tasks.start_ns + spread_ns;
    if (at_ns <= machine.now_ns()) {
      machine.Spawn(spec);
    } else {
      machine.At(at_ns, [&machine, spec] { machine.Spawn(spec); });
    }
  }
}

void ChangeTask(SimMachine& machine, int32_t tid, const SimChange& change) {
  switch (change.kind) {
    case SimChange::Kind::kSetNice:
      machine.SetNice(tid, change.nice, WeightOfNice(change.nice));
      break;
    case SimChange::Kind::kSetAffinity:
      machine.SetAffinity(tid, change.cpus);
      break;
    case SimChange::Kind::kKill:
      machine.Kill(tid);
      break;
    default:
      break;
  }
}

void Change(SimMachine& machine, const SimChange& change) {
  if (change.kind == SimChange::Kind::kClockStep) return machine.StepClock(change.duration_ns);
  if (change.kind == SimChange::Kind::kOffline || change.kind == SimChange::Kind::kOnline) {
    for (const int cpu : change.cpus) {
      machine.SetOnline(cpu, change.kind == SimChange::Kind::kOnline);
    }
    return;
  }
  for (const int32_t tid : machine.Tasks()) {
    const SimTask* task = machine.Find(tid);
    if (task != nullptr && task->spec->comm == change.tasks) ChangeTask(machine, tid, change);
  }
}

void ChangeAt(SimMachine& machine, int64_t time_ns, const SimChange& change) {
  machine.At(time_ns, [&machine, time_ns, change] {
    Change(machine, change);
    if (change.every_ns > 0) ChangeAt(machine, time_ns + change.every_ns, change);
  });
}

}  // namespace

void StartWorkload(SimMachine& machine, const SimWorkload& workload) {
  const int64_t start_ns = machine.now_ns();
  for (const auto& [channel, count] : workload.channels) machine.SetChannel(channel, count);
  for (const SimWorkloadTasks& tasks : workload.tasks) SpawnAll(machine, start_ns, tasks);
  for (const SimChange& change : workload.changes) {
    if (change.kind == SimChange::Kind::kStall || change.kind == SimChange::Kind::kAdversity) {
      continue;
    }
    ChangeAt(machine, start_ns + change.at_ns, change);
  }
}

}  // namespace schedd
