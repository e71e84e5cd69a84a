// SPDX-License-Identifier: Apache-2.0
//
// The command table: each command is a CLI::App (name, help, example, options) with the body that
// it runs.
//
// Help, suggestions, completion, docs/schedctl.md and the man page are all made from this tree.
// Built once a run by BuildCommandLine; owns the bodies, which own their option values. One thread.
// Failure: CLI11 throws CLI::ParseError while it parses; see run.cc, nobody else catches.
#ifndef SCHEDD_CLIENT_SCHEDCTL_COMMAND_H_
#define SCHEDD_CLIENT_SCHEDCTL_COMMAND_H_

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client/schedctl/session.h"

namespace schedd::client {

// What a shell offers for the value of an option.
struct Candidates {
  std::vector<std::string> words;  // always the same ones
  std::string live;                // else: KINDs of the hidden command "schedctl names"
};

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
  const CLI::App& root() const { return root_; }
  const Environment& environment() const { return environment_; }

  // A group of commands ("task").
  CLI::App* AddGroup(const std::string& name, const std::string& summary);

  // A command of `parent`. `example` is one or more lines, each a whole command line.
  CLI::App* AddCommand(CLI::App* parent, const std::string& name, const std::string& summary,
                       const std::string& example);

  void SetBody(const CLI::App* command, CommandBody body) { bodies_[command] = std::move(body); }

  void SetCandidates(const CLI::Option* option, Candidates candidates) {
    candidates_[option] = std::move(candidates);
  }

  // nullptr when nothing is known of the option's values.
  const Candidates* FindCandidates(const CLI::Option* option) const;

  // The body of the command that was parsed; nullptr when it has none (a group without a command).
  const CommandBody* ParsedBody() const;

 private:
  CLI::App& root_;
  const Environment& environment_;
  std::map<const CLI::App*, CommandBody> bodies_;
  std::map<const CLI::Option*, Candidates> candidates_;
};

// All commands and options of schedctl. `options` receives the global ones when a command line is
// parsed.
void BuildCommandLine(CommandTable& table, GlobalOptions& options);

// --- what reads the tree ---

// The commands below `app`, hidden ones left out, in the order they were added.
std::vector<const CLI::App*> VisibleCommands(const CLI::App& app);

// Its long options, "--filter", the hidden ones left out; also "--help".
std::vector<const CLI::Option*> VisibleOptions(const CLI::App& app);

// "task list"; empty for the root.
std::string CommandPath(const CLI::App& app);

// The options and arguments to describe, in their order; not --help.
std::vector<const CLI::Option*> DescribedOptions(const CLI::App& app);

// "-o, --output FORMAT", or the name of an argument.
std::string OptionSyntax(const CLI::Option& option);

// What it means, with its default.
std::string OptionMeaning(const CLI::Option& option);

// The command lines of its example.
std::vector<std::string> ExampleLines(const CLI::App& command);

// --- the commands, one function a file ---
void AddStatusCommand(CommandTable& table);
void AddTaskCommands(CommandTable& table);
void AddWatchCommand(CommandTable& table, CLI::App* task);
void AddOverrideCommands(CommandTable& table, CLI::App* task);
void AddPolicyCommands(CommandTable& table);
void AddSchedulerCommands(CommandTable& table);
void AddAuditCommand(CommandTable& table);
void AddSimulateCommand(CommandTable& table);
void AddTraceCommands(CommandTable& table);
void AddDoctorCommand(CommandTable& table);
void AddVersionCommand(CommandTable& table);
void AddCompletionCommand(CommandTable& table);
void AddReferenceCommand(CommandTable& table);
void AddNamesCommand(CommandTable& table);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_COMMAND_H_
