// SPDX-License-Identifier: Apache-2.0
//
// Reads the tasks of a workload file: identity, and programs with all repetitions written out.
//
// Used by one thread while one file is read; the file's message and the FieldReader outlive it.
// What is wrong is noted in the FieldReader. Times in ns. Nothing here fails.
#ifndef SCHEDD_SIMULATE_TASK_READER_H_
#define SCHEDD_SIMULATE_TASK_READER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "schedd/sim/v1/workload.pb.h"
#include "server/sim/task_program.h"
#include "server/simulate/field_reader.h"

namespace schedd {

class TaskReader {
 public:
  // Takes note of what the file names; notes names that are there twice.
  TaskReader(Located<sim::v1::Workload> file, int nr_cpus, FieldReader* fields);

  // What `task { … }` number `index` of the file is. Never nullptr.
  std::shared_ptr<const SimTaskSpec> Read(int index);

  // The same text; notes when no task has that name. Call it when all tasks have been read: some
  // are described within others.
  std::string TaskName(const FieldPlace& place, const std::string& name) const;

  // What channels and locks hold at the start.
  const std::map<int, int64_t>& channels() const { return channels_; }

 private:
  using Step = Located<sim::v1::Step>;

  struct Program {
    std::vector<SimStep> steps;
    std::set<std::string> held;  // locks
    bool counted = true;         // in steps_; false for what is yet to be repeated
  };

  void AddChannels();
  void AddLocks();
  void AddTasks();
  int NewChannel(int64_t holds);

  std::shared_ptr<const SimTaskSpec> ReadTask(const Located<sim::v1::Task>& task);
  int32_t ReadProcess(const Located<sim::v1::Task>& task);
  std::vector<SimStep> ReadProgram(const Located<sim::v1::Task>& task);
  void CheckTime(const Located<sim::v1::Task>& task, const std::vector<SimStep>& steps);

  void AddStep(const Step& step, Program* program);
  void AddSpan(const Located<sim::v1::Span>& span, SimStep::Kind kind, Program* program);
  void AddTokens(const Located<sim::v1::Tokens>& tokens, SimStep::Kind kind, Program* program);
  void AddLock(const Step& step, Program* program);
  void AddUnlock(const Step& step, Program* program);
  void AddRepeat(const Located<sim::v1::Repeat>& repeat, Program* program);
  void AddSpawn(const Located<sim::v1::Spawn>& spawn, Program* program);
  std::shared_ptr<const SimTaskSpec> SpawnedTask(const Located<sim::v1::Spawn>& spawn);
  // Notes when the file has no room for so many steps more.
  void Append(const FieldPlace& place, const std::vector<SimStep>& steps, int64_t times,
              Program* program);

  int Find(const FieldPlace& place, const char* what, const std::map<std::string, int>& ids,
           const std::string& name);

  const Located<sim::v1::Workload> file_;
  const int nr_cpus_;
  FieldReader* const fields_;
  std::map<std::string, int> channel_ids_;
  std::map<std::string, int> lock_ids_;
  std::map<int, int64_t> channels_;
  std::map<std::string, int> task_indexes_;
  std::map<std::string, int32_t> processes_;
  std::set<std::string> task_names_;  // those within others, too
  std::vector<std::shared_ptr<const SimTaskSpec>> specs_;
  std::vector<int> reading_;  // tasks under way: each spawns the next one
  int64_t steps_ = 0;         // of all programs read
};

}  // namespace schedd

#endif  // SCHEDD_SIMULATE_TASK_READER_H_
