// SPDX-License-Identifier: Apache-2.0
#include "server/simulate/task_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/sim/workload.h"
#include "server/simulate/nearest.h"
#include "server/simulate/value_reader.h"

namespace schedd {
namespace {

namespace pb = sim::v1;

constexpr size_t kLongestComm = 15;  // TASK_COMM_LEN, without the end
constexpr size_t kLongestName = 60;
constexpr int kLeastNice = -20;
constexpr int kMostNice = 19;
constexpr int kMostWeight = 10'000;
constexpr int64_t kMostSteps = 100'000;
constexpr int64_t kMostTokens = 1'000'000'000;
constexpr size_t kDeepestSpawn = 50;
// Shorter rounds take for ever to simulate.
constexpr double kShortestRoundNs = 1'000;
// Process IDs below those that the machine gives to tasks.
constexpr int32_t kFirstProcess = 100;
constexpr int32_t kMostProcesses = 900;

std::vector<std::string> Names(const std::map<std::string, int>& ids) {
  std::vector<std::string> names;
  for (const auto& [name, id] : ids) names.push_back(name);
  return names;
}

double MeanNanos(const SimSpan& span) {
  if (span.kind != SimSpan::Kind::kUniform) return static_cast<double>(span.least_ns);
  return (static_cast<double>(span.least_ns) + static_cast<double>(span.most_ns)) / 2;
}

}  // namespace

TaskReader::TaskReader(Located<pb::Workload> file, int nr_cpus, FieldReader* fields)
    : file_(std::move(file)), nr_cpus_(nr_cpus), fields_(fields) {
  AddChannels();
  AddLocks();
  AddTasks();
}

void TaskReader::AddChannels() {
  for (int i = 0; i < file_->channel_size(); ++i) {
    const auto channel = Inside(file_, file_->channel(i), pb::Workload::kChannelFieldNumber, i);
    const FieldPlace place = PlaceOf(channel, pb::Channel::kNameFieldNumber);
    const std::string name = fields_->Name(place, channel->name(), kLongestName);
    const int64_t holds = fields_->Int(PlaceOf(channel, pb::Channel::kHoldsFieldNumber),
                                       channel->holds(), 0, kMostTokens);
    if (!channel_ids_.emplace(name, NewChannel(holds)).second) {
      fields_->Refuse(place, absl::StrCat("there are two channels ", Quote(name), "; rename one"));
    }
  }
}

void TaskReader::AddLocks() {
  for (int i = 0; i < file_->lock_size(); ++i) {
    const FieldPlace place = PlaceOf(file_, pb::Workload::kLockFieldNumber, i);
    const std::string name = fields_->Name(place, file_->lock(i), kLongestName);
    if (!lock_ids_.emplace(name, NewChannel(1)).second) {
      fields_->Refuse(place, absl::StrCat("there are two locks ", Quote(name), "; rename one"));
    }
  }
}

void TaskReader::AddTasks() {
  specs_.resize(static_cast<size_t>(file_->task_size()));
  for (int i = 0; i < file_->task_size(); ++i) {
    const std::string& name = file_->task(i).name();
    if (task_indexes_.emplace(name, i).second) continue;
    const auto task = Inside(file_, file_->task(i), pb::Workload::kTaskFieldNumber, i);
    fields_->Refuse(PlaceOf(task, pb::Task::kNameFieldNumber),
                    "another task has this name; rename one, or give that one a count");
  }
}

int TaskReader::NewChannel(int64_t holds) {
  const int id = static_cast<int>(channels_.size()) + 1;
  channels_[id] = holds;
  return id;
}

std::shared_ptr<const SimTaskSpec> TaskReader::Read(int index) {
  std::shared_ptr<const SimTaskSpec>& spec = specs_[static_cast<size_t>(index)];
  if (spec != nullptr) return spec;
  reading_.push_back(index);
  spec = ReadTask(Inside(file_, file_->task(index), pb::Workload::kTaskFieldNumber, index));
  reading_.pop_back();
  return spec;
}

std::string TaskReader::TaskName(const FieldPlace& place, const std::string& name) const {
  if (task_names_.count(name) > 0) return name;
  fields_->Refuse(place, absl::StrCat("there is no task ", Quote(name),
                                      DidYouMean(name, {task_names_.begin(), task_names_.end()})));
  return name;
}

std::shared_ptr<const SimTaskSpec> TaskReader::ReadTask(const Located<pb::Task>& task) {
  auto spec = std::make_shared<SimTaskSpec>();
  spec->comm = fields_->Name(PlaceOf(task, pb::Task::kNameFieldNumber), task->name(), kLongestComm);
  task_names_.insert(spec->comm);
  spec->tgid = ReadProcess(task);
  spec->uid = task->uid();
  spec->nice = static_cast<int32_t>(
      fields_->Int(PlaceOf(task, pb::Task::kNiceFieldNumber), task->nice(), kLeastNice, kMostNice));
  spec->weight = WeightOfNice(spec->nice);
  if (task->has_weight()) {
    spec->weight = static_cast<int32_t>(
        fields_->Int(PlaceOf(task, pb::Task::kWeightFieldNumber), task->weight(), 1, kMostWeight));
  }
  spec->kthread = task->kernel_thread();
  if (!task->cgroup().empty()) {
    spec->cgroup =
        ReadCgroupPath(PlaceOf(task, pb::Task::kCgroupFieldNumber), task->cgroup(), fields_);
  }
  spec->cpus = fields_->Cpus(PlaceOf(task, pb::Task::kCpusFieldNumber), task->cpus(), nr_cpus_);
  spec->program = ReadProgram(task);
  return spec;
}

int32_t TaskReader::ReadProcess(const Located<pb::Task>& task) {
  if (task->process().empty()) return 0;
  const FieldPlace place = PlaceOf(task, pb::Task::kProcessFieldNumber);
  const std::string name = fields_->Name(place, task->process(), kLongestName);
  const int32_t next = static_cast<int32_t>(processes_.size());
  if (next == kMostProcesses && processes_.count(name) == 0) {
    fields_->Refuse(place, absl::StrCat("there are more than ", kMostProcesses, " processes"));
    return 0;
  }
  return processes_.emplace(name, kFirstProcess + next).first->second;
}

std::vector<SimStep> TaskReader::ReadProgram(const Located<pb::Task>& task) {
  Program program;
  for (int i = 0; i < task->step_size(); ++i) {
    const Step step = Inside(task, task->step(i), pb::Task::kStepFieldNumber, i);
    if (step->has_exit() && i + 1 < task->step_size()) {
      fields_->Refuse(step.place, "steps after an exit are never done; remove them");
    }
    if (step->has_exit()) {
      Append(step.place, {{.kind = SimStep::Kind::kExit}}, 1, &program);
    } else {
      AddStep(step, &program);
    }
  }
  if (!program.held.empty()) {
    fields_->Refuse(task.place, absl::StrCat("the program ends while it holds the lock ",
                                             Quote(*program.held.begin()), "; unlock it before"));
  }
  CheckTime(task, program.steps);
  return std::move(program.steps);
}

void TaskReader::CheckTime(const Located<pb::Task>& task, const std::vector<SimStep>& steps) {
  double mean_ns = 0;
  for (const SimStep& step : steps) mean_ns += MeanNanos(step.span);
  if (mean_ns >= kShortestRoundNs || !fields_->ok()) return;
  fields_->Refuse(task.place, absl::StrCat("the program of ", Quote(task->name()),
                                           " takes no time: it must run or sleep for 1us a round "
                                           "at least, on average"));
}

void TaskReader::AddStep(const Step& step, Program* program) {
  switch (step->what_case()) {
    case pb::Step::kRun:
      return AddSpan(Inside(step, step->run(), pb::Step::kRunFieldNumber), SimStep::Kind::kRun,
                     program);
    case pb::Step::kSleep:
      return AddSpan(Inside(step, step->sleep(), pb::Step::kSleepFieldNumber),
                     SimStep::Kind::kSleep, program);
    case pb::Step::kPost:
      return AddTokens(Inside(step, step->post(), pb::Step::kPostFieldNumber), SimStep::Kind::kPost,
                       program);
    case pb::Step::kTake:
      return AddTokens(Inside(step, step->take(), pb::Step::kTakeFieldNumber), SimStep::Kind::kTake,
                       program);
    case pb::Step::kLock:
      return AddLock(step, program);
    case pb::Step::kUnlock:
      return AddUnlock(step, program);
    case pb::Step::kRepeat:
      return AddRepeat(Inside(step, step->repeat(), pb::Step::kRepeatFieldNumber), program);
    case pb::Step::kSpawn:
      return AddSpawn(Inside(step, step->spawn(), pb::Step::kSpawnFieldNumber), program);
    case pb::Step::kExit:
      return fields_->Refuse(step.place, "an exit is only allowed as the last step of a program");
    case pb::Step::WHAT_NOT_SET:
      return fields_->Refuse(step.place,
                             "the step says nothing; give it one of run, sleep, post, take, lock, "
                             "unlock, repeat, spawn, exit");
  }
}

void TaskReader::AddSpan(const Located<pb::Span>& span, SimStep::Kind kind, Program* program) {
  Append(span.place, {{.kind = kind, .span = ReadSpan(span, fields_)}}, 1, program);
}

void TaskReader::AddTokens(const Located<pb::Tokens>& tokens, SimStep::Kind kind,
                           Program* program) {
  const int64_t count = tokens->has_count()
                            ? fields_->Int(PlaceOf(tokens, pb::Tokens::kCountFieldNumber),
                                           tokens->count(), 1, kMostTokens)
                            : 1;
  SimStep step = {.kind = kind};
  step.channel = Find(PlaceOf(tokens, pb::Tokens::kChannelFieldNumber), "channel", channel_ids_,
                      tokens->channel());
  const bool at_once = kind == SimStep::Kind::kPost;
  if (at_once) step.count = count;
  Append(tokens.place, {step}, at_once ? 1 : count, program);
}

void TaskReader::AddLock(const Step& step, Program* program) {
  const FieldPlace place = PlaceOf(step, pb::Step::kLockFieldNumber);
  if (!program->held.insert(step->lock()).second) {
    fields_->Refuse(place, absl::StrCat("the program holds ", Quote(step->lock()),
                                        " already and would wait for itself; unlock it before"));
  }
  SimStep take = {.kind = SimStep::Kind::kTake};
  take.channel = Find(place, "lock", lock_ids_, step->lock());
  Append(place, {take}, 1, program);
}

void TaskReader::AddUnlock(const Step& step, Program* program) {
  const FieldPlace place = PlaceOf(step, pb::Step::kUnlockFieldNumber);
  SimStep post = {.kind = SimStep::Kind::kPost, .sync = false};  // locks are futexes
  post.channel = Find(place, "lock", lock_ids_, step->unlock());
  if (program->held.erase(step->unlock()) == 0) {
    fields_->Refuse(place, absl::StrCat("the program does not hold ", Quote(step->unlock()),
                                        " here; lock it before"));
  }
  Append(place, {post}, 1, program);
}

void TaskReader::AddRepeat(const Located<pb::Repeat>& repeat, Program* program) {
  Program once = {.steps = {}, .held = program->held, .counted = false};
  for (int i = 0; i < repeat->step_size(); ++i) {
    AddStep(Inside(repeat, repeat->step(i), pb::Repeat::kStepFieldNumber, i), &once);
  }
  if (repeat->step_size() == 0) {
    fields_->Refuse(repeat.place, "there is nothing to repeat; give it steps");
  }
  if (once.held != program->held) {
    fields_->Refuse(repeat.place, "locks that it takes it must let go of, and no others");
  }
  const int64_t times =
      fields_->Int(PlaceOf(repeat, pb::Repeat::kTimesFieldNumber), repeat->times(), 1, kMostSteps);
  Append(repeat.place, once.steps, times, program);
}

void TaskReader::AddSpawn(const Located<pb::Spawn>& spawn, Program* program) {
  const int64_t count = spawn->has_count()
                            ? fields_->Int(PlaceOf(spawn, pb::Spawn::kCountFieldNumber),
                                           spawn->count(), 1, kMostSteps)
                            : 1;
  SimStep step = {.kind = SimStep::Kind::kSpawn};
  step.child = SpawnedTask(spawn);
  if (step.child != nullptr) Append(spawn.place, {step}, count, program);
}

// nullptr after a refusal.
std::shared_ptr<const SimTaskSpec> TaskReader::SpawnedTask(const Located<pb::Spawn>& spawn) {
  if (spawn->has_task()) {
    const auto task = Inside(spawn, spawn->task(), pb::Spawn::kTaskFieldNumber);
    if (task->has_count() || !task->start().empty() || !task->start_spread().empty()) {
      fields_->Refuse(task.place,
                      "count, start and start_spread mean nothing here: it starts when it is "
                      "spawned; spawn has a count of its own");
    }
    return ReadTask(task);
  }
  const FieldPlace place = PlaceOf(spawn, pb::Spawn::kNameFieldNumber);
  const int index = Find(place, "task", task_indexes_, spawn->name());
  if (index < 0) return nullptr;
  if (std::find(reading_.begin(), reading_.end(), index) != reading_.end()) {
    fields_->Refuse(place, absl::StrCat(Quote(spawn->name()),
                                        " would spawn itself without end; spawn another task"));
    return nullptr;
  }
  if (reading_.size() >= kDeepestSpawn) {
    fields_->Refuse(place, absl::StrCat("tasks spawn tasks that spawn tasks, more than ",
                                        kDeepestSpawn, " deep"));
    return nullptr;
  }
  return Read(index);
}

void TaskReader::Append(const FieldPlace& place, const std::vector<SimStep>& steps, int64_t times,
                        Program* program) {
  const int64_t more = static_cast<int64_t>(steps.size()) * times;
  const int64_t apart = program->counted ? 0 : static_cast<int64_t>(program->steps.size());
  if (steps_ + apart + more > kMostSteps) {
    fields_->Refuse(place, absl::StrCat("with this the programs have more than ", kMostSteps,
                                        " steps in all; repeat less often"));
    return;
  }
  if (program->counted) steps_ += more;
  for (int64_t i = 0; i < times; ++i) {
    program->steps.insert(program->steps.end(), steps.begin(), steps.end());
  }
}

// -1 after a refusal.
int TaskReader::Find(const FieldPlace& place, const char* what,
                     const std::map<std::string, int>& ids, const std::string& name) {
  const auto found = ids.find(name);
  if (found != ids.end()) return found->second;
  fields_->Refuse(
      place, absl::StrCat("there is no ", what, " ", Quote(name), DidYouMean(name, Names(ids))));
  return -1;
}

}  // namespace schedd
