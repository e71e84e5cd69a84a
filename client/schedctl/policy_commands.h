// SPDX-License-Identifier: Apache-2.0
//
// What the commands of the group "policy" share, which are in several files.
//
// One thread. Failure as of the calls.
#ifndef SCHEDD_CLIENT_SCHEDCTL_POLICY_COMMANDS_H_
#define SCHEDD_CLIENT_SCHEDCTL_POLICY_COMMANDS_H_

#include <string>
#include <vector>

#include "client/schedctl/command.h"

namespace schedd::client {

// How a command that changes a policy does it.
struct PolicyChangeOptions {
  std::string etag;
  std::string reason;
  bool dry_run = false;
};

// Adds --dry-run and --reason, with `etag` also --etag. `options` outlives the command.
void AddPolicyChangeOptions(CLI::App* command, PolicyChangeOptions& options, bool etag);

// Adds the word that names the policy, which may be left out: then "default". What cannot name one
// (CheckPolicyWord) is left to the arguments that are added after it. `policy` outlives it.
void AddPolicyArgument(CommandTable& table, CLI::App* command, std::string& policy);

// The sentence about a change: `changes`, and the generation that came of it, or that there is
// none.
std::string ChangeSentence(const Session& session, const std::string& changes,
                           const v1::Policy& after, bool dry_run);

// --- the commands, one function a file ---
void AddPolicyMakingCommands(CommandTable& table, CLI::App* group);
void AddPolicyHistoryCommands(CommandTable& table, CLI::App* group);

}  // namespace schedd::client

#endif  // SCHEDD_CLIENT_SCHEDCTL_POLICY_COMMANDS_H_
