// SPDX-License-Identifier: Apache-2.0
//
// schedctl names (hidden): what completion scripts offer of the things that schedd knows now.
//
// One name a line, after a tab what it is. Nothing, and exit code 0, when schedd cannot be asked: a
// shell has no place for an error there.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/schedctl/command.h"
#include "client/schedctl/format.h"
#include "client/schedctl/parameters.h"
#include "client/schedctl/policy_text.h"
#include "client/schedctl/task_text.h"

namespace schedd::client {
namespace {

void Add(const std::string& name, const std::string& what, std::string* lines) {
  absl::StrAppend(lines, Printable(name), "\t", Printable(what), "\n");
}

std::string Tasks(Client& client) {
  std::string lines;
  const auto tasks = client.ListAllTasks({});
  if (!tasks.ok()) return lines;
  for (const v1::Task& task : *tasks) Add(absl::StrCat(task.tid()), task.comm(), &lines);
  return lines;
}

std::string Comms(Client& client) {
  std::string lines;
  const auto tasks = client.ListAllTasks({});
  if (!tasks.ok()) return lines;
  std::map<std::string, int64_t> counts;
  for (const v1::Task& task : *tasks) ++counts[task.comm()];
  for (const auto& [comm, count] : counts) {
    Add(comm, absl::StrCat(Count(count), count == 1 ? " task" : " tasks"), &lines);
  }
  return lines;
}

std::string Overrides(Client& client) {
  std::string lines;
  const auto overrides = client.ListAllTaskOverrides();
  if (!overrides.ok()) return lines;
  for (const v1::TaskOverride& item : *overrides) {
    Add(LastSegment(item.name()), SelectorText(item.selector()), &lines);
  }
  return lines;
}

std::string Policies(Client& client) {
  std::string lines;
  const auto policies = client.ListAllPolicies();
  if (!policies.ok()) return lines;
  for (const v1::Policy& policy : *policies) {
    Add(LastSegment(policy.name()), CgroupOf(policy), &lines);
  }
  return lines;
}

// Of all policies: which one is meant is not known here, and no two have a revision in common.
std::string Revisions(Client& client) {
  std::string lines;
  const auto policies = client.ListAllPolicies();
  if (!policies.ok()) return lines;
  Add(kKnownGood, "the newest one that was", &lines);
  for (const v1::Policy& policy : *policies) {
    const auto revisions = client.ListAllPolicyRevisions(policy.name());
    if (!revisions.ok()) continue;  // it was deleted meanwhile
    for (const v1::PolicyRevision& revision : *revisions) {
      Add(absl::StrCat(revision.generation()),
          absl::StrCat(LastSegment(policy.name()), ": ", AssignmentsText(revision.parameters())),
          &lines);
    }
  }
  return lines;
}

// "base_slice=", to be gone on with, and each choice of those that have choices.
std::string Parameters(Client& client) {
  std::string lines;
  const auto specs = client.ListAllParameterSpecs();
  if (!specs.ok()) return lines;
  for (const v1::ParameterSpec& spec : *specs) {
    const std::string name = absl::StrCat(spec.field_path(), "=");
    if (!spec.has_categorical_domain()) Add(name, spec.description(), &lines);
    for (const std::string& value : spec.categorical_domain().values()) {
      Add(absl::StrCat(name, SpecChoice(spec, value)), spec.description(), &lines);
    }
  }
  return lines;
}

struct Kind {
  const char* name;
  std::string (*lines)(Client& client);
};

constexpr Kind kKinds[] = {{"tasks", Tasks},         {"comms", Comms},
                           {"overrides", Overrides}, {"policies", Policies},
                           {"revisions", Revisions}, {"parameters", Parameters}};

absl::Status Run(Session& session, const std::vector<std::string>& wanted) {
  auto client = session.client();
  if (!client.ok()) return absl::OkStatus();
  for (const Kind& kind : kKinds) {
    if (std::find(wanted.begin(), wanted.end(), kind.name) == wanted.end()) continue;
    session.Print(session.WaitFor("names", [&] { return kind.lines(**client); }));
  }
  return absl::OkStatus();
}

}  // namespace

void AddNamesCommand(CommandTable& table) {
  auto kind = table.MakeOptions<std::vector<std::string>>();
  CLI::App* command = table.AddCommand(
      &table.root(), "names", "Print names for a completion script", "schedctl names tasks");
  command->group("");
  command->add_option("kind", *kind, "Of what, one or several")->required();
  table.SetBody(command, [kind](Session& session) { return Run(session, *kind); });
}

}  // namespace schedd::client
