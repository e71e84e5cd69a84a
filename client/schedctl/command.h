// SPDX-License-Identifier: Apache-2.0
//
// The command table: each command is a CLI::App (name, help, example, options) with the body that
// it runs.
//
// Help, suggestions, completion and docs/schedctl.md are all made from this tree. Built once a run
// by BuildCommands; owns the bodies, which own their option values. One thread. Failure: CLI11
// throws CLI::ParseError while it parses; see run.cc, nobody else catches.
#ifndef SCHEDD_CLIENT_SCHEDCTL_COMMAND_H_
#define SCHEDD_CLIENT_SCHEDCTL_COMMAND_H_

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client/schedctl/session.h"

namespace schedd::client {

class CommandTable {
 public:
  CommandTable(CLI::App& root, const Environment& environment)
      : root_(root), environment_(environment) {}

  // The option values of a command: made here, they live as long as the table.
  template <typename Options>
  static std::shared_ptr<Options> MakeOptions() {
    return std::make_shared<Options>();
  }

  CLI::App& root() { return root_; }
  const Environment& environment() const { return environment_; }

  // A group of commands ("task").
  CLI::App* AddGroup(const std::string& name, const std::string& summary);

  // A command of `parent`. `example` is one or more lines, each a whole command line.
  CLI::App* AddCommand(CLI::App* parent, const std::string& name, const std::string& summary,
                       const std::string& example);

  void SetBody(const CLI::App* command, CommandBody body) { bodies_[command] = std::move(body); }

  // The body of the command that was parsed; nullptr when it has none (a group without a command).
  const CommandBody* ParsedBody() const;

 private:
  CLI::App& root_;
  const Environment& environment_;
  std::map<const CLI::App*, CommandBody> bodies_;
};

// --- what reads the tree ---

// The commands below `app`, hidden ones left out, in the order they were added.
std::vector<const CLI::App*> VisibleCommands(const CLI::App& app);

// Its long options, "--filter", the hidden ones left out; also "--help".
std::vector<const CLI::Option*> VisibleOptions(const CLI::App& app);

// "task list"; empty for the root.
std::string CommandPath(const CLI::App& app);

// --- the commands, one function a file ---
void AddStatusCommand(CommandTable& table);
void AddTaskCommands(CommandTable& table);
void AddWatchCommand(CommandTable& table, CLI::App* task);
void AddOverrideCommands(CommandTable& table, CLI::App* task);
void AddPolicyCommands(CommandTable& table);
void AddSchedulerCommands(CommandTable& table);
void AddDoctorCommand(CommandTable& table);
void AddVersionCommand(CommandTable& table);
void AddCompletionCommand(CommandTable& table);
void AddReferenceCommand(CommandTable& table);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_COMMAND_H_
