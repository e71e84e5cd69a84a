// SPDX-License-Identifier: Apache-2.0
//
// schedctl policy history, rollback, diff: what a policy was, and back to it.
#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/schedctl/follow.h"
#include "client/schedctl/format.h"
#include "client/schedctl/policy_commands.h"
#include "client/schedctl/policy_text.h"

namespace schedd::client {
namespace {

using Revisions = std::vector<v1::PolicyRevision>;  // newest first, as they are listed

struct HistoryOptions {
  std::string policy;
  FollowOptions follow;
};

struct RollbackOptions {
  std::string policy;
  std::string revision;
  PolicyChangeOptions change;
};

struct DiffOptions {
  std::string policy;
  std::vector<std::string> revisions;
  bool exit_code = false;
};

// Columns of `wide` stand before the last ones, which may be long.
std::vector<Table::Column> RevisionColumns(bool wide) {
  constexpr auto kRight = Table::Align::kRight;
  std::vector<Table::Column> columns = {
      {"REVISION", kRight}, {"SINCE"}, {"STATE"}, {"KNOWN-GOOD"}, {"WRITER"}};
  if (wide) columns.insert(columns.end(), {{"ENDED"}, {"SETS"}});
  columns.push_back({"REASON"});
  return columns;
}

std::vector<Cell> RevisionRow(const v1::PolicyRevision& revision, const Session& session) {
  const absl::TimeZone zone = session.environment().zone;
  std::vector<Cell> cells = {absl::StrCat(revision.generation()),
                             LocalTime(revision.create_time(), zone), RevisionState(revision),
                             revision.known_good() ? "yes" : "no", revision.writer()};
  if (session.wide()) {
    cells.insert(cells.end(),
                 {LocalTime(revision.end_time(), zone), AssignmentsText(revision.parameters())});
  }
  cells.emplace_back(revision.reason().empty() ? "-" : revision.reason());
  return cells;
}

absl::StatusOr<Revisions> ReadRevisions(Session& session, const std::string& policy) {
  auto client = session.client();
  if (!client.ok()) return client.status();
  return session.WaitFor("the revisions",
                         [&] { return (*client)->ListAllPolicyRevisions(policy); });
}

absl::Status History(Session& session, const std::string& policy) {
  auto revisions = ReadRevisions(session, policy);
  if (!revisions.ok()) return revisions.status();
  if (session.structured()) return session.PrintList("policyRevisions", *revisions);
  Table table(RevisionColumns(session.wide()));
  for (const v1::PolicyRevision& revision : *revisions) {
    table.AddRow(RevisionRow(revision, session));
  }
  session.Print(table);
  return absl::OkStatus();
}

absl::Status Rollback(Session& session, const RollbackOptions& options) {
  v1::RollbackPolicyRequest request;
  request.set_name(PolicyName(options.policy));
  request.set_revision_id(options.revision);
  request.set_etag(options.change.etag);
  request.set_validate_only(options.change.dry_run);
  request.set_reason(options.change.reason);
  auto client = session.client();
  if (!client.ok()) return client.status();
  auto before = session.WaitFor("the policy", [&] { return (*client)->GetPolicy(request.name()); });
  if (!before.ok()) return before.status();
  auto after = session.WaitFor("the change", [&] { return (*client)->RollbackPolicy(request); });
  if (!after.ok()) return after.status();
  const std::string changes = DifferencesText(
      Differences(before->parameters(), after->parameters()), before->has_selector());
  return session.PrintResult(*after, "",
                             ChangeSentence(session, changes, *after, options.change.dry_run));
}

// As RollbackPolicy finds it.
absl::StatusOr<const v1::PolicyRevision*> Find(const Revisions& revisions,
                                               const std::string& policy, const std::string& word) {
  if (revisions.empty()) return absl::NotFoundError(absl::StrCat(policy, " has no revisions"));
  if (word == kKnownGood) {
    const auto found = std::find_if(std::next(revisions.begin()), revisions.end(),
                                    [](const auto& revision) { return revision.known_good(); });
    if (found != revisions.end()) return &*found;
    return absl::NotFoundError(absl::StrCat("no earlier revision of ", policy,
                                            " is known to be good; see schedctl policy history"));
  }
  int64_t generation = 0;
  if (!absl::SimpleAtoi(word, &generation) || generation < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", word, "\" is no revision: give a number as in schedctl policy history",
                     ", or ", kKnownGood));
  }
  const auto found = std::find_if(revisions.begin(), revisions.end(), [&](const auto& revision) {
    return revision.generation() == generation;
  });
  if (found != revisions.end()) return &*found;
  return absl::NotFoundError(absl::StrCat(policy, " has no revision ", generation,
                                          " any more, or never had; see schedctl policy history"));
}

absl::Status PrintDifferences(Session& session, const std::string& policy,
                              const v1::PolicyRevision& from, const v1::PolicyRevision& to,
                              const std::vector<ParameterDifference>& differences) {
  if (session.structured()) {
    // Texts as policy set takes them; null: not set, and so inherited.
    const auto value = [](const std::string& text) {
      return text == "-" ? nlohmann::ordered_json() : nlohmann::ordered_json(text);
    };
    nlohmann::ordered_json document = {{"policy", policy},
                                       {"from", absl::StrCat(from.generation())},
                                       {"to", absl::StrCat(to.generation())},
                                       {"differences", nlohmann::ordered_json::array()}};
    for (const ParameterDifference& difference : differences) {
      document["differences"].push_back({{"parameter", difference.name},
                                         {"from", value(difference.before)},
                                         {"to", value(difference.after)}});
    }
    return session.PrintJson(
        document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  }
  Table table({{"PARAMETER"},
               {absl::StrCat("REVISION-", from.generation())},
               {absl::StrCat("REVISION-", to.generation())}});
  const bool may_inherit = policy != kDefaultPolicy;
  for (const ParameterDifference& difference : differences) {
    table.AddRow({difference.name, ValueOrInherited(difference.before, may_inherit),
                  ValueOrInherited(difference.after, may_inherit)});
  }
  if (!differences.empty()) session.Print(table);
  return absl::OkStatus();
}

absl::Status Diff(Session& session, const DiffOptions& options) {
  if (options.revisions.size() > 2) {
    return absl::InvalidArgumentError(absl::StrCat("two revisions can be compared, not ",
                                                   options.revisions.size(), ": ",
                                                   absl::StrJoin(options.revisions, ", ")));
  }
  const std::string policy = PolicyName(options.policy);
  auto revisions = ReadRevisions(session, policy);
  if (!revisions.ok()) return revisions.status();
  const auto from = Find(*revisions, policy, options.revisions.front());
  if (!from.ok()) return from.status();
  const v1::PolicyRevision* to = &revisions->front();
  if (options.revisions.size() > 1) {
    const auto other = Find(*revisions, policy, options.revisions.back());
    if (!other.ok()) return other.status();
    to = *other;
  }
  const auto differences = Differences((*from)->parameters(), to->parameters());
  const absl::Status printed = PrintDifferences(session, policy, **from, *to, differences);
  if (!printed.ok()) return printed;
  if (differences.empty()) {
    session.Say(absl::StrCat("revisions ", (*from)->generation(), " and ", to->generation(),
                             " set the same"));
  } else if (options.exit_code) {
    return absl::UnknownError(absl::StrCat(differences.size(),
                                           differences.size() == 1 ? " parameter" : " parameters",
                                           differences.size() == 1 ? " differs" : " differ"));
  }
  return absl::OkStatus();
}

void AddHistory(CommandTable& table, CLI::App* group) {
  auto options = table.MakeOptions<HistoryOptions>();
  CLI::App* command = table.AddCommand(
      group, "history", "List the revisions of a policy, newest first: when, who, why",
      "schedctl policy history\n"
      "schedctl policy history web -o wide");
  AddPolicyArgument(table, command, options->policy);
  AddFollowOptions(command, options->follow);
  table.SetBody(command, [options](Session& session) {
    return Follow(session, options->follow,
                  [&] { return History(session, PolicyName(options->policy)); });
  });
}

void AddRollback(CommandTable& table, CLI::App* group) {
  auto options = table.MakeOptions<RollbackOptions>();
  CLI::App* command =
      table.AddCommand(group, "rollback", "Put the values of an earlier revision in force again",
                       "schedctl policy rollback known-good --reason \"latency is worse\"\n"
                       "schedctl policy rollback web 17 --dry-run");
  AddPolicyArgument(table, command, options->policy);
  table.SetCandidates(
      command
          ->add_option("revision", options->revision,
                       "Its number as in policy history, or known-good: the newest one before "
                       "that in force which schedd found to be good")
          ->required(),
      {{}, "revisions"});
  AddPolicyChangeOptions(command, options->change, /*etag=*/true);
  table.SetBody(command, [options](Session& session) { return Rollback(session, *options); });
}

void AddDiff(CommandTable& table, CLI::App* group) {
  auto options = table.MakeOptions<DiffOptions>();
  CLI::App* command =
      table.AddCommand(group, "diff", "Show what two revisions of a policy set differently",
                       "schedctl policy diff known-good\n"
                       "schedctl policy diff web 17 23 --exit-code");
  AddPolicyArgument(table, command, options->policy);
  table.SetCandidates(command
                          ->add_option("revision", options->revisions,
                                       "One or two, as for policy rollback; one is compared with "
                                       "the current one")
                          ->required(),
                      {{}, "revisions"});
  command->add_flag("--exit-code", options->exit_code, "Exit code 1 when something differs");
  table.SetBody(command, [options](Session& session) { return Diff(session, *options); });
}

}  // namespace

void AddPolicyHistoryCommands(CommandTable& table, CLI::App* group) {
  AddHistory(table, group);
  AddRollback(table, group);
  AddDiff(table, group);
}

}  // namespace schedd::client
