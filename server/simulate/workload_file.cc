// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/workload_file.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "schedd/sim/v1/workload.pb.h"
#include "server/simulate/field_reader.h"
#include "server/simulate/task_reader.h"
#include "server/simulate/value_reader.h"
#include "server/text/text_file.h"

namespace schedd {
namespace {

namespace pb = sim::v1;
using google::protobuf::TextFormat;

constexpr char kHint[] = "workloads/README.md explains workload files.";
constexpr size_t kLargestFile = 16 << 20;
constexpr size_t kLongestName = 60;
constexpr int64_t kMostTasks = 2'000'000;
constexpr int64_t kShortestPeriodNs = 1'000;
constexpr int64_t kSecond = 1'000'000'000;

// "hogs" for "workloads/hogs.textproto".
std::string Stem(absl::string_view path) {
  const absl::string_view file = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  return std::string(file.substr(0, file.rfind('.')));
}

class WorkloadReader {
 public:
  WorkloadReader(const Located<pb::Workload>& file, absl::string_view path)
      : file_(file), path_(path), fields_(path) {}

  absl::StatusOr<SimWorkload> Read();

 private:
  void ReadGeneral();
  void ReadMachine();
  void ReadTasks(TaskReader* tasks);
  void ReadCount(const Located<pb::Task>& task, SimWorkloadTasks* read);
  void ReadCgroups();
  void ReadChange(const Located<pb::Change>& change, const TaskReader& tasks);
  void ReadWhat(const Located<pb::Change>& change, const TaskReader& tasks, SimChange* read);
  std::vector<int> SomeCpus(const FieldPlace& place, const std::string& text);

  const Located<pb::Workload>& file_;
  const absl::string_view path_;
  FieldReader fields_;
  SimWorkload workload_;
  int64_t tasks_ = 0;
};

absl::StatusOr<SimWorkload> WorkloadReader::Read() {
  ReadGeneral();
  ReadMachine();
  TaskReader tasks(file_, workload_.topology.nr_cpus(), &fields_);
  ReadTasks(&tasks);
  workload_.channels = tasks.channels();
  ReadCgroups();
  for (int i = 0; i < file_->change_size(); ++i) {
    ReadChange(Inside(file_, file_->change(i), pb::Workload::kChangeFieldNumber, i), tasks);
  }
  if (file_->has_adversity()) {
    workload_.adversity = ReadAdversity(
        Inside(file_, file_->adversity(), pb::Workload::kAdversityFieldNumber), &fields_);
  }
  if (!fields_.ok()) return fields_.status(kHint);
  return std::move(workload_);
}

void WorkloadReader::ReadGeneral() {
  workload_.name = file_->name().empty()
                       ? Stem(path_)
                       : fields_.Name(PlaceOf(file_, pb::Workload::kNameFieldNumber), file_->name(),
                                      kLongestName);
  workload_.description = file_->description();
  workload_.duration_ns = fields_.Duration(PlaceOf(file_, pb::Workload::kDurationFieldNumber),
                                           file_->duration(), 1, workload_.duration_ns);
  if (file_->has_seed()) workload_.seed = file_->seed();
  const FieldPlace call = PlaceOf(file_, pb::Workload::kEngineCallFieldNumber);
  workload_.engine_call_ns =
      fields_.Duration(call, file_->engine_call(), 0, workload_.engine_call_ns);
  if (workload_.engine_call_ns > kSecond) fields_.Refuse(call, "it is 1s at most");
  workload_.engine_has_own_cpu = file_->engine_has_own_cpu();
}

void WorkloadReader::ReadMachine() {
  const auto machine = Inside(file_, file_->machine(), pb::Workload::kMachineFieldNumber);
  const FieldPlace tick = PlaceOf(machine, pb::Machine::kTickFieldNumber);
  workload_.topology = ReadTopology(machine, &fields_);
  workload_.costs = ReadCosts(machine, &fields_);
  workload_.tick_ns = fields_.Duration(tick, machine->tick(), 0, workload_.tick_ns);
  if (workload_.tick_ns > kSecond) fields_.Refuse(tick, "a tick is 1s at most");
}

void WorkloadReader::ReadTasks(TaskReader* tasks) {
  for (int i = 0; i < file_->task_size(); ++i) {
    SimWorkloadTasks read = {.spec = *tasks->Read(i)};
    ReadCount(Inside(file_, file_->task(i), pb::Workload::kTaskFieldNumber, i), &read);
    if (read.count > 0) workload_.tasks.push_back(std::move(read));
  }
  if (tasks_ == 0) {
    fields_.Refuse({"task", file_.place.at}, "no task starts; give at least one, count 1 or more");
  }
}

void WorkloadReader::ReadCount(const Located<pb::Task>& task, SimWorkloadTasks* read) {
  const FieldPlace count = PlaceOf(task, pb::Task::kCountFieldNumber);
  if (task->has_count()) {
    read->count = static_cast<int>(fields_.Int(count, task->count(), 0, kMostTasks));
  }
  tasks_ += read->count;
  if (tasks_ > kMostTasks) {
    fields_.Refuse(count, absl::StrCat("with these there are more than ", kMostTasks,
                                       " tasks in all; start fewer"));
    tasks_ = kMostTasks;
  }
  read->start_ns =
      fields_.Duration(PlaceOf(task, pb::Task::kStartFieldNumber), task->start(), 0, 0);
  read->start_spread_ns = fields_.Duration(PlaceOf(task, pb::Task::kStartSpreadFieldNumber),
                                           task->start_spread(), 0, 0);
}

void WorkloadReader::ReadCgroups() {
  for (int i = 0; i < file_->cgroup_size(); ++i) {
    const auto group = Inside(file_, file_->cgroup(i), pb::Workload::kCgroupFieldNumber, i);
    const FieldPlace place = PlaceOf(group, pb::Cgroup::kPathFieldNumber);
    const std::string path = ReadCgroupPath(place, group->path(), &fields_);
    const int64_t weight =
        fields_.Int(PlaceOf(group, pb::Cgroup::kWeightFieldNumber), group->weight(), 1, 10'000);
    if (!workload_.cgroup_weights.emplace(path, static_cast<int32_t>(weight)).second) {
      fields_.Refuse(place, absl::StrCat(Quote(path), " is there twice; remove one"));
    }
  }
}

void WorkloadReader::ReadChange(const Located<pb::Change>& change, const TaskReader& tasks) {
  SimChange read;
  read.at_ns = fields_.Duration(PlaceOf(change, pb::Change::kAtFieldNumber), change->at(), 0, 0);
  read.every_ns = fields_.Duration(PlaceOf(change, pb::Change::kEveryFieldNumber), change->every(),
                                   kShortestPeriodNs, 0);
  ReadWhat(change, tasks, &read);
  workload_.changes.push_back(std::move(read));
}

void WorkloadReader::ReadWhat(const Located<pb::Change>& change, const TaskReader& tasks,
                              SimChange* read) {
  const auto place = [&change](int number) { return PlaceOf(change, number); };
  switch (change->what_case()) {
    case pb::Change::kSetNice: {
      const auto nice = Inside(change, change->set_nice(), pb::Change::kSetNiceFieldNumber);
      read->kind = SimChange::Kind::kSetNice;
      read->tasks = tasks.TaskName(PlaceOf(nice, pb::SetNice::kTaskFieldNumber), nice->task());
      read->nice = static_cast<int>(
          fields_.Int(PlaceOf(nice, pb::SetNice::kNiceFieldNumber), nice->nice(), -20, 19));
      return;
    }
    case pb::Change::kSetCpus: {
      const auto cpus = Inside(change, change->set_cpus(), pb::Change::kSetCpusFieldNumber);
      read->kind = SimChange::Kind::kSetAffinity;
      read->tasks = tasks.TaskName(PlaceOf(cpus, pb::SetCpus::kTaskFieldNumber), cpus->task());
      read->cpus = fields_.Cpus(PlaceOf(cpus, pb::SetCpus::kCpusFieldNumber), cpus->cpus(),
                                workload_.topology.nr_cpus());
      return;
    }
    case pb::Change::kKill:
      read->kind = SimChange::Kind::kKill;
      read->tasks = tasks.TaskName(place(pb::Change::kKillFieldNumber), change->kill());
      return;
    case pb::Change::kOffline:
      read->kind = SimChange::Kind::kOffline;
      read->cpus = SomeCpus(place(pb::Change::kOfflineFieldNumber), change->offline());
      return;
    case pb::Change::kOnline:
      read->kind = SimChange::Kind::kOnline;
      read->cpus = SomeCpus(place(pb::Change::kOnlineFieldNumber), change->online());
      return;
    case pb::Change::kStall:
      read->kind = SimChange::Kind::kStall;
      read->duration_ns =
          fields_.Duration(place(pb::Change::kStallFieldNumber), change->stall(), 1, 0);
      if (change->stall().empty()) fields_.Refuse(change.place, "say how long it stalls");
      return;
    case pb::Change::kAdversity:
      read->kind = SimChange::Kind::kAdversity;
      read->adversity = ReadAdversity(
          Inside(change, change->adversity(), pb::Change::kAdversityFieldNumber), &fields_);
      return;
    case pb::Change::kClockStep:
      read->kind = SimChange::Kind::kClockStep;
      read->duration_ns =
          fields_.Duration(place(pb::Change::kClockStepFieldNumber), change->clock_step(), 1, 0);
      if (change->clock_step().empty()) fields_.Refuse(change.place, "say by how much it steps");
      return;
    case pb::Change::WHAT_NOT_SET:
      return fields_.Refuse(change.place,
                            "the change says nothing; give it one of set_nice, set_cpus, kill, "
                            "offline, online, stall, adversity, clock_step");
  }
}

// CPUs that may leave the machine.
std::vector<int> WorkloadReader::SomeCpus(const FieldPlace& place, const std::string& text) {
  std::vector<int> cpus = fields_.Cpus(place, text, workload_.topology.nr_cpus());
  if (text.empty()) fields_.Refuse(place, "name CPUs, as in 1-3");
  if (!cpus.empty() && cpus.front() == 0) {
    fields_.Refuse(place,
                   absl::StrCat(Quote(text), ": CPU 0 never leaves the machine; name others"));
  }
  return cpus;
}

}  // namespace

absl::StatusOr<SimWorkload> ParseWorkload(absl::string_view text, absl::string_view path) {
  if (text.size() > kLargestFile) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": the file has ", text.size(), " bytes; allowed are ", kLargestFile));
  }
  pb::Workload message;
  TextFormat::ParseInfoTree places;
  if (absl::Status status = ParseText(path, std::string(text), kHint, &message, &places);
      !status.ok()) {
    return status;
  }
  const Located<pb::Workload> file = {&message, &places, {}};
  return WorkloadReader(file, path).Read();
}

absl::StatusOr<SimWorkload> ReadWorkloadFile(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadTextFile("workload file", path);
  if (!text.ok()) return text.status();
  return ParseWorkload(*text, path);
}

}  // namespace schedd
